use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(feature = "patch")]
use plugo_core::Beside;
use plugo_core::{PluginInfo, PluginManager};

use crate::drive::Drive;

/// How long the end waits for plugins that are awaited.
const AWAITED: Duration = Duration::from_secs(2);

/// The plugins that leave. Each is stopped when nobody uses it any more, after
/// those that depend on it, and otherwise in reverse load order: one by one,
/// unless a `stop` takes longer than the patience. Each `stop` has a thread of
/// its own, so whoever was the last user does not wait for it, and one that
/// never returns keeps no other plugin.
pub(crate) struct Departures {
    manager: PluginManager,
    drive: Drive,
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

/// The place of a plugin in the load order, and which of its instances it is:
/// while one still leaves, the next one may run.
pub(crate) type Key = (usize, u64);

#[derive(Default)]
struct State {
    leaving: BTreeMap<Key, Leaving>,
    /// How many instances there were.
    instances: u64,
    /// Whether a thread sees to them.
    is_attended: bool,
}

struct Leaving {
    plugin: PluginInfo,
    is_used: bool,
    stopping_since: Option<Instant>,
    /// The instance, where it is not the one that the manager holds.
    #[cfg(feature = "patch")]
    beside: Option<Beside>,
}

impl Leaving {
    fn new(plugin: PluginInfo) -> Self {
        Leaving {
            plugin,
            is_used: true,
            stopping_since: None,
            #[cfg(feature = "patch")]
            beside: None,
        }
    }
}

impl Departures {
    pub(crate) fn new(manager: PluginManager, drive: Drive, patience: Duration) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Departures { manager, drive, patience, state, changed })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says of a plugin that was started who uses it.
    pub(crate) fn lease(self: &Arc<Self>, place: usize, plugin: PluginInfo) -> Lease {
        let mut state = self.state();
        state.instances += 1;
        let key = (place, state.instances);
        Lease(Arc::new(Use { key, plugin, departures: Arc::clone(self) }))
    }

    /// From now on this plugin is waited for. It is stopped when its lease is
    /// nobody's any more.
    pub(crate) fn expect(&self, lease: &Lease) {
        let Use { key, plugin, .. } = *lease.0;
        self.state().leaving.insert(key, Leaving::new(plugin));
    }

    /// The same of an instance that is not the one that the manager holds.
    #[cfg(feature = "patch")]
    pub(crate) fn expect_beside(&self, lease: &Lease, beside: Beside) {
        let Use { key, plugin, .. } = *lease.0;
        let leaving = Leaving { beside: Some(beside), ..Leaving::new(plugin) };
        self.state().leaving.insert(key, leaving);
    }

    /// Nobody uses the plugin any more.
    fn free(self: &Arc<Self>, key: Key, plugin: PluginInfo) {
        let mut state = self.state();
        state.leaving.entry(key).or_insert_with(|| Leaving::new(plugin)).is_used = false;
        self.attend(&mut state);
    }

    fn attend(self: &Arc<Self>, state: &mut State) {
        if std::mem::replace(&mut state.is_attended, true) {
            return;
        }
        let me = Arc::clone(self);
        if spawn("plugo-retire", move || me.see_to_it()).is_err() {
            // Whoever asks next tries again.
            state.is_attended = false;
        }
    }

