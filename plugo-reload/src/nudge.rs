use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

/// Lets a watcher tell although no file holds anything else than before.
#[derive(Debug, Default)]
pub(crate) struct Nudge {
    any_write_counts: AtomicBool,
    is_due: AtomicBool,
    hints: OnceLock<SyncSender<()>>,
}

impl Nudge {
    /// What wakes the watcher.
    pub(crate) fn wakes(&self, hints: SyncSender<()>) {
        let _ = self.hints.set(hints);
    }

    /// Whether a file that was written counts as one that changed.
    pub(crate) fn any_write_counts(&self, does_it: bool) {
        self.any_write_counts.store(does_it, Ordering::SeqCst);
    }

    pub(crate) fn does_any_write_count(&self) -> bool {
        self.any_write_counts.load(Ordering::SeqCst)
    }

    /// The watcher tells now.
    pub(crate) fn now(&self) {
        self.is_due.store(true, Ordering::SeqCst);
        if let Some(hints) = self.hints.get() {
            // Where no more fit in, it looks anyway.
            let _ = hints.try_send(());
        }
    }

    /// Whether it is to tell, once.
    pub(crate) fn is_due(&self) -> bool {
        self.is_due.swap(false, Ordering::SeqCst)
    }
}
