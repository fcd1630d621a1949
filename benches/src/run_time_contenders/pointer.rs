use benches::{Workload, first_choice};

use super::{MAIN, services};
use crate::contenders;

/// What somebody writes who knows which service it will be: a static with a
/// pointer to it, and a slice to scan for names.
pub(super) fn main(workload: &Workload) -> String {
    let plugins: String = workload
        .plan()
        .into_iter()
        .map(|i| format!("    {},\n", contenders::entry(workload, i)))
        .collect();
    let all = workload.services();
    let rows: String = all
        .iter()
        .enumerate()
        .map(|(i, service)| format!("    ({:?}, &Service{i}),\n", service.name))
        .collect();
    let ranked = all.iter().enumerate();
    let first = first_choice(
        ranked.map(|(i, service)| (service.name.as_str(), service.status, service.priority, i)),
    );
    // An empty workload has nothing to select, and is not among those that are made.
    let first = first.unwrap_or_default();
    format!(
        "{}static PLUGINS: &[benches::Entry] = &[\n{plugins}];\n\n\
         {}static SERVICES: &[(&str, &dyn Service)] = &[\n{rows}];\n\n\
         static SELECTED: &dyn Service = &Service{first};\n\n{}{PROGRAM}{MAIN}",
        contenders::init_functions(workload, |_| String::new()),
        services(workload, "", |_| String::new()),
        contenders::implementation(
            true,
            "PLUGINS",
            &contenders::calls("PLUGINS"),
            &contenders::scan("PLUGINS.iter()"),
        ),
    )
}

/// The compiler knows what is in the static, and would call the function
/// itself: a volatile read is a plain load that it does not see through.
const PROGRAM: &str = r"
impl benches::RunTime for This {
    type Found = &'static dyn Service;

    const OVERRIDES: bool = HAS_OVERRIDES;

    fn start() {}

    fn get(name: &str) -> Option<Self::Found> {
        SERVICES.iter().find(|(known, _)| *known == name).map(|(_, service)| *service)
    }

    fn select() -> Option<Self::Found> {
        // SAFETY: it is a static.
        Some(unsafe { std::ptr::read_volatile(&raw const SELECTED) })
    }

    fn call(service: &Self::Found, number: u64) -> u64 {
        service.answer(number)
    }

    fn set_overrides(_: &[benches::Override]) {}
}
";
