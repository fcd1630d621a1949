/// plugo, as an app uses it.
pub(crate) mod plugo;
/// A static slice, written by hand.
mod table;
/// `inventory`.
pub(crate) mod inventory;
/// `linkme`.
mod linkme;

use std::path::Path;

use benches::{Plugin, Workload};

use crate::tree::Tree;

/// A way to have plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    Plugo,
    Static,
    Inventory,
    Linkme,
}

impl Contender {
    pub(crate) const ALL: [Contender; 4] =
        [Contender::Plugo, Contender::Static, Contender::Inventory, Contender::Linkme];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Plugo => "plugo",
            Contender::Static => "static",
            Contender::Inventory => "inventory",
            Contender::Linkme => "linkme",
        }
    }

    /// The package with so many plugins.
    pub(crate) fn package(self, size: usize) -> String {
        format!("{}-{size}", self.name())
    }

    fn add_package(self, workload: &Workload, checkout: &Path, tree: &mut Tree) {
        let package = self.package(workload.plugins.len());
        let (manifest, main) = match self {
            Contender::Plugo => {
                tree.add(format!("{package}/build.rs"), plugo::BUILD_SCRIPT);
                (plugo::manifest(workload, checkout), plugo::main(workload))
            }
            Contender::Static => (String::new(), table::main(workload)),
            Contender::Inventory => (inventory::MANIFEST.to_owned(), inventory::main(workload)),
            Contender::Linkme => (linkme::MANIFEST.to_owned(), linkme::main(workload)),
        };
        add_package(&package, &manifest, main, checkout, tree);
    }
}

/// A package that depends on the library `benches`.
pub(crate) fn add_package(
    package: &str,
    manifest: &str,
    main: String,
    checkout: &Path,
    tree: &mut Tree,
) {
    let harness = checkout.join("benches");
    let manifest = format!(
        "[package]\n\
         name = {package:?}\n\
         version = \"1.0.0\"\n\
         edition = \"2024\"\n\
         \n\
         [dependencies]\n\
         benches = {{ path = {harness:?}, default-features = false }}\n\
         {manifest}"
    );
    tree.add(format!("{package}/Cargo.toml"), manifest);
    tree.add(format!("{package}/src/main.rs"), main);
}

/// The workspace of such packages.
pub(crate) fn add_workspace(members: &[String], tree: &mut Tree) {
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[profile.release]\nstrip = true\n"
    );
    tree.add("Cargo.toml", manifest);
}

/// A workspace with every contender in every size.
pub(crate) fn workspace(sizes: &[usize], checkout: &Path) -> Tree {
    let mut tree = Tree::default();
    let mut members = Vec::new();
    for &size in sizes {
        let workload = Workload::new(size);
        for contender in Contender::ALL {
            contender.add_package(&workload, checkout, &mut tree);
            members.push(contender.package(size));
        }
    }
    add_workspace(&members, &mut tree);
    tree
}

/// The init functions of all plugins, `init_0` and so on, in the order of
/// their names; each with what `attribute` gives.
pub(crate) fn init_functions(workload: &Workload, attribute: impl Fn(&Plugin) -> String) -> String {
    let function = |(i, plugin): (usize, &Plugin)| {
        format!(
            "{}fn init_{i}(state: &mut benches::State) {{\n    state.step({:#x});\n}}\n\n",
            attribute(plugin),
            plugin.seed,
        )
    };
    workload.plugins.iter().enumerate().map(function).collect()
}

/// A plugin as a value of type `benches::Entry`.
pub(crate) fn entry(workload: &Workload, i: usize) -> String {
    let plugin = &workload.plugins[i];
    let dependencies: Vec<&str> = workload.dependencies(plugin).collect();
    format!(
        "benches::Entry {{ name: {:?}, version: {:?}, dependencies: &{dependencies:?}, init: init_{i} }}",
        plugin.name, plugin.version,
    )
}

/// `main`, and the implementation of what every contender can do for plugins
/// that are values of type `benches::Entry`.
fn program(planned: bool, in_load_order: &str, all: &str) -> String {
    let implementation = implementation(planned, in_load_order, &calls(in_load_order), all);
    format!(
        "{implementation}
fn main() -> Result<(), String> {{
    benches::run::<This>()
}}
"
    )
}

/// A loop that initialises plugins.
pub(crate) fn calls(in_load_order: &str) -> String {
    format!("for plugin in {in_load_order} {{\n            (plugin.init)(state);\n        }}")
}

/// What every contender can do, for plugins that are values of type
/// `benches::Entry` and that the statement `initialise` initialises.
pub(crate) fn implementation(
    planned: bool,
    in_load_order: &str,
    initialise: &str,
    all: &str,
) -> String {
    format!(
        "enum This {{}}

impl benches::Contender for This {{
    const PLANNED: bool = {planned};

    fn visit(mut see: impl FnMut(&'static str)) {{
        for plugin in {in_load_order} {{
            see(plugin.name);
        }}
    }}

    fn initialise(state: &mut benches::State) {{
        {initialise}
    }}

    fn version(name: &str) -> Option<&'static str> {{
        {all}.find(|plugin| plugin.name == name).map(|plugin| plugin.version)
    }}

    fn dependencies(name: &str) -> Option<Vec<&'static str>> {{
        {all}.find(|plugin| plugin.name == name).map(|plugin| plugin.dependencies.to_vec())
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_the_same_plugins() {
        let workload = Workload::new(20);
        let sources = [
            format!("{}{}", plugo::manifest(&workload, Path::new("/")), plugo::main(&workload)),
            table::main(&workload),
            inventory::main(&workload),
            linkme::main(&workload),
        ];
        for source in &sources {
            for plugin in &workload.plugins {
                assert!(source.contains(&format!("{:?}", plugin.name)), "{}", plugin.name);
                let init = format!("state.step({:#x})", plugin.seed);
                assert_eq!(source.matches(&init).count(), 1, "{}", plugin.name);
            }
            let edges = |text: &str| text.matches("\", \"").count();
            let list = |plugin: &Plugin| {
                format!(
                    "[{}]",
                    format!("{:?}", workload.dependencies(plugin).collect::<Vec<_>>())
                        .trim_matches(['[', ']'])
                )
            };
            let lists: Vec<String> = workload.plugins.iter().map(list).collect();
            assert!(lists.iter().all(|list| source.contains(list.as_str())));
            assert_eq!(edges(source), lists.iter().map(|list| edges(list)).sum::<usize>());
        }
    }
}
