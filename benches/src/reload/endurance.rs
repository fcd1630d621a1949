use std::time::Duration;

use anyhow::{Context as _, Result};

use super::app::{App, free_address};
use super::contenders::ALL;
use super::load::{Connections, Served};
use super::proc::Holds;
use super::processes::Group;
use crate::spread::Spread;
use crate::status::status;

/// What is compared with the end: by then everything has happened once.
pub(crate) const FIRST: usize = 10;
/// Between two edits: the old process is still ending.
const PAUSE: Duration = Duration::from_millis(50);
/// After this time the last old process has ended.
const CALM: Duration = Duration::from_secs(1);

/// Many reloads in a row.
#[derive(Debug)]
pub(crate) struct Endurance {
    pub(crate) reloads: usize,
    pub(crate) served: Served,
    /// What `plugo dev` held at the tenth one and at the last.
    pub(crate) holds: [Holds; 2],
    /// How long edits took, in the first hundred and the last.
    pub(crate) times: [Spread; 2],
    pub(crate) left: Vec<String>,
}

pub(crate) fn measure(app: &App, reloads: usize) -> Result<Endurance> {
    status("Measuring", &format!("{reloads} reloads in a row"));
    let address = free_address()?;
    let word = app.edit()?;
    let log = app.log("endurance");
    let group = Group::start(&mut ALL[0].command(app, address), &log)?;
    app.wait_for(address, &group, &word, |(_, body)| body.contains(&word))?;
    let load = app.load(address, Connections::Both);
    let holds = || {
        std::thread::sleep(CALM);
        group.process().holds().context("`plugo dev` has ended")
    };
    let mut times = Vec::new();
    let mut at_first = Holds::default();
    for reload in 1..=reloads {
        std::thread::sleep(PAUSE);
        times.push(app.edit_until_served(address, &group)?);
        if reload == FIRST.min(reloads) {
            at_first = holds()?;
        }
        if reload % 100 == 0 {
            status("Reloaded", &format!("{reload} times"));
        }
    }
    let at_last = holds()?;
    let served = load.end();
    let left = group.end();
    let some = times.len().min(100);
    let first = Spread::of(times[..some].to_vec());
    let last = Spread::of(times[times.len() - some..].to_vec());
    Ok(Endurance { reloads, served, holds: [at_first, at_last], times: [first, last], left })
}
