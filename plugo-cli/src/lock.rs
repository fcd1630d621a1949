use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::interrupt;

/// What only one command at a time does, by a file that the system unlocks
/// when its holder ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for a lock, until somebody wants this program to end. Where it
    /// is held, that is told of.
    pub(crate) fn wait(path: &Path, told: impl FnOnce()) -> Result<Self, Error> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(|error| Error::io("made", dir, &error))?;
        }
        let file = File::create(path).map_err(|error| Error::io("written", path, &error))?;
        let mut told = Some(told);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("locked", path, &error)),
            }
            if let Some(told) = told.take() {
                told();
            }
            interrupt::check()?;
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn the_second_one_waits_for_the_first_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder/lock");
        let first = Lock::wait(&path, || panic!("nobody has it")).unwrap();
        let (sender, told) = channel();
        let second = std::thread::spawn(move || {
            Lock::wait(&path, || sender.send(()).unwrap()).unwrap();
        });
        told.recv().expect("it says that it waits");
        assert!(!second.is_finished());
        drop(first);
        second.join().unwrap();
    }
}
