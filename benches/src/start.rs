use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use benches::Mode;

use crate::callgrind::{Callgrind, Counted};
use crate::cargo;
use crate::contenders::{self, Contender};
use crate::image::Image;
use crate::options::Options;
use crate::places::Places;
use crate::status::{skip, status};

/// What the contenders cost.
#[derive(Debug)]
pub(crate) struct Start {
    /// By contender, in the order of [`Contender::ALL`], and size. The size 0
    /// is among them.
    costs: BTreeMap<(usize, usize), Cost>,
    /// What counted the instructions.
    pub(crate) counted_by: Option<String>,
}

/// What a contender costs in one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// The stripped release binary.
    pub(crate) image: Image,
    pub(crate) instructions: Option<Instructions>,
}

/// Instructions of a whole process; those of a lookup, on average.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions {
    pub(crate) noop: Counted,
    pub(crate) visible: Counted,
    pub(crate) initialised: Counted,
    pub(crate) hit: f64,
    pub(crate) miss: f64,
}

impl Start {
    pub(crate) fn cost(&self, contender: Contender, size: usize) -> Option<Cost> {
        self.costs.get(&(contender as usize, size)).copied()
    }

    pub(crate) fn instructions(&self, contender: Contender, size: usize) -> Option<Instructions> {
        self.cost(contender, size)?.instructions
    }

    /// What one plugin more adds to a binary, from one size to another.
    pub(crate) fn more(
        &self,
        contender: Contender,
        [from, to]: [usize; 2],
        value: impl Fn(Image) -> f64,
    ) -> Option<f64> {
        let of = |size| Some(value(self.cost(contender, size)?.image));
        Some((of(to)? - of(from)?) / (to - from) as f64)
    }
}

#[cfg(test)]
impl Start {
    /// What was measured of some programs, by numbers that come out for a plugin: instructions from `main` until it is
    /// initialised, and bytes.
    pub(crate) fn sample(
        programs: impl IntoIterator<Item = (Contender, usize)>,
        per_plugin: impl Fn(Contender) -> (u64, u64),
    ) -> Self {
        let cost = |(contender, size): (Contender, usize)| {
            let (instructions, bytes) = per_plugin(contender);
            let (count, size_of) = (size as u64 * instructions, size as u64 * bytes);
            let counted = |more| Counted { whole: 250_000 + more, steady: 150_000 + more };
            let image =
                Image { file: 9_000 + size_of, bytes: 8_000 + size_of, relocations: size as u64 };
            let instructions = Instructions {
                noop: counted(0),
                visible: counted(count / 2),
                initialised: counted(count),
                hit: 80.0,
                miss: 60.0,
            };
            ((contender as usize, size), Cost { image, instructions: Some(instructions) })
        };
        Start { costs: programs.into_iter().map(cost).collect(), counted_by: Some("a test".into()) }
    }
}

/// Generates, builds and verifies all contenders, then measures them.
pub(crate) fn measure(places: &Places, options: &Options) -> Result<Start> {
    status("Building", "the contenders");
    let programs = build(places, &options.programs())?;
    status("Verifying", "the contenders");
    for (contender, size, program) in &programs {
        cargo::run(&mut call(program, Mode::Verify, *size, 0))
            .with_context(|| format!("{} does not what it should", contender.package(*size)))?;
    }
    let callgrind = Callgrind::find(&places.work);
    if callgrind.is_none() {
        skip("instructions: valgrind is not installed")?;
    }
    let mut costs = BTreeMap::new();
    for (contender, size, program) in &programs {
        status("Measuring", &contender.package(*size));
        let image = Image::read(program)?;
        let instructions =
            callgrind.as_ref().map(|callgrind| count(callgrind, program, *size)).transpose()?;
        costs.insert((*contender as usize, *size), Cost { image, instructions });
    }
    Ok(Start { costs, counted_by: callgrind.map(|callgrind| callgrind.version) })
}

pub(crate) fn build(
    places: &Places,
    wanted: &[(Contender, usize)],
) -> Result<Vec<(Contender, usize, PathBuf)>> {
    let dir = places.work.join("contenders");
    let target = places.work.join("target-contenders");
    contenders::workspace(wanted, &places.checkout).write(&dir)?;
    cargo::lock(places, &dir)?;
    cargo::run(cargo::cargo(&dir, "build").arg("--release").arg("--target-dir").arg(&target))?;
    let program = |&(contender, size): &(Contender, usize)| {
        let name = format!("{}{}", contender.package(size), std::env::consts::EXE_SUFFIX);
        (contender, size, target.join("release").join(name))
    };
    Ok(wanted.iter().map(program).collect())
}

pub(crate) fn call(program: &Path, mode: Mode, size: usize, lookups: usize) -> Command {
    let mut command = Command::new(program);
    command.arg(mode.as_str()).args([size.to_string(), lookups.to_string()]);
    command.env_remove("DISABLED_PLUGINS");
    command
}

fn count(callgrind: &Callgrind, program: &Path, size: usize) -> Result<Instructions> {
    let staged = callgrind.stage(program)?;
    let count = |mode, lookups| callgrind.count_alone(&call(staged, mode, size, lookups));
    // The difference of two runs is of lookups alone.
    let lookup = |mode| -> Result<f64> {
        if size == 0 {
            return Ok(0.0);
        }
        let (few, many) = (size.min(500), 2 * size.min(500));
        Ok((count(mode, many)?.steady as f64 - count(mode, few)?.steady as f64) / few as f64)
    };
    Ok(Instructions {
        noop: count(Mode::Noop, 0)?,
        visible: count(Mode::Visible, 0)?,
        initialised: count(Mode::Initialised, 0)?,
        hit: lookup(Mode::Hit)?,
        miss: lookup(Mode::Miss)?,
    })
}
