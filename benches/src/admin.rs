//! What operators say in a database: what it costs lookups, how long a sync takes, and
//! how fast a change is everywhere; beside django-plugin-system, where it can be
//! installed.
//!
//! ```text
//! cargo run --release -p benches --features admin -- admin            # prints
//! cargo run --release -p benches --features admin -- admin --write    # docs/admin-benchmark.md
//! ```
//!
//! PostgreSQL is measured where it is installed, by a server of its own; the peer is
//! installed from PyPI into a temporary folder, unless `--no-peer` says otherwise.
//! Whatever is started ends with this program.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use tokio::runtime::Runtime;

use crate::places::Places;
use crate::status::status;

/// The items that are selected among.
mod services;
/// SQLite files, and a server of PostgreSQL.
mod databases;
/// What this program does when it is started by itself.
mod child;
/// What a selection costs.
mod selection;
/// How long syncs and edits take.
mod sync;
/// How fast a change is everywhere.
mod reach;
/// django-plugin-system.
mod peer;
/// What the measurements say.
mod page;

use self::databases::Database;

/// Measures, prints, and writes where that is wanted.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let arguments: Vec<String> = arguments.collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == child::CHILD
    {
        return child::run(rest);
    }
    let (mut is_written, mut has_peer) = (false, true);
    for argument in &arguments {
        match argument.as_str() {
            "--write" => is_written = true,
            "--no-peer" => has_peer = false,
            _ => bail!("unknown argument `{argument}`; there are `--write` and `--no-peer`"),
        }
    }
    let places = Places::find()?;
    let folder = tempfile::tempdir().context("there is no temporary folder")?;
    std::fs::create_dir_all(&places.work).context("the target folder cannot be written")?;
    let results = measure(&places, folder.path(), has_peer)?;
    let page = page::page(&results)?;
    println!("{page}");
    if is_written {
        let file = places.checkout.join("docs/admin-benchmark.md");
        std::fs::write(&file, &page)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(())
}

fn measure(places: &Places, folder: &Path, has_peer: bool) -> Result<page::Results> {
    let runtime = Runtime::new().context("there are no threads")?;
    let server = databases::Server::start(&folder.join("postgres"))?;
    let mut databases = vec![Database::sqlite(folder)];
    databases.extend(server.as_ref().map(Database::postgres));
    status("Measuring", "selections");
    let selection = selection::measure(places, folder)?;
    let (mut syncs, mut reached) = (Vec::new(), Vec::new());
    for database in &databases {
        status("Measuring", &format!("sync, {}", database.name()));
        syncs.push((database.name(), runtime.block_on(sync::measure(database))?));
        status("Measuring", &format!("eight processes, {}", database.name()));
        reached.push((database.name(), reach::measure(&runtime, places, database)?));
    }
    let peer = match has_peer {
        true => {
            status("Measuring", "django-plugin-system");
            peer::measure(folder)
        }
        false => Err("left out by `--no-peer`".to_owned()),
    };
    let postgres = server.as_ref().map(databases::Server::version).transpose()?;
    Ok(page::Results { selection, syncs, reached, peer, postgres })
}
