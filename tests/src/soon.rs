use std::sync::mpsc::channel;
use std::time::Duration;

/// What the work gives, done on a thread of its own; where it hangs, the test
/// fails instead of hanging with it.
pub fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(Duration::from_secs(60)).expect("it hangs, or panicked")
}
