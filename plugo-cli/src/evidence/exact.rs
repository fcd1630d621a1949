use std::collections::BTreeMap;

use guppy::graph::PackageMetadata;
use serde_json::{Value, json};

use crate::crate_graph::{Attribution, Key, Workspace};
use crate::manifest::Manifest;
use crate::sbom::license::canonical;
use crate::sbom::purl::purl;

/// Adds what only the command line knows to a manifest as the build script
/// makes it.
pub(crate) fn complete(
    document: &mut Value,
    workspace: &Workspace,
    attribution: &BTreeMap<Key, Attribution>,
) {
    let packages: BTreeMap<Key, PackageMetadata<'_>> =
        workspace.graph.packages().map(|package| (Key::of(&package), package)).collect();
    document["made_by"] = json!({
        "name": "plugo",
        "version": env!("CARGO_PKG_VERSION"),
        "way": "command-line",
    });
    for plugin in document["plugins"].as_array_mut().into_iter().flatten() {
        canonicalize(plugin);
    }
    for krate in document["crates"].as_array_mut().into_iter().flatten() {
        canonicalize(krate);
        let text = |key: &str| krate[key].as_str().unwrap_or_default().to_owned();
        let (name, version, source) = (text("name"), text("version"), text("source"));
        krate["purl"] = json!(purl(&name, &version, &source));
        let source = match source.starts_with("path") {
            true => "path".to_owned(),
            false => source,
        };
        let key = Key { name, version, source };
        let Attribution { by_app, needed_by, only_because_of, features_added_by } =
            attribution.get(&key).cloned().unwrap_or_default();
        krate["needed_by_app"] = json!(by_app);
        krate["needed_by"] = json!(needed_by);
        krate["only_because_of"] = json!(only_because_of);
        krate["features_added_by"] = json!(features_added_by);
        let package = packages.get(&key);
        krate["links"] = json!(package.and_then(PackageMetadata::links));
        krate["build_script"] = json!(package.is_some_and(PackageMetadata::has_build_script));
    }
}

fn canonicalize(entry: &mut Value) {
    if let Some(license) = entry["license"].as_str() {
        entry["license"] = json!(canonical(license));
    }
}

/// A part of a file's name for features beside those of the client, or for
/// a build without one: nothing, where there are none.
pub(crate) fn other_features(manifest: &Manifest) -> String {
    let mut others: Vec<&str> = Vec::new();
    if manifest.client().is_none() {
        others.extend(manifest.features());
    }
    others.extend(manifest.dependency_features());
    if others.is_empty() {
        return String::new();
    }
    // Names of features need not be names of files. (FNV-1a)
    let hash = others.join(",").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("-{hash:016x}")
}
