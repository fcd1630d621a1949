use std::path::Path;

use benches::{Plugin, Workload};

use crate::tree::Tree;

/// The name of the app.
pub(crate) const APP: &str = "app";
/// The version of the app.
pub(crate) const VERSION: &str = "1.0.0";

/// An app with so many plugin folders, each a crate with `metadata.json`; it
/// depends on all of them.
pub(crate) fn app(workload: &Workload, checkout: &Path) -> Tree {
    let plugo = checkout.join("plugo");
    let mut tree = Tree::default();
    tree.add("Cargo.toml", manifest(workload, checkout, false));
    tree.add("build.rs", "fn main() {\n    plugo_build::build();\n}\n");
    tree.add("src/main.rs", MAIN);
    for plugin in &workload.plugins {
        add_plugin(workload, plugin, &plugo, &mut tree);
    }
    tree
}

/// The app's manifest.
pub(crate) fn manifest(workload: &Workload, checkout: &Path, optional: bool) -> String {
    let plugo = checkout.join("plugo");
    let optional = if optional { ", optional = true" } else { "" };
    let dependencies: String = workload
        .plugins
        .iter()
        .map(|plugin| format!("{0} = {{ path = \"plugins/{0}\"{optional} }}\n", plugin.name))
        .collect();
    format!(
        "[package]\n\
         name = {APP:?}\n\
         version = {VERSION:?}\n\
         edition = \"2024\"\n\
         \n\
         [workspace]\n\
         \n\
         [dependencies]\n\
         plugo = {{ path = {plugo:?} }}\n\
         {dependencies}\n\
         [build-dependencies]\n\
         plugo-build = {{ path = {:?} }}\n",
        checkout.join("plugo-build"),
    )
}

fn add_plugin(workload: &Workload, plugin: &Plugin, plugo: &Path, tree: &mut Tree) {
    let Plugin { name, version, seed, .. } = plugin;
    let dependencies: Vec<&str> = workload.dependencies(plugin).collect();
    let dir = Path::new("plugins").join(name);
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\n\n\
         [dependencies]\nplugo = {{ path = {plugo:?} }}\n"
    );
    let metadata = format!(
        "{{\n    \"name\": {name:?},\n    \"version\": {version:?},\n    \
         \"description\": \"The plugin {name}\",\n    \"author\": \"A. Uthor\",\n    \
         \"dependencies\": {dependencies:?}\n}}\n"
    );
    let library = LIBRARY.replace("NAME", name).replace("0x0", &format!("{seed:#x}"));
    tree.add(dir.join("Cargo.toml"), manifest);
    tree.add(dir.join("metadata.json"), metadata);
    tree.add(dir.join("src/lib.rs"), library);
}

const MAIN: &str = r#"plugo::plugins!();

fn main() {
    let (mut count, mut mix) = (0u32, 0u64);
    let report = plugo::load_plugins(plugo::kwargs! { count: &mut count, mix: &mut mix });
    println!("{report}");
}
"#;

const LIBRARY: &str = r#"//! The plugin NAME.

/// What the plugin mixes in.
const SEED: u64 = 0x0;

/// Mixes the seed into a number, so that the order of plugins matters.
fn mixed(mix: u64) -> u64 {
    mix.rotate_left(5) ^ SEED
}

/// Counts, and mixes.
#[plugo::plugin(name = "NAME")]
fn init_plugin(count: &mut u32, mix: &mut u64) {
    *count += 1;
    *mix = mixed(*mix);
}

#[cfg(test)]
mod tests {
    #[test]
    fn mixing_changes_the_number() {
        assert_ne!(super::mixed(1), 1);
    }
}
"#;
