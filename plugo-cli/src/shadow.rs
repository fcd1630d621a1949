use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::error::Error;

/// A folder that shows the whole file system through links, in which a few
/// files say something else. So an app can be built with another selection
/// while the user's files stay as they are.
///
/// Cargo takes paths as they are written, so every `path = "../…"` leads to
/// where it leads outside.
pub(crate) struct Shadow {
    root: PathBuf,
    /// What is not shown: where the shadow itself is.
    hidden: PathBuf,
}

impl Shadow {
    /// Makes it anew.
    ///
    /// # Errors
    ///
    /// A folder that cannot be written, or a system without links.
    pub(crate) fn new(root: PathBuf, hidden: &Path) -> Result<Self, Error> {
        match fs::remove_dir_all(&root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("removed", &root, &error));
            }
            _ => {}
        }
        fs::create_dir_all(&root).map_err(|error| Error::io("written", &root, &error))?;
        Ok(Shadow { root, hidden: hidden.to_owned() })
    }

    /// Where a path is in the shadow.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        let inside = path.components().filter(|part| matches!(part, Component::Normal(_)));
        self.root.join(inside.collect::<PathBuf>())
    }

    /// Makes a folder one of the shadow's own, with links to all that is in
    /// it, and those that it is in.
    ///
    /// # Errors
    ///
    /// What the file system gave.
    pub(crate) fn open(&self, dir: &Path) -> Result<(), Error> {
        let ancestors: Vec<&Path> = dir.ancestors().collect();
        for dir in ancestors.into_iter().rev() {
            let shadow = self.path(dir);
            let is_link = shadow.symlink_metadata().is_ok_and(|found| found.is_symlink());
            if shadow.exists() && !is_link && shadow != self.root {
                continue;
            }
            self.fill(dir, &shadow, is_link)
                .map_err(|error| Error::io("written", &shadow, &error))?;
        }
        Ok(())
    }

    fn fill(&self, dir: &Path, shadow: &Path, is_link: bool) -> io::Result<()> {
        if is_link {
            fs::remove_file(shadow)?;
        }
        fs::create_dir_all(shadow)?;
        // A folder that cannot be listed can still be on the way to another.
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let link = shadow.join(entry.file_name());
            if path != self.hidden && link.symlink_metadata().is_err() {
                symlink(path.as_os_str(), &link)?;
            }
        }
        Ok(())
    }

    /// Writes a file in the shadow alone.
    ///
    /// # Errors
    ///
    /// What the file system gave.
    pub(crate) fn write(&self, path: &Path, content: &str) -> Result<(), Error> {
        self.open(path.parent().unwrap_or(path))?;
        let shadow = self.path(path);
        if shadow.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(&shadow).map_err(|error| Error::io("written", &shadow, &error))?;
        }
        plugo_build::write(&shadow, content)
            .map_err(|error| Error::io("written", &shadow, &error))?;
        Ok(())
    }
}

#[cfg(unix)]
fn symlink(to: &OsStr, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

#[cfg(not(unix))]
fn symlink(_: &OsStr, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system lacks the links that it takes"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_the_shadow_changes_nothing_outside() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("ws");
        fs::create_dir_all(real.join("app/plugins/blog")).unwrap();
        fs::write(real.join("app/config.json"), "old").unwrap();
        fs::write(real.join("app/plugins/blog/lib.rs"), "blog").unwrap();
        fs::write(real.join("Cargo.toml"), "root").unwrap();
        let hidden = dir.path().join("target");
        for _ in 0..2 {
            let shadow = Shadow::new(hidden.join("shadow"), &hidden).unwrap();
            shadow.open(&real.join("app")).unwrap();
            shadow.write(&real.join("app/config.json"), "new").unwrap();
            shadow.write(&real.join("app/plugins/more.json"), "more").unwrap();
            let read = |path: &str| fs::read_to_string(shadow.path(&real.join(path))).unwrap();
            assert_eq!(read("app/config.json"), "new");
            assert_eq!(read("app/plugins/blog/lib.rs"), "blog");
            assert_eq!(read("app/plugins/more.json"), "more");
            assert_eq!(read("Cargo.toml"), "root");
            assert!(!shadow.path(&hidden).exists());
        }
        assert_eq!(fs::read_to_string(real.join("app/config.json")).unwrap(), "old");
        assert!(!real.join("app/plugins/more.json").exists());
    }
}
