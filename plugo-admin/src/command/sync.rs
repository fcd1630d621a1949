use serde_json::{Value, json};

use super::answer::Answer;
use super::arguments::SyncArgs;
use super::failure::Failure;
use super::opening::Opening;
use super::set::actor;
use crate::registry::Registry;
use crate::store::{PruneMode, Pruned, SyncMode, Synced};

/// `db migrate`.
pub(super) async fn migrate(
    opening: &Opening,
    answer: Answer,
    registry: &Registry,
    no_sync: bool,
) -> Result<(), Failure> {
    let before = match opening.existing().await {
        Ok(store) => Some(store.versions().await?.0),
        // Why it cannot be opened is told below, if it cannot.
        Err(_) => None,
    };
    let store = opening.migrated().await?;
    let (version, _) = store.versions().await?;
    let is_new = before != Some(version);
    let synced = match no_sync {
        true => None,
        false => Some(store.sync(&actor(), registry, SyncMode::Create).await?),
    };
    let json = json!({
        "database": store.shown(),
        "version": version,
        "migrated": is_new,
        "sync": synced.as_ref().map(synced_json),
    });
    answer.give(&json, || {
        let tables = match is_new {
            true => format!("the tables of {} have version {version} now", store.shown()),
            false => {
                format!("the tables of {} have version {version}; nothing to do", store.shown())
            }
        };
        let synced = synced.as_ref().map(|synced| lines(synced, false)).unwrap_or_default();
        format!("{tables}\n{synced}")
    })
}

/// `db sync`.
pub(super) async fn sync(
    opening: &Opening,
    answer: Answer,
    registry: &Registry,
    how: &SyncArgs,
) -> Result<(), Failure> {
    let store = match how.dry_run {
        true => opening.existing().await?,
        false => opening.migrated().await?,
    };
    let mode = how.mode.into();
    let force = if how.force { PruneMode::Force } else { PruneMode::Guarded };
    let (synced, pruned) = match (how.prune, how.dry_run) {
        (false, true) => (store.would_sync(registry, mode).await?, None),
        (false, false) => (store.sync(&actor(), registry, mode).await?, None),
        (true, true) => {
            // What is refused is refused whatever would be done before it.
            let pruned = store.would_prune(registry, force).await?;
            (store.would_sync(registry, mode).await?, Some(pruned))
        }
        (true, false) => {
            let both = store.sync_and_prune(&actor(), registry, mode, force).await?;
            (both.0, Some(both.1))
        }
    };
    let json = json!({
        "database": store.shown(),
        "dry_run": how.dry_run,
        "sync": synced_json(&synced),
        "prune": pruned.as_ref().map(pruned_json),
    });
    answer.give(&json, || {
        let synced = lines(&synced, how.dry_run);
        let pruned = pruned.as_ref().map(|pruned| format!("\n{pruned}")).unwrap_or_default();
        format!("{synced}{pruned}")
    })
}

fn lines(synced: &Synced, dry_run: bool) -> String {
    let mut text = String::new();
    for line in &synced.lines {
        text.push_str(line);
        text.push('\n');
    }
    if dry_run && !synced.is_unchanged() {
        text.push_str("nothing was done; this would be: ");
    }
    format!("{text}{synced}")
}

fn synced_json(synced: &Synced) -> Value {
    json!({
        "unchanged": synced.is_unchanged(),
        "types_created": synced.types_created,
        "items_created": synced.items_created,
        "instances_created": synced.instances_created,
        "plugins_created": synced.plugins_created,
        "absent": synced.absent,
        "present": synced.present,
        "refreshed": synced.refreshed,
        "outdated": synced.outdated,
        "differing": synced.differing,
        "lines": synced.lines,
    })
}

fn pruned_json(pruned: &Pruned) -> Value {
    json!({
        "types": pruned.types,
        "items": pruned.items,
        "instances": pruned.instances,
        "plugins": pruned.plugins,
        "lines": pruned.lines,
    })
}
