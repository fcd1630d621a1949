//! What plugo may cost: a file of numbers that was measured and committed, so that a change which costs
//! more is seen in the change itself.
//!
//! Everything is counted against another program in the same run, the same without plugins or one without
//! plugo, in numbers that belong to plugo alone:
//! what the C library, the dynamic linker and Rust's runtime do at start drops out, and what plugo makes the
//! dynamic linker do is counted in relocations. What plugo calls in the C library (it allocates while it loads)
//! is in the numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::callgrind::Counted;
use crate::choosing::{Choosing, SIZES};
use crate::compiler::Compiler;
use crate::contenders::Contender;
use crate::image::Image;
use crate::places::Places;
use crate::run_time_contenders::Chooser;
use crate::start::Start;
use crate::status::{skip, status};

/// More than a limit by this factor is too much.
const TOLERANCE: f64 = 1.02;

/// A number that has a limit.
#[derive(Clone, Debug, PartialEq)]
struct Measured {
    name: String,
    /// What it is a number of, in a few words.
    what: String,
    value: f64,
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The target that the numbers hold for.
    target: String,
    /// The version of rustc that they hold for.
    rustc: String,
    /// The numbers, by name.
    limits: BTreeMap<String, f64>,
}

/// The limits.
#[derive(Debug)]
pub(crate) struct Limits {
    file: PathBuf,
    compiler: Compiler,
    /// None where they are to be written, and where they are of another compiler.
    limits: Option<BTreeMap<String, f64>>,
}

impl Limits {
    /// Reads them, before anything is measured.
    pub(crate) fn read(places: &Places, write: bool) -> Result<Self> {
        let file = places.checkout.join("benches/limits.toml");
        let compiler = Compiler::ask()?;
        if write {
            return Ok(Limits { file, compiler, limits: None });
        }
        let text = fs::read_to_string(&file)
            .with_context(|| format!("`{}` cannot be read", file.display()))?;
        let File { target, rustc, limits } =
            parse(&text).with_context(|| format!("`{}` is wrong", file.display()))?;
        if (&target, &rustc) == (&compiler.host, &compiler.release) {
            return Ok(Limits { file, compiler, limits: Some(limits) });
        }
        let Compiler { host, release, .. } = &compiler;
        skip(&format!(
            "the limits, which are of {target} and rustc {rustc}; this is {host} and rustc {release}, and \
             `--write-limits` measures for it"
        ))?;
        Ok(Limits { file, compiler, limits: None })
    }

    /// Writes what was measured as limits.
    pub(crate) fn write(&self, start: &Start, choosing: &Choosing) -> Result<()> {
        if start.counted_by.is_none() {
            bail!("limits are instructions too, and valgrind, which counts them, is not installed");
        }
        let text = written(&self.compiler, &measured(start, choosing));
        fs::write(&self.file, text)
            .with_context(|| format!("`{}` cannot be written", self.file.display()))
    }

    /// Holds what was measured against them.
    pub(crate) fn hold(&self, start: &Start, choosing: &Choosing) -> Result<()> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let counted = start.counted_by.is_some();
        let measured = measured(start, choosing);
        let verdict = compare(limits, &measured, counted);
        for line in &verdict.less {
            status("Less", line);
        }
        if verdict.more.is_empty() {
            status("Holding", &format!("all of {} limits", measured.len()));
            return Ok(());
        }
        bail!(
            "`benches/limits.toml` does not hold:\n  {}\n\
             If what plugo costs more is worth it, `cargo run --release -p benches -- --write-limits` writes the \
             numbers of now, and the commit says what they buy; if not, the change behind it costs \
             something where nobody wanted it to.",
            verdict.more.join("\n  ")
        )
    }
}

/// The file, whose limits are numbers that something can be compared with.
fn parse(text: &str) -> Result<File> {
    let file: File = toml::from_str(text)?;
    for (name, limit) in &file.limits {
        ensure!(limit.is_finite() && *limit > 0.0, "`{name} = {limit}` is no limit");
    }
    Ok(file)
}

