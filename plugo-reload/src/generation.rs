use std::cell::Cell;
use std::fmt;

use plugo_core::PluginInfo;

use crate::departures::Lease;

/// A set of running plugins with what they contribute, put together: what is
/// served until the next one takes its place.
///
/// Whoever holds one keeps its plugins from being stopped.
pub struct Generation<G> {
    // What the plugins contribute goes before they are stopped.
    value: G,
    number: u64,
    members: Members,
}

/// Its plugins, in load order.
pub(crate) struct Members(Vec<Lease>);

impl Drop for Members {
    fn drop(&mut self) {
        // In reverse load order.
        while let Some(lease) = self.0.pop() {
            drop(lease);
        }
    }
}

impl<G> Generation<G> {
    pub(crate) fn new(value: G, number: u64, members: Vec<Lease>) -> Self {
        Generation { value, number, members: Members(members) }
    }

    /// What the plugins contribute, put together.
    pub fn value(&self) -> &G {
        &self.value
    }

    /// Which generation it is: the first is 1. It is 0 when the reloader is
    /// closed and nothing runs.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The names of its plugins, in load order.
    pub fn plugins(&self) -> impl DoubleEndedIterator<Item = &'static str> + ExactSizeIterator {
        self.members.0.iter().map(|lease| lease.plugin().name())
    }

    pub(crate) fn leases(&self) -> &[Lease] {
        &self.members.0
    }
}

impl<G> fmt::Debug for Generation<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation")
            .field("number", &self.number)
            .field("plugins", &self.plugins().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What each plugin of a generation contributes, in load order.
#[derive(Debug)]
pub struct Parts<'a, P> {
    all: Vec<Part<'a, P>>,
    /// The one that was looked at last, for the message when that fails.
    at: Cell<Option<&'static str>>,
}

/// What one plugin contributes.
#[derive(Debug)]
pub struct Part<'a, P> {
    value: &'a P,
    lease: Lease,
}

impl<'a, P> Parts<'a, P> {
    pub(crate) fn new(all: impl IntoIterator<Item = (&'a P, Lease)>) -> Self {
        let all = all.into_iter().map(|(value, lease)| Part { value, lease }).collect();
        Parts { all, at: Cell::new(None) }
    }

    pub(crate) fn at(&self) -> Option<&'static str> {
        self.at.get()
    }

    /// Each part, in load order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Part<'a, P>> {
        self.all.iter().inspect(|part| self.at.set(Some(part.plugin().name())))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What a plugin of that name contributes.
    pub fn get(&self, plugin: &str) -> Option<&Part<'a, P>> {
        self.iter().find(|part| part.plugin().name() == plugin)
    }
}

impl<'a, P> Part<'a, P> {
    /// The plugin.
    pub fn plugin(&self) -> PluginInfo {
        self.lease.plugin()
    }

    /// What it contributes.
    pub fn value(&self) -> &'a P {
        self.value
    }

    /// What keeps it from being stopped. Nothing that is put together needs to
    /// hold it: the generation does.
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }
}
