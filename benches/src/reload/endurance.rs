use std::time::Duration;

use anyhow::{Result, bail};

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
    /// How many there were.
    pub(crate) reloads: usize,
    /// Why there were no more of them, if there were fewer than wanted.
    pub(crate) ended: Option<String>,
    pub(crate) served: Served,
    /// What `plugo dev` held at the tenth one and at the last; nothing where it came to no tenth, or has
    /// ended.
    pub(crate) holds: Option<[Holds; 2]>,
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
        group.process().holds()
    };
    let (mut times, mut ended, mut at_first) = (Vec::new(), None, None);
    for reload in 1..=reloads {
        std::thread::sleep(PAUSE);
        match app.edit_until_served(address, &group) {
            Ok(took) => times.push(took),
            // Those before it are not lost.
            Err(error) => {
                ended = Some(format!("{error:#}"));
                break;
            }
        }
        if reload == FIRST {
            at_first = holds();
        }
        if reload % 100 == 0 {
            status("Reloaded", &format!("{reload} times"));
        }
    }
    let holds = if times.len() > FIRST { at_first.zip(holds()).map(<[_; 2]>::from) } else { None };
    let served = load.end();
    let left = group.end();
    if let (true, Some(why)) = (times.is_empty(), &ended) {
        bail!("no edit was served: {why}");
    }
    let some = times.len().min(100);
    let first = Spread::of(times[..some].to_vec());
    let last = Spread::of(times[times.len() - some..].to_vec());
    Ok(Endurance { reloads: times.len(), ended, served, holds, times: [first, last], left })
}
