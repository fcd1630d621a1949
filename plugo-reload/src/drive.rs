use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread;

/// What is wrong where something else than expected became of a call.
pub(crate) const UNFINISHED: &str = "`block_on` did not run what it was given to its end";

type BlockOn = dyn Fn(Pin<&mut (dyn Future<Output = ()> + '_)>) + Send + Sync;

/// What awaits the plugins that are `async`, if anything does.
#[derive(Clone, Default)]
pub(crate) struct Drive(Option<Arc<BlockOn>>);

impl Drive {
    pub(crate) fn new(
        block_on: impl Fn(Pin<&mut (dyn Future<Output = ()> + '_)>) + Send + Sync + 'static,
    ) -> Self {
        Drive(Some(Arc::new(block_on)))
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Does this where it may wait for what awaits: a thread of a runtime may not
    /// wait for the runtime, so that is a thread of its own.
    pub(crate) fn apart<T: Send>(&self, work: impl Fn() -> T + Sync) -> T {
        if !self.is_there() {
            return work();
        }
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("plugo-reload".to_owned());
            match thread.spawn_scoped(scope, &work) {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_no_thread) => work(),
            }
        })
    }

    /// What the future gives; `None` when nothing awaits it to its end.
    pub(crate) fn finish<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let block_on = self.0.as_ref()?;
        let mut given = None;
        {
            let mut work = pin!(async { given = Some(future.await) });
            // A runtime that is gone may say so with a panic.
            let _ = catch_unwind(AssertUnwindSafe(|| block_on(work.as_mut())));
        }
        given
    }

    /// Calls this where async work may be begun, if there is such a place. A
    /// panic in it is the error, as far as it says something.
    pub(crate) fn call<T>(&self, call: impl FnOnce() -> T) -> Result<T, String> {
        if !self.is_there() {
            return caught(call);
        }
        let unfinished = || Err(UNFINISHED.to_owned());
        self.finish(async { caught(call) }).unwrap_or_else(unfinished)
    }
}

/// Calls this. A panic in it is the error, as far as it says something.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| message(&*panic))
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drive").field(&self.is_there()).finish()
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked".to_owned())
}
