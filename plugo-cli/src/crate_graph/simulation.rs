use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use guppy::graph::cargo::CargoSet;
use guppy::graph::feature::{FeatureGraph, FeatureId};
use guppy::graph::{DependencyDirection, PackageMetadata};
use plugo_build::{Project, Side};

use crate::crate_graph::request::Request;
use crate::crate_graph::workspace::{Workspace, is_item_feature};
use crate::error::Error;

/// What is compiled, and for which side.
pub(crate) type Unit<'g> = (&'g PackageId, Side);

/// What one build compiles: its packages on each side, and their features.
#[derive(Debug)]
pub(crate) struct Simulation<'g> {
    set: CargoSet<'g>,
    /// The features of each package, on each side that it is compiled for.
    pub(crate) units: BTreeMap<Unit<'g>, BTreeSet<String>>,
}

impl<'g> Simulation<'g> {
    /// Simulates the build of a project as it is.
    pub(crate) fn of(
        workspace: &'g Workspace,
        app: PackageMetadata<'g>,
        project: &Project,
    ) -> Result<Self, Error> {
        Simulation::run(workspace, app, &Request::of(project), &BTreeSet::new())
    }

    /// Simulates a build of the app; packages that are left out are as if
    /// nobody depended on them.
    pub(crate) fn run(
        workspace: &'g Workspace,
        app: PackageMetadata<'g>,
        request: &Request,
        left_out: &BTreeSet<&'g PackageId>,
    ) -> Result<Self, Error> {
        let graph = workspace.graph.feature_graph();
        let mut initials = vec![FeatureId::base(app.id())];
        initials.extend(request.features.iter().filter_map(|f| named(&graph, app, f)));
        let broken = |error: guppy::Error| {
            Error::environment(format!("Cargo's feature resolution cannot be simulated: {error}"))
        };
        let initials = graph.resolve_ids(initials).map_err(broken)?;
        let mut options = workspace.options();
        options.add_omitted_packages(left_out.iter().copied());
        let set = initials.into_cargo_set(&options).map_err(broken)?;
        let mut units = BTreeMap::new();
        for (side, features) in
            [(Side::Target, set.target_features()), (Side::Host, set.host_features())]
        {
            for list in features.packages_with_features(DependencyDirection::Forward) {
                let names = list
                    .named_features()
                    .filter(|name| !is_item_feature(name))
                    .map(str::to_owned)
                    .collect();
                units.insert((list.package().id(), side), names);
            }
        }
        Ok(Simulation { set, units })
    }

    /// Whether a package is compiled, for either side.
    pub(crate) fn has(&self, package: &'g PackageId) -> bool {
        [Side::Target, Side::Host].iter().any(|&side| self.units.contains_key(&(package, side)))
    }

    /// Whether a feature is on, on a side.
    pub(crate) fn has_feature(&self, feature: FeatureId<'g>, side: Side) -> bool {
        let features = match side {
            Side::Target => self.set.target_features(),
            Side::Host => self.set.host_features(),
        };
        features.contains(feature).unwrap_or(false)
    }

    /// What depends on each unit directly.
    pub(crate) fn dependents(&self) -> BTreeMap<Unit<'g>, Vec<Unit<'g>>> {
        let mut above: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let set = &self.set;
        let links = set.target_links().map(|link| (link, Side::Target, Side::Target));
        let links = links.chain(set.host_links().map(|link| (link, Side::Host, Side::Host)));
        let to_host = set.proc_macro_links().chain(set.build_dep_links());
        for (link, from, to) in links.chain(to_host.map(|link| (link, Side::Target, Side::Host))) {
            above.entry((link.to().id(), to)).or_default().push((link.from().id(), from));
        }
        above
    }

    /// What can be reached from some packages, themselves included.
    pub(crate) fn reach(
        &self,
        start: impl IntoIterator<Item = &'g PackageId>,
    ) -> BTreeSet<&'g PackageId> {
        let mut edges: BTreeMap<&PackageId, Vec<&'g PackageId>> = BTreeMap::new();
        let set = &self.set;
        let links = set.target_links().chain(set.host_links());
        for link in links.chain(set.proc_macro_links()).chain(set.build_dep_links()) {
            edges.entry(link.from().id()).or_default().push(link.to().id());
        }
        let mut reached = BTreeSet::new();
        let mut open: Vec<&'g PackageId> = start.into_iter().filter(|id| self.has(id)).collect();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(edges.get(id).into_iter().flatten());
            }
        }
        reached
    }
}

/// A feature of a package, if it has one of that name.
fn named<'g>(
    graph: &FeatureGraph<'g>,
    package: PackageMetadata<'g>,
    feature: &str,
) -> Option<FeatureId<'g>> {
    let name = package.named_features().find(|name| *name == feature)?;
    let id = FeatureId::named(package.id(), name);
    graph.contains(id).then_some(id)
}
