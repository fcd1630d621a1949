/// plugo, as an app uses it.
pub(crate) mod plugo;
/// A static slice, written by hand, and the best that could be generated.
mod table;
/// Maps: `phf`, `HashMap` and `scattered-collect`.
mod maps;
/// `ctor`.
mod ctor;
/// `typetag`.
mod typetag;
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
    /// plugo with plugins that have no parameters.
    Bare,
    Static,
    Limit,
    Phf,
    HashMap,
    Inventory,
    Linkme,
    Ctor,
    Scattered,
    Typetag,
}

impl Contender {
    pub(crate) const ALL: [Contender; 11] = [
        Contender::Plugo,
        Contender::Bare,
        Contender::Static,
        Contender::Limit,
        Contender::Phf,
        Contender::HashMap,
        Contender::Inventory,
        Contender::Linkme,
        Contender::Ctor,
        Contender::Scattered,
        Contender::Typetag,
    ];

    /// What has limits, and those beside it that the README names.
    pub(crate) const QUICK: [Contender; 6] = [
        Contender::Plugo,
        Contender::Bare,
        Contender::Static,
        Contender::Limit,
        Contender::Inventory,
        Contender::Linkme,
    ];

    /// How tables name it, and packages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Plugo => "plugo",
            Contender::Bare => "plugo-bare",
            Contender::Static => "static",
            Contender::Limit => "limit",
            Contender::Phf => "phf",
            Contender::HashMap => "hashmap",
            Contender::Inventory => "inventory",
            Contender::Linkme => "linkme",
            Contender::Ctor => "ctor",
            Contender::Scattered => "scattered",
            Contender::Typetag => "typetag",
        }
    }

    /// More plugins than that would take minutes to compile, or show nothing that fewer do not.
    pub(crate) fn most(self) -> usize {
        match self {
            Contender::Plugo | Contender::Bare | Contender::Static | Contender::Limit => usize::MAX,
            Contender::Linkme => usize::MAX,
            Contender::Typetag => 100,
            _ => 1_000,
        }
    }

    /// The package with so many plugins.
    pub(crate) fn package(self, size: usize) -> String {
        format!("{}-{size}", self.name())
    }

    fn add_package(self, workload: &Workload, checkout: &Path, tree: &mut Tree) {
        let package = self.package(workload.plugins.len());
        if matches!(self, Contender::Plugo | Contender::Bare) {
            tree.add(format!("{package}/build.rs"), plugo::BUILD_SCRIPT);
        }
        add_package(
            &package,
            &self.manifest(workload, checkout),
            self.main(workload),
            checkout,
            tree,
        );
    }

    fn manifest(self, workload: &Workload, checkout: &Path) -> String {
        match self {
            Contender::Plugo | Contender::Bare => plugo::manifest(workload, checkout),
            Contender::Static | Contender::Limit | Contender::HashMap => String::new(),
            Contender::Phf => maps::PHF.to_owned(),
            Contender::Inventory => inventory::MANIFEST.to_owned(),
            Contender::Linkme => linkme::MANIFEST.to_owned(),
            Contender::Ctor => ctor::MANIFEST.to_owned(),
            Contender::Scattered => maps::SCATTERED.to_owned(),
            Contender::Typetag => typetag::MANIFEST.to_owned(),
        }
    }

    fn main(self, workload: &Workload) -> String {
        match self {
            Contender::Plugo => plugo::main(workload),
            Contender::Bare => plugo::main_without_parameters(workload),
            Contender::Static => table::main(workload),
            Contender::Limit => table::main_with_hash(workload),
            Contender::Phf => maps::phf(workload),
            Contender::HashMap => maps::hash_map(workload),
            Contender::Inventory => inventory::main(workload),
            Contender::Linkme => linkme::main(workload),
            Contender::Ctor => ctor::main(workload),
            Contender::Scattered => maps::scattered(workload),
            Contender::Typetag => typetag::main(workload),
        }
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

/// A workspace with these contenders in these sizes.
pub(crate) fn workspace(programs: &[(Contender, usize)], checkout: &Path) -> Tree {
    let mut tree = Tree::default();
    let mut members = Vec::new();
    for &(contender, size) in programs {
        contender.add_package(&Workload::new(size), checkout, &mut tree);
        members.push(contender.package(size));
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
    program_with(planned, in_load_order, &scan(all))
}

/// The same, with an expression that finds the plugin called `name`.
fn program_with(planned: bool, in_load_order: &str, find: &str) -> String {
    let implementation = implementation(planned, in_load_order, &calls(in_load_order), find);
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

/// A scan for the plugin called `name`.
pub(crate) fn scan(all: &str) -> String {
    format!("{all}.find(|plugin| plugin.name == name)")
}

/// What every contender can do, for plugins that are values of type
/// `benches::Entry` and that the statement `initialise` initialises
/// and the expression `find` finds.
pub(crate) fn implementation(
    planned: bool,
    in_load_order: &str,
    initialise: &str,
    find: &str,
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
        {find}.map(|plugin| plugin.version)
    }}

    fn dependencies(name: &str) -> Option<Vec<&'static str>> {{
        {find}.map(|plugin| plugin.dependencies.to_vec())
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
        let source = |contender: Contender| {
            format!(
                "{}{}",
                contender.manifest(&workload, Path::new("/")),
                contender.main(&workload)
            )
        };
        let sources = Contender::ALL.map(source);
        for source in &sources {
            for plugin in &workload.plugins {
                assert!(source.contains(&format!("{:?}", plugin.name)), "{}", plugin.name);
                let init = format!("step({:#x})", plugin.seed);
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
