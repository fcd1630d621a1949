use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;

use cargo_platform::Platform;
use plugo_core::DEFAULT_NAMESPACE;
use semver::Version;

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::document::{self, Text};
use crate::environment::Environment;
use crate::known::{Availability, Known, PluginCrate};
use crate::metadata::{self, Id, Metadata};
use crate::package::{Dependency, Origin, Package, Packages, relative};
use crate::scan::{self, Conditions, Scan};
use crate::settings::Settings;
use crate::sources::Sources;

/// What was found, and what Cargo has to watch for it.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    pub(crate) known: Vec<Known>,
    pub(crate) watch: BTreeSet<PathBuf>,
    /// Paths that do not exist and would matter if they did.
    pub(crate) absent: BTreeSet<PathBuf>,
    /// Dependencies that were not looked into: Cargo downloads only what a
    /// build needs.
    pub(crate) not_read: BTreeSet<String>,
}

/// Finds every plugin: in the plugin directory, among the app's dependencies,
/// and in the app's own source.
pub(crate) fn discover(
    app: &Rc<Package>,
    settings: &Settings,
    environment: &Environment,
    packages: &mut Packages,
    sources: &mut Sources<'_>,
    problems: &mut Problems,
) -> Discovery {
    let mut discovery = Discovery::default();
    // By the real path, so that a link to a plugin is not a second one.
    let mut candidates: BTreeMap<PathBuf, Candidate<'_>> = BTreeMap::new();
    for dir in plugin_folders(settings, &mut discovery, problems) {
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        candidates.entry(real).or_insert(Candidate {
            dir,
            dependency: None,
            in_directory: true,
            local: true,
        });
    }
    for dependency in app.dependencies.iter().filter(|d| d.package != "plugo") {
        let source = match &dependency.origin {
            Origin::Path(dir) => Ok((dir.clone(), true)),
            Origin::Registry | Origin::Git(_) => sources.find(dependency),
        };
        let (dir, local) = match source {
            Ok(found) => found,
            Err(version) => {
                discovery.not_read.insert(dependency.package.clone());
                if availability(app, dependency, environment).is_available() {
                    problems.add(not_found(dependency, &version));
                }
                continue;
            }
        };
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let candidate = candidates.entry(real).or_insert(Candidate {
            dir,
            dependency: None,
            in_directory: false,
            local,
        });
        // A crate may be listed twice, for two targets: what makes it available counts.
        let better = candidate
            .dependency
            .is_none_or(|earlier| !availability(app, earlier, environment).is_available());
        if better {
            candidate.dependency = Some(dependency);
        }
    }
    for candidate in candidates.values() {
        let (plugins, scan) = candidate.plugins(app, environment, packages, problems);
        discovery.known.extend(plugins);
        // What lies in the plugin directory is watched with it; what Cargo downloaded stays.
        if candidate.local && !candidate.in_directory && !scan.files.is_empty() {
            discovery.absent.insert(candidate.dir.join("metadata.json"));
            discovery.watch(scan);
        }
    }
    let conditions = Conditions { environment, features: Some(&environment.features) };
    let (own, scan) = own_plugins(app, settings, &conditions, problems);
    discovery.known.extend(own);
    discovery.watch(scan);
    discovery.known.sort_by(|a, b| a.id.cmp(&b.id));
    refuse_duplicates(&discovery.known, problems);
    discovery
}

impl Discovery {
    fn watch(&mut self, scan: Scan) {
        self.watch.extend(scan.files);
        self.absent.extend(scan.absent);
    }
}

/// The folders in the plugin directory that may be plugins.
fn plugin_folders(
    settings: &Settings,
    discovery: &mut Discovery,
    problems: &mut Problems,
) -> Vec<PathBuf> {
    let directory = &settings.plugin_directory;
    let refuse = |code, what: String| {
        Diagnostic::error(code, format!("the plugin directory `{}` {what}", directory.shown))
            .at(directory.place.clone().unwrap_or_else(|| Place::file(&directory.shown)))
    };
    let entries = match fs::read_dir(&directory.path) {
        Ok(entries) => entries,
        Err(_) if fs::symlink_metadata(&directory.path).is_err() => {
            match &directory.place {
                None => {
                    discovery.absent.insert(directory.path.clone());
                }
                Some(_) => problems.add(
                    refuse(Code::MissingFile, "does not exist".to_owned())
                        .help("create it, or mend `plugin-directory` in [package.metadata.plugo]"),
                ),
            }
            return Vec::new();
        }
        Err(error) => {
            problems.add(refuse(Code::Unreadable, format!("cannot be read: {error}")));
            return Vec::new();
        }
    };
    discovery.watch.insert(directory.path.clone());
    let mut folders = Vec::new();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                problems.add(refuse(Code::Unreadable, format!("cannot be read: {error}")));
                continue;
            }
        };
        let path = entry.path();
        // What begins with a dot belongs to a tool: folders of version control, locks of editors.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if path.join("Cargo.toml").exists() || path.join("metadata.json").exists() {
                    folders.push(path);
                }
            }
            Ok(_) => {}
            Err(error) => {
                let name = entry.file_name().to_string_lossy().into_owned();
                let what = format!("has an entry `{name}` that cannot be read: {error}");
                problems.add(refuse(Code::Unreadable, what).help("mend or remove it"));
            }
        }
    }
    folders.sort();
    folders
}

