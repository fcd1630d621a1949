use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use crate::app::App;
use crate::error::Error;

/// The folder of `plugo dev` for one app.
///
/// ```text
/// <target>/plugo/.dev/<app>/
///   lock            held while `plugo dev` works; the number of its process
///   run-3/<app>     a program that runs, whatever Cargo does to its own file
///   notices/3       the socket at which its process says that it is ready
/// ```
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    runs: u32,
    _lock: File,
}

impl Folder {
    /// There is one `plugo dev` for an app: what two of them built would be in
    /// each other's way.
    pub(super) fn open(app: &App) -> Result<Self, Error> {
        let dir = app.target_dir.join("plugo/.dev").join(&app.name);
        fs::create_dir_all(&dir).map_err(|error| Error::io("made", &dir, &error))?;
        let path = dir.join("lock");
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(|error| Error::io("written", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut number = String::new();
                let _ = file.read_to_string(&mut number);
                return Err(Error::no(format!(
                    "another `plugo dev` works on `{}` (process {}); end it, or build into another \
                     folder: `CARGO_TARGET_DIR=target/other plugo dev --listen 127.0.0.1:0`",
                    app.name,
                    number.trim()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("locked", &path, &error)),
        }
        let number = file.set_len(0).and_then(|()| file.rewind());
        let number = number.and_then(|()| writeln!(file, "{}", std::process::id()));
        number.map_err(|error| Error::io("written", &path, &error))?;
        let folder = Folder { dir, runs: 0, _lock: file };
        folder.clear();
        Ok(folder)
    }

    /// Where it is. Nobody else's `plugo dev` uses it.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Another name for a program, which stays when Cargo makes a new one.
    pub(super) fn keep(&mut self, program: &Path) -> Result<Kept, Error> {
        self.runs += 1;
        let dir = self.dir.join(format!("run-{}", self.runs));
        let to = dir.join(program.file_name().unwrap_or_default());
        fs::create_dir_all(&dir).map_err(|error| Error::io("made", &dir, &error))?;
        let kept = Kept { program: to };
        if fs::hard_link(program, &kept.program).is_err() {
            // Another file system, or one without links.
            let copied = fs::copy(program, &kept.program);
            copied.map_err(|error| Error::io("written", &kept.program, &error))?;
        }
        Ok(kept)
    }

    /// Removes what earlier runs left.
    fn clear(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("run-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A program under a name of its own, until nobody needs it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) program: PathBuf,
}

impl Kept {
    /// Whether another file holds the same program.
    pub(super) fn is(&self, other: &Path) -> bool {
        is_same(&self.program, other).unwrap_or(false)
    }
}

impl Kept {
    /// Whether these bytes stand somewhere in it.
    pub(super) fn has(&self, bytes: &[u8]) -> bool {
        File::open(&self.program).and_then(|file| has(file, bytes)).unwrap_or(false)
    }
}

/// Reads a piece at a time.
fn has(mut file: impl Read, bytes: &[u8]) -> io::Result<bool> {
    const PIECE: u64 = 1 << 20;
    let finder = Finder::new(bytes);
    let mut piece = Vec::new();
    while file.by_ref().take(PIECE).read_to_end(&mut piece)? > 0 {
        if finder.find(&piece).is_some() {
            return Ok(true);
        }
        // They may begin here and go on in the next piece.
        let end = piece.len().saturating_sub(bytes.len().saturating_sub(1));
        drop(piece.drain(..end));
    }
    Ok(false)
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(dir) = self.program.parent() {
            let _ = fs::remove_dir_all(dir);
        }
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (a, b) = (one.metadata()?, other.metadata()?);
    if (a.dev(), a.ino()) == (b.dev(), b.ino()) {
        return Ok(true);
    }
    if a.len() != b.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; 256 * 1024], vec![0; 256 * 1024]);
    loop {
        let read = one.read(&mut a)?;
        if read == 0 {
            return Ok(true);
        }
        if other.read_exact(&mut b[..read]).is_err() || a[..read] != b[..read] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_where_pieces_meet_too() {
        for at in [0, (1 << 20) - 3, (1 << 20) + 7, 3 << 20] {
            let mut file = vec![b'-'; at];
            file.extend(b"LISTEN_FDS");
            assert!(has(&*file, b"LISTEN_FDS").unwrap(), "{at}");
            file.pop();
            assert!(!has(&*file, b"LISTEN_FDS").unwrap(), "{at}");
        }
    }

    #[test]
    fn programs_are_compared_by_what_they_hold() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let one = file("one", &[7; 600_000]);
        let mut changed = [7; 600_000];
        changed[599_999] = 8;
        assert!(is_same(&one, &one).unwrap());
        assert!(is_same(&one, &file("same", &[7; 600_000])).unwrap());
        assert!(!is_same(&one, &file("changed", &changed)).unwrap());
        assert!(!is_same(&one, &file("shorter", &[7; 599_999])).unwrap());
        assert!(is_same(&one, &dir.path().join("none")).is_err());
    }
}
