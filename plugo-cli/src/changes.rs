//! Which clients a change touches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plugo_build::{Client, Crates, Environment, Project};

use self::git::Git;
use self::lock::Locked;
use crate::app::App;
use crate::error::Error;
use crate::selections::{Group, groups};

/// What git says.
mod git;
/// `Cargo.lock`, then and now.
mod lock;
/// `Cargo.toml`, then and now.
mod manifest;

/// A file whose change touches a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The file, relative to the workspace's root.
    pub(crate) path: String,
    pub(crate) why: String,
}

/// The root of the git repository that a folder is in.
pub(crate) fn root(dir: &Path) -> Option<PathBuf> {
    Git::open(dir).ok().map(|git| git.root().to_owned())
}

/// The clients that what has changed since a revision touches, by name.
pub(crate) fn affected(
    app: &App,
    environment: &Environment,
    project: &Project,
    since: &str,
) -> Result<BTreeMap<String, Vec<Reason>>, Error> {
    let git = Git::open(&app.workspace)?;
    let base = git.base(since)?;
    let mut changed = git.changed(&base)?;
    changed.retain(|path| !path.starts_with(&app.target_dir));
    let clients: Vec<Client> = project.clients().collect();
    let files = clients.iter().map(|client| real(&client.file)).collect();
    let changes = Changes { app, project, git: &git, base: &base, clients: &clients, files };
    let effects = changes.effects(&changed)?;
    let mut found = BTreeMap::new();
    if effects.iter().all(|(_, effect)| matches!(effect, Effect::Nothing)) {
        return Ok(found);
    }
    for group in groups(project, &clients)? {
        let contents = Contents::of(&group, environment, project)?;
        for client in &group.clients {
            let reasons: Vec<Reason> = effects
                .iter()
                .filter_map(|(path, effect)| {
                    let why = effect.on(client, &contents)?;
                    Some(Reason { path: project.show(path), why })
                })
                .collect();
            if !reasons.is_empty() {
                found.insert(client.clone(), reasons);
            }
        }
    }
    Ok(found)
}

/// What is compiled for the clients of a selection.
struct Contents {
    crates: Crates,
    /// The plugins in a package.
    plugins: BTreeMap<String, Vec<String>>,
}

impl Contents {
    fn of(group: &Group, environment: &Environment, project: &Project) -> Result<Self, Error> {
        let mut environment = environment.clone();
        let first = group.clients.first().map(|client| format!("client-{client}"));
        environment.features = project.closure(first.as_deref());
        let mut plugins: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for plugin in project.plugins().filter(|p| group.selection.plugins.contains(&p.id)) {
            let package = plugin.package.unwrap_or_default();
            plugins.entry(package).or_default().push(format!("`{}`", plugin.id));
        }
        Ok(Contents { crates: Project::read(environment)?.crates()?, plugins })
    }
}

/// What the change of a file does.
enum Effect {
    Nothing,
    /// To every client.
    All(String),
    /// To some clients, by name.
    Clients(BTreeSet<String>, String),
    /// To those who are built with a folder's package.
    Package(PathBuf),
    /// To those who are built with one of these.
    Locked(BTreeSet<Locked>),
}

impl Effect {
    /// Why a client is touched, if it is.
    fn on(&self, client: &str, contents: &Contents) -> Option<String> {
        match self {
            Effect::Nothing => None,
            Effect::All(why) => Some(why.clone()),
            Effect::Clients(clients, why) => clients.contains(client).then(|| why.clone()),
            Effect::Package(dir) => {
                // Git knows a folder behind a link by its own path, and Cargo by
                // the link's.
                let is_here = |origin: &str| real(Path::new(origin)) == real(dir);
                let mut crates = contents.crates.iter();
                let name = &crates.find(|k| k.origin.as_deref().is_some_and(is_here))?.name;
                Some(match contents.plugins.get(name) {
                    Some(plugins) => format!("the crate of {}", plugins.join(", ")),
                    None => format!("the crate {name}"),
                })
            }
            Effect::Locked(packages) => {
                let is_in = |locked: &&Locked| {
                    let (name, version) = locked;
                    contents.crates.iter().any(|k| k.name == *name && k.version == *version)
                };
                let found = packages.iter().filter(is_in);
                let found: Vec<String> =
                    found.map(|(name, version)| format!("{name} {version}")).collect();
                (!found.is_empty()).then(|| found.join(", "))
            }
        }
    }
}

struct Changes<'c> {
    app: &'c App,
    project: &'c Project,
    git: &'c Git,
    base: &'c str,
    clients: &'c [Client],
    /// Where their files really are: several may be links to one.
    files: Vec<PathBuf>,
}

