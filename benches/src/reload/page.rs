use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use anyhow::Result;

use super::client;
use super::contenders::QUIET_MS;
use super::endurance::{Endurance, FIRST};
use super::idle::{self, Idle};
use super::load::{CLIENTS, Connections, RATE, STALLED, Served};
use super::options::Options;
use super::proc::Holds;
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
         - The load is {RATE} requests a second on 127.0.0.1, from {CLIENTS} clients of which each waits \
         for its answer. A request fails when it is refused, when its connection is closed before \
         the answer, when nothing comes within {} s, or when the answer has another status than it \
         should. A connection that was kept and turns out to be closed is a failure: nobody asks \
         again.\n\
         - Times are the median [least–most].\n\n",
        std::env::consts::ARCH,
        std::env::consts::OS,
        client::LIMIT.as_secs(),
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
                 connections. What the client that looks for the change asks is counted too.\n",
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
    /// What of a part was not measured, though the part was.
    pub(crate) fn failed(&self) -> Vec<String> {
        let rounds = self.restart.iter().flat_map(|restart| &restart.rounds);
        rounds
            .filter_map(|round| Some(format!("cargo build: {}", round.cargo.as_ref().err()?)))
            .collect()
    }

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
                    let title = format!(
                        "A restart takes at most Cargo's own rebuild and {}, {under}",
                        ms(RESTART)
                    );
                    verdicts.push(match &round.cargo {
                        Ok(cargo) => {
                            let more = times.median.saturating_sub(cargo.median);
                            format!(
                                "{title}: **{}**, {} of which Cargo takes {}, so {} more.",
                                met(more <= RESTART),
                                ms(times.median),
                                ms(cargo.median),
                                ms(more),
                            )
                        }
                        Err(_) => format!("{title}: not measured, since Cargo's was not."),
                    });
                    verdicts.push(format!(
                        "No request fails over these edits, {under}: **{}**, {} of {}.",
                        met(served.failures() == 0),
                        served.failures(),
                        grouped(served.requests),
                    ));
                }
                if contender.patches() {
                    verdicts.push(format!(
                        "Patching takes at most {}, {under}: **{}**, {}, with {} of {} requests \
                         failed.",
                        ms(PATCH),
                        met(times.median <= PATCH),
                        ms(times.median),
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
                "No tick of 10 ms is worked when nothing happens, by {what}: **{}**, {ticks} in {} s.",
                met(*ticks == 0),
                idle::TIME.as_secs(),
            ));
        }
        if let Some(Endurance { reloads, ended, served, holds, .. }) = &self.endurance {
            if ended.is_some() {
                verdicts.push(format!(
                    "Every edit is served in a row of them: **missed**, it ended after {}.",
                    grouped(*reloads as u64),
                ));
            }
            verdicts.push(format!(
                "No request fails over {} reloads: **{}**, {} of {}.",
                grouped(*reloads as u64),
                met(served.failures() == 0),
                served.failures(),
                grouped(served.requests),
            ));
            let title = format!(
                "`plugo dev` holds at the last of these what it held at the {FIRST}th, to 1 MB"
            );
            verdicts.push(match holds {
                Some([first, last]) => {
                    let is_flat = last.descriptors <= first.descriptors
                        && last.threads <= first.threads
                        && last.memory <= first.memory + MEMORY;
                    format!("{title}: **{}**.", met(is_flat))
                }
                None => format!("{title}: not measured."),
            });
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
         been left alone for {QUIET_MS} ms, and `systemfd` has room for 128 waiting connections. `cargo \
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
        if let Err(why) = &round.cargo {
            writeln!(f, "`cargo build` was not measured: {}.\n", first_line(why))?;
        }
        for (contender, edits) in &round.results {
            match edits {
                Edits::Failed(why) => {
                    let why = first_line(why);
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
    let cargo = match &round.cargo {
        Ok(cargo) => [cargo.to_string(), ratio(cargo.median)],
        Err(_) => ["–".to_owned(), String::new()],
    };
    table.row(["`cargo build`".to_owned()].into_iter().chain(cargo));
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
    let Endurance { reloads, ended, served, holds, times, left } = endurance;
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
    if let Some(why) = ended {
        writeln!(f, "There were no more of them: {}.\n", first_line(why))?;
    }
    let mut table = Table::new(["", "memory", "descriptors", "threads", "save to served"]);
    let names = [(format!("{FIRST}th"), "first"), ("last".to_owned(), "last")];
    for (nth, ((at, which), times)) in names.into_iter().zip(times).enumerate() {
        let held = holds.map(|holds| holds[nth]).map_or_else(Default::default, |held| {
            let Holds { memory, descriptors, threads } = held;
            [format!("{} kB", grouped(memory)), descriptors.to_string(), threads.to_string()]
        });
        let name = format!("at the {at}, or the {which} {}", times.runs);
        table.row([name].into_iter().chain(held).chain([times.to_string()]));
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

/// Rounded, as [`Spread`](crate::spread::Spread) does.
fn ms(time: Duration) -> String {
    format!("{} ms", grouped((time.as_secs_f64() * 1e3).round() as u64))
}

fn first_line(why: &str) -> &str {
    why.lines().next().unwrap_or_default().trim_end_matches(':')
}

fn tenths(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reload::contenders::ALL;
    use crate::spread::Spread;

    fn spread(micros: u64) -> Spread {
        Spread::of(vec![Duration::from_micros(micros)])
    }

    fn restart(cargo: Result<Spread, String>) -> Results {
        let (served, left) = (Served { requests: 7, ..Served::default() }, Vec::new());
        let times = spread(845_700);
        let edits = Edits::Measured { times, served, serves_when_broken: true, left };
        let results = vec![(ALL[0].clone(), edits)];
        let round = Round { connections: Connections::New, cargo, results };
        let (skipped, versions) = (Vec::new(), Vec::new());
        let restart = Some(Restart { rounds: vec![round], skipped, versions });
        Results { restart, selection: None, idle: None, endurance: None }
    }

    #[test]
    fn a_time_is_the_same_in_an_aim_and_in_a_table() {
        let text = restart(Ok(spread(798_600))).to_string();
        assert!(
            text.contains("**met**, 846 ms of which Cargo takes 799 ms, so 47 ms more"),
            "{text}"
        );
        assert!(text.contains("| 846 ms [846–846] | 1.00x |"), "{text}");
        assert!(text.contains("| 799 ms [799–799] | 0.94x |"), "{text}");
    }

    #[test]
    fn what_cargo_takes_may_be_missing_and_the_rest_is_told() {
        let results = restart(Err("`cargo build` failed, exit status: 101:\nerror".to_owned()));
        let text = results.to_string();
        assert!(text.contains("with a new connection for each request: not measured"), "{text}");
        assert!(text.contains("`cargo build` was not measured: `cargo build` failed, exit status"));
        assert!(text.contains("| 846 ms [846–846] | 1.00x |"), "{text}");
        assert_eq!(results.failed().len(), 1);
        assert_eq!(restart(Ok(spread(1))).failed(), [""; 0]);
    }

    #[test]
    fn reloads_that_end_early_are_missed_and_those_before_are_told() {
        let endurance = |ended: Option<&str>, holds| {
            let ended = ended.map(str::to_owned);
            let times = [spread(1_000), spread(2_000)];
            let (served, left) = (Served::default(), Vec::new());
            let endurance = Some(Endurance { reloads: 4, ended, served, holds, times, left });
            Results { restart: None, selection: None, idle: None, endurance }.to_string()
        };
        let text = endurance(Some("it ended by itself:\nbye"), None);
        assert!(text.contains("**missed**, it ended after 4."), "{text}");
        assert!(text.contains("There were no more of them: it ended by itself.\n"), "{text}");
        assert!(text.contains("to 1 MB: not measured."), "{text}");
        assert!(text.contains("1.0 ms [1.0–1.0]"), "{text}");
        let first = Holds { memory: 5_000, descriptors: 9, threads: 3 };
        let holds = |more| Some([first, Holds { memory: 5_000 + more, ..first }]);
        let flat = endurance(None, holds(MEMORY));
        assert!(flat.contains("to 1 MB: **met**.") && !flat.contains("no more of them"), "{flat}");
        assert!(endurance(None, holds(MEMORY + 1)).contains("to 1 MB: **missed**."));
    }
}
