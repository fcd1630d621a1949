use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a thread passes before it calls back: once closed, nobody is called any
/// more.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_closed: bool,
    is_inside: bool,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does this, unless the gate is closed. A panic is the caller's to mend, and
    /// ends nothing else. Whoever closes the gate meanwhile finds that `enter` was
    /// done, or that nothing is.
    pub(crate) fn pass(&self, enter: impl FnOnce(), call: impl FnOnce()) {
        {
            let mut state = self.state();
            if state.is_closed {
                return;
            }
            state.is_inside = true;
            enter();
        }
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
        self.state().is_inside = false;
    }

    /// Closes it, and says whether somebody is inside.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.state();
        state.is_closed = true;
        state.is_inside
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed
    }
}
