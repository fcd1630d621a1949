/// plugo, as an app uses it.
mod plugo;
/// A static with a pointer, written by hand.
mod pointer;
/// `inventory`, with a hash map.
mod inventory;
/// A registry of trait objects, written by hand.
mod registry;

use std::path::Path;

use benches::{Service, Status, Workload};

use crate::contenders;
use crate::tree::Tree;

/// A way to choose one of several implementations at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chooser {
    Plugo,
    Static,
    Inventory,
    Registry,
}

impl Chooser {
    pub(crate) const ALL: [Chooser; 4] =
        [Chooser::Plugo, Chooser::Static, Chooser::Inventory, Chooser::Registry];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Chooser::Plugo => "plugo",
            Chooser::Static => "static",
            Chooser::Inventory => "inventory",
            Chooser::Registry => "registry",
        }
    }

    /// Whether an operator can change status and priority while the program
    /// runs.
    pub(crate) fn has_overrides(self) -> bool {
        self != Chooser::Static
    }

    /// The package with so many plugins and services.
    pub(crate) fn package(self, size: usize) -> String {
        format!("run-{}-{size}", self.name())
    }

    fn add_package(self, workload: &Workload, checkout: &Path, tree: &mut Tree) {
        let package = self.package(workload.plugins.len());
        let manifest = match self {
            Chooser::Plugo => {
                tree.add(format!("{package}/build.rs"), contenders::plugo::BUILD_SCRIPT);
                contenders::plugo::manifest(workload, checkout)
            }
            Chooser::Inventory => contenders::inventory::MANIFEST.to_owned(),
            Chooser::Static | Chooser::Registry => String::new(),
        };
        contenders::add_package(&package, &manifest, self.main(workload), checkout, tree);
    }

    fn main(self, workload: &Workload) -> String {
        let main = match self {
            Chooser::Plugo => plugo::main(workload),
            Chooser::Static => pointer::main(workload),
            Chooser::Inventory => inventory::main(workload),
            Chooser::Registry => registry::main(workload),
        };
        main.replace("HAS_OVERRIDES", if self.has_overrides() { "true" } else { "false" })
    }
}

/// A workspace with every contender in every size.
pub(crate) fn workspace(sizes: &[usize], choosers: &[Chooser], checkout: &Path) -> Tree {
    let mut tree = Tree::default();
    let mut members = Vec::new();
    for &size in sizes {
        let workload = Workload::new(size);
        for chooser in choosers {
            chooser.add_package(&workload, checkout, &mut tree);
            members.push(chooser.package(size));
        }
    }
    contenders::add_workspace(&members, &mut tree);
    tree
}

/// The trait, and a type for each service that implements it, `Service0` and
/// so on; each with what `attribute` gives.
fn services(workload: &Workload, of_trait: &str, attribute: impl Fn(&Service) -> String) -> String {
    let implementation = |(i, service): (usize, &Service)| {
        format!(
            "{}struct Service{i};\n\nimpl Service for Service{i} {{\n    \
             fn answer(&self, number: u64) -> u64 {{\n        \
             benches::seeded(number, {:#x})\n    }}\n}}\n\n",
            attribute(service),
            service.seed,
        )
    };
    let services = workload.services();
    let implementations: String = services.iter().enumerate().map(implementation).collect();
    format!(
        "{of_trait}trait Service: Send + Sync {{\n    \
         fn answer(&self, number: u64) -> u64;\n}}\n\n{implementations}"
    )
}

/// A service's name, status and priority, as arguments.
fn declared(service: &Service) -> String {
    format!("{:?}, benches::Status::{:?}, {}", service.name, service.status, service.priority)
}

/// The word that `#[plugin(status = "…")]` uses.
fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Reserve => "reserve",
        Status::Disabled => "disabled",
    }
}

const MAIN: &str = r"
fn main() -> Result<(), String> {
    benches::run_time::<This>()
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_the_same_services_and_plugins() {
        let workload = Workload::new(20);
        for chooser in Chooser::ALL {
            let source = chooser.main(&workload);
            let overrides = format!("const OVERRIDES: bool = {};", chooser.has_overrides());
            assert_eq!(source.matches(&overrides).count(), 1, "{}", chooser.name());
            for service in workload.services() {
                assert!(source.contains(&format!("{:?}", service.name)), "{}", service.name);
                let body = format!("benches::seeded(number, {:#x})", service.seed);
                assert_eq!(source.matches(&body).count(), 1, "{}", service.name);
                let init = format!("state.step({:#x})", service.seed);
                assert_eq!(source.matches(&init).count(), 1, "{}", service.name);
            }
        }
    }
}
