use std::time::Duration;

use anyhow::{Context as _, Result};

use super::app::{App, free_address};
use super::contenders::{ALL, Contender};
use super::load::{Connections, Served};
use super::options::Options;
use super::processes::Group;
use crate::spread::Spread;
use crate::status::status;

/// Between two edits: the old process has ended by then.
const PAUSE: Duration = Duration::from_millis(700);
/// How long whoever asks waits for an answer while the source does not compile.
const PATIENCE: Duration = Duration::from_secs(3);

/// Edits of a plugin, of all contenders.
#[derive(Debug)]
pub(crate) struct Restart {
    pub(crate) rounds: Vec<Round>,
    /// Who was not measured, and why.
    pub(crate) skipped: Vec<(&'static str, String)>,
    pub(crate) versions: Vec<String>,
}

/// All contenders, under one kind of load.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) connections: Connections,
    /// What `cargo build` takes for the same edits under the same load, or why that is not known.
    pub(crate) cargo: Result<Spread, String>,
    pub(crate) results: Vec<(Contender, Edits)>,
}

/// What was measured of one contender.
#[derive(Debug)]
pub(crate) enum Edits {
    Measured {
        /// From the save until a client sees it.
        times: Spread,
        served: Served,
        /// Somebody answers while the source does not compile.
        serves_when_broken: bool,
        /// Programs that it did not end.
        left: Vec<String>,
    },
    /// It does not do what it is for.
    Failed(String),
}

pub(crate) fn measure(app: &App, options: &Options) -> Result<Restart> {
    let mut skipped = Vec::new();
    let mut versions = Vec::new();
    let mut contenders = Vec::new();
    for contender in ALL {
        match contender.missing(app)? {
            Some(why) => skipped.push((contender.name, why)),
            None => {
                versions.extend(contender.versions());
                contenders.push(contender);
            }
        }
    }
    versions.sort();
    versions.dedup();
    let mut rounds = Vec::new();
    for connections in [Connections::New, Connections::Kept] {
        let mut cargo = Ok(Vec::new());
        let mut results = Vec::new();
        let half = options.edits.div_ceil(2);
        for contender in &contenders {
            // Before and after, since the machine may have something else to do.
            if contender.is_plugo() {
                more(&mut cargo, builds(app, connections, half));
            }
            status("Measuring", contender.name);
            let edits = edits(app, contender, connections, options.edits)
                .unwrap_or_else(|error| Edits::Failed(format!("{error:#}")));
            if let Edits::Failed(why) = &edits {
                status("Failed", why);
            }
            results.push((contender.clone(), edits));
            if contender.is_plugo() {
                more(&mut cargo, builds(app, connections, half));
            }
        }
        rounds.push(Round { connections, cargo: cargo.map(Spread::of), results });
    }
    Ok(Restart { rounds, skipped, versions })
}

/// Adds times to others, or says why there are none: what else is measured is not lost for that.
fn more(all: &mut Result<Vec<Duration>, String>, times: Result<Vec<Duration>>) {
    match (&mut *all, times) {
        (Ok(all), Ok(times)) => all.extend(times),
        (Ok(_), Err(error)) => *all = Err(format!("{error:#}")),
        (Err(_), _) => {}
    }
}

/// What Cargo takes for an edit while the app serves the same load.
fn builds(app: &App, connections: Connections, edits: usize) -> Result<Vec<Duration>> {
    status("Measuring", "cargo build");
    app.edit()?;
    app.build(&[])?;
    let (group, address) = app.start("alone", &[])?;
    let load = app.load(address, connections);
    let mut times = Vec::new();
    for _ in 0..edits {
        std::thread::sleep(PAUSE);
        app.edit()?;
        times.push(app.build(&[])?);
    }
    load.end();
    group.end();
    Ok(times)
}

fn edits(
    app: &App,
    contender: &Contender,
    connections: Connections,
    edits: usize,
) -> Result<Edits> {
    let address = free_address()?;
    let word = app.edit()?;
    let log = app.log(&contender.name.replace(' ', "-"));
    let group = Group::start(&mut contender.command(app, address), &log)?;
    // It serves, and it serves an edit: or there is nothing to measure.
    app.wait_for(address, &group, &word, |(_, body)| body.contains(&word))
        .context("it does not serve")?;
    std::thread::sleep(PAUSE);
    app.edit_until_served(address, &group).context("it does not serve an edit")?;
    std::thread::sleep(PAUSE);
    let load = app.load(address, connections);
    let mut times = Vec::new();
    for _ in 0..edits {
        std::thread::sleep(PAUSE);
        times.push(app.edit_until_served(address, &group)?);
    }
    std::thread::sleep(PAUSE);
    let served = load.end();
    app.break_it()?;
    std::thread::sleep(PAUSE * 3);
    let serves_when_broken = app.is_served(address, PATIENCE);
    let left = group.end();
    Ok(Edits::Measured { times: Spread::of(times), served, serves_when_broken, left })
}
