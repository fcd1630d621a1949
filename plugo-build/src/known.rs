use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use plugo_core::DEFAULT_NAMESPACE;
use semver::{Version, VersionReq};

use crate::diagnostic::{Code, Diagnostic, Place, Problems, list as quoted};
use crate::items::{Found, Name};
use crate::metadata::{Id, Metadata, Requirement, Said, check_name, check_version, same};
use crate::package::Package;
use crate::scan::{Conditions, Scan};

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
    /// The `cfg` that decides whether it exists, where that cannot be known
    /// before the crate is compiled.
    pub(crate) undecided: Option<String>,
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
    /// A `cfg` around it does not hold in this build.
    ConfiguredOut(String),
    /// In the plugin directory, and no dependency of the app; and the path
    /// from the app to it.
    NotADependency(String),
    /// A folder with metadata and without a `Cargo.toml`.
    NotACrate,
}

impl Availability {
    pub(crate) fn is_available(&self) -> bool {
        matches!(self, Availability::Always(_) | Availability::Feature { .. })
    }
}

/// A crate with plugins, as the app sees it.
#[derive(Debug)]
pub(crate) struct PluginCrate {
    pub(crate) package: Rc<Package>,
    /// Whether it is the app itself.
    pub(crate) own: bool,
    pub(crate) extern_name: Option<String>,
    pub(crate) availability: Availability,
}

impl PluginCrate {
    /// The plugins of the crate: what the source says and what the metadata
    /// says, brought together.
    pub(crate) fn plugins(
        &self,
        metadata: &Metadata,
        scan: &Scan,
        conditions: &Conditions<'_>,
        problems: &mut Problems,
    ) -> Vec<Known> {
        let found = self.in_source(scan, conditions);
        let computed = scan.found.iter().any(|item| item.name == Name::Computed);
        let conclusive = !scan.inconclusive && !computed;
        let mut merger = Merger { krate: self, conclusive, problems };
        if found.is_empty() && metadata.plugins.is_empty() && !self.own {
            let name = metadata.name.as_ref().map_or(&self.package.name, |name| &name.value);
            return vec![merger.known(Id::new(DEFAULT_NAMESPACE, name), None, metadata, None)];
        }
        merger.check_whole_crate(metadata, &found);
        let shared = metadata.shared();
        let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
        for (i, plugin) in metadata.plugins.iter().enumerate() {
            if let Some(name) = &plugin.name {
                by_name.insert(name.value.clone(), i);
            }
        }
        let mut known: Vec<Known> = Vec::new();
        for plugin in &found {
            let name = &plugin.id.name;
            let own = by_name.get(name).map(|&i| &metadata.plugins[i]);
            let alone = metadata.name.is_none() && found.len() == 1;
            let whole = if alone || metadata.is_named(name) { metadata } else { &shared };
            let merged = match own {
                Some(own) if !std::ptr::eq(whole, &shared) => {
                    // Both speak of this plugin, and must not contradict each other.
                    let whole = Metadata { plugins: Vec::new(), ..whole.clone() };
                    Some(own.clone().merge(whole, merger.problems))
                }
                own => own.cloned(),
            };
            known.push(merger.known(plugin.id.clone(), Some(plugin), whole, merged.as_ref()));
        }
        // Told of by metadata alone: made by a macro, or missing.
        let told = metadata.plugins.iter().map(|plugin| (plugin, Some(plugin), &shared));
        let whole = (!conclusive).then_some((metadata, None, metadata));
        let mut names: BTreeSet<String> = known.iter().map(|known| known.id.name.clone()).collect();
        for (named, own, whole) in told.chain(whole) {
            let Some(name) = &named.name else { continue };
            let id = Id::new(DEFAULT_NAMESPACE, &name.value);
            if names.insert(id.name.clone()) {
                known.push(merger.known(id, None, whole, own));
            }
        }
        if known.len() == found.len() {
            for computed in scan.found.iter().filter(|found| found.name == Name::Computed) {
                problems.add(unknown_name(computed));
            }
        }
        known
    }

