use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::crates::{Crate, Crates};
use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::known::Known;
use crate::lock::Lock;
use crate::package::{Dependency, Origin, Package, slashes};
use crate::plan::Plan;

/// The number of the format of `plugo-manifest.json`.
pub(crate) const FORMAT: u32 = 1;

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

/// What the manifest is made of.
pub(crate) struct Inputs<'m> {
    pub(crate) plan: &'m Plan,
    pub(crate) known: &'m [Known],
    pub(crate) crates: &'m Crates,
    pub(crate) lock: &'m Lock,
    pub(crate) root: &'m Path,
    pub(crate) target: &'m str,
}

pub(crate) fn manifest(inputs: &Inputs<'_>, problems: &mut Problems) -> Manifest {
    let requirements = requirements(inputs);
    // The keys of each object are in alphabetical order, so that the bytes do
    // not depend on serde_json's feature `preserve_order`.
    let mut document = json!({
        "app": {
            "name": inputs.plan.app,
            "version": inputs.plan.app_version,
        },
        "client": inputs.plan.client,
        "crates": crates(inputs, problems),
        "differences": requirements.iter().filter(|r| r.differs()).map(Requirement::json).collect::<Vec<_>>(),
        "duplicates": duplicates(inputs),
        "features": inputs.plan.features,
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
    let fingerprint = format!("sha256:{}", sha256(document.to_string().as_bytes()));
    if let Value::Object(fields) = &mut document {
        fields.insert("fingerprint".to_owned(), json!(fingerprint));
        fields.sort_keys();
    }
    let mut json = format!("{document:#}");
    json.push('\n');
    Manifest { json, requirements: requirements_toml(&requirements), fingerprint }
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

/// The crates that this build is made of, without those that only a plugin
/// outside the plan needs.
fn crates(inputs: &Inputs<'_>, problems: &mut Problems) -> Vec<Value> {
    let Crates { built, linked } = inputs.crates;
    let planned: BTreeSet<(&str, &str)> = inputs
        .plan
        .plugins
        .iter()
        .map(|plugin| (plugin.package.as_str(), plugin.package_version.as_str()))
        .collect();
    let packages: BTreeSet<(&str, &str)> = inputs
        .known
        .iter()
        .filter_map(|known| known.package.as_ref())
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    let key = |node: &Crate| (node.name.clone(), node.version.clone(), node.origin.clone());
    let is = |set: &BTreeSet<(&str, &str)>, node: &Crate| {
        set.contains(&(node.name.as_str(), node.version.as_str()))
    };
    let unplanned = |node: &Crate| is(&packages, node) && !is(&planned, node);
    let linked_keys: BTreeSet<_> =
        linked.without(unplanned).into_iter().map(|i| key(&linked.nodes[i])).collect();
    let by_app = built.without(|node| is(&packages, node));
    let by_plugin: Vec<(String, BTreeSet<usize>)> = inputs
        .plan
        .plugins
        .iter()
        .filter(|plugin| plugin.extern_name.is_some())
        .map(|plugin| {
            let start = built.find(&plugin.package, &plugin.package_version);
            (plugin.id.to_string(), built.reach(start))
        })
        .collect();

    let mut found: BTreeMap<_, Entry> = BTreeMap::new();
    for i in built.without(unplanned) {
        let node = &built.nodes[i];
        let entry = found.entry(key(node)).or_default();
        entry.features.extend(node.features.iter().cloned());
        entry.license.clone_from(&node.license);
        entry.by_app |= by_app.contains(&i);
        entry.by_plugin.extend(
            by_plugin.iter().filter(|(_, reached)| reached.contains(&i)).map(|(id, _)| id.clone()),
        );
        entry.role = match () {
            () if i == 0 => "app",
            () if is(&planned, node) => "plugin",
            () if linked_keys.contains(&key(node)) => "linked",
            () => "build",
        };
    }
    found
        .into_iter()
        .map(|((name, version, origin), entry)| {
            let local = origin.as_deref().is_some_and(|origin| Path::new(origin).is_absolute());
            let locked = inputs.lock.get(&name, &version, local);
            if locked.is_none() {
                let message = format!("`{name}` {version} is in the build and not in Cargo.lock");
                problems.add(Diagnostic::error(Code::MissingLockFile, message).at(Place::file("Cargo.lock")));
            }
            let source = match (&origin, locked.and_then(|locked| locked.source.clone())) {
                (_, Some(source)) => source,
                (Some(dir), None) => match Path::new(dir).strip_prefix(inputs.root) {
                    Ok(inside) => format!("path+{}", slashes(inside)),
                    // Where it lies on this machine is nobody's business.
                    Err(_) => "path".to_owned(),
                },
                (None, None) => "path".to_owned(),
            };
            json!({
                "checksum": locked.and_then(|locked| locked.checksum.as_deref()).map(|sum| format!("sha256:{sum}")),
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

#[derive(Default)]
struct Entry {
    features: BTreeSet<String>,
    license: String,
    by_app: bool,
    by_plugin: BTreeSet<String>,
    role: &'static str,
}

/// The old way to write a choice, `MIT/Apache-2.0`, as SPDX writes it.
fn license(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.split('/').map(str::trim).collect::<Vec<_>>().join(" OR "))
}

/// Crates that this build has in more than one version.
fn duplicates(inputs: &Inputs<'_>) -> Vec<Value> {
    let built = &inputs.crates.built;
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for i in built.without(|_| false) {
        let node = &built.nodes[i];
        versions.entry(&node.name).or_default().insert(&node.version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| json!({ "name": name, "versions": versions }))
        .collect()
}

/// What the plugins of a plan declare about one package.
#[derive(Debug)]
struct Requirement {
    package: String,
    resolved: BTreeSet<String>,
    declared: Vec<Declaration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Declaration {
    plugins: Vec<String>,
    requirement: Option<String>,
    features: Vec<String>,
    default_features: bool,
    target: Option<String>,
    source: String,
}

impl Declaration {
    /// Whether it asks for the same thing, on behalf of whichever plugins.
    fn same_as(&self, other: &Declaration) -> bool {
        Declaration { plugins: self.plugins.clone(), ..other.clone() } == *self
    }
}

impl Requirement {
    /// Whether the plugins ask for different things.
    fn differs(&self) -> bool {
        let [first, others @ ..] = self.declared.as_slice() else { return false };
        self.resolved.len() > 1 || others.iter().any(|other| other.requirement != first.requirement)
    }

    fn json(&self) -> Value {
        let declared: Vec<Value> = self
            .declared
            .iter()
            .map(|d| {
                json!({
                    "default_features": d.default_features,
                    "features": d.features,
                    "plugins": d.plugins,
                    "requirement": d.requirement,
                    "source": d.source,
                    "target": d.target,
                })
            })
            .collect();
        json!({
            "declared": declared,
            "package": self.package,
            "resolved": self.resolved,
        })
    }
}

/// What the planned plugins declare, by package: all of it, side by side.
fn requirements(inputs: &Inputs<'_>) -> Vec<Requirement> {
    let mut by_package: BTreeMap<String, Requirement> = BTreeMap::new();
    let mut plugins_of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for plugin in inputs.plan.plugins.iter().filter(|plugin| plugin.extern_name.is_some()) {
        plugins_of.entry(&plugin.package).or_default().push(plugin.id.to_string());
    }
    for (package, mut plugins) in plugins_of {
        plugins.sort();
        let Some(package) = inputs
            .known
            .iter()
            .filter_map(|known| known.package.as_ref())
            .find(|known| known.name == package)
        else {
            continue;
        };
        for dependency in &package.dependencies {
            let Some(version) = resolved(inputs, package, dependency) else { continue };
            let entry =
                by_package.entry(dependency.package.clone()).or_insert_with(|| Requirement {
                    package: dependency.package.clone(),
                    resolved: BTreeSet::new(),
                    declared: Vec::new(),
                });
            entry.resolved.insert(version);
            let declaration = Declaration {
                plugins: plugins.clone(),
                requirement: dependency.requirement.clone(),
                features: dependency.features.clone(),
                default_features: dependency.default_features,
                target: dependency.target.clone(),
                source: match &dependency.origin {
                    Origin::Registry => "registry".to_owned(),
                    Origin::Git(url) => format!("git+{url}"),
                    Origin::Path(dir) => match dir.strip_prefix(inputs.root) {
                        Ok(inside) => format!("path+{}", slashes(inside)),
                        Err(_) => "path".to_owned(),
                    },
                },
            };
            match entry.declared.iter_mut().find(|earlier| earlier.same_as(&declaration)) {
                Some(earlier) => earlier.plugins.extend(plugins.clone()),
                None => entry.declared.push(declaration),
            }
        }
    }
    by_package.into_values().collect()
}

/// The version that a plugin's dependency came out as; `None` for one that is
/// not in this build, because it is optional or for another target.
fn resolved(inputs: &Inputs<'_>, package: &Package, dependency: &Dependency) -> Option<String> {
    let built = &inputs.crates.built;
    let wanted = dependency
        .requirement
        .as_deref()
        .and_then(|requirement| semver::VersionReq::parse(requirement).ok())
        .unwrap_or(semver::VersionReq::STAR);
    built
        .find(&package.name, &package.version)
        .flat_map(|i| built.children(i))
        .filter(|node| node.name == dependency.package)
        .find(|node| {
            // A requirement does not match a pre-release that a folder or a repository has.
            node.origin.is_some()
                || semver::Version::parse(&node.version)
                    .is_ok_and(|version| wanted.matches(&version))
        })
        .map(|node| node.version.clone())
}

fn requirements_toml(requirements: &[Requirement]) -> String {
    // A JSON string is a TOML basic string: both escape the same way.
    let quoted = |text: &str| json!(text).to_string();
    let list = |items: &mut dyn Iterator<Item = &String>| {
        let items: Vec<String> = items.map(|item| quoted(item)).collect();
        format!("[{}]", items.join(", "))
    };
    let mut toml = String::from(
        "# What the plugins of this build ask Cargo for: each package once, each declaration as it\n\
         # stands in a plugin's Cargo.toml. Made by plugo-build; every build that changes it makes it\n\
         # anew.\n\
         format = 1\n",
    );
    for requirement in requirements {
        toml.push_str("\n[[package]]\n");
        let mut field = |key: &str, value: String| toml.push_str(&format!("{key} = {value}\n"));
        field("name", quoted(&requirement.package));
        field("resolved", list(&mut requirement.resolved.iter()));
        if requirement.differs() {
            field("differs", "true".to_owned());
        }
        for declaration in &requirement.declared {
            toml.push_str("\n[[package.declared]]\n");
            let mut field = |key: &str, value: String| toml.push_str(&format!("{key} = {value}\n"));
            field("plugins", list(&mut declaration.plugins.iter()));
            if let Some(requirement) = &declaration.requirement {
                field("requirement", quoted(requirement));
            }
            if !declaration.features.is_empty() {
                field("features", list(&mut declaration.features.iter()));
            }
            if !declaration.default_features {
                field("default-features", "false".to_owned());
            }
            if let Some(target) = &declaration.target {
                field("target", quoted(target));
            }
            if declaration.source != "registry" {
                field("source", quoted(&declaration.source));
            }
        }
    }
    toml
}
