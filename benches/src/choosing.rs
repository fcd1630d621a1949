use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use benches::RunTimeMode as Mode;

use crate::callgrind::Callgrind;
use crate::cargo;
use crate::options::{Options, Part};
use crate::places::Places;
use crate::run_time_contenders::{self, Chooser};
use crate::status::{skip, status};

/// How many plugins and services there are, in turn.
pub(crate) const SIZES: [usize; 2] = [10, 1_000];
/// So many calls are timed.
pub(crate) const TIMED: usize = 5_000_000;
/// How often each is timed.
pub(crate) const ROUNDS: usize = 21;

/// What it costs to choose one of several implementations at run time.
#[derive(Debug)]
pub(crate) struct Choosing {
    /// By contender and size.
    instructions: BTreeMap<(Chooser, usize), Instructions>,
    /// Nanoseconds for one call.
    times: BTreeMap<Chooser, Times>,
}

/// Instructions for one time, on average.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions {
    /// Loading, for one plugin.
    pub(crate) load: f64,
    /// Finding a service by name.
    pub(crate) get: f64,
    /// Calling a service.
    pub(crate) call: f64,
    /// Selecting a service and calling it.
    pub(crate) select: f64,
    /// The same with overrides in force, where there are overrides.
    pub(crate) overridden: Option<f64>,
}

/// Nanoseconds for one time: the median of several runs, in the faster one of
/// the sizes. The sizes do the same, and where the loop and the function that
/// it calls happen to stand in a binary moves the time by a fifth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) call: f64,
    pub(crate) select: f64,
    pub(crate) overridden: Option<f64>,
}

impl Choosing {
    /// What selecting takes, and selecting with overrides, in every size and unit; the rest is made up.
    #[cfg(test)]
    pub(crate) fn of(all: &[(Chooser, f64, Option<f64>)]) -> Self {
        let mut choosing = Choosing { instructions: BTreeMap::new(), times: BTreeMap::new() };
        for &(chooser, select, overridden) in all {
            let counted = Instructions { load: 3.0, get: 2.0, call: 1.0, select, overridden };
            for size in SIZES {
                choosing.instructions.insert((chooser, size), counted);
            }
            choosing.times.insert(chooser, Times { call: 1.0, select, overridden });
        }
        choosing
    }

    pub(crate) fn instructions(&self, chooser: Chooser, size: usize) -> Option<Instructions> {
        self.instructions.get(&(chooser, size)).copied()
    }

    /// Whether there was something to count instructions with.
    pub(crate) fn is_counted(&self) -> bool {
        !self.instructions.is_empty()
    }

    pub(crate) fn times(&self, chooser: Chooser) -> Option<Times> {
        self.times.get(&chooser).copied()
    }
}

#[cfg(test)]
impl Choosing {
    /// The same for every contender, of which `plugo` selects with so many instructions.
    pub(crate) fn sample(select: f64) -> Self {
        let counts = |chooser: Chooser| {
            let select = if chooser == Chooser::Plugo { select } else { 14.0 };
            let overridden = chooser.has_overrides().then_some(select);
            Instructions { load: 5.0, get: 40.0, call: 13.0, select, overridden }
        };
        let all = Chooser::ALL.into_iter();
        let each = all.flat_map(|chooser| SIZES.map(|size| ((chooser, size), counts(chooser))));
        Choosing { instructions: each.collect(), times: BTreeMap::new() }
    }
}

/// Generates, builds and verifies all contenders, then measures them.
pub(crate) fn measure(places: &Places, options: &Options) -> Result<Choosing> {
    status("Building", "the contenders that choose at run time");
    let programs = build(places, options.choosers())?;
    status("Verifying", "the contenders that choose at run time");
    for (chooser, size, program) in &programs {
        cargo::run(&mut call(program, Mode::Verify, *size, 0))
            .with_context(|| format!("{} does not what it should", chooser.package(*size)))?;
    }
    let mut instructions = BTreeMap::new();
    let callgrind = options.has(Part::Choosing).then(|| Callgrind::find(&places.work));
    if let Some(None) = callgrind {
        skip("instructions: valgrind is not installed")?;
    }
    if let Some(callgrind) = callgrind.flatten() {
        for (chooser, size, program) in &programs {
            status("Measuring", &chooser.package(*size));
            instructions.insert((*chooser, *size), count(&callgrind, *chooser, program, *size)?);
        }
    }
    let mut times = BTreeMap::new();
    if options.has(Part::Times) {
        status("Measuring", "the time of calls");
        times = time(&programs)?;
    }
    Ok(Choosing { instructions, times })
}

