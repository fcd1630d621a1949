use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::lock::Lock;
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
    _lock: Lock,
}

impl Folder {
    /// Waits for its turn and begins with nothing. `lock` names what may be
    /// built by one command at a time.
    pub(super) fn open(root: &Path, name: &str, lock: &str, shell: &Shell) -> Result<Self, Error> {
        let work = root.join(".work");
        let told = || shell.status("Blocking", format_args!("another command builds `{name}`"));
        let lock = Lock::wait(&work.join(format!("{lock}.lock")), told)?;
        let at = |end: &str| work.join(format!("{name}.{end}"));
        let folder = Folder {
            place: root.join(name),
            fresh: at("new"),
            old: at("old"),
            artifacts: at("cargo"),
            _lock: lock,
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

    /// What was there is replaced, unless it is the same: then it stays, with
    /// its times, for those who look at these.
    pub(super) fn publish(self) -> Result<(), Error> {
        let cannot = |error| Error::io("replaced", &self.place, &error);
        if is_same(&self.place, &self.fresh).unwrap_or(false) {
            return Ok(());
        }
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
        for path in [&self.fresh, &self.artifacts] {
            let _ = clear(path);
        }
        // Where it could not be put back, it is all that there is.
        if self.place.exists() {
            let _ = clear(&self.old);
        }
    }
}

/// Whether two folders have the same files with the same bytes.
fn is_same(a: &Path, b: &Path) -> io::Result<bool> {
    let (a, b) = (files(a)?, files(b)?);
    if !a.keys().eq(b.keys()) {
        return Ok(false);
    }
    for (a, b) in a.values().zip(b.values()) {
        let [a, b] = [a, b].map(|path| path.symlink_metadata().map(|found| (path, found)));
        let ((a, of_a), (b, of_b)) = (a?, b?);
        let is_alike = of_a.is_file()
            && of_b.is_file()
            && of_a.len() == of_b.len()
            && of_a.permissions() == of_b.permissions();
        if !is_alike || !has_same_bytes(a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn files(dir: &Path) -> io::Result<BTreeMap<OsString, PathBuf>> {
    fs::read_dir(dir)?.map(|entry| entry.map(|entry| (entry.file_name(), entry.path()))).collect()
}

fn has_same_bytes(a: &Path, b: &Path) -> io::Result<bool> {
    const CHUNK: u64 = 1 << 20;
    let (mut a, mut b) = (File::open(a)?, File::open(b)?);
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    loop {
        of_a.clear();
        of_b.clear();
        a.by_ref().take(CHUNK).read_to_end(&mut of_a)?;
        b.by_ref().take(CHUNK).read_to_end(&mut of_b)?;
        if of_a != of_b {
            return Ok(false);
        }
        if of_a.is_empty() {
            return Ok(true);
        }
    }
}

fn clear(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("removed", path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path, content: &str) -> Folder {
        let folder = Folder::open(root, "acme", "acme", &Shell::default()).unwrap();
        fs::write(folder.fresh().join("shop"), content).unwrap();
        folder
    }

    #[test]
    fn what_is_the_same_stays_and_what_is_not_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let at = |file: &str| dir.path().join("acme").join(file);
        open(dir.path(), "one").publish().unwrap();
        // What is written through this link is seen as long as it is the same file.
        let kept = dir.path().join("kept");
        fs::hard_link(at("shop"), &kept).unwrap();
        let is_kept = || {
            fs::write(&kept, "ONE").unwrap();
            let is_kept = fs::read_to_string(at("shop")).unwrap() == "ONE";
            fs::write(&kept, "one").unwrap();
            is_kept
        };
        assert!(is_kept());
        open(dir.path(), "one").publish().unwrap();
        assert!(is_kept());
        fs::write(at("stale"), "").unwrap();
        open(dir.path(), "one").publish().unwrap();
        assert!(!at("stale").exists() && !is_kept());
        open(dir.path(), "two").publish().unwrap();
        assert_eq!(fs::read_to_string(at("shop")).unwrap(), "two");
        let left: Vec<_> = fs::read_dir(dir.path().join(".work")).unwrap().collect();
        assert_eq!(left.len(), 1, "the lock: {left:?}");
    }

    #[test]
    fn an_only_copy_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path(), "one").publish().unwrap();
        let folder = open(dir.path(), "two");
        // As when neither the new one nor the old one could be put there.
        fs::rename(&folder.place, &folder.old).unwrap();
        drop(folder);
        let old = dir.path().join(".work/acme.old/shop");
        assert_eq!(fs::read_to_string(old).unwrap(), "one");
        // The next command puts it back, and an end in between leaves it there.
        drop(open(dir.path(), "two"));
        assert_eq!(fs::read_to_string(dir.path().join("acme/shop")).unwrap(), "one");
    }
}
