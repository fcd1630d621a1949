use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use anyhow::Result;

use super::endurance::{Endurance, FIRST};
use super::idle::{self, Idle};
use super::load::{Connections, RATE, STALLED, Served};
use super::options::Options;
use super::restart::{Edits, Restart, Round};
use super::selection::{DEBOUNCE, Selection, TOGGLES};
use crate::cargo::{run, rustc};
use crate::table::{Table, grouped};

/// What a restart may take beyond Cargo's rebuild, and a reload of the
/// selection beyond the debounce.
const RESTART: Duration = Duration::from_millis(100);
const RELOAD: Duration = Duration::from_millis(10);
/// What patching took where it was tried first, on a small app.
const PATCH: Duration = Duration::from_millis(280);
/// How far memory may differ, in kilobytes: what allocators keep differs by as
/// much.
const MEMORY: u64 = 1024;

/// What was measured; some of it may not have been.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) restart: Option<Restart>,
    pub(crate) selection: Option<Selection>,
    pub(crate) idle: Option<Vec<Idle>>,
    pub(crate) endurance: Option<Endurance>,
}

pub(crate) fn head(options: &Options) -> Result<String> {
    let version = run(std::process::Command::new(rustc()).arg("--version"))?;
    let rustc = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let command = options.command();
    Ok(format!(
        "# Hot reload, measured\n\n\
         <!-- Made by the package `benches`, with\n     {command}\n\
         \x20    Do not edit: the next run writes it anew. -->\n\n\
         [`plugo dev`](dev.md) beside the programs that people use for it otherwise, and the \
         [selection](reload.md) that a running app follows, all in one run of `{command}`.\n\n\
         - {rustc}; {cores} cores, {}, {}. The load, Cargo and the app share them.\n\
         - The app is a copy of `examples/web-plugins`: axum and five plugins, in the `dev` \
         profile of this repository. An edit changes a word on a page of a plugin.\n\
         - The load is {RATE} requests a second on 127.0.0.1, from 12 clients of which each waits \
         for its answer. A request fails when it is refused, when its connection is closed before \
         the answer, when nothing comes within 30 s, or when the answer has another status than it \
         should. A connection that was kept and turns out to be closed is a failure: nobody asks \
         again.\n\
         - Times are the median [least–most].\n\n",
        std::env::consts::ARCH,
        std::env::consts::OS,
    ))
}

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## The aims\n")?;
        for verdict in self.verdicts() {
            writeln!(f, "- {verdict}")?;
        }
        writeln!(f)?;
        if let Some(restart) = &self.restart {
            write_restart(restart, f)?;
        }
        if let Some(Selection { times, served }) = &self.selection {
            writeln!(f, "## From the selection to the client\n")?;
            writeln!(
                f,
                "The running app follows a file in which a plugin is switched off and on, {TOGGLES} \
                 times; the debounce is {} ms. Meanwhile the plugin's page is asked for, which may \
                 be there or be a 404, and one of a plugin that stays; half of the clients keep their \
                 connections.\n",
                DEBOUNCE.as_millis()
            )?;
            let mut table = Table::new(["", "write to visible", "requests", "failed", "slowest"]);
            table.row([
                "selection".to_owned(),
                times.to_string(),
                grouped(served.requests),
                failed(served),
                ms(served.slowest),
            ]);
            writeln!(f, "{table}")?;
        }
        if let Some(all) = &self.idle {
            writeln!(f, "## When nothing happens\n")?;
            let seconds = idle::TIME.as_secs();
            writeln!(f, "Work in {seconds} s without a request and without a change:\n")?;
            let mut table = Table::new(["", "ticks of 10 ms", "by the scheduler"]);
            for Idle { what, ticks, worked } in all {
                let worked = worked.map_or_else(|| "not counted".to_owned(), tenths);
                table.row([(*what).to_owned(), ticks.to_string(), worked]);
            }
            writeln!(f, "{table}")?;
        }
        match &self.endurance {
            Some(endurance) => write_endurance(endurance, f),
            None => Ok(()),
        }
    }
}

