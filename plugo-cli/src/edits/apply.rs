use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Edit, Edits};
use crate::error::Error;
use crate::interrupt;

/// How often it is looked whether another call is done.
const TICK: Duration = Duration::from_millis(50);

/// Edits that were made, and can be undone until they are kept.
#[derive(Debug)]
#[must_use = "what is dropped is undone"]
pub(crate) struct Applied {
    /// Where folders are put aside: not beside themselves, where a pattern of
    /// workspace members would still find them.
    root: PathBuf,
    /// In the order in which it was done.
    done: Vec<Done>,
    /// Until then, another call waits with its changes.
    _lock: Option<File>,
}

/// How to undo a step.
#[derive(Debug)]
enum Done {
    /// A file that was written: what it had before.
    File { path: PathBuf, old: Option<String> },
    /// A folder that was made, with what is in it.
    Folder(PathBuf),
    /// A folder on the way to one, which was not there either.
    Parent(PathBuf),
    /// A folder that was put aside.
    Aside { path: PathBuf, aside: PathBuf },
}

impl Edits {
    /// Makes the edits. Where one fails, those before it are undone.
    pub(crate) fn apply(&self) -> Result<Applied, Error> {
        let lock = lock(&self.root)?;
        let mut applied = Applied { root: self.root.clone(), done: Vec::new(), _lock: lock };
        for edit in &self.list {
            if let Err(error) = applied.make(edit) {
                let what = match edit {
                    Edit::Delete { .. } => "deleted",
                    _ => "written",
                };
                let (Edit::File { path, .. } | Edit::Folder { path, .. } | Edit::Delete { path }) =
                    edit;
                let left = applied.undo().err();
                let after = left.unwrap_or_else(|| "nothing was changed".to_owned());
                let path = self.show(path);
                return Err(Error::environment(format!(
                    "`{path}` cannot be {what}: {error}; {after}"
                )));
            }
        }
        Ok(applied)
    }
}

impl Applied {
    fn make(&mut self, edit: &Edit) -> io::Result<()> {
        match edit {
            Edit::File { path, old, new } => {
                let now = match fs::read_to_string(path) {
                    Ok(text) => Some(text),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(error) => return Err(error),
                };
                if now != *old {
                    return Err(io::Error::other(
                        "something else has changed it meanwhile, so call it again",
                    ));
                }
                self.parents(path)?;
                self.done.push(Done::File { path: path.clone(), old: old.clone() });
                plugo_build::write(path, new).map(drop)
            }
            Edit::Folder { path, files } => {
                self.parents(path)?;
                let fresh = beside(path, "new");
                let made = fill(&fresh, files).and_then(|()| {
                    // A folder that appeared meanwhile is not overwritten: where it is empty,
                    // the system would let it be.
                    match fs::symlink_metadata(path) {
                        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                        Err(_) => fs::rename(&fresh, path),
                    }
                });
                if made.is_err() {
                    let _ = fs::remove_dir_all(&fresh);
                }
                made?;
                self.done.push(Done::Folder(path.clone()));
                Ok(())
            }
            Edit::Delete { path } => {
                let aside = beside(&self.root.join(path.file_name().unwrap_or_default()), "old");
                fs::rename(path, &aside)?;
                self.done.push(Done::Aside { path: path.clone(), aside });
                Ok(())
            }
        }
    }

    /// Makes the folders on the way to a path.
    fn parents(&mut self, path: &Path) -> io::Result<()> {
        let missing: Vec<&Path> =
            path.ancestors().skip(1).take_while(|dir| !dir.exists()).collect();
        for dir in missing.into_iter().rev() {
            fs::create_dir(dir)?;
            self.done.push(Done::Parent(dir.to_owned()));
        }
        Ok(())
    }

    /// Everything stays as it was made.
    ///
    /// # Errors
    ///
    /// A folder that was to be deleted and is still there, under another name.
    pub(crate) fn keep(mut self) -> Result<(), Error> {
        for done in std::mem::take(&mut self.done) {
            if let Done::Aside { aside, .. } = done {
                fs::remove_dir_all(&aside).map_err(|error| Error::io("deleted", &aside, &error))?;
            }
        }
        Ok(())
    }

    /// Everything becomes as it was before. Otherwise, says what did not.
    pub(crate) fn undo(mut self) -> Result<(), String> {
        self.undo_all()
    }

