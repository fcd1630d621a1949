//! Changes of the user's files, as a value: shown, then made, or undone.

/// Making them, and undoing that.
mod apply;
/// Showing them.
mod diff;
/// Paths as files write them.
mod paths;
/// The line ends that a file has.
mod lines;
/// TOML that is added and taken out as a person would.
mod layout;
/// `Cargo.toml`, with its comments and its layout.
mod manifest;
/// The config file and the clients' files, with their layout.
mod selection;

use std::fs;
use std::path::{Path, PathBuf};

use self::lines::with_ends_of;
use crate::error::Error;

pub(crate) use self::manifest::Manifest;
pub(crate) use self::paths::{real, relative, slashes};
pub(crate) use self::selection::SelectionFile;

/// What a command is going to change.
#[derive(Debug)]
pub(crate) struct Edits {
    /// What shown paths are relative to.
    root: PathBuf,
    list: Vec<Edit>,
}

#[derive(Debug, PartialEq, Eq)]
enum Edit {
    /// A file gets a content; `old` is what it has now.
    File { path: PathBuf, old: Option<String>, new: String },
    /// A folder is made, with files by their paths in it.
    Folder { path: PathBuf, files: Vec<(String, String)> },
    /// A folder is deleted.
    Delete { path: PathBuf },
}

impl Edits {
    pub(crate) fn new(root: &Path) -> Self {
        Edits { root: root.to_owned(), list: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A path as messages show it.
    pub(crate) fn show(&self, path: &Path) -> String {
        slashes(&relative(path, &self.root))
    }

    /// A file as these edits leave it; nothing where there is none.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<String>, Error> {
        for edit in &self.list {
            match edit {
                Edit::File { path: edited, new, .. } if edited == path => {
                    return Ok(Some(new.clone()));
                }
                _ => {}
            }
        }
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path, &error)),
        }
    }

    /// Gives a file a content, with the line ends that it has. What it has
    /// already is no edit.
    pub(crate) fn write(&mut self, path: &Path, content: String) -> Result<(), Error> {
        for edit in &mut self.list {
            match edit {
                Edit::File { path: edited, old, new } if edited == path => {
                    *new = with_ends_of(old.as_deref().unwrap_or_default(), content);
                    return Ok(());
                }
                _ => {}
            }
        }
        let old = self.read(path)?;
        let content = with_ends_of(old.as_deref().unwrap_or_default(), content);
        if old.as_ref() != Some(&content) {
            self.list.push(Edit::File { path: path.to_owned(), old, new: content });
        }
        Ok(())
    }

    /// Makes a folder that is not there yet.
    pub(crate) fn folder(
        &mut self,
        path: &Path,
        files: Vec<(String, String)>,
    ) -> Result<(), Error> {
        // A link that leads nowhere is there too.
        if fs::symlink_metadata(path).is_ok() {
            return Err(Error::no(format!(
                "`{}` exists already, and nothing is overwritten; take another name, or another \
                 folder with `--output-dir`",
                self.show(path)
            )));
        }
        self.list.push(Edit::Folder { path: path.to_owned(), files });
        Ok(())
    }

    /// Deletes a folder with everything in it.
    pub(crate) fn delete(&mut self, path: &Path) {
        self.list.push(Edit::Delete { path: path.to_owned() });
    }

    /// What was done, a line each: a verb and what it was done to.
    pub(crate) fn summary(&self) -> Vec<(&'static str, String)> {
        let line = |edit: &Edit| match edit {
            Edit::File { path, old: None, .. } => ("Created", self.show(path)),
            Edit::File { path, .. } => ("Changed", self.show(path)),
            Edit::Folder { path, files } => {
                let files = match files.len() {
                    1 => "1 file".to_owned(),
                    count => format!("{count} files"),
                };
                ("Created", format!("{} ({files})", self.show(path)))
            }
            Edit::Delete { path } => ("Deleted", self.show(path)),
        };
        self.list.iter().map(line).collect()
    }
}
