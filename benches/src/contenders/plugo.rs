use std::path::Path;

use benches::{Plugin, Workload};

pub(crate) const BUILD_SCRIPT: &str = "fn main() {\n    plugo_build::build();\n}\n";

/// The dependencies, and the metadata of the plugins in the app's source.
pub(crate) fn manifest(workload: &Workload, checkout: &Path) -> String {
    let entries: String = workload
        .plugins
        .iter()
        .map(|plugin| {
            let dependencies: Vec<&str> = workload.dependencies(plugin).collect();
            format!(
                "\n[[package.metadata.plugo.plugins]]\n\
                 name = {:?}\nversion = {:?}\ndependencies = {dependencies:?}\n",
                plugin.name, plugin.version,
            )
        })
        .collect();
    format!(
        "plugo = {{ path = {:?} }}\n\n[build-dependencies]\nplugo-build = {{ path = {:?} }}\n{entries}",
        checkout.join("plugo"),
        checkout.join("plugo-build"),
    )
}

/// An app with all plugins in its own source, loaded as the documentation
/// says.
pub(super) fn main(workload: &Workload) -> String {
    let functions = super::init_functions(workload, attribute);
    format!("{PROGRAM}\n{functions}").replace("LOAD", "plugo::kwargs! { state: state }")
}

/// The same with plugins that need nothing.
pub(super) fn main_without_parameters(workload: &Workload) -> String {
    let function = |(i, plugin): (usize, &Plugin)| {
        let Plugin { seed, .. } = plugin;
        format!("{}fn init_{i}() {{\n    benches::step({seed:#x});\n}}\n\n", attribute(plugin))
    };
    let functions: String = workload.plugins.iter().enumerate().map(function).collect();
    let program = PROGRAM
        .replace("LOAD", "plugo::kwargs! {}")
        .replace("        // The plugins' state.\n", "        *state = benches::taken();\n");
    format!("{program}\n{functions}")
}

fn attribute(plugin: &Plugin) -> String {
    format!("#[plugo::plugin(name = {:?})]\n", plugin.name)
}

const PROGRAM: &str = r#"plugo::plugins!();

enum This {}

impl benches::Contender for This {
    const PLANNED: bool = true;

    fn visit(mut see: impl FnMut(&'static str)) {
        for plugin in &PLUGINS {
            see(plugin.name());
        }
    }

    fn initialise(state: &mut benches::State) {
        let report = plugo::load_plugins(LOAD);
        assert!(report.failed().next().is_none(), "{report}");
        // The plugins' state.
    }

    fn version(name: &str) -> Option<&'static str> {
        PLUGINS.get(name).map(|plugin| plugin.version())
    }

    fn dependencies(name: &str) -> Option<Vec<&'static str>> {
        let plugin = PLUGINS.get(name)?;
        Some(plugin.dependencies().map(|dependency| dependency.name()).collect())
    }
}

fn main() -> Result<(), String> {
    benches::run::<This>()
}
"#;