fn build(places: &Places, choosers: &[Chooser]) -> Result<Vec<(Chooser, usize, PathBuf)>> {
    let dir = places.work.join("run-time-contenders");
    // What both kinds of contenders depend on is compiled once.
    let target = places.work.join("target-contenders");
    run_time_contenders::workspace(&SIZES, choosers, &places.checkout).write(&dir)?;
    cargo::lock(places, &dir)?;
    cargo::run(cargo::cargo(&dir, "build").arg("--release").arg("--target-dir").arg(&target))?;
    let program = |chooser: Chooser, size| {
        let name = format!("{}{}", chooser.package(size), std::env::consts::EXE_SUFFIX);
        (chooser, size, target.join("release").join(name))
    };
    let each = |&size: &usize| choosers.iter().map(move |&chooser| program(chooser, size));
    Ok(SIZES.iter().flat_map(each).collect())
}

fn call(program: &Path, mode: Mode, size: usize, times: usize) -> Command {
    let mut command = Command::new(program);
    command.arg(mode.as_str()).args([size.to_string(), times.to_string()]);
    command.env_remove("DISABLED_PLUGINS");
    command
}

fn count(
    callgrind: &Callgrind,
    chooser: Chooser,
    program: &Path,
    size: usize,
) -> Result<Instructions> {
    let staged = callgrind.stage(program)?;
    let count = |mode, times| -> Result<f64> {
        Ok(callgrind.count_alone(&call(staged, mode, size, times))?.steady as f64)
    };
    // The difference of two runs is of what differs between them alone. Hash
    // maps are seeded anew in each run, so many times make up for that.
    let each = |mode, times: usize| -> Result<f64> {
        Ok((count(mode, 2 * times)? - count(mode, times)?) / times as f64)
    };
    Ok(Instructions {
        load: (count(Mode::Load, 0)? - count(Mode::Noop, 0)?) / size as f64,
        get: each(Mode::Get, 2_000)?,
        call: each(Mode::Call, 50_000)?,
        select: each(Mode::Select, 50_000)?,
        overridden: chooser.has_overrides().then(|| each(Mode::Overridden, 50_000)).transpose()?,
    })
}

/// The contenders take turns, so that what else the machine does meets all
/// of them.
fn time(programs: &[(Chooser, usize, PathBuf)]) -> Result<BTreeMap<Chooser, Times>> {
    let mut taken: BTreeMap<(Chooser, &str, usize), Vec<f64>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (chooser, size, program) in programs {
            for mode in [Mode::Call, Mode::Select, Mode::Overridden] {
                let output = cargo::run(&mut call(program, mode, *size, TIMED))?;
                let text = String::from_utf8_lossy(&output.stdout);
                let Ok(nanoseconds) = text.trim().parse::<f64>() else {
                    bail!("{} printed {text:?}, which is no time", chooser.package(*size));
                };
                let each = nanoseconds / TIMED as f64;
                taken.entry((*chooser, mode.as_str(), *size)).or_default().push(each);
            }
        }
    }
    let median = |chooser: Chooser, mode: Mode, size: usize| -> Option<f64> {
        let mut times = taken.get(&(chooser, mode.as_str(), size))?.clone();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    };
    let least = |chooser: Chooser, mode: Mode| -> Option<f64> {
        SIZES.iter().filter_map(|&size| median(chooser, mode, size)).min_by(f64::total_cmp)
    };
    let of = |chooser: Chooser| {
        let overridden = least(chooser, Mode::Overridden);
        let times = Times {
            call: least(chooser, Mode::Call)?,
            select: least(chooser, Mode::Select)?,
            overridden: overridden.filter(|_| chooser.has_overrides()),
        };
        Some((chooser, times))
    };
    Ok(Chooser::ALL.into_iter().filter_map(of).collect())
}
