use benches::Workload;

/// What a careful person writes who knows all plugins and their order: a
/// static slice in load order, and a scan for names.
pub(super) fn main(workload: &Workload) -> String {
    let rows: String = workload
        .plan()
        .into_iter()
        .map(|i| format!("    {},\n", super::entry(workload, i)))
        .collect();
    format!(
        "{}static PLUGINS: &[benches::Entry] = &[\n{rows}];\n\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program(true, "PLUGINS", "PLUGINS.iter()"),
    )
}
