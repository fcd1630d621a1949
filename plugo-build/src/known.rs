use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;

use cargo_platform::Platform;
use plugo_core::DEFAULT_NAMESPACE;
use semver::{Version, VersionReq};

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::document::{self, Text};
use crate::environment::Environment;
use crate::metadata::{self, Id, Metadata, Requirement, Said, check_name, check_version, same};
use crate::package::{Dependency, Origin, Package, Packages};
use crate::scan::{self, Found, Name, Scan};
use crate::settings::Settings;
use crate::sources::Sources;

/// A plugin that this repository knows, whether or not this build has it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: Id,
    pub(crate) version: Version,
    pub(crate) description: String,
    pub(crate) identifier: String,
    pub(crate) authors: Vec<String>,
    pub(crate) priority: i32,
    pub(crate) dependencies: Vec<Requirement>,
    pub(crate) conflicts: Vec<Requirement>,
    pub(crate) core_version: Option<Said<VersionReq>>,
    /// The `#[plugin]`, or else the metadata that tells of the plugin.
    pub(crate) place: Place,
    /// The package that the plugin is in; `None` for a folder that is none.
    pub(crate) package: Option<Rc<Package>>,
    /// The name by which the app's code reaches the crate; `None` for the
    /// app's own source.
    pub(crate) extern_name: Option<String>,
    /// Whether the source is known to have no `#[plugin]` for it.
    pub(crate) no_entry_point: bool,
    pub(crate) availability: Availability,
}

/// Whether a plugin's crate is compiled in, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    /// A plain dependency, or the app's own source; and where that stands.
    Always(Place),
    /// An optional dependency whose feature is on.
    Feature { feature: String, place: Place },
    /// An optional dependency whose features are off.
    FeatureOff { key: String, features: Vec<String> },
    /// A dependency for other targets only.
    OtherTarget(String),
    /// In the plugin directory, and no dependency of the app.
    NotADependency,
    /// A folder with metadata and without a `Cargo.toml`.
    NotACrate,
}

impl Availability {
    pub(crate) fn is_available(&self) -> bool {
        matches!(self, Availability::Always(_) | Availability::Feature { .. })
    }
}

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
            None => Availability::NotADependency,
        };
        combine(&Rc::new(package), metadata, scan, extern_name, &availability, problems)
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
    let own = Availability::Always(app.manifest.clone());
    combine(app, metadata, scan, None, &own, problems)
}

/// Brings what the source says and what the metadata says together.
fn combine(
    package: &Rc<Package>,
    metadata: Metadata,
    scan: Scan,
    extern_name: Option<String>,
    availability: &Availability,
    problems: &mut Problems,
) -> Vec<Known> {
    let named = |found: &Found| match &found.name {
        Name::Literal(name) => Some(name.clone()),
        Name::Package => Some(package.name.clone()),
        Name::Computed => None,
    };
    // `#[cfg(unix)]` and `#[cfg(windows)]` may each have the plugin once.
    let mut found: Vec<(Id, Found)> = Vec::new();
    for item in scan.found.iter() {
        let Some(name) = named(item) else { continue };
        let id = Id::new(item.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE), name);
        let again =
            found.iter().any(|(earlier, f)| *earlier == id && f.conditional && item.conditional);
        if !again {
            found.push((id, item.clone()));
        }
    }
    let conclusive =
        !scan.inconclusive && scan.found.iter().all(|item| item.name != Name::Computed);
    let is_own = extern_name.is_none() && matches!(availability, Availability::Always(_));
    let Metadata { plugins: each, .. } = &metadata;
    let nothing_but_metadata = found.is_empty() && each.is_empty() && !is_own;
    let mut merger = Merger { package, extern_name, availability, conclusive, problems };

    if nothing_but_metadata {
        let name =
            metadata.name.as_ref().map_or_else(|| package.name.clone(), |name| name.value.clone());
        return vec![merger.known(Id::new(DEFAULT_NAMESPACE, name), None, &metadata, None)];
    }
    merger.check_whole_crate(&metadata, &found);
    let mut known = Vec::new();
    for (id, item) in &found {
        let own = each.iter().find(|m| m.name.as_ref().is_some_and(|name| name.value == id.name));
        let shared = match (&metadata.name, found.len()) {
            (Some(name), _) => name.value == id.name,
            (None, 1) => true,
            (None, _) => false,
        };
        let whole = if shared { metadata.clone() } else { metadata.shared() };
        known.push(merger.known(id.clone(), Some(item), &whole, own));
    }
    // Told of by metadata alone: made by a macro, or missing.
    for own in each {
        let Some(name) = &own.name else { continue };
        if !found.iter().any(|(id, _)| id.name == name.value) {
            let id = Id::new(DEFAULT_NAMESPACE, name.value.clone());
            known.push(merger.known(id, None, &metadata.shared(), Some(own)));
        }
    }
    known
}

impl Metadata {
    /// The part that holds for every plugin of a crate.
    fn shared(&self) -> Metadata {
        Metadata {
            version: self.version.clone(),
            authors: self.authors.clone(),
            core_version: self.core_version.clone(),
            ..Metadata::default()
        }
    }
}

struct Merger<'m> {
    package: &'m Rc<Package>,
    extern_name: Option<String>,
    availability: &'m Availability,
    /// Whether the source has no more plugins than were found.
    conclusive: bool,
    problems: &'m mut Problems,
}

