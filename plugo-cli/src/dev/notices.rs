use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Error;

/// What temporary folders begin with, by which they are known again.
const PREFIX: &str = "plugo-dev-";
/// The link to such a folder.
const LINK: &str = "notices-elsewhere";

/// The folder of the sockets at which processes of the app say that they are
/// ready: in that of `plugo dev`, or, where no socket can be there, in the
/// system's folder for temporary files. A path of a socket may have some hundred
/// bytes, and some file systems have no sockets.
#[derive(Debug)]
pub(super) struct Notices {
    dir: PathBuf,
    elsewhere: Option<(TempDir, PathBuf)>,
}

impl Notices {
    /// `own` is the folder of this `plugo dev` alone. What one that was killed
    /// left is put away.
    pub(super) fn open(own: &Path) -> Result<Self, Error> {
        Notices::open_or(own, &[std::env::temp_dir(), PathBuf::from("/tmp")])
    }

    fn open_or(own: &Path, others: &[PathBuf]) -> Result<Self, Error> {
        let (dir, link) = (own.join("notices"), own.join(LINK));
        clear(&dir, &link);
        if fs::create_dir_all(&dir).is_ok() && takes_sockets(&dir).is_ok() {
            return Ok(Notices { dir, elsewhere: None });
        }
        let _ = fs::remove_dir_all(&dir);
        let mut problems = Vec::new();
        let found = others.iter().find_map(|other| {
            let made = tempfile::Builder::new().prefix(PREFIX).tempdir_in(other);
            let made = made.and_then(|made| takes_sockets(made.path()).map(|()| made));
            let problem = |error| problems.push(format!("in `{}`: {error}", other.display()));
            made.map_err(problem).ok()
        });
        let temporary = found.ok_or_else(|| {
            let problems = problems.join("; ");
            Error::environment(format!(
                "the app has no place to say that it is ready: no socket can be made ({problems}); \
                 TMPDIR names a folder for it, whose path has to be short"
            ))
        })?;
        // Where it is, for the next one. Without links it is not found again.
        let _ = symlink(temporary.path(), &link);
        let dir = temporary.path().to_owned();
        Ok(Notices { dir, elsewhere: Some((temporary, link)) })
    }

    /// Where the process of this number says it.
    pub(super) fn path(&self, number: u32) -> PathBuf {
        self.dir.join(number.to_string())
    }

    /// Where the process of this number hears of patches.
    pub(super) fn patches(&self, number: u32) -> PathBuf {
        self.dir.join(format!("patch-{number}"))
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        match &self.elsewhere {
            Some((_, link)) => drop(fs::remove_file(link)),
            None => drop(fs::remove_dir_all(&self.dir)),
        }
    }
}

fn clear(dir: &Path, link: &Path) {
    let _ = fs::remove_dir_all(dir);
    let Ok(elsewhere) = fs::read_link(link) else { return };
    let name = elsewhere.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(PREFIX) {
        let _ = fs::remove_dir_all(&elsewhere);
    }
    let _ = fs::remove_file(link);
}

/// Whether sockets can be made there, with names as long as they get.
fn takes_sockets(dir: &Path) -> io::Result<()> {
    // The longest name that there may be.
    let path = dir.join(format!("patch-{}", u32::MAX));
    UnixDatagram::bind(&path)?;
    fs::remove_file(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_one_left_is_put_away_by_the_next_one() {
        let root = TempDir::new().unwrap();
        let near = root.path().join("near");
        // Too long for a socket.
        let far = root.path().join("far".repeat(40));
        for (own, is_elsewhere) in [(&near, false), (&far, true)] {
            fs::create_dir(own).unwrap();
            let killed = Notices::open(own).unwrap();
            assert_eq!(killed.elsewhere.is_some(), is_elsewhere);
            let left = killed.dir.clone();
            let socket = UnixDatagram::bind(killed.path(7)).unwrap();
            std::mem::forget(killed);
            drop(socket);
            let next = Notices::open(own).unwrap();
            assert!(!left.join("7").exists());
            assert_eq!(left.exists(), !is_elsewhere, "it is used again, or gone");
            drop(next);
            assert_eq!(fs::read_dir(own).unwrap().count(), 0);
        }
    }

    #[test]
    fn where_no_temporary_folder_takes_sockets_it_is_said_which_setting_helps() {
        let root = TempDir::new().unwrap();
        let far = root.path().join("far".repeat(40));
        let own = far.join("own");
        fs::create_dir_all(&own).unwrap();
        let none = root.path().join("none");
        let error = Notices::open_or(&own, &[none.clone(), far.clone()]).unwrap_err();
        assert_eq!(error.code(), crate::exit::ENVIRONMENT);
        let error = error.to_string();
        assert!(error.contains(&format!("in `{}`: No such file", none.display())), "{error}");
        assert!(error.contains("TMPDIR"), "{error}");
        // The next one does.
        let notices = Notices::open_or(&own, &[none, far, root.path().to_owned()]).unwrap();
        UnixDatagram::bind(notices.path(1)).unwrap();
    }
}
