use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::snapshot::{Filter, Snapshot};

/// What a watcher has told of, and what it looks at.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) filter: Option<Filter>,
    pub(crate) snapshot: Arc<Snapshot>,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("roots", &self.roots).finish_non_exhaustive()
    }
}

impl Seen {
    /// A snapshot that others take now, with what both look at as it was when it was
    /// seen.
    pub(crate) fn before(
        &self,
        now: Snapshot,
        roots: &[PathBuf],
        filter: Option<&Filter>,
    ) -> Snapshot {
        let mut before = now;
        // What came since then is not there yet.
        before.files.retain(|path, _| self.snapshot.files.contains_key(path) || !self.covers(path));
        for (path, file) in &self.snapshot.files {
            let is_root = roots.contains(path);
            let is_below = roots.iter().any(|root| path.starts_with(root));
            if is_root || is_below && filter.is_none_or(|filter| filter(path)) {
                before.files.insert(path.clone(), file.clone());
            }
        }
        before
    }

    /// Whether a file was looked at, or would have been.
    fn covers(&self, path: &Path) -> bool {
        let is_in =
            |dir: &Path| self.snapshot.folders.binary_search_by(|it| (**it).cmp(dir)).is_ok();
        let is_inside = path.ancestors().skip(1).any(is_in);
        self.roots.iter().any(|root| root == path)
            || is_inside && self.filter.as_ref().is_none_or(|filter| filter(path))
    }
}