impl Changes<'_> {
    fn effects(&self, changed: &BTreeSet<PathBuf>) -> Result<Vec<(PathBuf, Effect)>, Error> {
        changed.iter().map(|path| Ok((path.clone(), self.effect(path)?))).collect()
    }

    fn effect(&self, path: &Path) -> Result<Effect, Error> {
        let App { dir, workspace, .. } = self.app;
        let file = real(path);
        let clients = self.clients.iter().zip(&self.files);
        let clients = clients.filter(|(client, real)| client.file == path || **real == file);
        let clients: BTreeSet<String> = clients.map(|(client, _)| client.name.clone()).collect();
        if !clients.is_empty() {
            return Ok(Effect::Clients(clients, "the client's file".to_owned()));
        }
        // The files of clients that are no more, and what builds for no client read.
        let is_of_others = path.parent() == Some(self.project.clients_directory());
        if is_of_others || path == self.project.config_file() {
            return Ok(Effect::Nothing);
        }
        if path == workspace.join("Cargo.lock") {
            return Ok(match (self.git.at(self.base, path)?, fs::read_to_string(path)) {
                (Some(old), Ok(new)) => match lock::changed(&old, &new) {
                    Some(packages) => Effect::Locked(packages),
                    None => Effect::All("it cannot be compared".to_owned()),
                },
                _ => Effect::All("it came or went".to_owned()),
            });
        }
        if path == dir.join("Cargo.toml") || path == workspace.join("Cargo.toml") {
            return self.manifest(path);
        }
        if self.is_setting(path) {
            return Ok(Effect::All("a setting of Cargo or of the toolchain".to_owned()));
        }
        Ok(match self.owner(path) {
            Some(owner) if real(&owner) == real(dir) => match is_for_no_build(path, dir) {
                true => Effect::Nothing,
                false => Effect::All("the app".to_owned()),
            },
            Some(owner) => Effect::Package(owner),
            // A package may read what is in none: assets, a schema, a file that
            // its build script asks for.
            None if is_for_no_build(path, self.git.root()) || is_text(path) => Effect::Nothing,
            None => Effect::All("a file of no package".to_owned()),
        })
    }

    fn manifest(&self, path: &Path) -> Result<Effect, Error> {
        let (Some(old), Ok(new)) = (self.git.at(self.base, path)?, fs::read_to_string(path)) else {
            return Ok(Effect::All("it came or went".to_owned()));
        };
        if path != self.app.dir.join("Cargo.toml") {
            return Ok(match manifest::same_workspace(&old, &new) {
                true => Effect::Nothing,
                false => Effect::All("the workspace".to_owned()),
            });
        }
        let touched = self.clients.iter().filter(|c| !manifest::same(&old, &new, &c.feature));
        let touched = touched.map(|client| client.name.clone()).collect();
        Ok(Effect::Clients(touched, "the app's dependencies, features or settings".to_owned()))
    }

    /// Whether Cargo or rustup read it before they build the app.
    fn is_setting(&self, path: &Path) -> bool {
        self.app.dir.ancestors().take_while(|dir| dir.starts_with(self.git.root())).any(|dir| {
            [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"]
                .iter()
                .any(|name| path == dir.join(name))
        })
    }

    /// The folder of the package that a file is in. A folder in the plugin
    /// directory is nobody else's, even when its package is gone.
    fn owner(&self, path: &Path) -> Option<PathBuf> {
        let plugins = real(self.project.plugin_directory());
        let folders = path.ancestors().skip(1).take_while(|dir| dir.starts_with(self.git.root()));
        for dir in folders {
            let is_package = || {
                let manifest = fs::read_to_string(dir.join("Cargo.toml")).ok();
                manifest.is_some_and(|text| manifest::is_package(&text))
            };
            if dir.parent().is_some_and(|parent| real(parent) == plugins) || is_package() {
                return Some(dir.to_owned());
            }
        }
        None
    }
}

/// A path without links; one that is no more stays as it is.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether a file is for git, for a pipeline or for an editor, and so for no
/// build.
fn is_for_no_build(path: &Path, root: &Path) -> bool {
    const NAMES: [&str; 8] =
        [".circleci", ".editorconfig", ".github", ".forgejo", ".idea", ".vscode", ".zed", ".ci"];
    let inside = path.strip_prefix(root).unwrap_or(path);
    inside.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        name.starts_with(".git") || NAMES.contains(&&*name)
    })
}

/// Whether a file is for people to read.
fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_obviously_for_no_build_is_left_out() {
        let is_left_out =
            |path: &str| is_for_no_build(&Path::new("/.git-ws").join(path), "/.git-ws".as_ref());
        for path in [".gitignore", "a/.gitattributes", ".gitlab-ci.yml", ".github/workflows/ci.yml"]
        {
            assert!(is_left_out(path), "{path}");
        }
        for path in ["proto/shop.proto", ".sqlx/query.json", ".env", "github/x"] {
            assert!(!is_left_out(path), "{path}");
        }
    }
}
