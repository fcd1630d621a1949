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
use crate::package::{Dependency, Origin, Package, Packages, slashes};
use crate::scan;
use crate::settings::Settings;
use crate::sources::Sources;

/// What was found, and what Cargo has to watch for it.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    pub(crate) known: Vec<Known>,
    pub(crate) watch: BTreeSet<PathBuf>,
    /// Paths that do not exist and would matter if they did.
    pub(crate) absent: BTreeSet<PathBuf>,
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
        candidates.entry(real).or_insert(Candidate { dir, dependency: None, in_directory: true });
    }
    for dependency in app.dependencies.iter().filter(|d| d.package != "plugo") {
        let dir = match &dependency.origin {
            Origin::Path(dir) => Some(dir.clone()),
            Origin::Registry | Origin::Git(_) => sources.find(dependency, problems),
        };
        let Some(dir) = dir else { continue };
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let candidate = candidates.entry(real).or_insert(Candidate {
            dir,
            dependency: None,
            in_directory: false,
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
        discovery.known.extend(candidate.plugins(app, environment, packages, problems));
        let local = candidate
            .dependency
            .is_none_or(|dependency| matches!(dependency.origin, Origin::Path(_)));
        if local
            && !candidate.in_directory
            && discovery.known.iter().any(|known| {
                known.package.as_ref().is_some_and(|package| package.dir == candidate.dir)
            })
        {
            watch_package(&candidate.dir, &mut discovery);
        }
    }
    discovery.known.extend(own_plugins(app, settings, problems));
    discovery.watch.insert(app.source_dir.clone());
    refuse_duplicates(&discovery.known, problems);
    discovery.known.sort_by(|a, b| a.id.cmp(&b.id));
    discovery.known.dedup_by(|a, b| a.id == b.id);
    discovery
}

/// What the scan of a plugin crate outside the plugin directory reads.
fn watch_package(dir: &Path, discovery: &mut Discovery) {
    discovery.watch.insert(dir.join("src"));
    let metadata = dir.join("metadata.json");
    if metadata.exists() {
        discovery.watch.insert(metadata);
    } else {
        discovery.absent.insert(metadata);
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

/// A folder that may hold plugins.
struct Candidate<'a> {
    dir: PathBuf,
    dependency: Option<&'a Dependency>,
    in_directory: bool,
}

impl Candidate<'_> {
    fn plugins(
        &self,
        app: &Package,
        environment: &Environment,
        packages: &mut Packages,
        problems: &mut Problems,
    ) -> Vec<Known> {
        let metadata_path = self.dir.join("metadata.json");
        if !self.dir.join("Cargo.toml").exists() {
            return match self.in_directory {
                true => vec![self.no_crate(&metadata_path, packages, problems)],
                // Cargo has already said that the dependency is not there.
                false => Vec::new(),
            };
        }
        let text = Text::read(
            &self.dir.join("Cargo.toml"),
            packages.show(&self.dir.join("Cargo.toml")),
            problems,
        );
        let Some(text) = text else { return Vec::new() };
        // Most dependencies are no plugins, and need no further look.
        if !self.in_directory && !text.as_str().contains("plugo") {
            return Vec::new();
        }
        packages.read.insert(self.dir.join("Cargo.toml"));
        let Some(package) = packages.parse(&self.dir, &text, problems) else { return Vec::new() };
        let has_file = metadata_path.exists();
        let has_metadata = has_file || package.plugo.is_some();
        let uses_plugo = package.plugo_key().is_some();
        let local = self.dependency.is_none_or(|d| matches!(d.origin, Origin::Path(_)));
        if !self.in_directory && (!uses_plugo || !(has_metadata || local)) {
            return Vec::new();
        }
        let metadata =
            read_metadata(&package, has_file.then_some(&metadata_path), packages, problems);
        let mut scan = scan::scan(&package, false, false, problems);
        if !has_metadata && scan.found.is_empty() {
            // A crate among the plugins that is none: code that they share.
            return Vec::new();
        }
        if scan.found.is_empty() {
            scan = scan::scan(&package, false, true, problems);
        }
        let extern_name = self.dependency.map(|dependency| match dependency.renamed {
            true => dependency.key.replace('-', "_"),
            false => package.lib_name.clone(),
        });
        let availability = match self.dependency {
            Some(dependency) => availability(app, dependency, environment),
            None => {
                let path = self.dir.strip_prefix(&app.dir).map_or("…".to_owned(), slashes);
                Availability::NotADependency(path)
            }
        };
        let package = Rc::new(package);
        PluginCrate { package, own: false, extern_name, availability }
            .plugins(&metadata, &scan, problems)
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
        }
    }
}

fn read_metadata(
    package: &Package,
    file: Option<&PathBuf>,
    packages: &mut Packages,
    problems: &mut Problems,
) -> Metadata {
    let from_file = file.and_then(|path| {
        packages.read.insert(path.clone());
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
    match features.iter().find(|feature| environment.features.contains(**feature)) {
        Some(&feature) => Availability::Feature {
            feature: feature.to_owned(),
            place: app
                .features
                .get(feature)
                .map_or_else(|| dependency.place.clone(), |feature| feature.place.clone()),
        },
        None => Availability::FeatureOff {
            key: dependency.key.clone(),
            features: features.into_iter().map(str::to_owned).collect(),
        },
    }
}

/// The plugins in the app's own source.
fn own_plugins(app: &Rc<Package>, settings: &Settings, problems: &mut Problems) -> Vec<Known> {
    let scan = scan::scan(app, true, false, problems);
    let metadata = Metadata { plugins: settings.own_plugins.clone(), ..Metadata::default() };
    let availability = Availability::Always(app.manifest.clone());
    PluginCrate { package: app.clone(), own: true, extern_name: None, availability }
        .plugins(&metadata, &scan, problems)
}

fn refuse_duplicates(known: &[Known], problems: &mut Problems) {
    let mut by_id: BTreeMap<&Id, Vec<&Known>> = BTreeMap::new();
    for plugin in known {
        by_id.entry(&plugin.id).or_default().push(plugin);
    }
    for (id, plugins) in by_id {
        let [first, others @ ..] = plugins.as_slice() else { continue };
        if others.is_empty() {
            continue;
        }
        let mut diagnostic = Diagnostic::error(
            Code::DuplicatePlugin,
            format!("{} plugins are named `{id}`", plugins.len()),
        )
        .at(first.place.clone())
        .help("a name is used once; change it in `#[plugin(name = \"…\")]`");
        for other in others {
            diagnostic = diagnostic.note(format!("another one stands at {}", other.place));
        }
        problems.add(diagnostic);
    }
}