    fn undo_all(&mut self) -> Result<(), String> {
        let mut left = Vec::new();
        for done in std::mem::take(&mut self.done).into_iter().rev() {
            let (path, undone) = match done {
                Done::File { path, old: Some(old) } => {
                    let undone = plugo_build::write(&path, &old).map(drop);
                    (path, undone)
                }
                Done::File { path, old: None } => {
                    // What a link led to is gone again, and the link stays.
                    let undone = match path.canonicalize().and_then(fs::remove_file) {
                        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                        other => other,
                    };
                    (path, undone)
                }
                Done::Folder(path) => {
                    let undone = fs::remove_dir_all(&path);
                    (path, undone)
                }
                Done::Parent(path) => {
                    let undone = fs::remove_dir(&path);
                    (path, undone)
                }
                Done::Aside { path, aside } => {
                    let undone = fs::rename(&aside, &path);
                    (path, undone)
                }
            };
            if let Err(error) = undone {
                left.push(format!("`{}`: {error}", path.display()));
            }
        }
        match left.is_empty() {
            true => Ok(()),
            false => Err(format!("and could not be undone: {}", left.join(", "))),
        }
    }
}

impl Drop for Applied {
    fn drop(&mut self) {
        // What panics or returns early in between leaves nothing behind.
        let _ = self.undo_all();
    }
}

/// Keeps other calls from changing files here, as long as the value lives.
/// Where a folder cannot be locked, what they write is noticed all the same,
/// but for a moment between the last look and the writing.
fn lock(dir: &Path) -> Result<Option<File>, Error> {
    let Ok(dir) = File::open(dir) else { return Ok(None) };
    loop {
        match dir.try_lock() {
            Ok(()) => return Ok(Some(dir)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => {
                interrupt::check()?;
                std::thread::sleep(TICK);
            }
        }
    }
}

fn fill(dir: &Path, files: &[(String, String)]) -> io::Result<()> {
    fs::create_dir(dir)?;
    for (name, content) in files {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    Ok(())
}

/// A name beside a folder that nobody else uses.
fn beside(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{what}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test alone.
    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("plugo-edits-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn edits(dir: &Path) -> Edits {
        fs::write(dir.join("a"), "before").unwrap();
        fs::create_dir(dir.join("doomed")).unwrap();
        fs::write(dir.join("doomed/file"), "x").unwrap();
        let mut edits = Edits::new(dir);
        edits.folder(&dir.join("ui/new"), vec![("src/lib.rs".into(), "y".into())]).unwrap();
        edits.write(&dir.join("a"), "after".into()).unwrap();
        edits.delete(&dir.join("doomed"));
        edits
    }

    #[test]
    fn what_is_kept_is_done_and_leaves_nothing_else() {
        let dir = scratch("kept");
        edits(&dir).apply().unwrap().keep().unwrap();
        assert_eq!(names(&dir), ["a", "ui"]);
        assert_eq!(names(&dir.join("ui")), ["new"]);
        assert_eq!(fs::read_to_string(dir.join("a")).unwrap(), "after");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_that_leads_nowhere_is_written_through_and_leads_nowhere_again() {
        let dir = scratch("links");
        std::os::unix::fs::symlink("real", dir.join("link")).unwrap();
        let mut edits = Edits::new(&dir);
        edits.write(&dir.join("link"), "new".into()).unwrap();
        let applied = edits.apply().unwrap();
        assert_eq!(fs::read_to_string(dir.join("real")).unwrap(), "new");
        applied.undo().unwrap();
        assert_eq!(names(&dir), ["link"]);
    }

    #[test]
    fn what_is_undone_or_fails_is_as_it_was() {
        let dir = scratch("undone");
        let edits = edits(&dir);
        edits.apply().unwrap().undo().unwrap();
        assert_eq!(names(&dir), ["a", "doomed"]);
        drop(edits.apply().unwrap());
        assert_eq!(names(&dir), ["a", "doomed"]);

        // Something else changes the file between the reading and the writing.
        fs::write(dir.join("a"), "theirs").unwrap();
        let error = edits.apply().unwrap_err().to_string();
        assert!(error.contains("`a`") && error.contains("nothing was changed"), "{error}");
        assert_eq!(names(&dir), ["a", "doomed"]);
        assert_eq!(fs::read_to_string(dir.join("a")).unwrap(), "theirs");
        assert_eq!(names(&dir.join("doomed")), ["file"]);
    }
}
