use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use serde_json::Value;

use crate::error::Error;

/// Where linked entry points say their names.
mod marks;
/// The sections with a manifest in them.
mod sections;
/// What `.plugo0` says.
mod embedded;

#[cfg(test)]
pub(crate) use self::embedded::EmbeddedCrate;
pub(crate) use self::embedded::{Embedded, EmbeddedPlugin};
pub(crate) use self::marks::Mark;

/// A file that was shipped, read without anything beside it.
#[derive(Debug)]
pub(crate) struct Shipped {
    /// How many bytes it has.
    pub(crate) bytes: u64,
    /// What kind of a program it is: `elf`, `mach-o`, `pe`, `wasm`; `None`
    /// for what is none of them.
    pub(crate) kind: Option<&'static str>,
    /// Why its sections cannot be read.
    pub(crate) damaged: Option<String>,
    /// The entry points that are linked into it.
    pub(crate) marks: BTreeSet<Mark>,
    /// Whether it has marks of a format that this program does not know.
    pub(crate) newer_marks: bool,
    /// Whether it has marks with names that no plugin or package has.
    pub(crate) damaged_marks: bool,
    /// The manifest that the build left in it.
    pub(crate) embedded: Part<Embedded>,
    /// The packages that `cargo audit bin` and others read from it.
    pub(crate) audit: Part<Vec<(String, String)>>,
}

/// A part of a file, which may be missing.
#[derive(Debug)]
pub(crate) enum Part<T> {
    /// It is not in the file.
    Absent,
    /// It is there and cannot be read.
    Damaged(String),
    /// It has a format that this program does not know.
    Newer(u64),
    There(T),
}

impl<T> Part<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        match self {
            Part::There(part) => Some(part),
            _ => None,
        }
    }

    /// `absent`, `damaged`, `newer` or `present`.
    pub(crate) fn state(&self) -> &'static str {
        match self {
            Part::Absent => "absent",
            Part::Damaged(_) => "damaged",
            Part::Newer(_) => "newer",
            Part::There(_) => "present",
        }
    }

    fn and_then<U>(self, then: impl FnOnce(T) -> Part<U>) -> Part<U> {
        match self {
            Part::Absent => Part::Absent,
            Part::Damaged(why) => Part::Damaged(why),
            Part::Newer(format) => Part::Newer(format),
            Part::There(part) => then(part),
        }
    }
}

impl Shipped {
    /// Reads a file of any size and of any kind.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for what is no file, [`Error::Environment`] for one
    /// that cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |error| Error::io("read", path, &error);
        let metadata = match path.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::usage(format!("there is no file `{}`", path.display())));
            }
            metadata => metadata.map_err(unreadable)?,
        };
        if metadata.is_dir() {
            return Err(Error::usage(format!(
                "`{}` is a folder; name the program in it",
                path.display()
            )));
        }
        // A pipe or a device may have no end.
        if !metadata.is_file() {
            return Err(Error::usage(format!("`{}` is no regular file", path.display())));
        }
        let marks::Marks { known, newer, damaged } =
            marks::scan(File::open(path).map_err(unreadable)?).map_err(unreadable)?;
        let sections = sections::read(File::open(path).map_err(unreadable)?);
        Ok(Shipped {
            bytes: metadata.len(),
            kind: sections.kind,
            damaged: sections.damaged,
            marks: known,
            newer_marks: newer,
            damaged_marks: damaged,
            embedded: sections.plugo.and_then(|json| embedded::parse(&json)),
            audit: sections.audit.and_then(|json| packages(&json)),
        })
    }

    /// Whether anything in it is plugo's.
    pub(crate) fn is_app(&self) -> bool {
        !self.marks.is_empty()
            || self.newer_marks
            || self.damaged_marks
            || !matches!(self.embedded, Part::Absent)
    }

    /// What a file is in which nothing is plugo's.
    pub(crate) fn nothing(&self) -> String {
        match (self.bytes, self.kind, &self.damaged) {
            (0, ..) => "is empty".to_owned(),
            (_, None, _) => "is no program: not ELF, Mach-O, PE or WebAssembly".to_owned(),
            (_, Some(kind), Some(why)) => {
                format!("is {kind}, has no plugin in it, and its sections cannot be read: {why}")
            }
            (_, Some(kind), None) => format!(
                "is {kind}, and no app of plugo: it has no entry point of a plugin and no section \
                 `.plugo0`"
            ),
        }
    }

    /// Whether the entry point of a plugin is linked.
    pub(crate) fn is_linked(&self, namespace: &str, name: &str) -> bool {
        self.marks.iter().any(|mark| mark.namespace == namespace && mark.name == name)
    }
}

/// What `.dep-v0` lists. Readers of that format take a number that they do
/// not know for the one before.
fn packages(json: &Value) -> Part<Vec<(String, String)>> {
    let Some(packages) = json["packages"].as_array() else {
        return Part::Damaged("`.dep-v0` has no list of packages".to_owned());
    };
    let text = |package: &Value, key: &str| package[key].as_str().map(str::to_owned);
    let packages = packages.iter().map(|p| Some((text(p, "name")?, text(p, "version")?)));
    match packages.collect() {
        Some(packages) => Part::There(packages),
        None => Part::Damaged("a package in `.dep-v0` has no name or no version".to_owned()),
    }
}
