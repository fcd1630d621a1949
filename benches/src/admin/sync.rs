use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use plugo_admin::{
    Actor, Change, InstanceQuery, RegisteredType, Registry, Store, SyncMode, Synced, Via,
};

use super::child::many;
use super::databases::Database;
use crate::spread::Spread;

/// So many items.
pub(crate) const ITEMS: usize = 10_000;

/// So many are on the page of a list.
pub(crate) const LISTED: usize = 50;

const ROUNDS: usize = 5;

/// How long it takes.
#[derive(Debug)]
pub(crate) struct Syncs {
    /// Into an empty database.
    pub(crate) created: Spread,
    /// Where nothing is to be done.
    pub(crate) again: Spread,
    /// Where every description is another one.
    pub(crate) refreshed: Spread,
    /// One edit, until the lookups of the process go by it.
    pub(crate) edited: Spread,
    /// A page of instances with its total.
    pub(crate) listed: Spread,
}

pub(crate) async fn measure(database: &Database<'_>) -> Result<Syncs> {
    let registry = many(ITEMS);
    let changed = described(&registry);
    let (mut created, mut again, mut refreshed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut edited, mut listed) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let store = Store::open(&database.fresh()?).await?;
        created.push(timed(&store, &registry, SyncMode::Create, false).await?);
        again.push(timed(&store, &registry, SyncMode::Create, true).await?);
        refreshed.push(timed(&store, &changed, SyncMode::Update, false).await?);
        if round == 0 {
            let following = store.follow(&registry).await?;
            let actor = Actor::new("benchmark", Via::App);
            let all = InstanceQuery::default();
            for _ in 0..21 {
                let begin = Instant::now();
                let page = store.instances(&all).await?;
                listed.push(begin.elapsed());
                if (page.rows.len(), page.total) != (LISTED, ITEMS as u64) {
                    bail!("{} of {} instances are listed", page.rows.len(), page.total);
                }
                let id = page.rows.last().context("there are none")?.id;
                let begin = Instant::now();
                store.edit(&actor, &[(id, None)], &Change::Nudge(1)).await?;
                edited.push(begin.elapsed());
                if following.status().revision != store.revision().await? {
                    bail!("the lookups do not go by the edit");
                }
            }
        }
        store.close().await;
    }
    Ok(Syncs {
        created: Spread::of(created),
        again: Spread::of(again),
        refreshed: Spread::of(refreshed),
        edited: Spread::of(edited),
        listed: Spread::of(listed),
    })
}

async fn timed(
    store: &Store,
    registry: &Registry,
    mode: SyncMode,
    is_unchanged: bool,
) -> Result<Duration> {
    let begin = Instant::now();
    let synced: Synced = store.sync(&Actor::of_program(), registry, mode).await?;
    let took = begin.elapsed();
    if synced.is_unchanged() != is_unchanged {
        bail!("this is not what should have been synced: {synced}");
    }
    Ok(took)
}

/// The same items with other descriptions.
fn described(registry: &Registry) -> Registry {
    let mut all = Registry::by_hand();
    for of in registry.types() {
        let items = of.items().iter().map(|item| item.clone().description("another"));
        let of = RegisteredType::new(&*of.name, &*of.package);
        all = all.with_type(items.fold(of, RegisteredType::with_item));
    }
    all
}
