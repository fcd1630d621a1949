use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::document::{self, Node, Text, Value};

/// The packages of a `Cargo.lock`.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    packages: Vec<Locked>,
    /// Their positions, by name and version.
    by_package: BTreeMap<(String, String), Vec<usize>>,
}

#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// As Cargo writes it, `registry+https://…`; none for a folder.
    pub(crate) source: Option<String>,
    pub(crate) checksum: Option<String>,
}

impl Lock {
    pub(crate) fn read(path: &Path, shown: String, problems: &mut Problems) -> Option<Self> {
        if !path.exists() {
            let message =
                format!("`{shown}` does not exist, so nothing says which crates this build has");
            problems.add(
                Diagnostic::error(Code::MissingLockFile, message)
                    .at(Place::file(shown))
                    .help("run `cargo generate-lockfile`, and commit the file"),
            );
            return None;
        }
        let text = Text::read(path, shown, problems)?;
        let node = document::toml(&text, problems)?;
        let Some(Value::Array(items)) = node.get("package").map(|packages| &packages.value) else {
            return Some(Lock::default());
        };
        let packages: Vec<Locked> = items
            .iter()
            .filter_map(|item| {
                let field = |key: &str| item.get(key).and_then(Node::as_str).map(str::to_owned);
                Some(Locked {
                    name: field("name")?,
                    version: field("version")?,
                    source: field("source"),
                    checksum: field("checksum"),
                })
            })
            .collect();
        let mut by_package: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (i, locked) in packages.iter().enumerate() {
            let package = (locked.name.clone(), locked.version.clone());
            by_package.entry(package).or_default().push(i);
        }
        Some(Lock { packages, by_package })
    }

    /// What is locked of a package, the highest version last.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Locked> {
        self.packages.iter().filter(move |package| package.name == name)
    }

    pub(crate) fn get(&self, name: &str, version: &str, local: bool) -> Option<&Locked> {
        let found = self.by_package.get(&(name.to_owned(), version.to_owned()))?;
        found.iter().map(|&i| &self.packages[i]).find(|locked| locked.source.is_none() == local)
    }
}
