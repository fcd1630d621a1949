use std::sync::atomic::{AtomicU64, Ordering};

use crate::state::{State, seeded};

static COUNT: AtomicU64 = AtomicU64::new(0);
static MIX: AtomicU64 = AtomicU64::new(0);

/// What the init function of a plugin without parameters calls. The two need not change together: one
/// thread loads.
#[inline]
pub fn step(seed: u64) {
    COUNT.store(COUNT.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    MIX.store(seeded(MIX.load(Ordering::Relaxed), seed), Ordering::Relaxed);
}

/// What plugins without parameters have left behind, which is gone from here then.
#[inline]
pub fn taken() -> State {
    State::of(COUNT.swap(0, Ordering::Relaxed), MIX.swap(0, Ordering::Relaxed))
}
