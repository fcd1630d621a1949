//! Hot reload: `plugo dev` beside the programs that people use for it
//! otherwise, and the selection that a running app follows.
//!
//! ```text
//! cargo run --release -p benches -- reload                           # ten edits each
//! cargo run --release -p benches -- reload --reloads 1000 --write    # docs/reload-benchmark.md
//! ```
//!
//! `--edits N` measures other than ten edits, `--only selection,idle` some parts of
//! `restart`, `selection`, `idle` and `reloads`. Peers are measured where they are found on
//! `PATH`. The app is a copy of `examples/web-plugins` in a temporary folder,
//! everything is on 127.0.0.1, and the load is bounded.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

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
    let mut page = page::head(&options)?;
    let reloads = options.reloads;
    let mut failed = Vec::new();
    let results = page::Results {
        restart: part(&options, Part::Restart, &mut failed, || restart::measure(&app, &options)),
        selection: part(&options, Part::Selection, &mut failed, || selection::measure(&app)),
        idle: part(&options, Part::Idle, &mut failed, || idle::measure(&app)),
        endurance: match reloads {
            0 => None,
            _ => part(&options, Part::Reloads, &mut failed, || endurance::measure(&app, reloads)),
        },
    };
    for why in &failed {
        writeln!(page, "Not measured: {why}\n")?;
    }
    write!(page, "{results}")?;
    println!("{page}");
    failed.extend(results.failed());
    // What was measured is there, and yet not all is well.
    if !failed.is_empty() {
        bail!("not everything was measured:\n{}", failed.join("\n"));
    }
    if options.write {
        let file = places.checkout.join("docs/reload-benchmark.md");
        std::fs::write(&file, &page)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(())
}

/// Measures a part that is wanted. When it fails, the others are measured still.
fn part<T>(
    options: &Options,
    part: Part,
    failed: &mut Vec<String>,
    measure: impl FnOnce() -> Result<T>,
) -> Option<T> {
    if !options.does(part) {
        return None;
    }
    measure().map_err(|error| failed.push(format!("{part:?}: {error:#}"))).ok()
}