impl Results {
    fn verdicts(&self) -> Vec<String> {
        let mut verdicts = Vec::new();
        for round in self.restart.iter().flat_map(|restart| &restart.rounds) {
            for (contender, edits) in &round.results {
                let under = under(round.connections);
                let Edits::Measured { times, served, .. } = edits else {
                    if contender.is_plugo() || contender.patches() {
                        verdicts.push(format!("`{}` works: **missed**, {under}.", contender.name));
                    }
                    continue;
                };
                if contender.is_plugo() {
                    let more = times.median.saturating_sub(round.cargo.median);
                    verdicts.push(format!(
                        "A restart takes at most Cargo's own rebuild and {} ms, {under}: **{}**, {} \
                         ms of which Cargo takes {} ms, so {} ms more.",
                        RESTART.as_millis(),
                        met(more <= RESTART),
                        times.median.as_millis(),
                        round.cargo.median.as_millis(),
                        more.as_millis(),
                    ));
                    verdicts.push(format!(
                        "No request fails over these edits, {under}: **{}**, {} of {}.",
                        met(served.failures() == 0),
                        served.failures(),
                        grouped(served.requests),
                    ));
                }
                if contender.patches() {
                    verdicts.push(format!(
                        "Patching takes at most {} ms, {under}: **{}**, {} ms, with {} of {} \
                         requests failed.",
                        PATCH.as_millis(),
                        met(times.median <= PATCH),
                        times.median.as_millis(),
                        served.failures(),
                        grouped(served.requests),
                    ));
                }
            }
        }
        if let Some(Selection { times, served }) = &self.selection {
            let limit = DEBOUNCE + RELOAD;
            verdicts.push(format!(
                "A change of the selection is visible within the debounce and {} ms: **{}**, {} with \
                 a debounce of {} ms.",
                RELOAD.as_millis(),
                met(times.median <= limit),
                tenths(times.median),
                DEBOUNCE.as_millis(),
            ));
            verdicts.push(format!(
                "No request fails over {TOGGLES} changes of the selection: **{}**, {} of {}.",
                met(served.failures() == 0),
                served.failures(),
                grouped(served.requests),
            ));
        }
        for Idle { what, ticks, .. } in self.idle.iter().flatten() {
            verdicts.push(format!(
                "Nothing is done when nothing happens, by {what}: **{}**, {ticks} ticks in {} s.",
                met(*ticks == 0),
                idle::TIME.as_secs(),
            ));
        }
        if let Some(Endurance { reloads, served, holds: [first, last], .. }) = &self.endurance {
            verdicts.push(format!(
                "No request fails over {} reloads: **{}**, {} of {}.",
                grouped(*reloads as u64),
                met(served.failures() == 0),
                served.failures(),
                grouped(served.requests),
            ));
            let is_flat = last.descriptors <= first.descriptors
                && last.threads <= first.threads
                && last.memory <= first.memory + MEMORY;
            verdicts.push(format!(
                "`plugo dev` holds at the last of these what it held at the tenth, to 1 MB: **{}**.",
                met(is_flat),
            ));
        }
        verdicts
    }
}

