use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::interrupt;
use crate::shell::Shell;

/// The folder of one build under `<target>/plugo`, while it is made.
///
/// ```text
/// <target>/plugo/
///   acme/               what is shipped; replaced whole, when all is well
///   .work/
///     acme.lock         held by the command that builds for acme
///     acme.new/         what becomes acme/
///     acme.old/         what acme/ was, for the moment of the exchange
///     acme.cargo/       Cargo's final artifacts
/// ```
///
/// What a command that was killed left behind is put right by the next one.
#[derive(Debug)]
pub(super) struct Folder {
    place: PathBuf,
    fresh: PathBuf,
    old: PathBuf,
    artifacts: PathBuf,
    _lock: File,
}

impl Folder {
    /// Waits for its turn and begins with nothing. `lock` names what may be
    /// built by one command at a time.
    pub(super) fn open(root: &Path, name: &str, lock: &str, shell: &Shell) -> Result<Self, Error> {
        let work = root.join(".work");
        fs::create_dir_all(&work).map_err(|error| Error::io("made", &work, &error))?;
        let path = work.join(format!("{lock}.lock"));
        let file = File::create(&path).map_err(|error| Error::io("written", &path, &error))?;
        let told = || shell.status("Blocking", format_args!("another command builds `{name}`"));
        wait(&file, &path, told)?;
        let at = |end: &str| work.join(format!("{name}.{end}"));
        let folder = Folder {
            place: root.join(name),
            fresh: at("new"),
            old: at("old"),
            artifacts: at("cargo"),
            _lock: file,
        };
        if folder.old.exists() && !folder.place.exists() {
            let back = fs::rename(&folder.old, &folder.place);
            back.map_err(|error| Error::io("restored", &folder.place, &error))?;
        }
        for path in [&folder.fresh, &folder.old] {
            clear(path)?;
        }
        fs::create_dir(&folder.fresh).map_err(|error| Error::io("made", &folder.fresh, &error))?;
        Ok(folder)
    }

    /// Where the files are put.
    pub(super) fn fresh(&self) -> &Path {
        &self.fresh
    }

    /// Where the files are in the end.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Where Cargo may put its final artifacts: no other command touches them.
    pub(super) fn artifacts(&self) -> &Path {
        &self.artifacts
    }

    /// Puts a copy of a file into the folder.
    pub(super) fn add(&self, file: &Path) -> Result<u64, Error> {
        let to = self.fresh.join(file.file_name().unwrap_or_default());
        fs::copy(file, &to).map_err(|error| Error::io("written", &to, &error))
    }

    /// What was there is replaced.
    pub(super) fn publish(self) -> Result<(), Error> {
        let cannot = |error| Error::io("replaced", &self.place, &error);
        if self.place.exists() {
            fs::rename(&self.place, &self.old).map_err(cannot)?;
        }
        if let Err(error) = fs::rename(&self.fresh, &self.place) {
            let _ = fs::rename(&self.old, &self.place);
            return Err(cannot(error));
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for path in [&self.fresh, &self.old, &self.artifacts] {
            let _ = clear(path);
        }
    }
}

/// Waits for a lock, until somebody wants this program to end. Where it is
/// held, that is told of.
fn wait(file: &File, path: &Path, told: impl FnOnce()) -> Result<(), Error> {
    let mut told = Some(told);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
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

fn clear(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("removed", path, &error))
        }
        _ => Ok(()),
    }
}
