//! Entry points that took the place of others, when code was patched while the
//! program runs. Nobody but `plugo dev --patch` has this.

use std::sync::{PoisonError, RwLock};

use crate::entry::EntryPoint;

type Pair = (EntryPoint, EntryPoint);

static REPLACED: RwLock<Vec<Pair>> = RwLock::new(Vec::new());

/// What stands for this entry point now.
pub(crate) fn current(linked: EntryPoint) -> EntryPoint {
    let replaced = REPLACED.read().unwrap_or_else(PoisonError::into_inner);
    let found = replaced.iter().find(|(old, _)| same(*old, linked));
    found.map_or(linked, |(_, new)| *new)
}

/// Puts one in its place, or none, and gives back what was there.
pub(crate) fn replace(linked: EntryPoint, new: Option<EntryPoint>) -> Option<EntryPoint> {
    let mut replaced = REPLACED.write().unwrap_or_else(PoisonError::into_inner);
    let at = replaced.iter().position(|(old, _)| same(*old, linked));
    let before = at.map(|at| replaced.swap_remove(at).1);
    replaced.extend(new.map(|new| (linked, new)));
    before
}

/// Nothing of a program that `plugo dev --patch` builds is optimised, so no two
/// functions are made one.
fn same(one: EntryPoint, other: EntryPoint) -> bool {
    one as usize == other as usize
}