/// What of a comparison somebody should know.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    /// Sentences on what is over its limit, or has none.
    more: Vec<String>,
    /// Sentences on what is so far below its limit that it could creep up unseen.
    less: Vec<String>,
}

/// Compares numbers with their limits. Without a counter there are no instructions, and their limits are not
/// asked for.
fn compare(limits: &BTreeMap<String, f64>, measured: &[Measured], counted: bool) -> Verdict {
    let mut verdict = Verdict::default();
    for Measured { name, what, value } in measured {
        let Some(limit) = limits.get(name) else {
            verdict.more.push(format!("{name} has no limit: {value} ({what})"));
            continue;
        };
        let percent = 100.0 * (value / limit - 1.0);
        let line = format!("{name} is {value}, the limit {limit}, {percent:+.1} percent ({what})");
        if *value > limit * TOLERANCE {
            verdict.more.push(line);
        } else if *value * TOLERANCE < *limit {
            verdict.less.push(format!("{line}; `--write-limits` keeps it there"));
        }
    }
    let is_measured = |name: &&String| measured.iter().any(|number| number.name == **name);
    for name in limits.keys().filter(|name| counted && !is_measured(name)) {
        verdict.more.push(format!("{name} has a limit and was not measured"));
    }
    verdict
}

/// The file with these numbers.
fn written(compiler: &Compiler, measured: &[Measured]) -> String {
    let mut text = format!(
        "# What plugo may cost: as much as was measured when this was written, and two percent more.\n\
         # Made by `cargo run --release -p benches -- --write-limits`; `.ci/run` compares.\n\n\
         target = {:?}\nrustc = {:?}\n\n[limits]\n",
        compiler.host, compiler.release,
    );
    for Measured { name, what, value } in measured {
        // A float in TOML has a point.
        let _ = writeln!(text, "{name} = {value:?} # {what}");
    }
    text
}

