use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::crates::Inputs;
use crate::json::{self, object, texts};
use crate::package::{Dependency, Origin, Package, slashes};

/// What the plugins of a plan declare about one package.
#[derive(Debug)]
pub(crate) struct Requirement {
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
        let asks = |d: &Declaration| (d.default_features, d.requirement.clone(), d.target.clone());
        asks(self) == asks(other) && self.features == other.features && self.source == other.source
    }
}

impl Requirement {
    /// Whether the plugins ask for different things: versions, features or
    /// sources.
    pub(crate) fn differs(&self) -> bool {
        self.resolved.len() > 1 || self.declared.len() > 1
    }

    pub(crate) fn json(&self) -> Value {
        let declared: Vec<Value> = self
            .declared
            .iter()
            .map(|d| {
                object([
                    ("default_features", d.default_features.into()),
                    ("features", texts(&d.features)),
                    ("plugins", texts(&d.plugins)),
                    ("requirement", d.requirement.clone().into()),
                    ("source", d.source.as_str().into()),
                    ("target", d.target.clone().into()),
                ])
            })
            .collect();
        object([
            ("declared", declared.into()),
            ("package", self.package.as_str().into()),
            ("resolved", texts(&self.resolved)),
        ])
    }
}

/// What the planned plugins declare, by package: all of it, side by side.
pub(crate) fn requirements(inputs: &Inputs<'_>) -> Vec<Requirement> {
    let mut by_package: BTreeMap<String, Requirement> = BTreeMap::new();
    let mut packages: BTreeMap<&str, (&Package, Vec<String>)> = BTreeMap::new();
    for package in inputs.known.iter().filter_map(|known| known.package.as_deref()) {
        packages.insert(&package.name, (package, Vec::new()));
    }
    for plugin in inputs.plan.plugins.iter().filter(|plugin| plugin.extern_name.is_some()) {
        if let Some((_, plugins)) = packages.get_mut(plugin.package.as_str()) {
            plugins.push(plugin.id.to_string());
        }
    }
    for (package, mut plugins) in packages.into_values() {
        if plugins.is_empty() {
            continue;
        }
        plugins.sort();
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
    for declaration in by_package.values_mut().flat_map(|requirement| &mut requirement.declared) {
        declaration.plugins.sort();
    }
    by_package.into_values().collect()
}

/// The version that a plugin's dependency came out as; `None` for one that is
/// not in this build, because it is optional or for another target.
fn resolved(inputs: &Inputs<'_>, package: &Package, dependency: &Dependency) -> Option<String> {
    let crates = inputs.crates;
    let wanted = dependency
        .requirement
        .as_deref()
        .and_then(|requirement| semver::VersionReq::parse(requirement).ok())
        .unwrap_or(semver::VersionReq::STAR);
    crates
        .find(&package.name, &package.version)
        .iter()
        .flat_map(|&i| crates.children(i))
        .filter(|node| node.name == dependency.package)
        .find(|node| {
            // A requirement does not match a pre-release that a folder or a repository has.
            node.origin.is_some()
                || semver::Version::parse(&node.version)
                    .is_ok_and(|version| wanted.matches(&version))
        })
        .map(|node| node.version.clone())
}

/// `requirements-plugins.toml`.
pub(crate) fn to_toml(requirements: &[Requirement]) -> String {
    // A JSON string is a TOML basic string: both escape the same way.
    let quoted = |text: &str| json::compact(&text.into());
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
