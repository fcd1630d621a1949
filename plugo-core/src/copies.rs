use crate::sync::{AtomicU64, Mutex, Ordering, PoisonError, fence};

/// A row of numbers that is replaced whole, and read without a lock.
///
/// There are two copies of it. One is published; a writer fills the other one
/// and publishes that with one store. A reader that has read a copy looks
/// whether a writer has begun to fill it again meanwhile, which takes two
/// replacements in the time of one read, and if so it reads anew. So a writer
/// that is held up holds up no reader, nothing is allocated, and there is
/// nothing to reclaim.
///
/// The orderings are those of a sequence lock (H.-J. Boehm, *Can Seqlocks Get
/// Along With Programming Language Memory Models?*, 2012).
pub(crate) struct Copies {
    /// The number of the published replacement; its last bit is the copy.
    published: AtomicU64,
    /// The number of the replacement that was begun last.
    begun: AtomicU64,
    writer: Mutex<()>,
    copies: [Box<[AtomicU64]>; 2],
}

impl Copies {
    pub(crate) fn new(values: &[u64]) -> Self {
        let copy = || values.iter().map(|&value| AtomicU64::new(value)).collect();
        Copies {
            published: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            writer: Mutex::new(()),
            copies: [copy(), copy()],
        }
    }

    /// What `read` makes of one whole row. It may be called again, with a
    /// newer one, and what it then made of the older one is dropped.
    #[inline]
    pub(crate) fn read<T>(&self, read: impl Fn(Row<'_>) -> T) -> T {
        self.read_numbered(read).1
    }

    /// [`read`](Self::read), with the number of the replacement that was read.
    #[inline]
    pub(crate) fn read_numbered<T>(&self, read: impl Fn(Row<'_>) -> T) -> (u64, T) {
        loop {
            let published = self.published.load(Ordering::Acquire);
            let value = read(Row(&self.copies[(published & 1) as usize]));
            fence(Ordering::Acquire);
            if self.begun.load(Ordering::Relaxed) <= published + 1 {
                return (published, value);
            }
            #[cfg(all(loom, test))]
            loom::thread::yield_now();
        }
    }

    /// The number of the replacement that is published: while it is the one of
    /// an earlier read, that read would see the same again.
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Replaces the row. `write` gives as many numbers as there are.
    pub(crate) fn replace(&self, write: impl FnOnce() -> Vec<u64>) {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let values = write();
        let next = self.published.load(Ordering::Relaxed) + 1;
        self.begun.store(next, Ordering::Relaxed);
        fence(Ordering::Release);
        for (cell, value) in self.copies[(next & 1) as usize].iter().zip(values) {
            cell.store(value, Ordering::Relaxed);
        }
        self.published.store(next, Ordering::Release);
    }
}

/// One copy, while it is read.
#[derive(Clone, Copy)]
pub(crate) struct Row<'c>(&'c [AtomicU64]);

impl Row<'_> {
    #[inline]
    pub(crate) fn get(self, i: usize) -> u64 {
        self.0[i].load(Ordering::Relaxed)
    }
}
