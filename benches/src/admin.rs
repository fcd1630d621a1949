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
//! Whatever is started ends with this program. When something fails, the rest is measured
//! and printed, and nothing is written.

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
use self::page::Results;

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
    if cfg!(debug_assertions) {
        bail!("this program is what is measured, so it is built with `--release`");
    }
    let places = Places::find()?;
    let folder = tempfile::tempdir().context("there is no temporary folder")?;
    std::fs::create_dir_all(&places.work).context("the target folder cannot be written")?;
    let mut page = page::head(has_peer)?;
    let results = measure(&places, folder.path(), has_peer)?;
    page::write(&results, &mut page)?;
    println!("{page}");
    // What was measured is there, and yet not all is well.
    if let [first, rest @ ..] = &results.failed[..] {
        let more = rest.iter().map(|why| format!("\n{why}")).collect::<String>();
        bail!("not everything was measured: {first}{more}");
    }
    if is_written {
        let file = places.checkout.join("docs/admin-benchmark.md");
        std::fs::write(&file, &page)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(())
}

/// Measures everything. What fails leaves the rest measured.
fn measure(places: &Places, folder: &Path, has_peer: bool) -> Result<Results> {
    let runtime = Runtime::new().context("there are no threads")?;
    let mut results = Results::default();
    let failed = &mut results.failed;
    let server = part(failed, "PostgreSQL", || databases::Server::start(&folder.join("postgres")));
    let server = server.flatten();
    results.postgres = server.as_ref().map(|server| server.version.clone());
    let mut databases = vec![Database::sqlite(folder)];
    databases.extend(server.as_ref().map(Database::postgres));
    results.selection = part(failed, "selections", || selection::measure(places, folder));
    for database in &databases {
        let name = database.name();
        let syncs =
            part(failed, &format!("sync, {name}"), || runtime.block_on(sync::measure(database)));
        results.syncs.extend(syncs.map(|syncs| (name, syncs)));
        let reached = part(failed, &format!("eight processes, {name}"), || {
            reach::measure(&runtime, places, database)
        });
        results.reached.extend(reached.map(|reached| (name, reached)));
    }
    results.peer = match has_peer {
        true => {
            status("Measuring", "django-plugin-system");
            peer::measure(folder)
        }
        false => Err("`--no-peer`".to_owned()),
    };
    Ok(results)
}

/// What a measurement gives, or nothing when it fails.
fn part<T>(failed: &mut Vec<String>, what: &str, measure: impl FnOnce() -> Result<T>) -> Option<T> {
    status("Measuring", what);
    measure().map_err(|error| failed.push(format!("{what}: {error:#}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_told_and_the_rest_is_there() {
        let mut results = Results::default();
        let broken = part(&mut results.failed, "sync, SQLite", || -> Result<()> {
            Err(anyhow::anyhow!("no space").context("it cannot be written"))
        });
        assert_eq!(broken, None);
        assert_eq!(part(&mut results.failed, "selections", || Ok(3)), Some(3));
        let mut text = String::new();
        page::write(&results, &mut text).unwrap();
        let told = "- Not measured: sync, SQLite: it cannot be written: no space\n";
        assert!(text.contains(told), "{text}");
    }
}
