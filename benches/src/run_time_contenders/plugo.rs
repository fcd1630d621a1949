use benches::Workload;

use super::{MAIN, services, status_word};
use crate::contenders;

/// An app with all plugins and items in its own source. The manager makes the
/// shared instances of the items when it loads them.
pub(super) fn main(workload: &Workload) -> String {
    let functions = contenders::init_functions(workload, |plugin| {
        format!("#[plugo::plugin(name = {:?})]\n", plugin.name)
    });
    let services = services(workload, "#[plugo::plugin_type]\npub ", |service| {
        format!(
            "#[plugo::plugin(\n    name = {:?},\n    namespace = \"services\",\n    \
             of = dyn Service,\n    status = {:?},\n    priority = {},\n)]\n#[derive(Default)]\n",
            service.name,
            status_word(service.status),
            service.priority,
        )
    });
    format!("{PROGRAM}{MAIN}\n{services}{functions}")
}

const PROGRAM: &str = r#"plugo::plugins!();

enum This {}

fn manager(namespace: &str) -> plugo::PluginManager {
    plugo::PluginManager::new(namespace).expect("the manager is built")
}

impl benches::Contender for This {
    const PLANNED: bool = true;

    fn visit(see: impl FnMut(&'static str)) {
        manager("plugins").names().for_each(see);
    }

    fn initialise(state: &mut benches::State) {
        let manager = manager("plugins");
        let report = manager.with(plugo::kwargs! { state: state }).load_all();
        assert!(report.failed().next().is_none(), "{report}");
        // Stopping them is another matter.
        std::mem::forget(manager);
    }

    fn version(name: &str) -> Option<&'static str> {
        PLUGINS.get(name).map(|plugin| plugin.version())
    }

    fn dependencies(name: &str) -> Option<Vec<&'static str>> {
        let plugin = PLUGINS.get(name)?;
        Some(plugin.dependencies().map(|dependency| dependency.name()).collect())
    }
}

impl benches::RunTime for This {
    type Found = &'static dyn Service;

    const OVERRIDES: bool = HAS_OVERRIDES;

    fn start() {
        let manager = manager("services");
        let report = manager.load_all();
        assert!(report.failed().next().is_none(), "{report}");
        std::mem::forget(manager);
    }

    fn get(name: &str) -> Option<Self::Found> {
        plugo::items::<dyn Service>().get(name).ok()?.shared().ok()
    }

    fn select() -> Option<Self::Found> {
        plugo::select::<dyn Service>().ok()
    }

    fn call(service: &Self::Found, number: u64) -> u64 {
        service.answer(number)
    }

    fn set_overrides(overrides: &[benches::Override]) {
        let status = |status| match status {
            benches::Status::Active => plugo::Status::Active,
            benches::Status::Reserve => plugo::Status::Reserve,
            benches::Status::Disabled => plugo::Status::Disabled,
        };
        let overrides = overrides.iter().fold(plugo::Overrides::new(), |all, said| {
            let item = format!("services/{}", said.name);
            all.status(&item, status(said.status)).priority(&item, said.priority)
        });
        let unknown = plugo::set_overrides(overrides);
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
"#;
