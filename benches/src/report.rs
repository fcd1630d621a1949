use std::fmt::{self, Display, Formatter};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::aims;
use crate::cargo;
use crate::choosing::Choosing;
use crate::choosing_report;
use crate::contenders::Contender;
use crate::options::Options;
use crate::places::Places;
use crate::script::{self, Scripts};
use crate::start::{Instructions, Start};
use crate::table::{Table, grouped};

/// What the measurements say, as a page in Markdown.
#[derive(Debug)]
pub(crate) struct Report {
    sizes: &'static [usize],
    quick: bool,
    /// What was measured with what, in its versions.
    versions: Vec<String>,
    machine: String,
    start: Start,
    choosing: Choosing,
    scripts: Scripts,
}

impl Report {
    pub(crate) fn new(
        places: &Places,
        options: &Options,
        start: Start,
        choosing: Choosing,
        scripts: Scripts,
    ) -> Result<Self> {
        let rustc = cargo::run(Command::new(cargo::rustc()).arg("--version"))?;
        let mut versions = vec![String::from_utf8_lossy(&rustc.stdout).trim().to_owned()];
        for package in ["plugo", "inventory", "linkme"] {
            versions.push(format!("{package} {}", cargo::locked_version(places, package)?));
        }
        versions.extend(start.counted_by.clone());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
        let machine = format!("{cores} cores, {arch}, {os}");
        let Options { quick, .. } = *options;
        Ok(Report { sizes: options.sizes(), quick, versions, machine, start, choosing, scripts })
    }

    /// A table with a row for each contender and a column for each size.
    fn by_size(&self, cell: impl Fn(Contender, usize) -> String) -> Table {
        let header = self.sizes.iter().map(|&size| grouped(size as u64));
        let mut table = Table::new([String::new()].into_iter().chain(header));
        for contender in Contender::ALL {
            let cells = self.sizes.iter().map(|&size| cell(contender, size));
            table.row([contender.name().to_owned()].into_iter().chain(cells));
        }
        table
    }

    fn start(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let whole = |value: fn(Instructions) -> u64| {
            self.by_size(move |contender, size| {
                let of = |contender| Some(value(self.start.instructions(contender, size)?) as f64);
                beside_static(contender, of, |count| grouped((count / 1e3).round() as u64))
            })
        };
        writeln!(f, "### From process start until all plugins are visible in load order\n")?;
        writeln!(f, "Thousand instructions of the whole process, and the ratio to `static`.\n")?;
        writeln!(f, "{}", whole(|i| i.visible))?;
        writeln!(f, "### From process start until all plugins are initialised\n")?;
        writeln!(f, "Thousand instructions of the whole process, and the ratio to `static`.\n")?;
        writeln!(f, "{}", whole(|i| i.initialised))?;
        writeln!(f, "### The same per plugin\n")?;
        writeln!(
            f,
            "Instructions per plugin: before `main` (relocations, constructors) + becoming visible \
             in load order + initialising. The empty process, the same program with no plugins, \
             is taken off; it is {}.\n",
            Contender::ALL
                .iter()
                .filter_map(|&contender| {
                    let noop = self.start.instructions(contender, 0)?.noop;
                    Some(format!("{} for {}", grouped(noop), contender.name()))
                })
                .collect::<Vec<_>>()
                .join(", ")
        )?;
        writeln!(
            f,
            "{}",
            self.by_size(|contender, size| self.parts(contender, size).unwrap_or_default())
        )
    }

    fn parts(&self, contender: Contender, size: usize) -> Option<String> {
        let empty = self.start.instructions(contender, 0)?;
        let full = self.start.instructions(contender, size)?;
        let per = |a: u64, b: u64| (a as f64 - b as f64) / size as f64;
        // Adding nothing makes a zero of a zero with a minus.
        let shown = |a, b| format!("{:.0}", per(a, b).round() + 0.0);
        Some(format!(
            "{} + {} + {}",
            shown(full.noop, empty.noop),
            shown(full.visible, full.noop),
            shown(full.initialised, full.visible),
        ))
    }

    fn lookup(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let per_lookup = |value: fn(Instructions) -> f64| {
            self.by_size(move |contender, size| {
                let of = |contender| Some(value(self.start.instructions(contender, size)?));
                beside_static(contender, of, |count| grouped(count.round() as u64))
            })
        };
        writeln!(f, "### Finding a plugin by name\n")?;
        writeln!(f, "Instructions per lookup of a name that there is:\n")?;
        writeln!(f, "{}", per_lookup(|i| i.hit))?;
        writeln!(
            f,
            "Instructions per lookup of a name that differs from one that there is in the last \
             character:\n"
        )?;
        writeln!(f, "{}", per_lookup(|i| i.miss))
    }

