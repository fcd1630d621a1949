use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

/// What a thread of its own does, for whoever awaits it, with any runtime.
pub(crate) struct Later<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    /// What came of it, which may be a panic.
    given: Option<thread::Result<T>>,
    waker: Option<Waker>,
}

impl<T: Send + 'static> Later<T> {
    pub(crate) fn new(name: &str, work: impl Fn() -> T + Send + Sync + 'static) -> Self {
        let state = Arc::new(Mutex::new(State { given: None, waker: None }));
        let (work, own) = (Arc::new(work), Arc::clone(&state));
        let run = {
            let work = Arc::clone(&work);
            move || finish(&own, &*work)
        };
        if thread::Builder::new().name(name.to_owned()).spawn(run).is_err() {
            // Without a thread it is done here.
            finish(&state, &*work);
        }
        Later(state)
    }
}

fn finish<T>(state: &Mutex<State<T>>, work: impl Fn() -> T) {
    let given = catch_unwind(AssertUnwindSafe(work));
    let mut state = lock(state);
    state.given = Some(given);
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Future for Later<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = lock(&self.0);
        match state.given.take() {
            Some(given) => Poll::Ready(given.unwrap_or_else(|panic| resume_unwind(panic))),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
