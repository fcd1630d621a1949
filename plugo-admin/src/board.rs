use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use plugo_core::__private::Once;
use plugo_core::{ItemReport, Status};

use crate::model::InstanceId;
use crate::registry::Registry;
use crate::snapshot::{Ranked, Snapshot};

/// What lookups of this program's instances read: the snapshot in force, put in
/// order, with the instances that were made. It is replaced whole.
static BOARD: ArcSwapOption<Board> = ArcSwapOption::const_empty();

pub(crate) struct Board {
    pub(crate) snapshot: Arc<Snapshot>,
    types: Vec<BoardType>,
}

/// A plugin type of this program.
pub(crate) struct BoardType {
    name: String,
    package: String,
    /// In the order of the selection, with those that are disabled at the end.
    pub(crate) entries: Vec<Arc<Entry>>,
    /// Names of items that are in this program.
    pub(crate) items: Vec<String>,
    pub(crate) all_have_settings: bool,
}

/// An instance whose item is in this program.
pub(crate) struct Entry {
    pub(crate) ranked: Ranked,
    may_be_selected: bool,
    made: Arc<Made>,
}

/// An `Arc<dyn Trait>`, made when it is first asked for.
type Made = Once<Box<dyn Any + Send + Sync>>;

impl Entry {
    /// Where the instance is kept.
    pub(crate) fn made(&self) -> &Made {
        &self.made
    }
}

impl Board {
    fn new(snapshot: &Arc<Snapshot>, registry: &Registry, before: Option<&Board>) -> Self {
        let before: HashMap<InstanceId, &Arc<Entry>> = before
            .into_iter()
            .flat_map(|board| &board.types)
            .flat_map(|of| &of.entries)
            .map(|entry| (entry.ranked.instance.id, entry))
            .collect();
        let entry = |ranked: Ranked, away: &TakenAway| {
            // A new status, priority or name makes no new instance; new settings do, also
            // those that somebody typed into the database without raising the version.
            let same = before
                .get(&ranked.instance.id)
                .filter(|entry| entry.ranked.instance.settings == ranked.instance.settings);
            let made = same.map_or_else(|| Arc::new(Once::new()), |entry| Arc::clone(&entry.made));
            Arc::new(Entry { may_be_selected: may_be_selected(&ranked, away), ranked, made })
        };
        let away = TakenAway::of(registry);
        let types = registry.types().iter().map(|of| {
            let ranked = snapshot.ranked(registry, &of.name, &of.package).into_iter();
            BoardType {
                name: of.name.clone(),
                package: of.package.clone(),
                entries: ranked.map(|ranked| entry(ranked, &away)).collect(),
                items: of.items().iter().map(|item| item.name.clone()).collect(),
                all_have_settings: of.items().iter().all(|item| item.schema.is_some()),
            }
        });
        Board { snapshot: Arc::clone(snapshot), types: types.collect() }
    }

    /// The type of that name and package.
    pub(crate) fn find(&self, name: &str, package: &str) -> Option<&BoardType> {
        self.types.iter().find(|of| of.name == name && of.package == package)
    }
}

impl BoardType {
    /// Those that may be selected, the first choice first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter().filter(|entry| entry.may_be_selected)
    }
}

/// Whether an instance takes part in the selection: what lookups go by, and what pages
/// and API say. Whether it can be made is another question: one whose settings cannot be
/// read is selected all the same, and making it is an error, since another one in its
/// place is not what the operator said.
pub(crate) fn may_be_selected(ranked: &Ranked, away: &TakenAway) -> bool {
    ranked.status != Status::Disabled && !away.has(ranked)
}

/// Items that `DISABLED_PLUGINS` took away from this process, which no
/// operator brings back.
#[derive(Default)]
pub(crate) struct TakenAway(HashSet<(String, String)>);

impl TakenAway {
    pub(crate) fn of(registry: &Registry) -> Self {
        if !registry.is_of_program() {
            return TakenAway::default();
        }
        let types = plugo_core::plugin_types();
        // Of items with settings no operator says a status, but of their instances.
        let away = types.iter().flat_map(|of| of.items()).filter(|item| {
            let is_code = item.settings().is_some() && item.declared_status() == Status::Disabled;
            item.status() == Status::Disabled && !is_code
        });
        let key = |item: &ItemReport| {
            (item.plugin().namespace().to_owned(), item.plugin().name().to_owned())
        };
        TakenAway(away.map(key).collect())
    }

    pub(crate) fn has(&self, ranked: &Ranked) -> bool {
        ranked.status != Status::Disabled
            && self.0.contains(&(ranked.namespace.to_string(), ranked.item.to_string()))
    }
}

/// Puts a snapshot before the lookups, and gives what they read before, which is to
/// be dropped by [`retire`]. One caller at a time does.
#[must_use]
pub(crate) fn replace(snapshot: &Arc<Snapshot>, registry: &Registry) -> Option<Arc<Board>> {
    let before = BOARD.load_full();
    let new = Board::new(snapshot, registry, before.as_deref());
    BOARD.swap(Some(Arc::new(new)))
}

/// Drops what lookups do not read any more. With the last hold on an instance goes
/// the plugin's own `Drop`: no lock may be held, since it may look something up or
/// take long, and a panic in it must not end the watcher.
pub(crate) fn retire(before: Option<Arc<Board>>) {
    if catch_unwind(AssertUnwindSafe(|| drop(before))).is_err() {
        tracing::error!("an instance that is not used any more panicked when it was dropped");
    }
}

/// What lookups read.
pub(crate) fn held() -> arc_swap::Guard<Option<Arc<Board>>> {
    BOARD.load()
}
