use benches::Workload;

use super::{MAIN, declared, services};
use crate::contenders;

/// Plugins and services are submitted where they stand. The services come
/// into a hash map at start, and what is selected is found once for each
/// change.
pub(super) fn main(workload: &Workload) -> String {
    let plugins: String = (0..workload.plugins.len())
        .map(|i| {
            format!("inventory::submit! {{ Registered({}) }}\n", contenders::entry(workload, i))
        })
        .collect();
    let offers: String = workload
        .services()
        .iter()
        .enumerate()
        .map(|(i, service)| {
            format!("inventory::submit! {{ Offered({}, &Service{i}) }}\n", declared(service))
        })
        .collect();
    let all = "inventory::iter::<Registered>.into_iter().map(|registered| &registered.0)";
    let in_load_order = format!("benches::in_dependency_order({all})");
    format!(
        "{}{}{plugins}{offers}\n{}{PROGRAM}{MAIN}",
        contenders::init_functions(workload, |_| String::new()),
        services(workload, "", |_| String::new()),
        contenders::implementation(
            false,
            &in_load_order,
            &contenders::calls(&in_load_order),
            &contenders::scan(all)
        ),
    )
}

const PROGRAM: &str = r"
struct Registered(benches::Entry);

inventory::collect!(Registered);

struct Offered(&'static str, benches::Status, i32, &'static dyn Service);

inventory::collect!(Offered);

/// What holds now.
struct Current {
    by_name: std::collections::HashMap<&'static str, (benches::Status, &'static dyn Service)>,
    selected: Option<&'static dyn Service>,
}

impl Current {
    fn new(overrides: &[benches::Override]) -> Self {
        let offers = || inventory::iter::<Offered>.into_iter().map(|offered| {
            let Offered(name, status, priority, service) = *offered;
            match overrides.iter().find(|said| said.name == name) {
                Some(said) => (name, said.status, said.priority, service),
                None => (name, status, priority, service),
            }
        });
        Current {
            by_name: offers().map(|(name, status, _, service)| (name, (status, service))).collect(),
            selected: benches::first_choice(offers()),
        }
    }
}

static CURRENT: std::sync::LazyLock<std::sync::RwLock<Current>> =
    std::sync::LazyLock::new(|| std::sync::RwLock::new(Current::new(&[])));

impl benches::RunTime for This {
    type Found = &'static dyn Service;

    const OVERRIDES: bool = HAS_OVERRIDES;

    fn start() {
        std::sync::LazyLock::force(&CURRENT);
    }

    fn get(name: &str) -> Option<Self::Found> {
        let current = CURRENT.read().unwrap();
        let (status, service) = *current.by_name.get(name)?;
        (status != benches::Status::Disabled).then_some(service)
    }

    fn select() -> Option<Self::Found> {
        CURRENT.read().unwrap().selected
    }

    fn call(service: &Self::Found, number: u64) -> u64 {
        service.answer(number)
    }

    fn set_overrides(overrides: &[benches::Override]) {
        *CURRENT.write().unwrap() = Current::new(overrides);
    }
}
";
