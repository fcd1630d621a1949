use std::time::Duration;

use crate::build::{Builds, Row};
use crate::options::Part;
use crate::page::{Aim, Verdict};

pub(super) static RELEASE: Aim = Aim {
    part: Part::Build,
    what: "CPU time of a clean release build, 1,000 plugins in one crate",
    at: "at most 2.2 s",
};
pub(super) static TOUCHED: Aim = Aim {
    part: Part::Build,
    what: "CPU time of a dev build after one plugin of 1,000 changed",
    at: "at most 0.45 s",
};
pub(super) static UNCHANGED: Aim = Aim {
    part: Part::Build,
    what: "CPU time of a build without a change, 1,000 plugins",
    at: "as much as `static`, and 2 ms",
};
pub(super) static DEPENDENCY: Aim = Aim {
    part: Part::Build,
    what: "CPU time to compile `plugo_build` with all that it needs",
    at: "at most 6 s",
};
/// Milliseconds: the system counts in steps of ten, and so often is measured.
const STEP: u128 = 2;

/// What compiling costs.
pub(crate) fn build(builds: &Builds) -> Vec<Verdict> {
    let row = |name: &str| builds.one_crate.iter().find(|row| row.name == name);
    let both = || Some((row("plugo")?, row("static")?, row("linkme")?, row("inventory")?));
    let Some((own, plain, linkme, inventory)) = both() else { return Vec::new() };
    let release = |row: &Row| row.release.unwrap_or(Duration::MAX).as_secs_f64();
    let seconds = |row: &Row| row.touched.as_secs_f64();
    let compared = |of: &dyn Fn(&Row) -> f64| {
        format!(
            "{:.2} s; `static` {:.2}, `linkme` {:.2}, `inventory` {:.2}",
            of(own),
            of(plain),
            of(linkme),
            of(inventory)
        )
    };
    let dependency = builds.dependency.as_secs_f64();
    let macros = "Beside each plugin's function rustc compiles an entry point and a mark, and checks a type and an \
                  implementation by which a list by hand names it; the macro itself is little of that. Then the \
                  build script runs, `cargo tree` in it, and is compiled and linked where the build is clean"
        .to_owned();
    vec![
        Verdict {
            aim: &RELEASE,
            measured: compared(&release),
            met: release(own) <= 2.2,
            why: macros.clone(),
        },
        Verdict {
            aim: &TOUCHED,
            measured: compared(&seconds),
            met: seconds(own) <= 0.45,
            why: macros,
        },
        Verdict {
            aim: &UNCHANGED,
            measured: format!(
                "{} ms; `static` {} ms",
                own.unchanged.as_millis(),
                plain.unchanged.as_millis()
            ),
            met: own.unchanged.as_millis() <= plain.unchanged.as_millis() + STEP,
            why: format!(
                "Cargo looks at the fingerprints of {} packages, those that the build script depends on among them, \
                 where `static` has {}",
                own.packages, plain.packages
            ),
        },
        Verdict {
            aim: &DEPENDENCY,
            measured: format!(
                "{dependency:.2} s, of which {:.2} s an empty build script",
                builds.no_dependency.as_secs_f64()
            ),
            met: dependency <= 6.0,
            why: format!("By crate: {}", shares(&builds.each_crate)),
        },
    ]
}

/// The dearest crates of a build, each with its part of the whole.
fn shares(each_crate: &[(String, Duration)]) -> String {
    let all: f64 = each_crate.iter().map(|(_, took)| took.as_secs_f64()).sum();
    let dearest = each_crate.iter().take(6);
    let each =
        dearest.map(|(name, took)| format!("`{name}` {:.0} %", 100.0 * took.as_secs_f64() / all));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_whole() {
        let crates =
            [("a", 30), ("b", 10)].map(|(name, ms)| (name.to_owned(), Duration::from_millis(ms)));
        assert_eq!(shares(&crates), "`a` 75 %, `b` 25 %");
    }
}
