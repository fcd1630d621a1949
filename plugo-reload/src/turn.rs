use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lets one reload be done after the other.
#[derive(Default)]
pub(crate) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_taken: bool,
    /// The plugin that is being initialised.
    plugin: Option<&'static str>,
    /// Since when something of the app runs that may not come to its end.
    since: Option<Instant>,
}

/// Whose turn it is.
pub(crate) struct Turn<'t>(&'t Turns);

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn. The error is how long, and for what.
    pub(crate) fn take(
        &self,
        patience: Duration,
    ) -> Result<Turn<'_>, (Duration, Option<&'static str>)> {
        let begun = Instant::now();
        let mut state = self.state();
        while state.is_taken {
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err((begun.elapsed(), state.plugin));
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_taken = true;
        Ok(Turn(self))
    }

    /// For how long something of the app has been running for whose turn it is,
    /// and which plugin's `init` it is, if it is one.
    pub(crate) fn at(&self) -> Option<(Duration, Option<&'static str>)> {
        let state = self.state();
        state.since.map(|since| (since.elapsed(), state.plugin))
    }
}

impl Turn<'_> {
    /// This plugin is being initialised, or what plugins contribute put together.
    pub(crate) fn begins(&self, plugin: Option<&'static str>) {
        let mut state = self.0.state();
        state.plugin = plugin;
        state.since = Some(Instant::now());
    }

    /// Nothing of the app runs that is not waited for with a limit.
    pub(crate) fn waits(&self) {
        let mut state = self.0.state();
        state.plugin = None;
        state.since = None;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        *state = State::default();
        self.0.changed.notify_one();
    }
}