/// The plugins of a crate that need not be a dependency of anything yet.
pub(crate) fn look_into(
    dir: &Path,
    environment: &Environment,
    packages: &mut Packages,
    problems: &mut Problems,
) -> Vec<Known> {
    let Some(package) = packages.read(dir, problems) else { return Vec::new() };
    let candidate =
        Candidate { dir: dir.to_owned(), dependency: None, in_directory: false, local: true };
    candidate.plugins(&package, environment, packages, problems).0
}

/// A folder that may hold plugins.
struct Candidate<'a> {
    dir: PathBuf,
    dependency: Option<&'a Dependency>,
    in_directory: bool,
    /// Whether it is a folder that may change.
    local: bool,
}

impl Candidate<'_> {
    fn plugins(
        &self,
        app: &Package,
        environment: &Environment,
        packages: &mut Packages,
        problems: &mut Problems,
    ) -> (Vec<Known>, Scan) {
        let none = || (Vec::new(), Scan::default());
        let metadata_path = self.dir.join("metadata.json");
        let manifest_path = self.dir.join("Cargo.toml");
        if !manifest_path.exists() {
            return match self.in_directory {
                true => (vec![self.no_crate(&metadata_path, packages, problems)], Scan::default()),
                // Cargo has already said that the dependency is not there.
                false => none(),
            };
        }
        let text = Text::read(&manifest_path, packages.show(&manifest_path), problems);
        let Some(text) = text else { return none() };
        // Most dependencies are no plugins, and need no further look.
        if !self.local && !text.as_str().contains("plugo") {
            return none();
        }
        self.watch(&manifest_path, packages);
        let Some(package) = packages.parse(&self.dir, &text, problems) else { return none() };
        let has_file = metadata_path.exists();
        let has_metadata = has_file || package.plugo.is_some();
        let uses_plugo = package.plugo_key().is_some();
        if !self.local && (!uses_plugo || !has_metadata) {
            return none();
        }
        let conditions = Conditions { environment, features: None };
        let root = [package.lib.clone()];
        let mut scan = scan::scan(&package, &root, false, &conditions, problems);
        if scan.found.is_empty() {
            // A `metadata.json` may be anybody's, where nothing else tells of plugo.
            let ours = package.plugo.is_some() || has_file && (self.in_directory || uses_plugo);
            if !ours {
                if self.in_directory && uses_plugo && !scan.shares {
                    problems.add(no_plugin(&package));
                }
                // Code that plugins share, or any other dependency.
                return (Vec::new(), scan);
            }
            scan = scan::scan(&package, &root, true, &conditions, problems);
        }
        if has_file {
            self.watch(&metadata_path, packages);
        }
        let metadata = read_metadata(&package, has_file.then_some(&metadata_path), problems);
        let extern_name = self.dependency.map(|dependency| match dependency.renamed {
            true => dependency.key.replace('-', "_"),
            false => package.lib_name.clone(),
        });
        let availability = match self.dependency {
            Some(dependency) => availability(app, dependency, environment),
            None => Availability::NotADependency(relative(&self.dir, &app.dir)),
        };
        let package = Rc::new(package);
        let krate = PluginCrate { package, own: false, extern_name, availability };
        (krate.plugins(&metadata, &scan, &conditions, problems), scan)
    }

    /// What lies in the plugin directory is watched with it.
    fn watch(&self, path: &Path, packages: &mut Packages) {
        if !self.in_directory {
            packages.read.insert(path.to_owned());
        }
    }

    /// A folder with `metadata.json` and without `Cargo.toml`.
    fn no_crate(&self, path: &Path, packages: &Packages, problems: &mut Problems) -> Known {
        let shown = packages.show(path);
        let folder = self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let metadata = Text::read(path, shown.clone(), problems)
            .and_then(|text| document::json(&text, problems))
            .map(|node| metadata::read(&node, &format!("`{shown}`"), &["$schema"], problems))
            .unwrap_or_default();
        Known {
            id: Id::new(DEFAULT_NAMESPACE, metadata.name.map_or(folder, |name| name.value)),
            version: Version::new(0, 0, 0),
            description: String::new(),
            identifier: String::new(),
            authors: Vec::new(),
            priority: 0,
            dependencies: Vec::new(),
            conflicts: Vec::new(),
            core_version: None,
            place: Place::file(shown),
            package: None,
            extern_name: None,
            no_entry_point: false,
            availability: Availability::NotACrate,
            undecided: None,
        }
    }
}