impl Merger<'_> {
    /// Metadata that stands for a whole crate must fit the plugins in it.
    fn check_whole_crate(&mut self, metadata: &Metadata, found: &[(Id, Found)]) {
        let names = || crate::diagnostic::list(found.iter().map(|(id, _)| &id.name));
        match &metadata.name {
            Some(name) => {
                let listed = metadata
                    .plugins
                    .iter()
                    .any(|m| m.name.as_ref().is_some_and(|listed| listed.value == name.value));
                if self.conclusive && !listed && !found.iter().any(|(id, _)| id.name == name.value)
                {
                    let message = format!(
                        "the metadata's name `{}` is not the name in `#[plugin]`: {}",
                        name.value,
                        names()
                    );
                    self.problems.add(
                        Diagnostic::error(Code::NameMismatch, message)
                            .at(name.place.clone())
                            .note(format!("`#[plugin]` stands at {}", found[0].1.place))
                            .help("give both the same name, or leave it out of the metadata"),
                    );
                }
            }
            None if found.len() > 1 => {
                let places = [
                    ("dependencies", metadata.dependencies.as_ref().map(|said| &said.place)),
                    ("conflicts", metadata.conflicts.as_ref().map(|said| &said.place)),
                    ("priority", metadata.priority.as_ref().map(|said| &said.place)),
                    ("identifier", metadata.identifier.as_ref().map(|said| &said.place)),
                    ("description", metadata.description.as_ref().map(|said| &said.place)),
                ];
                for (field, place) in places {
                    let Some(place) = place else { continue };
                    let message = format!(
                        "`{field}` belongs to one plugin, and the crate `{}` has several: {}",
                        self.package.name,
                        names()
                    );
                    self.problems.add(
                        Diagnostic::error(Code::AmbiguousMetadata, message)
                            .at(place.clone())
                            .help("list it under `plugins`: one entry with `name` for each plugin"),
                    );
                }
            }
            None => {}
        }
    }

    fn known(
        &mut self,
        id: Id,
        found: Option<&Found>,
        whole: &Metadata,
        own: Option<&Metadata>,
    ) -> Known {
        let package = self.package;
        let empty = Metadata::default();
        let own = own.unwrap_or(&empty);
        let manifest = || package.manifest.clone();
        let place = match (found, &own.name, &whole.name) {
            (Some(found), ..) => found.place.clone(),
            (None, Some(name), _) | (None, None, Some(name)) => name.place.clone(),
            (None, None, None) => manifest(),
        };
        check_name(&id.name, &place, self.problems);
        if let Err(error) = plugo_core::name::check_namespace(&id.namespace) {
            let message = format!("{:?} cannot be a namespace: {error}", id.namespace);
            self.problems.add(Diagnostic::error(Code::InvalidName, message).at(place.clone()));
        }
        let cargo = |value: &str| {
            let said = !value.is_empty() && value != "0.0.0";
            said.then(|| Said { value: value.to_owned(), place: manifest() })
        };
        let text = |value: &Option<Said<String>>| value.clone();
        let version = match text(&own.version) {
            Some(version) => Some(version),
            None => same(
                "version",
                text(&whole.version),
                cargo(&package.version),
                Clone::clone,
                self.problems,
            ),
        };
        let description = match text(&own.description) {
            Some(description) => Some(description),
            // The app's description describes the app.
            None if self.extern_name.is_none() && self.availability.is_available() => None,
            None => same(
                "description",
                text(&whole.description),
                cargo(&package.description),
                Clone::clone,
                self.problems,
            ),
        };
        let authors = own.authors.clone().or_else(|| {
            let cargo = (!package.authors.is_empty())
                .then(|| Said { value: package.authors.clone(), place: manifest() });
            same("author", whole.authors.clone(), cargo, |a| a.join(", "), self.problems)
        });
        let in_source = found
            .and_then(|found| found.priority)
            .map(|value| Said { value, place: place.clone() });
        let in_metadata = own.priority.clone().or_else(|| whole.priority.clone());
        let priority = same("priority", in_metadata, in_source, ToString::to_string, self.problems);
        let version_place = version.as_ref().map_or_else(manifest, |said| said.place.clone());
        let version_text = version.map_or_else(|| "0.0.0".to_owned(), |said| said.value);
        let version = check_version(
            &version_text,
            &format!("the version of `{id}`"),
            &version_place,
            self.problems,
        );
        let list = |own: &Option<Said<Vec<Requirement>>>,
                    whole: &Option<Said<Vec<Requirement>>>| {
            own.clone().or_else(|| whole.clone()).map(|said| said.value).unwrap_or_default()
        };
        Known {
            version: version.unwrap_or(Version::new(0, 0, 0)),
            description: description.map(|said| said.value).unwrap_or_default(),
            identifier: text(&own.identifier)
                .or_else(|| text(&whole.identifier))
                .map(|said| said.value)
                .unwrap_or_default(),
            authors: authors.map(|said| said.value).unwrap_or_default(),
            priority: priority.map_or(0, |said| said.value),
            dependencies: list(&own.dependencies, &whole.dependencies),
            conflicts: list(&own.conflicts, &whole.conflicts),
            core_version: own.core_version.clone().or_else(|| whole.core_version.clone()),
            no_entry_point: found.is_none() && self.conclusive,
            place,
            id,
            package: Some(package.clone()),
            extern_name: self.extern_name.clone(),
            availability: self.availability.clone(),
        }
    }
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
