use std::fmt::Write as _;

use benches::Workload;

pub(super) const PHF: &str = "phf = { version = \"0.14\", features = [\"macros\"] }\n";

/// The map that `phf` makes at compile time, with the plugins in it.
pub(super) fn phf(workload: &Workload) -> String {
    let mut entries = String::new();
    for (i, plugin) in workload.plugins.iter().enumerate() {
        let _ = writeln!(entries, "    {:?} => {},", plugin.name, super::entry(workload, i));
    }
    format!(
        "{}static PLUGINS: phf::Map<&'static str, benches::Entry> = phf::phf_map! {{\n{entries}}};\n\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program_with(
            false,
            "benches::in_dependency_order(PLUGINS.values())",
            "PLUGINS.get(name)",
        ),
    )
}

/// A static slice, and a hash map of it that is filled when it is first needed.
pub(super) fn hash_map(workload: &Workload) -> String {
    let rows: String = (0..workload.plugins.len())
        .map(|i| format!("    {},\n", super::entry(workload, i)))
        .collect();
    format!(
        "{}static PLUGINS: &[benches::Entry] = &[\n{rows}];\n\n\
         static BY_NAME: std::sync::LazyLock<std::collections::HashMap<&str, &benches::Entry>> =\n    \
         std::sync::LazyLock::new(|| PLUGINS.iter().map(|plugin| (plugin.name, plugin)).collect());\n\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program_with(
            false,
            "benches::in_dependency_order(BY_NAME.values().copied())",
            "BY_NAME.get(name).copied()",
        ),
    )
}

pub(super) const SCATTERED: &str = "scattered-collect = \"0.22\"\n";

/// The map that `scattered-collect` has the linker gather.
pub(super) fn scattered(workload: &Workload) -> String {
    let mut elements = String::new();
    for (i, plugin) in workload.plugins.iter().enumerate() {
        let entry = super::entry(workload, i);
        let _ = writeln!(
            elements,
            "#[scattered_collect::scatter(PLUGINS)]\n\
             static PLUGIN_{i}: (&'static str, benches::Entry) = ({:?}, {entry});",
            plugin.name,
        );
    }
    format!(
        "#[scattered_collect::gather]\n\
         static PLUGINS: scattered_collect::map::ScatteredMap<&'static str, benches::Entry>;\n\n\
         {}{elements}\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program_with(
            false,
            "benches::in_dependency_order(PLUGINS.values())",
            "PLUGINS.get::<str>(name)",
        ),
    )
}
