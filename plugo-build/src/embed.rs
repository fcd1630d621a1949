use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::Value;

use crate::json::{self, object};

/// How hard zlib tries. The default, 6, takes a build script 1.7 times as long, and saves 1.4 bytes
/// for each plugin.
const LEVEL: u8 = 4;

/// What is laid into the program, so that the file alone says what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// The section `.dep-v0`, which `cargo audit bin`, syft and trivy read.
    /// Empty where `cargo auditable` writes it.
    pub(crate) dep_v0: Vec<u8>,
    /// The section `.plugo0`, which `plugo inspect` reads.
    pub(crate) plugo0: Vec<u8>,
}

/// The names of the sections that are not empty, as the macro of the table
/// knows them.
pub(crate) fn sections(auditable: bool) -> &'static [&'static str] {
    match auditable {
        true => &["plugo0"],
        false => &["dep_v0", "plugo0"],
    }
}

/// Both are made of the manifest alone.
pub(crate) fn embed(manifest: &Value, auditable: bool) -> Embedded {
    let dep_v0 = match auditable {
        true => Vec::new(),
        false => zlib(&dep_v0(manifest)),
    };
    Embedded { dep_v0, plugo0: zlib(&plugo0(manifest)) }
}

fn zlib(document: &Value) -> Vec<u8> {
    compress_to_vec_zlib(json::compact(document).as_bytes(), LEVEL)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The crates as `cargo auditable` writes them. A reader that knows the
/// versions of the packages can do without knowing plugo.
///
/// The number of the format is the one whose lists may have a little more than
/// what is built: the greater one promises that Cargo itself wrote the list.
fn dep_v0(manifest: &Value) -> Value {
    let crates = list(manifest, "crates");
    // As one crate names another in the manifest, with and without the source.
    let mut position: BTreeMap<String, usize> = BTreeMap::new();
    for (i, krate) in crates.iter().enumerate() {
        let short = format!("{} {}", text(krate, "name"), text(krate, "version"));
        position.insert(format!("{short} ({})", text(krate, "source")), i);
        position.insert(short, i);
    }
    let packages: Vec<Value> = crates
        .iter()
        .map(|krate| {
            let mut package = object([
                ("name", krate["name"].clone()),
                ("source", dep_source(text(krate, "source")).into()),
                ("version", krate["version"].clone()),
            ]);
            let dependencies = list(krate, "dependencies").iter().filter_map(Value::as_str);
            let mut dependencies: Vec<usize> =
                dependencies.filter_map(|name| position.get(name).copied()).collect();
            dependencies.sort_unstable();
            if !dependencies.is_empty() {
                package["dependencies"] = dependencies.into();
            }
            match text(krate, "role") {
                "build" => package["kind"] = "build".into(),
                "app" => package["root"] = true.into(),
                _ => {}
            }
            package
        })
        .collect();
    object([("format", 1.into()), ("packages", packages.into())])
}

/// The four words that `cargo auditable` has for a source.
fn dep_source(source: &str) -> &'static str {
    match source {
        "registry+https://github.com/rust-lang/crates.io-index"
        | "sparse+https://index.crates.io/" => "crates.io",
        source if source.starts_with("git+") => "git",
        source if source.starts_with("path") => "local",
        _ => "registry",
    }
}

/// The plan and the names of the crates. Whoever wants to know more compares
/// the fingerprint, and reads the manifest.
fn plugo0(manifest: &Value) -> Value {
    let plugins = list(manifest, "plugins");
    let id = |plugin: &Value| match text(plugin, "namespace") {
        "plugins" => text(plugin, "name").to_owned(),
        namespace => format!("{namespace}/{}", text(plugin, "name")),
    };
    let mut position: BTreeMap<String, usize> = BTreeMap::new();
    for (i, plugin) in plugins.iter().enumerate() {
        position.insert(id(plugin), i);
    }
    let of = |name: &Value| position.get(name.as_str()?).copied();
    let crates: Vec<Value> = list(manifest, "crates")
        .iter()
        .map(|krate| {
            let needed_by = list(krate, "needed_by");
            let mut plugins: Vec<usize> = match needed_by.len() == plugins.len() {
                // All of them, as for plugo itself.
                true => (0..plugins.len()).collect(),
                false => needed_by.iter().filter_map(of).collect(),
            };
            plugins.sort_unstable();
            object([
                ("name", krate["name"].clone()),
                ("plugins", plugins.into()),
                ("role", krate["role"].clone()),
                ("version", krate["version"].clone()),
            ])
        })
        .collect();
    let plugins: Vec<Value> = plugins
        .iter()
        .map(|plugin| {
            object([
                ("name", plugin["name"].clone()),
                ("namespace", plugin["namespace"].clone()),
                ("package", plugin["crate"].clone()),
                ("version", plugin["version"].clone()),
            ])
        })
        .collect();
    object([
        ("app", manifest["app"].clone()),
        ("client", manifest["client"].clone()),
        ("crates", crates.into()),
        ("features", manifest["features"].clone()),
        ("fingerprint", manifest["fingerprint"].clone()),
        ("format", 1.into()),
        ("plugins", plugins.into()),
        ("target", manifest["target"].clone()),
    ])
}
