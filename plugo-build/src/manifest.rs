use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::crates::{Inputs, Side};
use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::json::{object, texts};
use crate::lock::Locked;
use crate::package::slashes;
use crate::plan::Plan;
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

/// `plugins` is what [`plugins`] says of the plan, which can be asked before
/// the crates are known.
pub(crate) fn manifest(
    inputs: &Inputs<'_>,
    plugins: Vec<Value>,
    problems: &mut Problems,
) -> Manifest {
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
        ("plugins", plugins.into()),
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

pub(crate) fn plugins(plan: &Plan) -> Vec<Value> {
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
    /// As one crate names another.
    dependencies: BTreeSet<String>,
    by_app: bool,
    by_plugin: Vec<String>,
}

/// Name, version, and what Cargo says of the origin.
type CrateKey = (String, String, Option<String>);

/// Which crates have plugins: any, and planned ones.
struct WithPlugins {
    known: Vec<bool>,
    planned: Vec<bool>,
}

impl WithPlugins {
    fn new(inputs: &Inputs<'_>) -> Self {
        let none = vec![false; inputs.crates.nodes.len()];
        let mut with = WithPlugins { known: none.clone(), planned: none };
        for package in inputs.known.iter().filter_map(|known| known.package.as_ref()) {
            for &i in inputs.crates.find(&package.name, &package.version) {
                with.known[i] = true;
            }
        }
        for plugin in &inputs.plan.plugins {
            for &i in inputs.crates.find(&plugin.package, &plugin.package_version) {
                with.planned[i] = true;
            }
        }
        with
    }

    /// Without the crates that only a plugin outside the plan needs.
    fn is_left_out(&self, i: usize) -> bool {
        self.known[i] && !self.planned[i]
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
    let with_plugins = WithPlugins::new(inputs);
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
    let by_app = crates.without(|i| with_plugins.known[i]);
    let mut entries: BTreeMap<CrateKey, Entry> = BTreeMap::new();
    let kept = crates.without(|i| with_plugins.is_left_out(i));
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
            Side::Target if with_plugins.planned[i] => "plugin",
            Side::Target => "linked",
            Side::Host => "build",
        };
        let entry = entries.entry(key(i)).or_insert_with(|| Entry { role, ..Entry::default() });
        let dependencies = crates.edges(i).filter(|to| kept.contains(to));
        entry.dependencies.extend(dependencies.map(|to| reference(inputs, &key(to))));
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
            object([
                ("build_features", entry.build_features.as_ref().map(texts).into()),
                ("checksum", checksum.map(|sum| format!("sha256:{sum}")).into()),
                ("dependencies", texts(&entry.dependencies)),
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
    let keys: Vec<&CrateKey> = entries.keys().collect();
    let mut duplicates = Vec::new();
    for same in keys.chunk_by(|a, b| a.0 == b.0) {
        let mut versions: Vec<&str> = same.iter().map(|(_, version, _)| version.as_str()).collect();
        versions.dedup();
        if versions.len() > 1 {
            let name = same[0].0.as_str();
            duplicates.push(object([("name", name.into()), ("versions", texts(versions))]));
        }
    }
    duplicates
}