fn write_restart(restart: &Restart, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "## From the save to the client\n")?;
    writeln!(
        f,
        "The time from writing the file until a client that asks all the time sees the edit. Each \
         contender served, and served an edit, before it was measured; each waits until files have \
         been left alone for 50 ms, and `systemfd` has room for 128 waiting connections. `cargo \
         build` is Cargo alone: the same edits, under the same load, before and after `plugo dev`. \
         *Stalled* are requests that took more than {} ms. *Broken* says whether somebody answers \
         while the source does not compile.\n",
        STALLED.as_millis()
    )?;
    if !restart.versions.is_empty() {
        writeln!(f, "Peers: {}.\n", restart.versions.join("; "))?;
    }
    for round in &restart.rounds {
        writeln!(f, "### {}\n", capital(under(round.connections)))?;
        writeln!(f, "{}", table(round))?;
        for (contender, edits) in &round.results {
            match edits {
                Edits::Failed(why) => {
                    let why = why.lines().next().unwrap_or_default().trim_end_matches(':');
                    writeln!(f, "`{}` was not measured: {why}.\n", contender.name)?;
                }
                Edits::Measured { left, .. } if !left.is_empty() => {
                    let left = left.join("`, `");
                    writeln!(f, "`{}` left behind when it ended: `{left}`.\n", contender.name)?;
                }
                Edits::Measured { .. } => {}
            }
        }
    }
    if !restart.skipped.is_empty() {
        writeln!(f, "Left out:\n")?;
        for (name, why) in &restart.skipped {
            writeln!(f, "- `{name}`: {why}.")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn table(round: &Round) -> Table {
    let mut table = Table::new([
        "",
        "save to served",
        "",
        "requests",
        "failed",
        "stalled",
        "slowest",
        "broken",
    ]);
    let plugo = round.results.iter().find_map(|(contender, edits)| match edits {
        Edits::Measured { times, .. } if contender.is_plugo() => Some(times.median),
        _ => None,
    });
    let ratio = |time: Duration| match plugo {
        Some(plugo) => format!("{:.2}x", time.as_secs_f64() / plugo.as_secs_f64()),
        None => "–".to_owned(),
    };
    let cargo = &round.cargo;
    table.row(["`cargo build`".to_owned(), cargo.to_string(), ratio(cargo.median)]);
    for (contender, edits) in &round.results {
        let name = format!("`{}`", contender.name);
        match edits {
            Edits::Measured { times, served, serves_when_broken, .. } => table.row([
                name,
                times.to_string(),
                ratio(times.median),
                grouped(served.requests),
                failed(served),
                grouped(served.stalled),
                ms(served.slowest),
                (if *serves_when_broken { "served" } else { "nobody" }).to_owned(),
            ]),
            Edits::Failed(_) => table.row([name, "–".to_owned()]),
        }
    }
    table
}

fn write_endurance(endurance: &Endurance, f: &mut Formatter<'_>) -> fmt::Result {
    let Endurance { reloads, served, holds, times, left } = endurance;
    writeln!(f, "## {} reloads in a row\n", grouped(*reloads as u64))?;
    let how = match left.as_slice() {
        [] => "Nothing was left behind when it ended.".to_owned(),
        left => format!("It left behind when it ended: `{}`.", left.join("`, `")),
    };
    writeln!(
        f,
        "`plugo dev`, an edit after the other; half of the clients keep their connections. Of {} \
         requests {} failed, and the slowest took {}. {how}\n",
        grouped(served.requests),
        failed(served),
        ms(served.slowest),
    )?;
    let mut table = Table::new(["", "memory", "descriptors", "threads", "save to served"]);
    let names =
        [format!("at the {FIRST}th, or the first 100"), "at the last, or the last 100".into()];
    for ((name, holds), times) in names.into_iter().zip(holds).zip(times) {
        table.row([
            name,
            format!("{} kB", grouped(holds.memory)),
            holds.descriptors.to_string(),
            holds.threads.to_string(),
            times.to_string(),
        ]);
    }
    writeln!(f, "{table}")
}

/// `0`, or `12 (10 refused, 2 reset)`.
fn failed(served: &Served) -> String {
    let kinds: Vec<String> =
        served.failed.iter().map(|(how, number)| format!("{} {how}", grouped(*number))).collect();
    match served.failures() {
        0 => "0".to_owned(),
        number => format!("{} ({})", grouped(number), kinds.join(", ")),
    }
}

fn under(connections: Connections) -> &'static str {
    match connections {
        Connections::New => "with a new connection for each request",
        Connections::Kept => "with connections that are kept",
        Connections::Both => "with connections of both kinds",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}

fn ms(time: Duration) -> String {
    format!("{} ms", grouped(time.as_millis() as u64))
}

fn tenths(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