    fn see_to_it(self: &Arc<Self>) {
        let mut state = self.state();
        loop {
            let Some(key) = next(&state.leaving) else {
                state.is_attended = false;
                return;
            };
            let running = state.leaving.values().filter_map(|leaving| leaving.stopping_since);
            let left = running.map(|since| self.patience.saturating_sub(since.elapsed())).max();
            if let Some(left) = left.filter(|left| !left.is_zero()) {
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let Some(leaving) = state.leaving.get_mut(&key) else { continue };
            leaving.stopping_since = Some(Instant::now());
            let name = leaving.plugin.name();
            let me = Arc::clone(self);
            let stop = move || me.stop(key, name);
            drop(state);
            if spawn("plugo-stop", stop.clone()).is_err() {
                // Without a thread it is done here.
                stop();
            }
            state = self.state();
        }
    }

    fn stop(self: &Arc<Self>, key: Key, name: &str) {
        #[cfg(feature = "patch")]
        if self.stop_beside(key) {
            return self.has_left(key);
        }
        // The manager's listeners and the subscriber hear of one that failed.
        if self.drive.is_there() {
            let _ = self.drive.finish(self.manager.stop_async(name));
        } else {
            let _ = self.drive.call(|| self.manager.stop(name));
        }
        self.has_left(key);
    }

    /// Stops it if it is not the instance that the manager holds.
    #[cfg(feature = "patch")]
    fn stop_beside(&self, key: Key) -> bool {
        let beside = self.state().leaving.get_mut(&key).and_then(|leaving| leaving.beside.take());
        let Some(beside) = beside else { return false };
        if self.drive.is_there() {
            let _ = self.drive.finish(beside.stop_async());
        } else {
            let _ = self.drive.call(|| beside.stop());
        }
        true
    }

    fn has_left(self: &Arc<Self>, key: Key) {
        let mut state = self.state();
        state.leaving.remove(&key);
        self.changed.notify_all();
        self.attend(&mut state);
    }

    /// Waits until a plugin has left, with all its instances. The error is how
    /// long it was waited for.
    pub(crate) fn wait(self: &Arc<Self>, place: usize) -> Result<(), Duration> {
        let all = (place, 0)..=(place, u64::MAX);
        let left =
            self.wait_while(self.patience, |leaving| leaving.range(all.clone()).next().is_some());
        left.map_err(|(waited, _)| waited)
    }

    /// Waits until one instance has left.
    pub(crate) fn wait_for(self: &Arc<Self>, key: Key) {
        // What does not stop is waited for when it is to come back.
        let _ = self.wait_while(self.patience, |leaving| leaving.contains_key(&key));
    }

    /// Waits until all plugins have left. The error is how long that was, and who
    /// has not.
    pub(crate) fn wait_for_all(self: &Arc<Self>) -> Result<(), (Duration, BTreeSet<&'static str>)> {
        self.wait_while(self.patience, |leaving| !leaving.is_empty())
    }

    /// Waits for those that nobody uses, as far as that may be: who waits may be
    /// the very thread that is to go on with a `stop` that is awaited.
    pub(crate) fn wait_at_the_end(self: &Arc<Self>) {
        let patience = match self.drive.is_there() {
            true => self.patience.min(AWAITED),
            false => self.patience,
        };
        let is_free = |leaving: &Leaving| !leaving.is_used;
        let _ = self.wait_while(patience, |leaving| leaving.values().any(is_free));
    }

    fn wait_while(
        self: &Arc<Self>,
        patience: Duration,
        is_so: impl Fn(&BTreeMap<Key, Leaving>) -> bool,
    ) -> Result<(), (Duration, BTreeSet<&'static str>)> {
        let begun = Instant::now();
        let mut state = self.state();
        if !state.leaving.is_empty() {
            self.attend(&mut state);
        }
        while is_so(&state.leaving) {
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let names = state.leaving.values().map(|leaving| leaving.plugin.name());
                return Err((begun.elapsed(), names.collect()));
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// The one to stop next.
fn next(leaving: &BTreeMap<Key, Leaving>) -> Option<Key> {
    let is_needed = |one: &Leaving| {
        let mut others = leaving.values().flat_map(|other| other.plugin.dependencies());
        others.any(|needed| needed.name() == one.plugin.name())
    };
    let mut free = leaving
        .iter()
        .rev()
        .filter(|(_, one)| !one.is_used && one.stopping_since.is_none() && !is_needed(one));
    free.next().map(|(key, _)| *key)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// Whoever holds one keeps a plugin from being stopped.
///
/// A request holds it of itself; what goes on after its answer has ended, such
/// as a task that a handler began, or what follows the handshake of a WebSocket,
/// has to hold one too.
#[derive(Clone)]
pub struct Lease(Arc<Use>);

struct Use {
    key: Key,
    plugin: PluginInfo,
    departures: Arc<Departures>,
}

impl Lease {
    /// The plugin.
    pub fn plugin(&self) -> PluginInfo {
        self.0.plugin
    }

    pub(crate) fn key(&self) -> Key {
        self.0.key
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.departures.free(self.key, self.plugin);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.0.plugin.name()).finish()
    }
}
