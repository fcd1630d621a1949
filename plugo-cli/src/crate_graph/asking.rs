use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use guppy::graph::feature::{ConditionalLink, FeatureId};
use guppy::graph::{DependencyDirection, PackageMetadata};
use guppy::platform::{EnabledTernary, PlatformStatus};
use plugo_build::Side;

use crate::crate_graph::simulation::{Simulation, Unit};
use crate::crate_graph::workspace::Workspace;

/// What turns on the features of some packages, in any build of a workspace.
#[derive(Debug)]
pub(crate) struct Asking<'g> {
    workspace: &'g Workspace,
    /// What turns a feature on by itself, in other packages.
    links: BTreeMap<FeatureId<'g>, Vec<ConditionalLink<'g>>>,
}

impl<'g> Asking<'g> {
    pub(crate) fn of(workspace: &'g Workspace, packages: &BTreeSet<&PackageId>) -> Self {
        let mut links: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let all = workspace.graph.feature_graph().resolve_all();
        for link in all.conditional_links(DependencyDirection::Forward) {
            if packages.contains(link.to().package_id()) && !link.dev_only() {
                links.entry(link.to().feature_id()).or_default().push(link);
            }
        }
        Asking { workspace, links }
    }

    /// Who asks for a feature of a unit in a build, in its `Cargo.toml`: not the package itself,
    /// whose features turn on each other.
    pub(crate) fn who(
        &self,
        build: &Simulation<'g>,
        (package, side): Unit<'g>,
        feature: &'g str,
    ) -> BTreeSet<Unit<'g>> {
        let graph = self.workspace.graph.feature_graph();
        let own: Vec<FeatureId<'g>> = match self.workspace.graph.metadata(package) {
            Ok(metadata) => {
                metadata.named_features().map(|name| FeatureId::named(package, name)).collect()
            }
            Err(_) => Vec::new(),
        };
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![FeatureId::named(package, feature)];
        while let Some(wanted) = open.pop() {
            if !seen.insert(wanted) {
                continue;
            }
            open.extend(own.iter().filter(|own| {
                graph.directly_depends_on(**own, wanted).unwrap_or(false)
                    && build.has_feature(**own, side)
            }));
            for link in self.links.get(&wanted).into_iter().flatten() {
                let from = link.from().feature_id();
                let sides = [Side::Target, Side::Host].into_iter();
                let asks = |from_side: &Side| {
                    build.has_feature(from, *from_side) && self.holds(link, *from_side, side)
                };
                found.extend(sides.filter(asks).map(|side| (from.package_id(), side)));
            }
        }
        found
    }

    /// Whether a link leads from one side to another.
    fn holds(&self, link: &ConditionalLink<'_>, from_side: Side, to_side: Side) -> bool {
        let to = link.to().package();
        if self.workspace.unifies_sides() {
            return true;
        }
        let is_on = |status: PlatformStatus<'_>, side: Side| {
            status.enabled_on(self.workspace.platform(side)) != EnabledTernary::Disabled
        };
        match (from_side, to_side) {
            (Side::Target, Side::Target) => {
                !to.is_proc_macro() && is_on(link.normal(), Side::Target)
            }
            (Side::Target, Side::Host) => {
                is_on(link.build(), Side::Host)
                    || to.is_proc_macro() && is_on(link.normal(), Side::Target)
            }
            (Side::Host, Side::Host) => {
                is_on(link.normal(), Side::Host) || is_on(link.build(), Side::Host)
            }
            (Side::Host, Side::Target) => false,
        }
    }
}

/// The first packages above a unit that somebody answers for, along each way from it to the app.
pub(crate) fn first_above<'g>(
    workspace: &'g Workspace,
    unit: Unit<'g>,
    dependents: &BTreeMap<Unit<'g>, Vec<Unit<'g>>>,
    is_one: impl Fn(PackageMetadata<'g>) -> bool,
) -> BTreeSet<&'g PackageId> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![unit];
    while let Some(below) = open.pop() {
        for above in dependents.get(&below).into_iter().flatten() {
            match workspace.graph.metadata(above.0) {
                Ok(package) if is_one(package) => drop(found.insert(above.0)),
                _ if seen.insert(*above) => open.push(*above),
                _ => {}
            }
        }
    }
    found
}
