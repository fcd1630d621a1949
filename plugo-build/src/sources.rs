use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::diagnostic::Problems;
use crate::document::{self, Node, Text};
use crate::environment::Environment;
use crate::lock::Lock;
use crate::package::Dependency;

/// Finds where Cargo keeps the sources of dependencies that are not folders
/// of this repository.
///
/// Crates of a registry lie in Cargo's home under their name and version.
/// Everything else (git, vendored sources) Cargo itself has to tell, through
/// `cargo metadata`, which is slower and needs every package of the
/// workspace; it is asked once, and only when it has to be.
pub(crate) struct Sources<'s> {
    environment: &'s Environment,
    lock: &'s Lock,
    registries: Option<Vec<PathBuf>>,
    /// Name, version and folder of each package.
    asked: Option<Vec<(String, String, PathBuf)>>,
}

impl<'s> Sources<'s> {
    pub(crate) fn new(environment: &'s Environment, lock: &'s Lock) -> Self {
        Sources { environment, lock, registries: None, asked: None }
    }

    /// The folder of a dependency's package, and whether it is one that may
    /// change.
    ///
    /// # Errors
    ///
    /// The version, of a package whose source is not on this machine.
    pub(crate) fn find(&mut self, dependency: &Dependency) -> Result<(PathBuf, bool), String> {
        let name = &dependency.package;
        let wanted = dependency.requirement.as_deref();
        let wanted = wanted.and_then(|wanted| semver::VersionReq::parse(wanted).ok());
        let suits = |version: &str| {
            let version = semver::Version::parse(version);
            wanted.as_ref().is_none_or(|wanted| version.is_ok_and(|v| wanted.matches(&v)))
        };
        // Where several suit, Cargo takes the highest; the lock file lists it last.
        let locked = self.lock.of(name).filter(|locked| suits(&locked.version)).last();
        let Some(locked) = locked else { return Err(String::new()) };
        let version = locked.version.clone();
        // A dependency that `[patch]` replaces by a folder has no source in the lock file.
        let local = locked.source.is_none();
        if locked.source.as_deref().is_some_and(|source| source.starts_with("registry+")) {
            let folder = format!("{name}-{version}");
            let home = self.environment.cargo_home.as_deref();
            let registries = self.registries.get_or_insert_with(|| registries(home));
            let found = registries.iter().map(|dir| dir.join(&folder)).find(|dir| dir.is_dir());
            if let Some(found) = found {
                return Ok((found, local));
            }
        }
        let cargo = &self.environment.cargo;
        let dir = &self.environment.package_dir;
        let asked = self.asked.get_or_insert_with(|| ask_cargo(cargo, dir));
        let found = asked.iter().find(|(found, at, _)| found == name && *at == version);
        found.map(|(.., dir)| (dir.clone(), local)).ok_or(version)
    }
}

fn registries(home: Option<&Path>) -> Vec<PathBuf> {
    let Some(entries) = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()) else {
        return Vec::new();
    };
    let mut dirs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    dirs.sort();
    dirs
}

fn ask_cargo(cargo: &Path, dir: &Path) -> Vec<(String, String, PathBuf)> {
    let output = Command::new(cargo)
        .current_dir(dir)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .output();
    let Ok(output) = output else { return Vec::new() };
    let text = Text::new("cargo metadata", String::from_utf8_lossy(&output.stdout).into_owned());
    // What fails here is warned of where a package is missed.
    let Some(node) = document::json(&text, &mut Problems::default()) else {
        return Vec::new();
    };
    let packages = node.get("packages").map(|packages| &packages.value);
    let Some(document::Value::Array(packages)) = packages else { return Vec::new() };
    packages
        .iter()
        .filter_map(|package| {
            let field = |key: &str| package.get(key).and_then(Node::as_str).map(str::to_owned);
            let manifest = PathBuf::from(field("manifest_path")?);
            Some((field("name")?, field("version")?, manifest.parent()?.to_owned()))
        })
        .collect()
}
