use std::path::Path;

use benches::{Plugin, Workload};

use crate::contenders;
use crate::tree::Tree;

/// The name of the app.
pub(crate) const APP: &str = "app";

/// A way to have plugins of which each is a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each depends on plugo, and says in `metadata.json` what it depends on.
    Plugo,
    /// A list in the app that names them.
    Static,
    Inventory,
    Linkme,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Plugo, Kind::Static, Kind::Inventory, Kind::Linkme];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Plugo => "plugo",
            Kind::Static => "static",
            Kind::Inventory => "inventory",
            Kind::Linkme => "linkme",
        }
    }

    /// What a plugin depends on beside the harness.
    fn dependency(self, checkout: &Path) -> String {
        match self {
            Kind::Plugo => format!("plugo = {{ path = {:?} }}\n", checkout.join("plugo")),
            Kind::Static => String::new(),
            Kind::Inventory => "inventory = \"0.3\"\n".to_owned(),
            Kind::Linkme => "linkme = \"0.3\"\n".to_owned(),
        }
    }

    /// The crate that all of them share, where there is one.
    fn shared(self) -> Option<&'static str> {
        match self {
            Kind::Plugo | Kind::Static => None,
            Kind::Inventory => Some(
                "pub struct Registered(pub benches::Entry);\n\ninventory::collect!(Registered);\n",
            ),
            Kind::Linkme => {
                Some("#[linkme::distributed_slice]\npub static PLUGINS: [benches::Entry];\n")
            }
        }
    }

    /// What stands before and after a plugin's function `init`.
    fn around(self, workload: &Workload, plugin: &Plugin) -> (String, String) {
        let dependencies: Vec<&str> = workload.dependencies(plugin).collect();
        let Plugin { name, version, .. } = plugin;
        let entry = format!(
            "benches::Entry {{ name: {name:?}, version: {version:?}, dependencies: &{dependencies:?}, init }}"
        );
        match self {
            Kind::Plugo => (format!("#[plugo::plugin(name = {name:?})]\n"), String::new()),
            Kind::Static => {
                (String::new(), format!("pub static PLUGIN: benches::Entry = {entry};\n"))
            }
            Kind::Inventory => {
                (String::new(), format!("inventory::submit! {{ shared::Registered({entry}) }}\n"))
            }
            Kind::Linkme => (
                String::new(),
                format!(
                    "#[linkme::distributed_slice(shared::PLUGINS)]\n\
                     static PLUGIN: benches::Entry = {entry};\n"
                ),
            ),
        }
    }

    /// The app, which prints how many plugins it has; crates that nothing names are linked in.
    fn main(self, workload: &Workload) -> String {
        let crates = |line: &dyn Fn(&str) -> String| -> String {
            workload
                .plan()
                .into_iter()
                .map(|i| line(&workload.plugins[i].name.replace('-', "_")))
                .collect()
        };
        let linked = || crates(&|name| format!("use {name} as _;\n"));
        let all = match self {
            Kind::Plugo => return PLUGO.to_owned(),
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
        };
        format!("{all}\n{MAIN}")
    }
}

const MAIN: &str = "\
fn main() {
    let mut state = benches::State::default();
    let all = all();
    for plugin in &all {
        (plugin.init)(&mut state);
    }
    println!(\"{}\", all.len());
}
";

const PLUGO: &str = "\
plugo::plugins!();

fn main() {
    let mut state = benches::State::default();
    println!(\"{}\", plugo::load_plugins(plugo::kwargs! { state: &mut state }));
}
";

/// An app with so many plugin crates. All kinds have the same plugins.
pub(crate) fn app(kind: Kind, workload: &Workload, checkout: &Path) -> Tree {
    let mut tree = Tree::default();
    let package = |name: &str, version: &str| {
        format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\n")
    };
    let harness = format!(
        "benches = {{ path = {:?}, default-features = false }}\n{}",
        checkout.join("benches"),
        kind.dependency(checkout)
    );
    let shared_at = |path: &str| match kind.shared() {
        Some(_) => format!("shared = {{ path = {path:?} }}\n"),
        None => String::new(),
    };
    let plugins: String = workload
        .plugins
        .iter()
        .map(|plugin| format!("{0} = {{ path = \"plugins/{0}\" }}\n", plugin.name))
        .collect();
    let mut manifest = format!(
        "{}\n[workspace]\n\n[dependencies]\n{}{harness}{plugins}",
        package(APP, "1.0.0"),
        shared_at("shared")
    );
    if kind == Kind::Plugo {
        let at = checkout.join("plugo-build");
        manifest.push_str(&format!("\n[build-dependencies]\nplugo-build = {{ path = {at:?} }}\n"));
        tree.add("build.rs", contenders::plugo::BUILD_SCRIPT);
    }
    tree.add("Cargo.toml", manifest);
    tree.add("src/main.rs", kind.main(workload));
    if let Some(shared) = kind.shared() {
        tree.add(
            "shared/Cargo.toml",
            format!("{}\n[dependencies]\n{harness}", package("shared", "1.0.0")),
        );
        tree.add("shared/src/lib.rs", shared);
    }
    for plugin in &workload.plugins {
        let dir = Path::new("plugins").join(&plugin.name);
        tree.add(
            dir.join("Cargo.toml"),
            format!(
                "{}\n[dependencies]\n{}{harness}",
                package(&plugin.name, &plugin.version),
                shared_at("../../shared")
            ),
        );
        if kind == Kind::Plugo {
            let dependencies: Vec<&str> = workload.dependencies(plugin).collect();
            tree.add(
                dir.join("metadata.json"),
                format!(
                    "{{ \"name\": {:?}, \"version\": {:?}, \"dependencies\": {dependencies:?} }}\n",
                    plugin.name, plugin.version
                ),
            );
        }
        let (before, after) = kind.around(workload, plugin);
        tree.add(
            dir.join("src/lib.rs"),
            format!(
                "{before}fn init(state: &mut benches::State) {{\n    state.step({:#x});\n}}\n\n{after}",
                plugin.seed
            ),
        );
    }
    tree
}
