use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::peer::{Peer, VERSION};
use super::reach::{CHANGES, PROCESSES};
use super::selection::Selection;
use super::services::SERVICES;
use super::sync::{ITEMS, Syncs};
use crate::cargo::{run, rustc};
use crate::spread::Spread;
use crate::table::{Table, grouped};

/// How long a change may take until it is everywhere.
const EVERYWHERE: Duration = Duration::from_secs(1);

/// What the counts of two runs leave open, in instructions for one selection.
const SAME: f64 = 0.5;

const COMMAND: &str = "cargo run --release -p benches --features admin -- admin --write";

/// What was measured.
pub(crate) struct Results {
    pub(crate) selection: Vec<Selection>,
    pub(crate) syncs: Vec<(&'static str, Syncs)>,
    pub(crate) reached: Vec<(&'static str, Spread)>,
    /// Or why not.
    pub(crate) peer: Result<Peer, String>,
    /// The server's version, where there is one.
    pub(crate) postgres: Option<String>,
}

pub(crate) fn page(results: &Results) -> Result<String> {
    let version = run(std::process::Command::new(rustc()).arg("--version"))?;
    let rustc = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut page = format!(
        "# Operators, measured\n\n\
         <!-- Made by the package `benches`, with\n     {COMMAND}\n\
         \x20    Do not edit: the next run writes it anew. -->\n\n\
         What a [database](admin.md) costs that operators say things in, beside \
         django-plugin-system, all in one run of `{COMMAND}`.\n\n\
         - {rustc}; {cores} cores, {}, {}; all of it shares them.\n",
        std::env::consts::ARCH,
        std::env::consts::OS,
    );
    match &results.postgres {
        Some(version) => writeln!(
            page,
            "- PostgreSQL {version} on a Unix socket, with the settings that it comes with."
        )?,
        None => writeln!(page, "- PostgreSQL is not installed, and was left out.")?,
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
    write_selection(results, &mut page)?;
    write_syncs(results, &mut page)?;
    writeln!(
        page,
        "## From a commit to the last process\n\n\
         {PROCESSES} processes follow one database, and another one changes a priority {CHANGES} \
         times, at any moment between two looks. The time goes from the commit until the last of \
         them has the change in force and said so through a pipe. SQLite is looked at ten times a \
         second; PostgreSQL tells.\n"
    )?;
    let mut table = Table::new(["", "to the last of eight"]);
    for (name, spread) in &results.reached {
        table.row([(*name).to_owned(), spread.to_string()]);
    }
    write!(page, "{table}")?;
    Ok(page)
}

fn verdicts(results: &Results) -> Vec<String> {
    let word = |is_met: bool| if is_met { "**met**" } else { "**missed**" };
    let mut verdicts = Vec::new();
    let title = "A selection costs no more with a store attached than without";
    if let [plain, store, ..] = &results.selection[..] {
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
         disabled another one. Instructions are those of the thread that selects; what follows \
         the database works beside it, and is there while times are taken.\n"
    )?;
    let mut table = Table::new(["", "instructions", "time"]);
    for Selection { way, instructions, nanoseconds } in &results.selection {
        let instructions =
            instructions.map_or_else(|| "not counted".to_owned(), |n| format!("{n:.1}"));
        table.row([(*way).to_owned(), instructions, format!("{nanoseconds:.1} ns")]);
    }
    if let Ok(peer) = &results.peer {
        for (title, spread) in ["as it comes", "with its cache"].iter().zip(&peer.selected) {
            let time = format!("{} ns", grouped(spread.median.as_nanos() as u64));
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
         the process go by it; a list is the first page of 50 with its total.\n",
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