fn read_metadata(package: &Package, file: Option<&PathBuf>, problems: &mut Problems) -> Metadata {
    let from_file = file.and_then(|path| {
        let shown = package.show(path);
        let text = Text::read(path, shown.clone(), problems)?;
        let node = document::json(&text, problems)?;
        Some(metadata::read(&node, &format!("`{shown}`"), &["$schema"], problems))
    });
    let from_manifest = package.plugo.as_ref().map(|node| {
        let what = format!("[package.metadata.plugo] of `{}`", package.name);
        metadata::read(node, &what, &[], problems)
    });
    match (from_file, from_manifest) {
        (Some(file), Some(manifest)) => file.merge(manifest, problems),
        (file, manifest) => file.or(manifest).unwrap_or_default(),
    }
}

/// Whether the crate of a dependency is compiled in.
fn availability(app: &Package, dependency: &Dependency, environment: &Environment) -> Availability {
    if let Some(target) = &dependency.target {
        let matches = Platform::from_str(target)
            .is_ok_and(|platform| platform.matches(&environment.target, &environment.cfgs));
        if !matches {
            return Availability::OtherTarget(target.clone());
        }
    }
    if !dependency.optional {
        return Availability::Always(dependency.place.clone());
    }
    let features = app.features_for(&dependency.key);
    match features.iter().find(|feature| environment.features.contains(*feature)) {
        Some(feature) => Availability::Feature {
            feature: feature.clone(),
            place: app
                .features
                .get(feature)
                .map_or_else(|| dependency.place.clone(), |feature| feature.place.clone()),
        },
        None => {
            Availability::FeatureOff { key: dependency.key.clone(), features: features.to_vec() }
        }
    }
}

/// The plugins in the app's own source.
fn own_plugins(
    app: &Rc<Package>,
    settings: &Settings,
    conditions: &Conditions<'_>,
    problems: &mut Problems,
) -> (Vec<Known>, Scan) {
    let scan = scan::scan(app, &app.roots(), false, conditions, problems);
    let metadata = Metadata { plugins: settings.own_plugins.clone(), ..Metadata::default() };
    let availability = Availability::Always(app.manifest.clone());
    let krate = PluginCrate { package: app.clone(), own: true, extern_name: None, availability };
    (krate.plugins(&metadata, &scan, conditions, problems), scan)
}

fn not_found(dependency: &Dependency, version: &str) -> Diagnostic {
    let name = &dependency.package;
    let message = format!(
        "the source of `{name}` {version} was not found, so it is not known whether it is a plugin"
    );
    Diagnostic::warning(Code::NotInBuild, message).at(dependency.place.clone())
}

/// A crate among the plugins that uses plugo, and has neither a plugin nor what
/// others' plugins are made with, may be a mistake.
fn no_plugin(package: &Package) -> Diagnostic {
    let message = format!(
        "the crate `{}` in the plugin directory depends on plugo, and no `#[plugin]` was found in it",
        package.name
    );
    Diagnostic::warning(Code::NotInBuild, message).at(package.manifest.clone()).help(
        "where a macro makes the plugin, name it in the metadata: `[package.metadata.plugo]` with \
         `name = \"…\"`",
    )
}

/// Of plugins in the order of their names.
fn refuse_duplicates(known: &[Known], problems: &mut Problems) {
    for plugins in known.chunk_by(|a, b| a.id == b.id) {
        let [first, others @ ..] = plugins else { continue };
        if others.is_empty() {
            continue;
        }
        let mut diagnostic = Diagnostic::error(
            Code::DuplicatePlugin,
            format!("{} plugins are named `{}`", plugins.len(), first.id),
        )
        .at(first.place.clone())
        .help("a name is used once; change it in `#[plugin(name = \"…\")]`");
        for other in others {
            diagnostic = diagnostic.note(format!("another one stands at {}", other.place));
        }
        problems.add(diagnostic);
    }
}
