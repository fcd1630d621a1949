use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::peer::{Peer, VERSION};
use super::reach::{CHANGES, PROCESSES};
use super::selection::{Selection, TIMED};
use super::services::SERVICES;
use super::sync::{ITEMS, LISTED, Syncs};
use crate::cargo::{run, rustc};
use crate::spread::Spread;
use crate::table::{Table, grouped};

/// How long a change may take until it is everywhere.
const EVERYWHERE: Duration = Duration::from_secs(1);

/// What the counts of two runs leave open, in instructions for one selection.
const SAME: f64 = 0.5;

const COMMAND: &str = "cargo run --release -p benches --features admin -- admin";

/// What was measured; some of it may not have been.
pub(crate) struct Results {
    pub(crate) selection: Option<Vec<Selection>>,
    pub(crate) syncs: Vec<(&'static str, Syncs)>,
    pub(crate) reached: Vec<(&'static str, Spread)>,
    /// Or why not.
    pub(crate) peer: Result<Peer, String>,
    /// The server's version, where there is one.
    pub(crate) postgres: Option<String>,
    /// What was not measured, and why.
    pub(crate) failed: Vec<String>,
}

impl Default for Results {
    fn default() -> Self {
        Results {
            selection: None,
            syncs: Vec::new(),
            reached: Vec::new(),
            peer: Err("it was not measured yet".to_owned()),
            postgres: None,
            failed: Vec::new(),
        }
    }
}

/// What can be said before anything is measured.
pub(crate) fn head(has_peer: bool) -> Result<String> {
    let version = run(std::process::Command::new(rustc()).arg("--version"))?;
    let rustc = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let command = format!("{COMMAND}{} --write", if has_peer { "" } else { " --no-peer" });
    Ok(format!(
        "# Operators, measured\n\n\
         <!-- Made by the package `benches`, with\n     {command}\n\
         \x20    Do not edit: the next run writes it anew. -->\n\n\
         What a [database](admin.md) costs that operators say things in, beside \
         django-plugin-system, all in one run of `{command}`.\n\n\
         - {rustc}; {cores} cores, {}, {}; all of it shares them.\n",
        std::env::consts::ARCH,
        std::env::consts::OS,
    ))
}

/// What the measurements say.
pub(crate) fn write(results: &Results, page: &mut String) -> Result<()> {
    match &results.postgres {
        Some(version) => writeln!(
            page,
            "- PostgreSQL {version} on a Unix socket, with the settings that it comes with."
        )?,
        None => writeln!(page, "- PostgreSQL was left out, since it is not there.")?,
    }
    match &results.peer {
        Ok(peer) => writeln!(
            page,
            "- django-plugin-system {VERSION} from PyPI on SQLite, {}. (In 2.0.9 no item can be \
             defined.)",
            peer.versions
        )?,
        Err(why) => writeln!(page, "- django-plugin-system was left out: {why}")?,
    }
    writeln!(page, "- Times are the median [least–most].\n\n## The aims\n")?;
    for verdict in verdicts(results) {
        writeln!(page, "- {verdict}")?;
    }
    for why in &results.failed {
        writeln!(page, "- Not measured: {why}")?;
    }
    write_selection(results, page)?;
    write_syncs(results, page)?;
    writeln!(
        page,
        "## From an edit to the last process\n\n\
         {PROCESSES} processes follow one database, and another one changes a priority {CHANGES} \
         times, at any moment between two looks. The time goes from the call of the edit, so its \
         commit is in it, until the last of them has the change in force and said so through a pipe. \
         SQLite is looked at ten times a second; PostgreSQL tells.\n"
    )?;
    let mut table = Table::new(["", "to the last of eight"]);
    for (name, spread) in &results.reached {
        table.row([(*name).to_owned(), spread.to_string()]);
    }
    write!(page, "{table}")?;
    Ok(())
}

fn verdicts(results: &Results) -> Vec<String> {
    let word = |is_met: bool| if is_met { "**met**" } else { "**missed**" };
    let mut verdicts = Vec::new();
    let title =
        "A selection costs no more with a store attached than without, to half an instruction";
    if let Some([plain, store, ..]) = results.selection.as_deref() {
        verdicts.push(match (plain.instructions, store.instructions) {
            (Some(plain), Some(store)) => format!(
                "{title}: {}, {store:.1} instructions and {plain:.1}.",
                word(store - plain < SAME)
            ),
            _ => format!("{title}: not counted, since valgrind is not installed."),
        });
    }
    for (name, spread) in &results.reached {
        verdicts.push(format!(
            "A change is everywhere within a second, {name}: {}, {:.0} ms at most.",
            word(spread.most < EVERYWHERE),
            spread.most.as_secs_f64() * 1e3
        ));
    }
    verdicts
}

fn write_selection(results: &Results, page: &mut String) -> Result<()> {
    writeln!(
        page,
        "\n## Selection\n\n\
         One selection and one call among {SERVICES} items. With the store, an operator has \
         disabled another one, and each run checks that the same one is selected. Instructions are \
         those of the thread that selects; what follows the database works beside it, and is there \
         while times are taken.\n"
    )?;
    let mut table = Table::new(["", "instructions", "time"]);
    for Selection { way, instructions, times } in results.selection.iter().flatten() {
        let instructions =
            instructions.map_or_else(|| "not counted".to_owned(), |n| format!("{n:.1}"));
        let time = nanoseconds(times, |time| {
            format!("{:.1}", time.as_secs_f64() * 1e9 / f64::from(TIMED))
        });
        table.row([(*way).to_owned(), instructions, time]);
    }
    if let Ok(peer) = &results.peer {
        for (title, spread) in ["as it comes", "with its cache"].iter().zip(&peer.selected) {
            let time = nanoseconds(spread, |time| grouped(time.as_nanos() as u64));
            table.row([format!("django-plugin-system, {title}"), String::new(), time]);
        }
    }
    writeln!(page, "{table}")?;
    Ok(())
}

fn write_syncs(results: &Results, page: &mut String) -> Result<()> {
    writeln!(
        page,
        "## Sync\n\n\
         {} items of one type: into an empty database, again with nothing to do, and in mode update \
         after every description changed. An edit is of one instance, and is over when the lookups of \
         the process go by it; a list is the first page of {LISTED} with its total.\n",
        grouped(ITEMS as u64)
    )?;
    let mut table = Table::new(["", "create", "again", "update", "one edit", "one list"]);
    for (name, syncs) in &results.syncs {
        let Syncs { created, again, refreshed, edited, listed } = syncs;
        let cells = [created, again, refreshed, edited, listed].map(ToString::to_string);
        table.row([format!("plugo, {name}")].into_iter().chain(cells));
    }
    if let Ok(peer) = &results.peer {
        let cells = [&peer.created, &peer.again, &peer.refreshed].map(ToString::to_string);
        table.row(["django-plugin-system, SQLite".to_owned()].into_iter().chain(cells));
    }
    writeln!(page, "{table}")?;
    Ok(())
}

/// `2.0 ns [1.9–2.4]`.
fn nanoseconds(spread: &Spread, show: impl Fn(Duration) -> String) -> String {
    format!("{} ns [{}–{}]", show(spread.median), show(spread.least), show(spread.most))
}
