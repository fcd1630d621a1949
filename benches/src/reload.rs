//! Hot reload: `plugo dev` beside the programs that people use for it
//! otherwise, and the selection that a running app follows.
//!
//! ```text
//! cargo run --release -p benches -- reload                           # ten edits each
//! cargo run --release -p benches -- reload --reloads 1000 --write    # docs/reload-benchmark.md
//! ```
//!
//! `--edits N` measures other than ten edits, `--only PART` one part: `restart`,
//! `selection`, `idle` or `reloads`. Peers are measured where they are found on
//! `PATH`. The app is a copy of `examples/web-plugins` in a temporary folder,
//! everything is on 127.0.0.1, and the load is bounded.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use self::app::App;
use self::options::{Options, Part};
use self::processes::Keeper;
use crate::places::Places;

/// What the caller wants.
mod options;
/// What the system says of processes.
mod proc;
/// Processes that end with this one.
mod processes;
/// A client of HTTP.
mod client;
/// Many clients.
mod load;
/// The app that is edited.
mod app;
/// Programs that rebuild and restart.
mod contenders;
/// Measures edits.
mod restart;
/// Measures changes of the selection.
mod selection;
/// Measures what happens when nothing does.
mod idle;
/// Measures many reloads in a row.
mod endurance;
/// What the measurements say.
mod page;

/// Measures, prints, and writes where that is wanted.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let options = Options::parse(arguments)?;
    let keeper = Keeper::begin()?;
    let places = Places::find()?;
    let app = App::copy(&places, keeper.folder())?;
    let mut page = page::head(&app, &options)?;
    let restart = match options.does(Part::Restart) {
        true => Some(restart::measure(&app, &options)?),
        false => None,
    };
    let selection = match options.does(Part::Selection) {
        true => Some(selection::measure(&app)?),
        false => None,
    };
    let idle = match options.does(Part::Idle) {
        true => Some(idle::measure(&app)?),
        false => None,
    };
    let endurance = match options.does(Part::Reloads) && options.reloads > 0 {
        true => Some(endurance::measure(&app, options.reloads)?),
        false => None,
    };
    let results = page::Results { restart, selection, idle, endurance };
    write!(page, "{results}")?;
    if options.write {
        let file = places.checkout.join("docs/reload-benchmark.md");
        std::fs::write(&file, &page)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    println!("{page}");
    Ok(())
}
