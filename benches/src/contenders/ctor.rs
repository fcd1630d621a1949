use benches::Workload;

pub(super) const MANIFEST: &str = "ctor = \"1\"\n";

/// A function for each plugin runs before `main`, and puts it into a list.
pub(super) fn main(workload: &Workload) -> String {
    let registrations: String = (0..workload.plugins.len())
        .map(|i| {
            format!(
                "static PLUGIN_{i}: benches::Entry = {};\n\n#[ctor::ctor(unsafe)]\n\
                 fn register_{i}() {{\n    register(&PLUGIN_{i});\n}}\n\n",
                super::entry(workload, i),
            )
        })
        .collect();
    format!(
        "{REGISTRY}{}{registrations}{}",
        super::init_functions(workload, |_| String::new()),
        super::program_with(false, "benches::in_dependency_order(registered())", "find(name)"),
    )
}

const REGISTRY: &str = r#"static REGISTRY: std::sync::Mutex<Vec<&'static benches::Entry>> =
    std::sync::Mutex::new(Vec::new());

fn register(plugin: &'static benches::Entry) {
    REGISTRY.lock().expect("nothing panics").push(plugin);
}

fn find(name: &str) -> Option<&'static benches::Entry> {
    let registry = REGISTRY.lock().expect("nothing panics");
    registry.iter().copied().find(|plugin| plugin.name == name)
}

fn registered() -> Vec<&'static benches::Entry> {
    REGISTRY.lock().expect("nothing panics").clone()
}

"#;
