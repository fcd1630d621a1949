use std::path::{Path, PathBuf};

use toml_edit::{InlineTable, Item, Value};

use crate::edits::{Manifest, real, relative, slashes};
use crate::error::Error;

/// Where plugo's crates come from.
#[derive(Clone, Debug)]
pub(crate) enum PlugoSource {
    /// The crates registry.
    Released,
    /// A checkout of plugo's repository.
    Checkout(PathBuf),
    /// As the dependency of a package in this folder says it.
    Like(PathBuf, InlineTable),
    /// What the workspace says.
    Workspace,
}

/// The version that scaffolds ask for.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

impl PlugoSource {
    /// A checkout that an argument names.
    pub(crate) fn checkout(path: &Path) -> Result<Self, Error> {
        let checkout = real(path);
        for krate in ["plugo", "plugo-build"] {
            if !checkout.join(krate).join("Cargo.toml").is_file() {
                return Err(Error::usage(format!(
                    "`{}` is no checkout of plugo: there is no `{krate}/Cargo.toml` in it",
                    path.display()
                )));
            }
        }
        Ok(PlugoSource::Checkout(checkout))
    }

    /// The one of the app.
    pub(crate) fn of(app: &Manifest) -> Result<Self, Error> {
        let Some((_, item)) = app.dependency("dependencies", "plugo") else {
            return Err(Error::no(format!(
                "`{}` has no dependency on plugo; `plugo init` adds it",
                app.text(&["package", "name"]).unwrap_or("the app")
            )));
        };
        Ok(PlugoSource::like(app, item))
    }

    /// The one that the workspace says, for a crate outside of it.
    pub(crate) fn of_workspace(root: &Manifest) -> Result<Self, Error> {
        match root.get(&["workspace", "dependencies", "plugo"]) {
            Some(item) => Ok(PlugoSource::like(root, item)),
            None => Err(Error::no("the workspace has no `plugo` in its [workspace.dependencies]")),
        }
    }

    fn like(home: &Manifest, item: &Item) -> Self {
        if let Some(version) = item.as_str() {
            let like = InlineTable::from_iter([("version", version)]);
            return PlugoSource::Like(home.dir().to_owned(), like);
        }
        if item.get("workspace").and_then(Item::as_bool) == Some(true) {
            return PlugoSource::Workspace;
        }
        let mut like = InlineTable::new();
        for key in ["path", "git", "branch", "tag", "rev", "version", "registry"] {
            if let Some(text) = item.get(key).and_then(Item::as_str) {
                like.insert(key, text.into());
            }
        }
        PlugoSource::Like(home.dir().to_owned(), like)
    }

    /// The dependency on one of plugo's crates, in the `Cargo.toml` of a
    /// folder.
    pub(crate) fn dependency(&self, krate: &str, dir: &Path) -> Value {
        match self {
            PlugoSource::Released => VERSION.into(),
            PlugoSource::Checkout(checkout) => {
                let path = slashes(&relative(&checkout.join(krate), dir));
                InlineTable::from_iter([("path", path)]).into()
            }
            PlugoSource::Workspace => InlineTable::from_iter([("workspace", true)]).into(),
            PlugoSource::Like(home, like) => {
                let mut like = like.clone();
                if let Some(path) = like.get("path").and_then(Value::as_str) {
                    let path = Path::new(path);
                    let moved = match path.is_absolute() {
                        true => path.to_owned(),
                        false => relative(&real(&home.join(path)), dir),
                    };
                    like.insert("path", slashes(&moved).into());
                }
                match (like.len(), like.get("version")) {
                    (1, Some(version)) => version.clone().decorated("", ""),
                    _ => like.into(),
                }
            }
        }
    }
}
