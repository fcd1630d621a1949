use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Generated files, by their path in a folder.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<PathBuf, String>);

impl Tree {
    pub(crate) fn add(&mut self, path: impl Into<PathBuf>, content: impl Into<String>) {
        self.0.insert(path.into(), content.into());
    }

    /// Writes what differs, and removes what is left from another run:
    /// `Cargo.lock` alone is somebody else's. What does not change keeps its
    /// time, and is not compiled again.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let unwritable = |path: &Path| format!("`{}` cannot be written", path.display());
        for (path, content) in &self.0 {
            let path = dir.join(path);
            if fs::read(&path).is_ok_and(|old| old == content.as_bytes()) {
                continue;
            }
            let parent = path.parent().unwrap_or(dir);
            fs::create_dir_all(parent).with_context(|| unwritable(parent))?;
            fs::write(&path, content).with_context(|| unwritable(&path))?;
        }
        let folders: BTreeSet<&Path> = self.0.keys().flat_map(|path| path.ancestors()).collect();
        self.clean(dir, Path::new(""), &folders)
    }

    fn clean(&self, root: &Path, inside: &Path, folders: &BTreeSet<&Path>) -> Result<()> {
        let dir = root.join(inside);
        let entries =
            fs::read_dir(&dir).with_context(|| format!("`{}` cannot be read", dir.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("`{}` cannot be read", dir.display()))?;
            let path = inside.join(entry.file_name());
            if folders.contains(path.as_path()) {
                if !self.0.contains_key(&path) {
                    self.clean(root, &path, folders)?;
                }
            } else if path != Path::new("Cargo.lock") {
                let stale = root.join(&path);
                let removed = match stale.is_dir() {
                    true => fs::remove_dir_all(&stale),
                    false => fs::remove_file(&stale),
                };
                removed.with_context(|| format!("`{}` cannot be removed", stale.display()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let mut tree = Tree::default();
        tree.add("Cargo.toml", "a");
        tree.add("plugins/one/Cargo.toml", "b");
        tree.add("plugins/two/Cargo.toml", "c");
        tree.write(dir).unwrap();
        fs::write(dir.join("Cargo.lock"), "d").unwrap();
        let mut tree = Tree::default();
        tree.add("Cargo.toml", "a");
        tree.add("plugins/two/src/lib.rs", "e");
        tree.write(dir).unwrap();
        let exists = |path: &str| dir.join(path).exists();
        assert!(exists("Cargo.toml") && exists("Cargo.lock") && exists("plugins/two/src/lib.rs"));
        assert!(!exists("plugins/one") && !exists("plugins/two/Cargo.toml"));
    }
}
