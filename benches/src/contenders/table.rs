use benches::Workload;

/// What a careful person writes who knows all plugins and their order: a
/// static slice in load order, and a scan for names.
pub(super) fn main(workload: &Workload) -> String {
    slice(workload) + &super::program(true, "PLUGINS", "PLUGINS.iter()")
}

fn slice(workload: &Workload) -> String {
    let rows: String = workload
        .plan()
        .into_iter()
        .map(|i| format!("    {},\n", super::entry(workload, i)))
        .collect();
    format!(
        "{}static PLUGINS: &[benches::Entry] = &[\n{rows}];\n\n",
        super::init_functions(workload, |_| String::new()),
    )
}

/// What a generator writes that knows nothing of relocations: the same slice, and a perfect hash for names.
pub(super) fn main_with_hash(workload: &Workload) -> String {
    let plan: Vec<&str> =
        workload.plan().into_iter().map(|i| workload.plugins[i].name.as_str()).collect();
    let seeds = benches::seeds(&plan).unwrap_or_default();
    let mut rows = vec![0; plan.len()];
    for (row, name) in plan.iter().enumerate() {
        rows[benches::slot(name, &seeds, plan.len())] = row;
    }
    let find = format!(
        "static SEEDS: [u16; {}] = {seeds:?};\n\
         static ROWS: [u16; {}] = {rows:?};\n\n\
         fn find(name: &str) -> Option<&'static benches::Entry> {{\n    \
             let row = *ROWS.get(benches::slot(name, &SEEDS, ROWS.len()))?;\n    \
             let plugin = PLUGINS.get(usize::from(row))?;\n    \
             (plugin.name == name).then_some(plugin)\n\
         }}\n\n",
        seeds.len(),
        rows.len(),
    );
    slice(workload) + &find + &super::program_with(true, "PLUGINS", "find(name)")
}
