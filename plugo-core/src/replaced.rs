//! Entry points that took the place of others, when code was patched while the
//! program runs. Nobody but `plugo dev --patch` has this.

use std::sync::{PoisonError, RwLock};

use crate::entry::EntryPoint;

type Pair = (&'static EntryPoint, &'static EntryPoint);

static REPLACED: RwLock<Vec<Pair>> = RwLock::new(Vec::new());

/// What stands for this entry point now.
pub(crate) fn current(linked: &'static EntryPoint) -> &'static EntryPoint {
    let replaced = REPLACED.read().unwrap_or_else(PoisonError::into_inner);
    let found = replaced.iter().find(|(old, _)| std::ptr::eq(*old, linked));
    found.map_or(linked, |(_, new)| new)
}

/// Puts one in its place, or none, and gives back what was there.
pub(crate) fn replace(
    linked: &'static EntryPoint,
    new: Option<&'static EntryPoint>,
) -> Option<&'static EntryPoint> {
    let mut replaced = REPLACED.write().unwrap_or_else(PoisonError::into_inner);
    let at = replaced.iter().position(|(old, _)| std::ptr::eq(*old, linked));
    let before = at.map(|at| replaced.swap_remove(at).1);
    replaced.extend(new.map(|new| (linked, new)));
    before
}
