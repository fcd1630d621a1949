use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::crates::{Crate, Inputs, Side};
use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::package::slashes;
use crate::plan::Planned;
use crate::requirements::{self, Requirement, requirements};

/// The number of the format of `plugo-manifest.json`.
pub(crate) const FORMAT: u32 = 1;

/// Where the fingerprint goes, in the text that it is of.
const NO_FINGERPRINT: &str = "\"fingerprint\": \"\"";

/// The manifest of a build: the plan with every crate that it brings.
#[derive(Debug)]
pub(crate) struct Manifest {
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
    // The keys of each object are in alphabetical order, so that the bytes do
    // not depend on serde_json's feature `preserve_order`.
    let document = json!({
        "app": {
            "name": inputs.plan.app,
            "version": inputs.plan.app_version,
        },
        "client": inputs.plan.client,
        "crates": crates(inputs, &entries, problems),
        "differences": requirements.iter().filter(|r| r.differs()).map(Requirement::json).collect::<Vec<_>>(),
        "duplicates": duplicates(&entries),
        "features": inputs.plan.features,
        "fingerprint": "",
        "format": FORMAT,
        "made_by": {
            "name": "plugo-build",
            "version": env!("CARGO_PKG_VERSION"),
            "way": "build-script",
        },
        "plugins": plugins(inputs),
        "target": inputs.target,
        "verified": false,
    });
    // Of everything else that it says, with nothing where it will stand.
    let mut json = format!("{document:#}\n");
    let fingerprint = format!("sha256:{}", sha256(json.as_bytes()));
    json = json.replacen(NO_FINGERPRINT, &format!("\"fingerprint\": \"{fingerprint}\""), 1);
    Manifest { json, requirements: requirements::to_toml(&requirements), fingerprint }
}

fn sha256(bytes: &[u8]) -> String {
    hmac_sha256::Hash::hash(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn plugins(inputs: &Inputs<'_>) -> Vec<Value> {
    let plan = inputs.plan;
    plan.plugins
        .iter()
        .enumerate()
        .map(|(order, plugin)| {
            let dependencies: Vec<String> =
                plugin.dependencies.iter().map(|&i| plan.plugins[i].id.to_string()).collect();
            let reasons: Vec<Value> = plugin
                .reasons
                .iter()
                .map(|reason| json!({ "place": reason.place, "source": reason.source.as_str() }))
                .collect();
            json!({
                "authors": plugin.authors,
                "crate": { "name": plugin.package, "version": plugin.package_version },
                "dependencies": dependencies,
                "description": plugin.description,
                "identifier": plugin.identifier,
                "license": license(&plugin.license),
                "name": plugin.id.name,
                "namespace": plugin.id.namespace,
                "order": order,
                "place": plugin.place.to_string(),
                "priority": plugin.priority,
                "reasons": reasons,
                "version": plugin.version.to_string(),
            })
        })
        .collect()
}

/// A crate, as the manifest tells of it.
#[derive(Default)]
struct Entry {
    role: &'static str,
    license: String,
    features: BTreeSet<String>,
    by_app: bool,
    by_plugin: BTreeSet<String>,
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
/// A crate that is linked is told of as it is linked. That it also runs while
/// building, with other features perhaps, is left out.
fn entries(inputs: &Inputs<'_>) -> BTreeMap<CrateKey, Entry> {
    let crates = inputs.crates;
    let packages = Packages::new(inputs);
    let mut needed_by: Vec<Vec<&Planned>> = vec![Vec::new(); crates.nodes.len()];
    for plugin in inputs.plan.plugins.iter().filter(|plugin| plugin.extern_name.is_some()) {
        let start = crates.find(&plugin.package, &plugin.package_version);
        for i in crates.reach(start.iter().copied()) {
            needed_by[i].push(plugin);
        }
    }
    let by_app = crates.without(|node| packages.is_known(node));
    let mut entries: BTreeMap<CrateKey, Entry> = BTreeMap::new();
    let (linked, rest): (Vec<usize>, Vec<usize>) = crates
        .without(|node| packages.is_left_out(node))
        .into_iter()
        .partition(|&i| crates.nodes[i].side == Side::Target);
    for i in linked.into_iter().chain(rest) {
        let node = &crates.nodes[i];
        let key = (node.name.clone(), node.version.clone(), node.origin.clone());
        let role = match node.side {
            Side::Target if i == 0 => "app",
            Side::Target if packages.is_planned(node) => "plugin",
            Side::Target => "linked",
            Side::Host => "build",
        };
        let entry = entries.entry(key).or_insert_with(|| Entry { role, ..Entry::default() });
        if entry.role != "build" && role == "build" {
            continue;
        }
        entry.license.clone_from(&node.license);
        entry.features.extend(node.features.iter().cloned());
        entry.by_app |= by_app.contains(&i);
        entry.by_plugin.extend(needed_by[i].iter().map(|plugin| plugin.id.to_string()));
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
        .map(|((name, version, origin), entry)| {
            let local = origin.as_deref().is_some_and(|origin| Path::new(origin).is_absolute());
            let locked = inputs.lock.get(name, version, local);
            if locked.is_none() {
                let message = format!("`{name}` {version} is in the build and not in Cargo.lock");
                let place = Place::file("Cargo.lock");
                problems.add(Diagnostic::error(Code::MissingLockFile, message).at(place));
            }
            let source = match (origin, locked.and_then(|locked| locked.source.clone())) {
                (_, Some(source)) => source,
                (Some(dir), None) => match Path::new(dir).strip_prefix(inputs.root) {
                    Ok(inside) => format!("path+{}", slashes(inside)),
                    // Where it lies on this machine is nobody's business.
                    Err(_) => "path".to_owned(),
                },
                (None, None) => "path".to_owned(),
            };
            let checksum = locked.and_then(|locked| locked.checksum.as_deref());
            json!({
                "checksum": checksum.map(|sum| format!("sha256:{sum}")),
                "features": entry.features,
                "license": license(&entry.license),
                "name": name,
                "needed_by": entry.by_plugin,
                "needed_by_app": entry.by_app,
                "role": entry.role,
                "source": source,
                "version": version,
            })
        })
        .collect()
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
        .map(|(name, versions)| json!({ "name": name, "versions": versions }))
        .collect()
}
