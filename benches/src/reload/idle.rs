use std::time::Duration;

use anyhow::{Context as _, Result};

use super::app::{App, free_address};
use super::contenders::ALL;
use super::proc::Process;
use super::processes::Group;
use super::selection;
use crate::status::status;

/// For how long nothing happens.
pub(crate) const TIME: Duration = Duration::from_secs(20);

/// What a process works while nothing happens.
#[derive(Debug)]
pub(crate) struct Idle {
    pub(crate) what: &'static str,
    pub(crate) ticks: u64,
    pub(crate) worked: Option<Duration>,
}

pub(crate) fn measure(app: &App) -> Result<Vec<Idle>> {
    status("Measuring", "what is done when nothing happens");
    let (following, _, _) = selection::start(app)?;
    let address = free_address()?;
    let word = app.edit()?;
    let log = app.log("idle");
    let group = Group::start(&mut ALL[0].command(app, address), &log)?;
    app.wait_for(address, &group, &word, |(_, body)| body.contains(&word))?;
    std::thread::sleep(Duration::from_secs(3));
    let processes = [
        ("`plugo dev`, watching", group.process()),
        ("the app, watching its selection", following.process()),
    ];
    let now = |process: Process| {
        process.ticks().map(|ticks| (ticks, process.worked())).context("it has ended")
    };
    let mut before = Vec::new();
    for (_, process) in processes {
        before.push(now(process)?);
    }
    std::thread::sleep(TIME);
    let mut all = Vec::new();
    for ((what, process), (ticks, worked)) in processes.into_iter().zip(before) {
        let after = now(process)?;
        let worked = after.1.zip(worked).map(|(after, before)| after.saturating_sub(before));
        all.push(Idle { what, ticks: after.0 - ticks, worked });
    }
    group.end();
    following.end();
    Ok(all)
}
