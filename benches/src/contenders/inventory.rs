use benches::Workload;

pub(crate) const MANIFEST: &str = "inventory = \"0.3\"\n";

/// Each plugin is submitted where it stands, and the program sorts them.
pub(super) fn main(workload: &Workload) -> String {
    let submissions: String = (0..workload.plugins.len())
        .map(|i| format!("inventory::submit! {{ Registered({}) }}\n", super::entry(workload, i)))
        .collect();
    let all = "inventory::iter::<Registered>.into_iter().map(|registered| &registered.0)";
    format!(
        "struct Registered(benches::Entry);\n\n\
         inventory::collect!(Registered);\n\n\
         {}{submissions}\n{}",
        super::init_functions(workload, |_| String::new()),
        super::program(false, &format!("benches::in_dependency_order({all})"), all),
    )
}
