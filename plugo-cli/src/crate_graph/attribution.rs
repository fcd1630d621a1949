use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use guppy::graph::PackageMetadata;
use plugo_build::{Plan, Project, Side};

use crate::crate_graph::request::Request;
use crate::crate_graph::simulation::Simulation;
use crate::crate_graph::workspace::{Key, Workspace};
use crate::error::Error;

/// Because of whom a crate is in a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// Whether the app needs it with no plugin at all.
    pub(crate) by_app: bool,
    /// The plugins that need it where each is the only one.
    pub(crate) needed_by: BTreeSet<String>,
    /// The plugins without which it is not compiled.
    pub(crate) only_because_of: BTreeSet<String>,
    /// The features that are on because of one plugin alone, in a crate that
    /// is there without it. The app's own are what selects plugins.
    pub(crate) features_added_by: BTreeMap<String, BTreeSet<String>>,
}

/// A package with plugins of the plan.
struct Carrier<'g> {
    package: PackageMetadata<'g>,
    plugins: Vec<String>,
    /// The keys of the app's dependencies on it.
    keys: BTreeSet<String>,
}

/// Says of each package why it is in the build, by simulating the build with
/// one plugin alone, with none, and without one. Plugins of one package
/// count as one: which of them needs what, Cargo does not know.
pub(crate) fn attribute<'g>(
    workspace: &'g Workspace,
    project: &Project,
    plan: &Plan,
    whole: &Simulation<'g>,
) -> Result<BTreeMap<Key, Attribution>, Error> {
    let app = workspace.app(project)?;
    let carriers = carriers(app, whole, plan);
    let strangers = strangers(app, project, plan, whole);
    let simulate = |left_out: &[&Carrier<'g>]| {
        let all = || strangers.iter().chain(left_out.iter().copied());
        let keys: BTreeSet<String> = all().flat_map(|c| c.keys.iter().cloned()).collect();
        let packages = all().map(|carrier| carrier.package.id()).collect();
        Simulation::run(workspace, app, &Request::without(project, &keys), &packages)
    };
    let planned = simulate(&[])?;
    let base = simulate(&carriers.iter().collect::<Vec<_>>())?;

    let mut found: BTreeMap<&PackageId, Attribution> = BTreeMap::new();
    for (id, _) in base.units.keys() {
        found.entry(id).or_default().by_app = true;
    }
    for carrier in &carriers {
        let its_own = whole.reach([carrier.package.id()]);
        let others: Vec<&Carrier<'g>> =
            carriers.iter().filter(|other| !its_own.contains(other.package.id())).collect();
        let alone = simulate(&others)?;
        for id in alone.reach([carrier.package.id()]) {
            found.entry(id).or_default().needed_by.extend(carrier.plugins.iter().cloned());
        }
        // One of two plugins in a package can go without the package going.
        let [plugin] = carrier.plugins.as_slice() else { continue };
        let without = simulate(&[carrier])?;
        for ((id, side), features) in &planned.units {
            let attribution = found.entry(id).or_default();
            if !without.has(id) {
                attribution.only_because_of.insert(plugin.clone());
            } else if *id != app.id()
                && let Some(left) = without.units.get(&(*id, *side))
                && is_told(&planned, id, *side)
            {
                let added: BTreeSet<String> = features.difference(left).cloned().collect();
                if !added.is_empty() {
                    attribution.features_added_by.insert(plugin.clone(), added);
                }
            }
        }
    }
    let named =
        |(id, attribution)| Some((Key::of(&workspace.graph.metadata(id).ok()?), attribution));
    Ok(found.into_iter().filter_map(named).collect())
}

/// A crate on both sides is told of as it is linked.
fn is_told<'g>(simulation: &Simulation<'g>, id: &'g PackageId, side: Side) -> bool {
    side == Side::Target || !simulation.units.contains_key(&(id, Side::Target))
}

/// The packages with plugins of the plan, in load order.
fn carriers<'g>(app: PackageMetadata<'g>, whole: &Simulation<'g>, plan: &Plan) -> Vec<Carrier<'g>> {
    let mut found: Vec<Carrier<'g>> = Vec::new();
    for plugin in plan.plugins.iter().filter(|plugin| plugin.extern_name.is_some()) {
        let id = plugin.id.to_string();
        for (package, keys) in dependencies(app, whole) {
            if package.name() != plugin.package
                || package.version().to_string() != plugin.package_version
            {
                continue;
            }
            match found.iter_mut().find(|carrier| carrier.package.id() == package.id()) {
                Some(carrier) => carrier.plugins.push(id.clone()),
                None => found.push(Carrier { package, plugins: vec![id.clone()], keys }),
            }
        }
    }
    found
}

/// The packages with plugins that are compiled in and not planned, and that
/// no planned one needs.
fn strangers<'g>(
    app: PackageMetadata<'g>,
    project: &Project,
    plan: &Plan,
    whole: &Simulation<'g>,
) -> Vec<Carrier<'g>> {
    let known: BTreeSet<(String, String)> = project
        .plugins()
        .filter_map(|plugin| Some((plugin.package?, plugin.package_version)))
        .collect();
    let is_planned = |package: &PackageMetadata<'_>| {
        plan.plugins.iter().any(|plugin| {
            plugin.package == package.name()
                && plugin.package_version == package.version().to_string()
        })
    };
    let planned = dependencies(app, whole).into_iter().filter(|(package, _)| is_planned(package));
    let needed = whole.reach(planned.map(|(package, _)| package.id()));
    dependencies(app, whole)
        .into_iter()
        .filter(|(package, _)| {
            known.contains(&(package.name().to_owned(), package.version().to_string()))
                && !is_planned(package)
                && !needed.contains(package.id())
                && package.id() != app.id()
        })
        .map(|(package, keys)| Carrier { package, plugins: Vec::new(), keys })
        .collect()
}

/// The packages that the app depends on in this build, with the keys of these
/// dependencies.
fn dependencies<'g>(
    app: PackageMetadata<'g>,
    whole: &Simulation<'g>,
) -> Vec<(PackageMetadata<'g>, BTreeSet<String>)> {
    let mut found: Vec<(PackageMetadata<'g>, BTreeSet<String>)> = Vec::new();
    for link in app.direct_links().filter(|link| whole.has(link.to().id())) {
        let key = link.dep_name().to_owned();
        match found.iter_mut().find(|(package, _)| package.id() == link.to().id()) {
            Some((_, keys)) => drop(keys.insert(key)),
            None => found.push((link.to(), BTreeSet::from([key]))),
        }
    }
    found
}
