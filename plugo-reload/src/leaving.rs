use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

#[cfg(feature = "patch")]
use plugo_core::Beside;
use plugo_core::PluginInfo;

/// The place of a plugin in the load order, and which of its instances it is:
/// while one still leaves, the next one may run.
pub(crate) type Key = (usize, u64);

/// A plugin that leaves.
pub(crate) struct Leaving {
    pub(crate) plugin: PluginInfo,
    pub(crate) is_used: bool,
    pub(crate) stopping_since: Option<Instant>,
    /// Why it could not be stopped. It stays here, since it is loaded.
    pub(crate) failed: Option<String>,
    /// The instance, where it is not the one that the manager holds.
    #[cfg(feature = "patch")]
    pub(crate) beside: Option<Beside>,
}

impl Leaving {
    pub(crate) fn new(plugin: PluginInfo) -> Self {
        Leaving {
            plugin,
            is_used: true,
            stopping_since: None,
            failed: None,
            #[cfg(feature = "patch")]
            beside: None,
        }
    }
}

/// Whether no instance of a plugin is leaving.
pub(crate) fn is_gone(leaving: &BTreeMap<Key, Leaving>, plugin: &str) -> bool {
    leaving.values().all(|leaving| leaving.plugin.name() != plugin)
}

/// Those that are stopped before this one, since they need it.
fn dependents<'l>(
    leaving: &'l BTreeMap<Key, Leaving>,
    one: &Leaving,
) -> impl Iterator<Item = &'l Leaving> {
    let name = one.plugin.name();
    leaving
        .values()
        .filter(move |other| other.plugin.dependencies().any(|needed| needed.name() == name))
}

/// This one, and all that are stopped before it, through others too.
fn with_dependents<'l>(
    leaving: &'l BTreeMap<Key, Leaving>,
    one: &'l Leaving,
) -> impl Iterator<Item = &'l Leaving> {
    let mut open = vec![one];
    let mut seen = BTreeSet::from([std::ptr::from_ref(one)]);
    std::iter::from_fn(move || {
        let next = open.pop()?;
        open.extend(
            dependents(leaving, next).filter(|other| seen.insert(std::ptr::from_ref(*other))),
        );
        Some(next)
    })
}

/// Whether somebody uses it, or one that needs it.
pub(crate) fn is_held(leaving: &BTreeMap<Key, Leaving>, one: &Leaving) -> bool {
    with_dependents(leaving, one).any(|other| other.is_used)
}

/// Why it will not leave of itself: it could not be stopped, or one that needs it.
pub(crate) fn failure<'l>(
    leaving: &'l BTreeMap<Key, Leaving>,
    one: &'l Leaving,
) -> Option<(&'static str, &'l str)> {
    let failed =
        |other: &'l Leaving| other.failed.as_deref().map(|message| (other.plugin.name(), message));
    with_dependents(leaving, one).find_map(failed)
}

/// The one to stop next.
pub(crate) fn next(leaving: &BTreeMap<Key, Leaving>) -> Option<Key> {
    let is_ready =
        |one: &Leaving| !one.is_used && one.stopping_since.is_none() && one.failed.is_none();
    let mut free = leaving.iter().rev().filter(|(_, one)| is_ready(one));
    let free = free.find(|(_, one)| dependents(leaving, one).next().is_none());
    free.map(|(key, _)| *key)
}
