use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::child::CHILD;
use crate::callgrind::Callgrind;
use crate::cargo;
use crate::places::Places;
use crate::spread::Spread;

/// What one selection and one call cost.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) way: &'static str,
    /// Where there is something to count them with.
    pub(crate) instructions: Option<f64>,
    /// Of [`TIMED`] of them.
    pub(crate) times: Spread,
}

/// How often a selection is timed, and how often that is done.
pub(crate) const TIMED: u32 = 5_000_000;
const ROUNDS: usize = 7;

/// Without a store, with one attached, and among the instances of one; each with how often it is counted.
/// What comes before the selections differs by some hundred thousand instructions from run to run, and
/// the first two are compared to half of one.
const WAYS: [(&str, &str, u32); 3] = [
    ("plain", "`plugo::select`, no store", 10_000_000),
    ("store", "`plugo::select`, store attached", 10_000_000),
    ("instances", "`plugo_admin::instances().select()` and `shared()`", 1_000_000),
];

pub(crate) fn measure(places: &Places, folder: &Path) -> Result<Vec<Selection>> {
    let mut made = 0;
    let mut call = |program: &Path, way: &str, times: u32| {
        made += 1;
        let file = folder.join(format!("select{made}"));
        let mut command = Command::new(program);
        command.args(["admin", CHILD, "select", way, &times.to_string()]);
        command.arg(format!("sqlite://{}", file.display())).env_remove("DISABLED_PLUGINS");
        command
    };
    let callgrind = Callgrind::find(&places.work);
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); WAYS.len()];
    // They take turns, so that what else the machine does meets all of them.
    for _ in 0..ROUNDS {
        for (i, (way, ..)) in WAYS.iter().enumerate() {
            let said = cargo::run(&mut call(&places.program, way, TIMED))?;
            let text = String::from_utf8_lossy(&said.stdout);
            let took = text.trim().parse().with_context(|| format!("{text:?} is no time"))?;
            times[i].push(Duration::from_nanos(took));
        }
    }
    let mut results = Vec::new();
    for ((way, title, counted), times) in WAYS.into_iter().zip(times) {
        let instructions = match &callgrind {
            None => None,
            Some(callgrind) => {
                let staged = callgrind.stage(&places.program)?;
                let way = format!("counted-{way}");
                let mut count = |times| callgrind.count(&call(staged, &way, times));
                // The difference of two runs is of the selections alone.
                let (two, one) = (count(2 * counted)?, count(counted)?);
                Some((two as f64 - one as f64) / f64::from(counted))
            }
        };
        results.push(Selection { way: title, instructions, times: Spread::of(times) });
    }
    Ok(results)
}
