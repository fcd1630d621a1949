//! One test at a time decides what the lookups of this program go by.

use std::sync::{Mutex, MutexGuard, PoisonError};

use plugo::{Overrides, set_overrides};

/// Overrides hold for the whole program, so one test at a time has a database say
/// them, and leaves none.
pub(crate) struct Operator(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

static OPERATOR: Mutex<()> = Mutex::new(());

impl Operator {
    pub(crate) fn takes_over() -> Self {
        Operator(OPERATOR.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        set_overrides(Overrides::new());
    }
}
