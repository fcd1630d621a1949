use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::Failure;

/// Calls what may panic. The arguments are borrowed, so what was left
/// half-done in them is the caller's to see, as after an error.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call)).map_err(panicked)
}

fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    let message = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(the payload is not a text)".to_owned());
    // A payload may panic again when it is dropped, and so may that one's.
    std::mem::forget(payload);
    Failure::Panic(message)
}
