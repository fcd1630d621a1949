use benches::Workload;

pub(super) const MANIFEST: &str = "linkme = \"0.3\"\n";

/// Each plugin is an element of a distributed slice, and the program sorts
/// them.
pub(super) fn main(workload: &Workload) -> String {
    let elements: String = (0..workload.plugins.len())
        .map(|i| {
            format!(
                "#[linkme::distributed_slice(PLUGINS)]\nstatic PLUGIN_{i}: benches::Entry = {};\n",
                super::entry(workload, i),
            )
        })
        .collect();
    format!(
        "#[linkme::distributed_slice]\n\
         static PLUGINS: [benches::Entry];\n\n\
         {}{elements}\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program(false, "benches::in_dependency_order(PLUGINS.iter())", "PLUGINS.iter()"),
    )
}