    fn size(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bytes = |contender, size| self.start.cost(contender, size).map(|cost| cost.bytes);
        let slope = |contender, from: usize, to: usize| {
            let more = bytes(contender, to)? as f64 - bytes(contender, from)? as f64;
            Some(more / (to - from) as f64)
        };
        let whole = |count: f64| grouped(count.round() as u64);
        writeln!(f, "## Bytes per plugin\n")?;
        writeln!(
            f,
            "Of a stripped release binary, with the init function: (size with N plugins − size \
             with none) / N. plugo's table also says each plugin's namespace, package, place and \
             reasons, which the others do not have; and the function behind a `#[plugin]` takes \
             its parameters out of the app's arguments before it calls.\n"
        )?;
        writeln!(
            f,
            "{}",
            self.by_size(|contender, size| beside_static(
                contender,
                |contender| slope(contender, 0, size),
                whole
            ))
        )?;
        writeln!(f, "The same from one size to the next, where what is there once drops out:\n")?;
        let steps: Vec<(usize, usize)> =
            self.sizes.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let mut table = Table::new([String::new()].into_iter().chain(
            steps.iter().map(|&(a, b)| format!("{} to {}", grouped(a as u64), grouped(b as u64))),
        ));
        for contender in Contender::ALL {
            let cells = steps
                .iter()
                .map(|&(a, b)| beside_static(contender, |contender| slope(contender, a, b), whole));
            table.row([contender.name().to_owned()].into_iter().chain(cells));
        }
        writeln!(f, "{table}")
    }

    fn scripts(&self, f: &mut Formatter<'_>) -> fmt::Result {
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
            "`plugo's own` is the build script with the answers of `cargo` given at once, so that \
             `cargo's share` is what the whole loses by that. `calls of cargo` says how long each took \
             at least; they run beside each other and beside plugo's work, so the columns \
             do not add up.\n"
        )?;
        let mut header = vec![
            "folders",
            "opt-level",
            "whole",
            "plugo's own",
            "cargo's share",
            "calls of cargo",
            "runs",
        ];
        if self.start.counted_by.is_some() {
            header.push("own instructions, million");
        }
        let mut table = Table::new(header);
        for cost in &self.scripts.costs {
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
            if self.start.counted_by.is_some() {
                let counted = cost.instructions.map(|count| grouped(count / 1_000_000));
                row.push(counted.unwrap_or_else(|| "not counted".to_owned()));
            }
            table.row(row);
        }
        writeln!(f, "{table}")?;
        let sizes: Vec<String> =
            self.scripts.unchanged.iter().map(|&size| grouped(size as u64)).collect();
        writeln!(
            f,
            "Without a change, a second `cargo build` runs no build script and compiles nothing: \
             so it was with {} plugin folders, by what `cargo build --verbose` says.\n",
            sizes.join(" and ")
        )
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let quick = if self.quick { " --quick" } else { "" };
        writeln!(f, "# Benchmarks\n")?;
        writeln!(
            f,
            "<!-- Made by the package `benches`, with\n     cargo run --release -p benches --{quick} --write\n\
             \x20    Do not edit: the next run writes it anew. -->\n"
        )?;
        writeln!(
            f,
            "plugo beside a hand-written static table, `inventory`, `linkme` and a hand-written \
             registry, with the same generated plugins, all in one run of `cargo run --release -p benches --{quick} \
             --write`. (`--quick` leaves 10,000 plugins out.)\n"
        )?;
        writeln!(f, "- {}.", self.versions.join("; "))?;
        writeln!(f, "- {}.", self.machine)?;
        writeln!(
            f,
            "- `static` is a static slice that somebody wrote in load order, with a scan for \
             names. `inventory` and `linkme` order by dependencies at start (one implementation \
             of Kahn's algorithm for both), and scan. `plugo` is an app as the documentation has \
             it: `build.rs`, `plugins!()`, `load_plugins`, default features."
        )?;
        writeln!(
            f,
            "- A plugin has a name, a version, up to three dependencies, and an init function \
             that counts and mixes a number, so that order matters. Every contender was verified \
             before it was measured: each plugin initialised once and after its dependencies, \
             every name found, no near miss found."
        )?;
        writeln!(
            f,
            "- Release builds, `strip = true`, nothing else set. Instructions are callgrind's: \
             the whole process from its start, relocations in, kernel work not.\n"
        )?;
        writeln!(f, "## The aims\n")?;
        if self.start.counted_by.is_some() {
            writeln!(
                f,
                "Against `static`, up to {:.2}x counts as equal: where the pages of a binary happen \
             to begin moves the count of a small program by as much.\n",
                aims::NO_WORSE
            )?;
        }
        for verdict in aims::verdicts(self.sizes, &self.start, &self.choosing, &self.scripts) {
            writeln!(f, "- {verdict}")?;
        }
        writeln!(f)?;
        writeln!(f, "## Start-up and lookup\n")?;
        if self.start.counted_by.is_some() {
            self.start(f)?;
            self.lookup(f)?;
        } else {
            writeln!(f, "valgrind is not installed here, so instructions were not counted.\n")?;
        }
        choosing_report::section(&self.choosing, f)?;
        self.size(f)?;
        self.scripts(f)
    }
}

/// A value, and its ratio to that of the hand-written table.
fn beside_static(
    contender: Contender,
    value: impl Fn(Contender) -> Option<f64>,
    show: impl Fn(f64) -> String,
) -> String {
    match (value(contender), value(Contender::Static)) {
        (Some(own), Some(other)) if other > 0.0 => format!("{} ({:.2}x)", show(own), own / other),
        _ => "–".to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_needs_both_numbers() {
        let value = |contender| (contender == Contender::Plugo).then_some(1.0);
        assert_eq!(beside_static(Contender::Plugo, value, |n| n.to_string()), "–");
        let value = |contender| Some(if contender == Contender::Plugo { 1.0 } else { 2.0 });
        assert_eq!(beside_static(Contender::Plugo, value, |n| n.to_string()), "1 (0.50x)");
    }
}