    /// The plugins whose names the source says.
    fn in_source(&self, scan: &Scan, conditions: &Conditions<'_>) -> Vec<InSource> {
        let mut plugins: Vec<InSource> = Vec::new();
        for found in &scan.found {
            let name = match &found.name {
                Name::Literal(name) => name,
                Name::Package => &self.package.name,
                Name::Computed => continue,
            };
            let id = Id::new(found.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE), name);
            let exists = conditions.hold(&found.conditions);
            let plugin = InSource { id, found: found.clone(), exists };
            // `#[cfg(unix)]` and `#[cfg(not(unix))]` may each have the plugin once.
            let conditional = |p: &InSource| !p.found.conditions.is_empty();
            if !conditional(&plugin) {
                plugins.push(plugin);
                continue;
            }
            let same = |earlier: &&mut InSource| earlier.id == plugin.id && conditional(earlier);
            let earlier = plugins.iter_mut().find(same);
            match earlier {
                None => plugins.push(plugin),
                Some(earlier) if earlier.exists == Some(false) => *earlier = plugin,
                Some(earlier) if plugin.exists == Some(true) && earlier.exists.is_none() => {
                    *earlier = plugin;
                }
                Some(earlier) if plugin.exists == earlier.exists && plugin.exists == Some(true) => {
                    plugins.push(plugin);
                }
                Some(_) => {}
            }
        }
        plugins
    }
}

/// A plugin that the source names.
struct InSource {
    id: Id,
    found: Found,
    /// Whether the conditions around it hold; `None` where that is not known.
    exists: Option<bool>,
}

/// A plugin that nothing tells the name of is not known.
fn unknown_name(found: &Found) -> Diagnostic {
    let message = "the name of a plugin is computed, so it is not known before it is compiled";
    Diagnostic::warning(Code::NotInBuild, message)
        .at(found.place.clone())
        .help("name it in the metadata too, under `plugins`")
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

    fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|said| said.value == name)
    }
}

struct Merger<'m> {
    krate: &'m PluginCrate,
    /// Whether the source has no more plugins than were found.
    conclusive: bool,
    problems: &'m mut Problems,
}

impl Merger<'_> {
    /// Metadata that stands for a whole crate must fit the plugins in it.
    fn check_whole_crate(&mut self, metadata: &Metadata, found: &[InSource]) {
        let names = || quoted(found.iter().map(|plugin| &plugin.id.name));
        match &metadata.name {
            Some(name) => {
                let listed = metadata.plugins.iter().any(|plugin| plugin.is_named(&name.value));
                if self.conclusive
                    && !listed
                    && !found.iter().any(|plugin| plugin.id.name == name.value)
                {
                    let message = format!(
                        "the metadata's name `{}` is not the name in `#[plugin]`: {}",
                        name.value,
                        names()
                    );
                    let mut diagnostic = Diagnostic::error(Code::NameMismatch, message)
                        .at(name.place.clone())
                        .help("give both the same name, or leave it out of the metadata");
                    for InSource { id, found, .. } in found {
                        diagnostic =
                            diagnostic.note(format!("`#[plugin]` of `{id}` is at {}", found.place));
                    }
                    self.problems.add(diagnostic);
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
                        self.krate.package.name,
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
        source: Option<&InSource>,
        whole: &Metadata,
        own: Option<&Metadata>,
    ) -> Known {
        let package = &self.krate.package;
        let found = source.map(|source| &source.found);
        let conditions = || found.map(|found| found.conditions.join(", ")).unwrap_or_default();
        let exists = source.map_or(Some(true), |source| source.exists);
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
            None if self.krate.own => None,
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
            extern_name: self.krate.extern_name.clone(),
            availability: match exists {
                Some(false) if self.krate.availability.is_available() => {
                    Availability::ConfiguredOut(conditions())
                }
                _ => self.krate.availability.clone(),
            },
            undecided: exists.is_none().then(conditions),
        }
    }
}
