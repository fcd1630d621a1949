use std::path::Path;

use benches::Workload;

use crate::tree::Tree;

/// A way to have plugins of which each is a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A list in the app that names them.
    Static,
    Inventory,
    Linkme,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Static, Kind::Inventory, Kind::Linkme];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Static => "static",
            Kind::Inventory => "inventory",
            Kind::Linkme => "linkme",
        }
    }

    fn dependency(self) -> &'static str {
        match self {
            Kind::Static => "",
            Kind::Inventory => "inventory = \"0.3\"\n",
            Kind::Linkme => "linkme = \"0.3\"\n",
        }
    }

    /// What the crate that all of them share declares.
    fn declaration(self) -> &'static str {
        match self {
            Kind::Static => "",
            Kind::Inventory => {
                "pub struct Registered(pub benches::Entry);\n\ninventory::collect!(Registered);\n"
            }
            Kind::Linkme => "#[linkme::distributed_slice]\npub static PLUGINS: [benches::Entry];\n",
        }
    }

    fn registration(self, entry: &str) -> String {
        match self {
            Kind::Static => format!("pub static PLUGIN: benches::Entry = {entry};\n"),
            Kind::Inventory => format!("inventory::submit! {{ shared::Registered({entry}) }}\n"),
            Kind::Linkme => format!(
                "#[linkme::distributed_slice(shared::PLUGINS)]\n\
                 static PLUGIN: benches::Entry = {entry};\n"
            ),
        }
    }

    /// The plugins in the app, with those whose crates nothing names linked in.
    fn list(self, workload: &Workload) -> String {
        let crates = |line: &dyn Fn(&str) -> String| -> String {
            workload
                .plan()
                .into_iter()
                .map(|i| line(&workload.plugins[i].name.replace('-', "_")))
                .collect()
        };
        let linked = || crates(&|name| format!("use {name} as _;\n"));
        match self {
            Kind::Static => {
                let rows = crates(&|name| format!("    &{name}::PLUGIN,\n"));
                format!(
                    "static LIST: &[&benches::Entry] = &[\n{rows}];\n\nfn all() -> Vec<&'static benches::Entry> {{\n    LIST.to_vec()\n}}\n"
                )
            }
            Kind::Inventory => format!(
                "{}\nfn all() -> Vec<&'static benches::Entry> {{\n    \
                 let all = inventory::iter::<shared::Registered>.into_iter().map(|registered| &registered.0);\n    \
                 benches::in_dependency_order(all)\n}}\n",
                linked()
            ),
            Kind::Linkme => format!(
                "{}\nfn all() -> Vec<&'static benches::Entry> {{\n    \
                 benches::in_dependency_order(shared::PLUGINS.iter())\n}}\n",
                linked()
            ),
        }
    }
}

/// An app with so many plugin crates, which prints how many it has.
pub(crate) fn app(kind: Kind, workload: &Workload, checkout: &Path) -> Tree {
    let mut tree = Tree::default();
    let harness = format!(
        "benches = {{ path = {:?}, default-features = false }}\n{}",
        checkout.join("benches"),
        kind.dependency()
    );
    let package = |name: &str| {
        format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n")
    };
    let plugins: String = workload
        .plugins
        .iter()
        .map(|plugin| format!("{0} = {{ path = \"plugins/{0}\" }}\n", plugin.name))
        .collect();
    tree.add(
        "Cargo.toml",
        format!(
            "{}\n[workspace]\n\n[dependencies]\nshared = {{ path = \"shared\" }}\n{harness}{plugins}",
            package("app")
        ),
    );
    let main = "fn main() {\n    let mut state = benches::State::default();\n    let all = all();\n    \
                for plugin in &all {\n        (plugin.init)(&mut state);\n    }\n    \
                println!(\"{}\", all.len());\n}\n";
    tree.add("src/main.rs", format!("{}\n{main}", kind.list(workload)));
    tree.add("shared/Cargo.toml", format!("{}\n[dependencies]\n{harness}", package("shared")));
    tree.add("shared/src/lib.rs", kind.declaration());
    for plugin in &workload.plugins {
        let dir = Path::new("plugins").join(&plugin.name);
        tree.add(
            dir.join("Cargo.toml"),
            format!(
                "{}\n[dependencies]\nshared = {{ path = \"../../shared\" }}\n{harness}",
                package(&plugin.name)
            ),
        );
        let dependencies: Vec<&str> = workload.dependencies(plugin).collect();
        let entry = format!(
            "benches::Entry {{ name: {:?}, version: {:?}, dependencies: &{dependencies:?}, init }}",
            plugin.name, plugin.version
        );
        tree.add(
            dir.join("src/lib.rs"),
            format!(
                "fn init(state: &mut benches::State) {{\n    state.step({:#x});\n}}\n\n{}",
                plugin.seed,
                kind.registration(&entry)
            ),
        );
    }
    tree
}
