use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::script::{self, Scripts};
use crate::table::{Table, grouped};

/// The section on the build script.
pub(crate) fn section(scripts: &Scripts, f: &mut String) -> fmt::Result {
    writeln!(f, "## The build script\n")?;
    writeln!(
        f,
        "An app with N plugin folders, each a crate with `Cargo.toml`, `metadata.json` and \
             `src/lib.rs`, all of them dependencies of the app. The compiled build script runs as \
             Cargo runs it, with files in memory; median [least–most] of the runs. `opt-level` is \
             that of the build script and its dependencies: 0 is what Cargo does, in a release \
             build too.\n"
    )?;
    writeln!(
        f,
        "`plugo's own` is the build script with the answers of `cargo` given at once, by a program that takes a \
             millisecond or two to start, so that `cargo's share` is what the whole loses by that. `calls of cargo` says how long each took \
             at least; they run beside each other and beside plugo's work, so the columns \
             do not add up.\n"
    )?;
    let counted = scripts.costs.iter().any(|cost| cost.instructions.is_some());
    let mut header = vec![
        "folders",
        "opt-level",
        "whole",
        "plugo's own",
        "cargo's share",
        "calls of cargo",
        "runs",
    ];
    if counted {
        header.push("own instructions, million");
    }
    let mut table = Table::new(header);
    for cost in &scripts.costs {
        let calls: Vec<String> =
            cost.calls.iter().map(|(name, took)| format!("{name} {}", ms(*took))).collect();
        let mut row = vec![
            grouped(cost.size as u64),
            cost.level.opt_level().to_owned(),
            cost.whole.to_string(),
            cost.own.to_string(),
            format!("{:.0} %", 100.0 * cost.share_of_cargo()),
            calls.join(", "),
            format!("{} and {}", cost.whole.runs, cost.own.runs),
        ];
        if counted {
            let counted = cost.instructions.map(|count| grouped(count / 1_000_000));
            row.push(counted.unwrap_or_else(|| "not counted".to_owned()));
        }
        table.row(row);
    }
    writeln!(f, "{table}")?;
    let sizes: Vec<String> = scripts.unchanged.iter().map(|&size| grouped(size as u64)).collect();
    writeln!(
        f,
        "Without a change, a second `cargo build` runs no build script and compiles nothing: \
             so it was with {} plugin folders, by what `cargo build --verbose` says.\n",
        sizes.join(" and ")
    )
}

fn ms(time: Duration) -> String {
    format!("{} ms", grouped(time.as_millis() as u64))
}

impl script::Cost {
    /// What of the time is Cargo's.
    fn share_of_cargo(&self) -> f64 {
        1.0 - self.own.median.as_secs_f64() / self.whole.median.as_secs_f64()
    }
}
