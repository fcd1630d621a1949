use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::snapshot::{Snapshot, identity};

/// The folders whose changes matter: those that are looked into, the ones
/// around each path, and those that links lead to. A path that does not exist
/// may begin to in the nearest folder that does.
pub(crate) fn folders(roots: &[PathBuf], snapshot: &Snapshot) -> BTreeSet<PathBuf> {
    let mut folders: BTreeSet<PathBuf> = snapshot.folders.iter().cloned().collect();
    for root in roots {
        let mut path = root.clone();
        // Each link on the way: `config.json -> ..data/config.json`, `..data -> ..2026`.
        for _ in 0..40 {
            folders.extend(nearest_folder(&path));
            let link = path.ancestors().find_map(|part| {
                let target = std::fs::read_link(part).ok()?;
                let rest = path.strip_prefix(part).ok()?.to_owned();
                folders.extend(nearest_folder(part));
                let target = part.parent().unwrap_or(part).join(target);
                Some(if rest.as_os_str().is_empty() { target } else { target.join(rest) })
            });
            match link {
                Some(target) => path = target,
                None => break,
            }
        }
    }
    folders
}

/// The folder that a path is in, or the nearest one above it that exists.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|dir| dir.is_dir()).map(Path::to_owned)
}

/// What the system tells of.
pub(crate) struct Notifications {
    watcher: RecommendedWatcher,
    /// The folders, each with what tells it from another one of its name.
    followed: BTreeMap<PathBuf, u64>,
    lost: Arc<Mutex<Lost>>,
}

/// What may not be followed any more, even where something is there that
/// cannot be told from it: a new folder often has the number of the old one.
#[derive(Default)]
struct Lost {
    paths: BTreeSet<PathBuf>,
    /// The system told less than there was.
    is_all: bool,
}

impl Lost {
    fn note(&mut self, event: &Event) {
        self.is_all |= event.need_rescan();
        if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
            self.paths.extend(event.paths.iter().cloned());
        }
    }
}

impl Notifications {
    /// `hint` is called whenever something may have changed.
    pub(crate) fn new(hint: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let lost: Arc<Mutex<Lost>> = Arc::default();
        let seen = Arc::clone(&lost);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = &event {
                // That a file is read is told of too: by this thread, again and again.
                if matches!(event.kind, EventKind::Access(_)) && !event.need_rescan() {
                    return;
                }
                seen.lock().unwrap_or_else(PoisonError::into_inner).note(event);
            }
            hint();
        })?;
        Ok(Notifications { watcher, followed: BTreeMap::new(), lost })
    }

    /// Follows these folders, and no others. Whether there are new ones.
    pub(crate) fn follow(&mut self, folders: &BTreeSet<PathBuf>) -> notify::Result<bool> {
        let lost = std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner));
        let there: BTreeMap<PathBuf, u64> = folders
            .iter()
            .filter_map(|dir| Some((dir.clone(), identity(&std::fs::metadata(dir).ok()?))))
            .collect();
        for (dir, identity) in std::mem::take(&mut self.followed) {
            let is_same = there.get(&dir) == Some(&identity);
            if is_same && !lost.is_all && !lost.paths.contains(&dir) {
                self.followed.insert(dir, identity);
            } else {
                let _ = self.watcher.unwatch(&dir);
            }
        }
        let mut is_new = false;
        for (dir, identity) in there {
            if self.followed.contains_key(&dir) {
                continue;
            }
            match self.watcher.watch(&dir, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.followed.insert(dir, identity);
                    is_new = true;
                }
                // It went away meanwhile.
                Err(_) if !dir.is_dir() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(is_new)
    }
}
