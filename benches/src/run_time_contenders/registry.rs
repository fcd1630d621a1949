use benches::Workload;

use super::{MAIN, declared, services};
use crate::contenders;

/// What a careful person writes who wants services to come and go: a registry
/// of trait objects behind a lock, with status and priority, filled by calls
/// at start; and a loader that keeps what became of each plugin.
pub(super) fn main(workload: &Workload) -> String {
    let plugins: String = (0..workload.plugins.len())
        .map(|i| format!("    {},\n", contenders::entry(workload, i)))
        .collect();
    let registrations: String = workload
        .services()
        .iter()
        .enumerate()
        .map(|(i, service)| {
            format!(
                "    registry.register({}, std::sync::Arc::new(Service{i}));\n",
                declared(service)
            )
        })
        .collect();
    let initialise = "let outcomes = benches::load_all(PLUGINS, state);\n        \
                      assert!(outcomes.values().all(|outcome| *outcome == benches::Outcome::Loaded));";
    format!(
        "{}static PLUGINS: &[benches::Entry] = &[\n{plugins}];\n\n\
         {}fn register_all(registry: &mut Registry) {{\n{registrations}}}\n\n{}{PROGRAM}{MAIN}",
        contenders::init_functions(workload, |_| String::new()),
        services(workload, "", |_| String::new()),
        contenders::implementation(
            false,
            "benches::in_dependency_order(PLUGINS)",
            initialise,
            &contenders::scan("PLUGINS.iter()"),
        ),
    )
}

const PROGRAM: &str = r"
/// A service, with what its code says, and what holds.
struct Registered {
    service: std::sync::Arc<dyn Service>,
    declared: (benches::Status, i32),
    current: (benches::Status, i32),
}

#[derive(Default)]
struct Registry {
    services: std::collections::HashMap<String, Registered>,
    selected: Option<std::sync::Arc<dyn Service>>,
}

impl Registry {
    fn register(
        &mut self,
        name: &str,
        status: benches::Status,
        priority: i32,
        service: std::sync::Arc<dyn Service>,
    ) {
        let declared = (status, priority);
        self.services.insert(name.to_owned(), Registered { service, declared, current: declared });
    }

    fn select(&mut self) {
        let ranked = self.services.iter().map(|(name, registered)| {
            (name.as_str(), registered.current.0, registered.current.1, &registered.service)
        });
        self.selected = benches::first_choice(ranked).cloned();
    }
}

static REGISTRY: std::sync::LazyLock<std::sync::RwLock<Registry>> =
    std::sync::LazyLock::new(Default::default);

impl benches::RunTime for This {
    type Found = std::sync::Arc<dyn Service>;

    const OVERRIDES: bool = HAS_OVERRIDES;

    fn start() {
        let mut registry = REGISTRY.write().unwrap();
        register_all(&mut registry);
        registry.select();
    }

    fn get(name: &str) -> Option<Self::Found> {
        let registry = REGISTRY.read().unwrap();
        let registered = registry.services.get(name)?;
        (registered.current.0 != benches::Status::Disabled).then(|| registered.service.clone())
    }

    fn select() -> Option<Self::Found> {
        REGISTRY.read().unwrap().selected.clone()
    }

    fn call(service: &Self::Found, number: u64) -> u64 {
        service.answer(number)
    }

    fn set_overrides(overrides: &[benches::Override]) {
        let mut registry = REGISTRY.write().unwrap();
        for registered in registry.services.values_mut() {
            registered.current = registered.declared;
        }
        for said in overrides {
            if let Some(registered) = registry.services.get_mut(&said.name) {
                registered.current = (said.status, said.priority);
            }
        }
        registry.select();
    }
}
";
