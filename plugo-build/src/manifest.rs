use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::crates::{Crate, Inputs, Side};
use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::json::{object, texts};
use crate::lock::Locked;
use crate::package::slashes;
use crate::requirements::{self, Requirement, requirements};
use crate::seal::seal;

/// The number of the format of `plugo-manifest.json`.
pub(crate) const FORMAT: u32 = 1;

/// The manifest of a build: the plan with every crate that it brings.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// What it says.
    pub(crate) document: Value,
    /// `plugo-manifest.json`.
    pub(crate) json: String,
    /// `requirements-plugins.toml`.
    pub(crate) requirements: String,
    /// The SHA-256 of everything else that the manifest says.
    pub(crate) fingerprint: String,
}

pub(crate) fn manifest(inputs: &Inputs<'_>, problems: &mut Problems) -> Manifest {
    let requirements = requirements(inputs);
    let entries = entries(inputs);
    for plugin in inputs.plan.plugins.iter().filter(|plugin| plugin.extern_name.is_some()) {
        if inputs.crates.find(&plugin.package, &plugin.package_version).is_empty() {
            let (id, package) = (&plugin.id, &plugin.package);
            let message = format!("`cargo tree` does not tell of `{package}`, the crate of `{id}`");
            problems.add(Diagnostic::error(Code::CargoFailed, message).at(plugin.place.clone()));
        }
    }
    let differences = requirements.iter().filter(|requirement| requirement.differs());
    let document = object([
        ("app", package(&inputs.plan.app, &inputs.plan.app_version)),
        ("client", inputs.plan.client.clone().into()),
        ("crates", crates(inputs, &entries, problems).into()),
        ("differences", differences.map(Requirement::json).collect()),
        ("duplicates", duplicates(&entries).into()),
        ("features", texts(&inputs.plan.features)),
        ("fingerprint", "".into()),
        ("format", FORMAT.into()),
        (
            "made_by",
            object([
                ("name", "plugo-build".into()),
                ("version", env!("CARGO_PKG_VERSION").into()),
                ("way", "build-script".into()),
            ]),
        ),
        ("plugins", plugins(inputs).into()),
        ("target", inputs.target.into()),
        ("verified", false.into()),
    ]);
    Manifest::new(document, requirements::to_toml(&requirements))
}

impl Manifest {
    pub(crate) fn new(mut document: Value, requirements: String) -> Self {
        let json = seal(&mut document);
        let fingerprint = document["fingerprint"].as_str().unwrap_or_default().to_owned();
        Manifest { document, json, requirements, fingerprint }
    }
}

fn package(name: &str, version: &str) -> Value {
    object([("name", name.into()), ("version", version.into())])
}

fn plugins(inputs: &Inputs<'_>) -> Vec<Value> {
    let plan = inputs.plan;
    plan.plugins
        .iter()
        .enumerate()
        .map(|(order, plugin)| {
            let dependencies = plugin.dependencies.iter().map(|&i| plan.plugins[i].id.to_string());
            let reasons = plugin.reasons.iter().map(|reason| {
                let source = reason.source.as_str();
                object([("place", reason.place.as_str().into()), ("source", source.into())])
            });
            object([
                ("authors", texts(&plugin.authors)),
                ("crate", package(&plugin.package, &plugin.package_version)),
                ("dependencies", texts(dependencies)),
                ("description", plugin.description.as_str().into()),
                ("identifier", plugin.identifier.as_str().into()),
                ("license", license(&plugin.license).into()),
                ("name", plugin.id.name.as_str().into()),
                ("namespace", plugin.id.namespace.as_str().into()),
                ("order", order.into()),
                ("place", plugin.place.to_string().into()),
                ("priority", plugin.priority.into()),
                ("reasons", reasons.collect()),
                ("version", plugin.version.to_string().into()),
            ])
        })
        .collect()
}

/// A crate, as the manifest tells of it.
#[derive(Default)]
struct Entry {
    role: &'static str,
    license: String,
    features: BTreeSet<String>,
    /// Those that are on where a crate that is linked also runs while building.
    build_features: Option<BTreeSet<String>>,
    dependencies: BTreeSet<CrateKey>,
    by_app: bool,
    by_plugin: Vec<String>,
}

/// Name, version, and what Cargo says of the origin.
type CrateKey = (String, String, Option<String>);

/// What plugins are in which package, planned and not.
struct Packages<'m> {
    known: BTreeSet<(&'m str, &'m str)>,
    planned: BTreeSet<(&'m str, &'m str)>,
}

impl<'m> Packages<'m> {
    fn new(inputs: &'m Inputs<'m>) -> Self {
        let known = inputs.known.iter().filter_map(|known| known.package.as_ref());
        let planned = inputs.plan.plugins.iter();
        Packages {
            known: known.map(|p| (p.name.as_str(), p.version.as_str())).collect(),
            planned: planned.map(|p| (p.package.as_str(), p.package_version.as_str())).collect(),
        }
    }

    fn is_planned(&self, node: &Crate) -> bool {
        self.planned.contains(&(&node.name, &node.version))
    }

    fn is_known(&self, node: &Crate) -> bool {
        self.known.contains(&(&node.name, &node.version))
    }

    /// Without the crates that only a plugin outside the plan needs.
    fn is_left_out(&self, node: &Crate) -> bool {
        self.is_known(node) && !self.is_planned(node)
    }
}

