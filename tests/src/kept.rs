use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::cargo::scratch;

/// The place of a folder that stays from one run of the tests to the next, so
/// that Cargo finds what it built of files that are the same.
///
/// # Panics
///
/// Where the name was given before: two tests would write over each other.
pub(crate) fn kept(name: &str) -> PathBuf {
    static GIVEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let again = given.iter().any(|one| one == name);
    given.push(name.to_owned());
    drop(given);
    assert!(!again, "two apps of one run are called `{name}`; `Project::fresh` has a new folder");
    hold().join(name)
}

/// The folder of all of them, which one process of tests has at a time.
fn hold() -> PathBuf {
    static HELD: OnceLock<File> = OnceLock::new();
    let all = scratch().join("projects");
    HELD.get_or_init(|| {
        fs::create_dir_all(&all).expect("a folder");
        // Git ignores the target folder, and `plugo dev` does not watch what Git ignores.
        write(&all.join(".gitignore"), b"!*\n");
        let lock = File::create(all.join(".lock")).expect("a file");
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            let told = format!("waiting for another run of the tests in {}", all.display());
            writeln!(std::io::stderr(), "{told}").expect("it can be told");
            lock.lock().expect("a lock");
        }
        lock
    });
    all
}

/// Makes a folder hold these files and no others. What is the same stays as it
/// is, with its time, by which Cargo knows that it has not changed.
pub(crate) fn fill(dir: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    fs::create_dir_all(dir).expect("a folder");
    remove_others(dir, Path::new(""), files);
    for (path, content) in files {
        write(&dir.join(path), content);
    }
}

/// Writes a file, with the folders that it needs, unless it is the same.
pub(crate) fn write(path: &Path, content: &[u8]) {
    if !fs::read(path).is_ok_and(|there| there == content) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, content).expect("a file");
    }
}

fn remove_others(root: &Path, inside: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(root.join(inside)).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = inside.join(entry.file_name());
        // Of a link, the link itself.
        let kind = entry.file_type().expect("it is there");
        if kind.is_dir() && files.keys().any(|file| file.starts_with(&path)) {
            remove_others(root, &path, files);
        } else if kind.is_dir() {
            fs::remove_dir_all(entry.path()).expect("it goes");
        } else if !kind.is_file() || !files.contains_key(&path) {
            fs::remove_file(entry.path()).expect("it goes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_filled_anew_and_what_is_the_same_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        let modified = |path: &str| fs::metadata(at(path)).unwrap().modified().unwrap();
        let files = ["a/same", "a/edited", "b"];
        let files = files.map(|path| (PathBuf::from(path), b"as it was".to_vec())).into();
        fill(dir.path(), &files);
        let long_ago = std::time::UNIX_EPOCH;
        for path in files.keys() {
            let file = File::options().write(true).open(dir.path().join(path)).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        fs::write(at("a/edited"), "by a test").unwrap();
        fs::write(at("a/more"), "").unwrap();
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir_all(at("c/d")).unwrap();
        fs::write(at("c/d/e"), "").unwrap();
        fs::remove_file(at("b")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("a"), at("link")).unwrap();

        fill(dir.path(), &files);
        assert_eq!(fs::read(at("a/edited")).unwrap(), b"as it was");
        assert_eq!(fs::read(at("b")).unwrap(), b"as it was");
        let times = files.keys().map(|path| modified(path.to_str().unwrap()) == long_ago);
        // `a/edited`, `a/same`, `b`.
        assert_eq!(times.collect::<Vec<_>>(), [false, true, false]);
        let left = |dir: &str| {
            let entries = fs::read_dir(at(dir)).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(left(""), ["a", "b"]);
        assert_eq!(left("a"), ["edited", "same"]);
    }

    #[test]
    fn a_name_is_given_once() {
        kept("given");
        assert!(std::panic::catch_unwind(|| kept("given")).is_err());
    }
}