/// The numbers that have limits.
fn measured(start: &Start, choosing: &Choosing) -> Vec<Measured> {
    let mut all = Vec::new();
    let mut add = |name: String, what: &str, value: Option<f64>| {
        if let Some(value) = value {
            let value = (value * 10.0).round() / 10.0;
            all.push(Measured { name, what: what.to_owned(), value });
        }
    };
    for contender in [Contender::Plugo, Contender::Bare] {
        let kind = contender.name();
        for size in [100, 1_000] {
            let counts = start.instructions(contender, size);
            let own = |all: Counted, noop: Counted| all.steady as f64 - noop.steady as f64;
            add(
                format!("{kind}-visible-{size}"),
                "instructions until all plugins are visible, from `main`",
                counts.map(|counts| own(counts.visible, counts.noop)),
            );
            add(
                format!("{kind}-initialised-{size}"),
                "instructions until all plugins are initialised, from `main`",
                counts.map(|counts| own(counts.initialised, counts.noop)),
            );
        }
        for size in [10, 1_000] {
            let counts = start.instructions(contender, size);
            add(
                format!("{kind}-hit-{size}"),
                "instructions for a lookup of a name that there is",
                counts.map(|counts| counts.hit),
            );
            add(
                format!("{kind}-miss-{size}"),
                "instructions for a lookup of a name that differs in its last character",
                counts.map(|counts| counts.miss),
            );
        }
        let slope = |value: fn(Image) -> f64| start.more(contender, [100, 1_000], value);
        add(
            format!("{kind}-bytes"),
            "bytes per plugin in the sections of the stripped binary",
            slope(|image| image.bytes as f64),
        );
        add(
            format!("{kind}-relocations"),
            "relocations per plugin, for the dynamic linker at start",
            slope(|image| image.relocations as f64),
        );
    }
    // What is there once, beside a program without plugo.
    let both = |of: &dyn Fn(Contender) -> Option<f64>| {
        Some(of(Contender::Plugo)? - of(Contender::Static)?)
    };
    add(
        "empty-start".to_owned(),
        "instructions of a program without plugins, beyond `static`'s",
        both(&|contender| Some(start.instructions(contender, 0)?.noop.steady as f64)),
    );
    add(
        "empty-bytes".to_owned(),
        "bytes of a program without plugins, beyond `static`'s",
        both(&|contender| Some(start.cost(contender, 0)?.image.bytes as f64)),
    );
    let choice = choosing.instructions(Chooser::Plugo, SIZES[0]);
    add(
        "select".to_owned(),
        "instructions for a selection of an item and a call of it",
        choice.map(|choice| choice.select),
    );
    add(
        "select-overridden".to_owned(),
        "the same with overrides in force",
        choice.and_then(|choice| choice.overridden),
    );
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::options::Options;

    use super::*;

    fn number(name: &str, value: f64) -> Measured {
        Measured { name: name.to_owned(), what: "instructions".to_owned(), value }
    }

    fn limits() -> BTreeMap<String, f64> {
        [("start", 1_000.0), ("lookup", 80.0)].map(|(name, n)| (name.to_owned(), n)).into()
    }

    #[test]
    fn a_count_that_grew_fails_and_is_named_with_its_growth() {
        let verdict = compare(&limits(), &[number("start", 1_021.0), number("lookup", 81.0)], true);
        assert_eq!(verdict.more, ["start is 1021, the limit 1000, +2.1 percent (instructions)"],);
        let verdict = compare(&limits(), &[number("start", 1_020.0), number("lookup", 80.0)], true);
        assert_eq!(verdict, Verdict::default());
    }

    #[test]
    fn a_count_that_fell_is_told_and_does_not_fail() {
        let verdict = compare(&limits(), &[number("start", 900.0), number("lookup", 80.0)], true);
        assert_eq!((verdict.more.len(), verdict.less.len()), (0, 1));
        assert!(verdict.less[0].contains("-10.0 percent"), "{verdict:?}");
    }

    #[test]
    fn neither_a_limit_nor_a_number_is_forgotten() {
        let verdict = compare(&limits(), &[number("start", 1.0), number("new", 1.0)], true);
        assert_eq!(
            verdict.more,
            ["new has no limit: 1 (instructions)", "lookup has a limit and was not measured"],
        );
        let verdict = compare(&limits(), &[number("start", 1_000.0)], false);
        assert_eq!(verdict, Verdict::default(), "what nobody could count has no verdict");
    }

    #[test]
    fn the_committed_limits_are_those_of_what_is_measured() {
        let file = parse(include_str!("../limits.toml")).unwrap();
        let quick = Options::parse(["--quick".to_owned()].into_iter()).unwrap();
        let start = Start::sample(quick.programs(), |_| (84, 280));
        let measured = measured(&start, &Choosing::sample(20.0));
        let names: BTreeSet<&String> = measured.iter().map(|number| &number.name).collect();
        assert!(file.limits.keys().eq(names.iter().copied()), "{names:?}");
        assert_eq!(names.len(), measured.len());
    }

    #[test]
    fn what_nothing_can_be_compared_with_is_no_limit() {
        let compiler = Compiler::sample("x86_64-unknown-linux-gnu", "1.95.0");
        for value in ["nan", "inf", "0.0", "-1.0"] {
            let text = written(&compiler, &[]) + &format!("start = {value}\n");
            assert!(parse(&text).is_err(), "{value}");
        }
    }

    #[test]
    fn the_file_that_is_written_can_be_read_and_holds() {
        let compiler = Compiler::sample("x86_64-unknown-linux-gnu", "1.95.0");
        let measured = [number("start", 1_000.0), number("lookup", 80.4)];
        let text = written(&compiler, &measured);
        assert!(text.contains("lookup = 80.4 # instructions\n"), "{text}");
        let file = parse(&text).unwrap();
        assert_eq!(
            (file.target.as_str(), file.rustc.as_str()),
            ("x86_64-unknown-linux-gnu", "1.95.0")
        );
        assert_eq!(compare(&file.limits, &measured, true), Verdict::default());
    }
}
