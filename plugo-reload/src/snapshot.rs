use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ignore::WalkBuilder;

use crate::ignored::{is_git_ignored, is_ignored, is_ignored_below};

/// What may be asked about a file that changed.
pub(crate) type Filter = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// What files hold, at one moment: by that, and not by what the system tells
/// of them, a change is known. To read a file, to touch it, or to save it as
/// it was changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) files: BTreeMap<PathBuf, File>,
    /// The folders that are looked into.
    pub(crate) folders: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    stamp: Stamp,
    content: u64,
}

/// What changes with every write that the system knows of: length and times, and
/// which file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// When that was last said of it, which no program can set.
    changed: Option<(i64, i64)>,
    identity: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: changed(metadata),
            identity: identity(metadata),
        }
    }
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for File {}

impl Snapshot {
    /// Looks at all files of these paths. A file whose length, times and place
    /// on the disk are those of `before` is not read again.
    pub(crate) fn take(roots: &[PathBuf], filter: Option<&Filter>, before: &Snapshot) -> Self {
        let mut snapshot = Snapshot::default();
        for root in roots {
            match fs::metadata(root) {
                Ok(metadata) if metadata.is_dir() => snapshot.walk(root, filter, before),
                Ok(metadata) if metadata.is_file() => snapshot.add(root, &metadata, before),
                _ => {}
            }
        }
        snapshot.folders.sort();
        snapshot.folders.dedup();
        snapshot
    }

    fn walk(&mut self, root: &Path, filter: Option<&Filter>, before: &Snapshot) {
        let inside = root.to_owned();
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .ignore(false)
            // A folder that is named is looked into, whatever is said of it around it.
            .parents(!is_git_ignored(root))
            .follow_links(true)
            .require_git(false)
            .filter_entry(move |entry| {
                entry.path() == inside || !is_ignored(&entry.file_name().to_string_lossy())
            })
            .build();
        // What cannot be read is as if it were not there; a link in a circle is passed over.
        for entry in walk.flatten() {
            let path = entry.path();
            let Ok(metadata) = fs::metadata(path) else { continue };
            if metadata.is_dir() {
                self.folders.push(path.to_owned());
            } else if metadata.is_file()
                && !is_ignored_below(path, root)
                && filter.is_none_or(|filter| filter(path))
            {
                self.add(path, &metadata, before);
            }
        }
    }

    fn add(&mut self, path: &Path, metadata: &Metadata, before: &Snapshot) {
        if self.files.contains_key(path) {
            // It is below two of the paths.
            return;
        }
        let stamp = Stamp::of(metadata);
        let is_same = |file: &&File| file.stamp == stamp && settled(stamp.modified);
        let known = before.files.get(path).filter(is_same);
        let content = match known {
            Some(file) => file.content,
            None => match hash(path) {
                Ok(content) => content,
                // It went away meanwhile, or may not be read.
                Err(_) => return,
            },
        };
        self.files.insert(path.to_owned(), File { stamp, content });
    }

    /// Whether a file was written, with whatever content, or came, or went.
    pub(crate) fn is_written_since(&self, before: &Snapshot) -> bool {
        let modified = |(path, file): (&PathBuf, &File)| {
            (path.clone(), (file.stamp.length, file.stamp.modified, file.stamp.identity))
        };
        self.files.iter().map(modified).ne(before.files.iter().map(modified))
    }

    /// Whether a file holds nothing now that held something before. Whoever
    /// writes a file anew often empties it first.
    pub(crate) fn has_emptied(&self, before: &Snapshot) -> bool {
        let is_empty = |file: &File| file.stamp.length == 0;
        let had = |path| before.files.get(path).is_some_and(|file| !is_empty(file));
        self.files.iter().any(|(path, file)| is_empty(file) && had(path))
    }

    /// What is different now.
    pub(crate) fn changes_since(&self, before: &Snapshot) -> Changes {
        let mut changes = Vec::new();
        for (path, file) in &self.files {
            match before.files.get(path) {
                None => changes.push((path.clone(), Change::Created)),
                Some(old) if old != file => changes.push((path.clone(), Change::Modified)),
                Some(_) => {}
            }
        }
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        changes.extend(gone.map(|path| (path.clone(), Change::Removed)));
        changes.sort();
        Changes(changes)
    }
}

/// Whether a file can be trusted to be as it was when its time is: two writes
/// within the resolution of a file system's clock have one time.
fn settled(modified: Option<SystemTime>) -> bool {
    let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
    age.is_some_and(|age| age.as_secs() >= 2)
}

/// What tells a file or a folder from another one of its name.
#[cfg(unix)]
pub(crate) fn identity(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
pub(crate) fn identity(_: &Metadata) -> u64 {
    0
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<(i64, i64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<(i64, i64)> {
    None
}

/// Reads a file bit by bit: it may be larger than the memory.
fn hash(path: &Path) -> io::Result<u64> {
    let mut file = fs::File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.write(&bytes[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Change {
    /// It is there now.
    Created,
    /// It holds something else.
    Modified,
    /// It is not there any more.
    Removed,
}

/// The files that changed, sorted by path. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes(Vec<(PathBuf, Change)>);

impl Changes {
    /// Each file with what happened to it.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Path, Change)> {
        self.0.iter().map(|(path, change)| (path.as_path(), *change))
    }

    /// The files.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.0.iter().map(|(path, _)| path.as_path())
    }

    #[cfg(all(unix, feature = "signal"))]
    pub(crate) fn none() -> Self {
        Changes(Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `plugins_config.json`, or `3 files, the first is src/lib.rs`.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("nothing"),
            [(path, _)] => write!(f, "{}", path.display()),
            [(path, _), rest @ ..] => {
                write!(f, "{} files, the first is {}", rest.len() + 1, path.display())
            }
        }
    }
}