/// The crates of the build. Which plugins need a crate is what can be reached
/// from them: a feature that one plugin turns on in a crate that another one
/// uses too is put down to both.
///
/// A crate that is linked is told of as it is linked; where it also runs while
/// building, with other features perhaps, those stand beside.
fn entries(inputs: &Inputs<'_>) -> BTreeMap<CrateKey, Entry> {
    let crates = inputs.crates;
    let packages = Packages::new(inputs);
    let mut needed_by: Vec<Vec<String>> = vec![Vec::new(); crates.nodes.len()];
    let plugins = inputs.plan.plugins.iter().filter(|plugin| plugin.extern_name.is_some());
    let mut plugins: Vec<_> = plugins.map(|plugin| (plugin.id.to_string(), plugin)).collect();
    plugins.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (id, plugin) in plugins {
        let start = crates.find(&plugin.package, &plugin.package_version);
        for i in crates.reach(start.iter().copied()) {
            needed_by[i].push(id.clone());
        }
    }
    let by_app = crates.without(|node| packages.is_known(node));
    let mut entries: BTreeMap<CrateKey, Entry> = BTreeMap::new();
    let kept = crates.without(|node| packages.is_left_out(node));
    let key = |i: usize| {
        let node = &crates.nodes[i];
        (node.name.clone(), node.version.clone(), node.origin.clone())
    };
    let (linked, rest): (Vec<usize>, Vec<usize>) =
        kept.iter().partition(|&&i| crates.nodes[i].side == Side::Target);
    for i in linked.into_iter().chain(rest) {
        let node = &crates.nodes[i];
        let role = match node.side {
            Side::Target if i == 0 => "app",
            Side::Target if packages.is_planned(node) => "plugin",
            Side::Target => "linked",
            Side::Host => "build",
        };
        let entry = entries.entry(key(i)).or_insert_with(|| Entry { role, ..Entry::default() });
        entry.dependencies.extend(crates.edges(i).filter(|to| kept.contains(to)).map(key));
        if entry.role != "build" && role == "build" {
            entry.build_features.get_or_insert_default().extend(node.features.iter().cloned());
            continue;
        }
        entry.license.clone_from(&node.license);
        entry.features.extend(node.features.iter().cloned());
        entry.by_app |= by_app.contains(&i);
        entry.by_plugin.append(&mut needed_by[i]);
    }
    for entry in entries.values_mut() {
        entry.by_plugin.sort_unstable();
        entry.by_plugin.dedup();
    }
    entries
}

fn crates(
    inputs: &Inputs<'_>,
    entries: &BTreeMap<CrateKey, Entry>,
    problems: &mut Problems,
) -> Vec<Value> {
    entries
        .iter()
        .map(|(key, entry)| {
            let (name, version, _) = key;
            let locked = locked(inputs, key);
            if locked.is_none() {
                let message = format!("`{name}` {version} is in the build and not in Cargo.lock");
                let place = Place::file("Cargo.lock");
                problems.add(Diagnostic::error(Code::MissingLockFile, message).at(place));
            }
            let source = source(inputs, key);
            let checksum = locked.and_then(|locked| locked.checksum.as_deref());
            let dependencies: BTreeSet<String> =
                entry.dependencies.iter().map(|key| reference(inputs, key)).collect();
            object([
                ("build_features", entry.build_features.as_ref().map(texts).into()),
                ("checksum", checksum.map(|sum| format!("sha256:{sum}")).into()),
                ("dependencies", texts(dependencies)),
                ("features", texts(&entry.features)),
                ("license", license(&entry.license).into()),
                ("name", name.as_str().into()),
                ("needed_by", texts(&entry.by_plugin)),
                ("needed_by_app", entry.by_app.into()),
                ("role", entry.role.into()),
                ("source", source.into()),
                ("version", version.as_str().into()),
            ])
        })
        .collect()
}

fn locked<'i>(inputs: &'i Inputs<'_>, (name, version, origin): &CrateKey) -> Option<&'i Locked> {
    let local = origin.as_deref().is_some_and(|origin| Path::new(origin).is_absolute());
    inputs.lock.get(name, version, local)
}

fn source(inputs: &Inputs<'_>, key: &CrateKey) -> String {
    if let Some(source) = locked(inputs, key).and_then(|locked| locked.source.clone()) {
        return source;
    }
    let inside = key.2.as_ref().and_then(|dir| Path::new(dir).strip_prefix(inputs.root).ok());
    match inside {
        Some(inside) => format!("path+{}", slashes(inside)),
        // Where it lies on this machine is nobody's business.
        None => "path".to_owned(),
    }
}

/// How one crate names another.
fn reference(inputs: &Inputs<'_>, key: &CrateKey) -> String {
    let (name, version, _) = key;
    match inputs.crates.is_ambiguous(name, version) {
        true => format!("{name} {version} ({})", source(inputs, key)),
        false => format!("{name} {version}"),
    }
}

/// The old way to write a choice, `MIT/Apache-2.0`, as SPDX writes it.
fn license(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.split('/').map(str::trim).collect::<Vec<_>>().join(" OR "))
}

/// Crates that this build has in more than one version.
fn duplicates(entries: &BTreeMap<CrateKey, Entry>) -> Vec<Value> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version, _) in entries.keys() {
        versions.entry(name).or_default().insert(version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| object([("name", name.into()), ("versions", texts(versions))]))
        .collect()
}
