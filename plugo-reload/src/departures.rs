use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(feature = "patch")]
use plugo_core::Beside;
use plugo_core::{PluginInfo, PluginManager};

use crate::drive::{Drive, UNFINISHED};
use crate::leaving::{Key, Leaving, failure, is_gone, is_held, next};

/// The plugins that leave. Each is stopped when nobody uses it any more, after
/// those that depend on it, and otherwise in reverse load order: one by one,
/// unless a `stop` takes longer than the patience. Each `stop` has a thread of
/// its own, so whoever was the last user does not wait for it, and one that
/// never returns keeps no other plugin.
pub(crate) struct Departures {
    manager: PluginManager,
    drive: Drive,
    /// How long the others wait for one `stop`.
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    leaving: BTreeMap<Key, Leaving>,
    /// How many instances there were.
    instances: u64,
    /// Whether a thread sees to them.
    is_attended: bool,
    hooks: Vec<Hook>,
}

/// Why a plugin has not left.
pub(crate) enum NotLeft {
    /// It is used or being stopped, after this time.
    Still(Duration),
    /// It could not be stopped.
    Failed(String),
}

/// What is called when a plugin has left.
type Hook = (&'static str, Box<dyn FnOnce() + Send>);

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
        let stopped = if self.drive.is_there() {
            let stopped = self.drive.finish(self.manager.stop_async(name));
            stopped.ok_or_else(|| UNFINISHED.to_owned())
        } else {
            self.drive.call(|| self.manager.stop(name))
        };
        let error = match stopped {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(message) => Some(message),
        };
        // The manager's listeners and the subscriber hear of a `stop` that failed or
        // was left in its midst, which is one nevertheless. What is loaded still has
        // not left.
        match error.filter(|_| self.manager.is_loaded(name).unwrap_or(false)) {
            Some(message) => self.has_failed(key, name, message),
            None => self.has_left(key),
        }
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

    fn has_failed(self: &Arc<Self>, key: Key, name: &str, message: String) {
        failed(name, &message);
        let mut state = self.state();
        if let Some(leaving) = state.leaving.get_mut(&key) {
            leaving.failed = Some(message);
            leaving.stopping_since = None;
        }
        self.changed.notify_all();
        self.attend(&mut state);
    }

    fn has_left(self: &Arc<Self>, key: Key) {
        let mut state = self.state();
        state.leaving.remove(&key);
        self.changed.notify_all();
        self.attend(&mut state);
        let State { leaving, hooks, .. } = &mut *state;
        let due: Vec<Hook> = hooks.extract_if(.., |(name, _)| is_gone(leaving, name)).collect();
        drop(state);
        due.into_iter().for_each(|(_, hook)| hook());
    }

    /// Calls this once when a plugin has left, or now, if it has.
    pub(crate) fn when_left(&self, plugin: &'static str, hook: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        if is_gone(&state.leaving, plugin) {
            drop(state);
            return hook();
        }
        state.hooks.push((plugin, Box::new(hook)));
    }

    /// Waits until a plugin has left, with all its instances. One that could not
    /// be stopped is stopped once more.
    pub(crate) fn wait(self: &Arc<Self>, place: usize, patience: Duration) -> Result<(), NotLeft> {
        let is_it = |key: &Key| key.0 == place;
        self.try_again(is_it);
        self.wait_for_those(patience, |_, key, _| is_it(key)).map_err(|(_, why)| why)
    }

    /// Waits until one instance has left.
    pub(crate) fn wait_for(self: &Arc<Self>, key: Key, patience: Duration) {
        // What does not stop is waited for when it is to come back.
        let _ = self.wait_for_those(patience, |_, other, _| *other == key);
    }

    /// Waits until all plugins have left, or, without `used`, those that nobody
    /// uses. Those that could not be stopped are stopped once more. The error has
    /// one that has not left.
    pub(crate) fn wait_for_all(
        self: &Arc<Self>,
        used: bool,
        patience: Duration,
    ) -> Result<(), (&'static str, NotLeft)> {
        self.try_again(|_| true);
        self.wait_for_those(patience, |leaving, _, one| used || !is_held(leaving, one))
    }

    fn try_again(&self, is_it: impl Fn(&Key) -> bool) {
        let mut state = self.state();
        for (_, leaving) in state.leaving.iter_mut().filter(|(key, _)| is_it(key)) {
            leaving.failed = None;
        }
    }

    fn wait_for_those(
        self: &Arc<Self>,
        patience: Duration,
        is_it: impl Fn(&BTreeMap<Key, Leaving>, &Key, &Leaving) -> bool,
    ) -> Result<(), (&'static str, NotLeft)> {
        let begun = Instant::now();
        let mut state = self.state();
        if !state.leaving.is_empty() {
            self.attend(&mut state);
        }
        loop {
            let all = state.leaving.iter();
            let open: Vec<&Leaving> = all
                .filter(|(key, one)| is_it(&state.leaving, key, one))
                .map(|(_, one)| one)
                .collect();
            let Some(first) = open.first() else { return Ok(()) };
            // Where all that is left is kept by what could not be stopped, no time helps.
            if open.iter().all(|one| failure(&state.leaving, one).is_some())
                && let Some((plugin, message)) = failure(&state.leaving, first)
            {
                return Err((plugin, NotLeft::Failed(message.to_owned())));
            }
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err((first.plugin.name(), NotLeft::Still(begun.elapsed())));
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(feature = "tracing")]
fn failed(plugin: &str, message: &str) {
    tracing::error!("`{plugin}` could not be stopped: {message}");
}

#[cfg(not(feature = "tracing"))]
fn failed(_: &str, _: &str) {}

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
