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

/// What a generator writes that knows nothing of relocations: the same slice, and a perfect hash for names. Where
/// there is none, the program does not compile, and says so.
pub(super) fn main_with_hash(workload: &Workload) -> String {
    let plan: Vec<&str> =
        workload.plan().into_iter().map(|i| workload.plugins[i].name.as_str()).collect();
    let Some(seeds) = benches::seeds(&plan) else {
        let why = format!("no seeds give each of these {} names a slot of its own", plan.len());
        return format!("compile_error!({why:?});\n");
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_perfect_hash_are_told() {
        let mut workload = Workload::new(10);
        assert!(main_with_hash(&workload).contains("static SEEDS: [u16; 4]"));
        workload.plugins[1].name = workload.plugins[0].name.clone();
        let main = main_with_hash(&workload);
        assert!(
            main.starts_with("compile_error!(\"no seeds give each of these 10 names"),
            "{main}"
        );
    }
}
