use std::fmt::Write as _;

use benches::Workload;

pub(super) const MANIFEST: &str = "serde = { version = \"1\", features = [\"derive\"] }\n\
                                   serde_json = \"1\"\n\
                                   typetag = \"0.2\"\n";

/// Each plugin is a type, made from its name in JSON. Nothing lists the types, so a list of the names stands
/// beside them.
pub(super) fn main(workload: &Workload) -> String {
    let mut types = String::new();
    for (i, plugin) in workload.plugins.iter().enumerate() {
        let entry = super::entry(workload, i);
        let _ = writeln!(
            types,
            "#[derive(serde::Serialize, serde::Deserialize)]\nstruct Plugin{i};\n\n\
             #[typetag::serde(name = {:?})]\nimpl Plugin for Plugin{i} {{\n    \
                 fn entry(&self) -> &'static benches::Entry {{\n        \
                     static ENTRY: benches::Entry = {entry};\n        &ENTRY\n    }}\n}}\n",
            plugin.name,
        );
    }
    let names: String =
        workload.plugins.iter().map(|plugin| format!("    {:?},\n", plugin.name)).collect();
    format!(
        "{FIND}static NAMES: &[&str] = &[\n{names}];\n\n{}{types}\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program_with(
            false,
            "benches::in_dependency_order(NAMES.iter().filter_map(|name| find(name)))",
            "find(name)"
        ),
    )
}

const FIND: &str = r#"#[typetag::serde]
trait Plugin {
    fn entry(&self) -> &'static benches::Entry;
}

fn find(name: &str) -> Option<&'static benches::Entry> {
    let plugin: Box<dyn Plugin> = serde_json::from_str(&format!("{{{name:?}:null}}")).ok()?;
    Some(plugin.entry())
}

"#;
