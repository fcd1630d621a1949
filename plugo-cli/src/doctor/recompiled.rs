use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use guppy::graph::PackageMetadata;
use plugo_build::{Client, Project, Side};

use super::Note;
use crate::app::App;
use crate::crate_graph::{
    Asking, Metadata, Request, Simulation, Unit, Variant, Workspace, first_above, variants,
};
use crate::error::Error;
use crate::selections::{Group, groups};

/// So many are named; further ones are counted.
const NAMED: usize = 4;

/// Crates that builds for several clients do not share, since their features differ. All clients
/// together should cost one build, and one compilation of the app's own crate for each selection.
///
/// # Errors
///
/// What Cargo says against the workspace, or a simulation that fails.
pub(super) fn notes(app: &App, project: &Project) -> Result<Vec<Note>, Error> {
    // What is wrong with one client is told elsewhere, and says nothing about the others.
    let is_whole = |client: &Client| client.plugins.is_ok() && client.declared.is_some();
    let clients: Vec<Client> = project.clients().filter(is_whole).collect();
    let groups = groups(project, &clients)?;
    if groups.len() < 2 {
        return Ok(Vec::new());
    }
    let workspace = Workspace::new(&Metadata::read(&app.dir)?, project)?;
    let package = workspace.app(project)?;
    let none = BTreeSet::new();
    let simulations: Result<Vec<Simulation<'_>>, Error> = groups
        .iter()
        .map(|group| {
            let first = clients.iter().find(|client| group.clients.contains(&client.name));
            let features = first.map(|client| project.closure([client.feature.as_str()]));
            let request = Request { features: features.unwrap_or_default() };
            Simulation::run(&workspace, package, &request, &none)
        })
        .collect();
    let simulations = simulations?;
    let variants = variants(&simulations, package.id());
    let packages = variants.iter().map(|variant| variant.package).collect();
    let builds = Builds {
        workspace: &workspace,
        app: package.id(),
        plugins: plugins(project),
        groups: &groups,
        dependents: simulations.iter().map(Simulation::dependents).collect(),
        simulations,
        asking: Asking::of(&workspace, &packages),
    };
    Ok(variants.iter().filter_map(|variant| builds.note(variant)).collect())
}

/// The plugins of each package, by its name and version.
type Plugins = BTreeMap<(String, String), BTreeSet<String>>;

fn plugins(project: &Project) -> Plugins {
    let mut found = Plugins::new();
    for plugin in project.plugins() {
        if let Some(package) = plugin.package {
            let of = found.entry((package, plugin.package_version)).or_default();
            of.insert(plugin.id.to_string());
        }
    }
    found
}

/// One build for each selection, side by side.
struct Builds<'g> {
    workspace: &'g Workspace,
    app: &'g PackageId,
    plugins: Plugins,
    groups: &'g [Group],
    simulations: Vec<Simulation<'g>>,
    /// What depends on each unit directly, build by build.
    dependents: Vec<BTreeMap<Unit<'g>, Vec<Unit<'g>>>>,
    asking: Asking<'g>,
}

impl<'g> Builds<'g> {
    fn note(&self, variant: &Variant<'g>) -> Option<Note> {
        let package = self.package(variant.package)?;
        // What all have does not tell them apart.
        let mut sets = variant.ways.keys();
        let first = sets.next().cloned().unwrap_or_default();
        let shared = sets.fold(first, |shared, set| &shared & set);
        let way = |(features, builds): (&BTreeSet<String>, &Vec<usize>)| {
            let more = features - &shared;
            let shown: Vec<String> = more.iter().map(|feature| format!("`{feature}`")).collect();
            let with = match shown.is_empty() {
                true => "without more".to_owned(),
                false => format!("with {}", shown.join(", ")),
            };
            let clients = builds.iter().flat_map(|&build| &self.groups[build].clients);
            let clients = named(clients.map(String::as_str));
            let askers = self.askers(package, &variant.sides, builds, &more);
            match askers.is_empty() {
                true => format!("{with} for {clients}"),
                false => {
                    let askers = named(askers.iter().map(String::as_str));
                    format!("{with} for {clients}, asked for by {askers}")
                }
            }
        };
        let ways: Vec<String> = variant.ways.iter().map(way).collect();
        let message = format!(
            "clients do not share `{}` {}, which is compiled in {} ways for {}: {}{}",
            package.name(),
            package.version(),
            variant.ways.len(),
            sides(&variant.sides),
            ways.join("; "),
            self.again(variant),
        );
        let all: BTreeSet<&String> =
            variant.ways.keys().flatten().filter(|feature| !shared.contains(*feature)).collect();
        Some(Note::new("compiled-per-client", message, self.advice(package, &variant.sides, &all)))
    }

    fn package(&self, id: &PackageId) -> Option<PackageMetadata<'g>> {
        self.workspace.graph.metadata(id).ok()
    }

    /// What is compiled again with it.
    fn again(&self, variant: &Variant<'g>) -> String {
        let dependents = variant.dependents.iter().filter_map(|id| self.package(id));
        let names: Vec<&str> = dependents.map(|package| package.name()).collect();
        match names.as_slice() {
            [] => String::new(),
            [name] => format!("; so is {name}, which needs it"),
            _ => {
                let names: BTreeSet<&str> = names.into_iter().collect();
                format!("; so are {}, which need it", named(names.into_iter()))
            }
        }
    }

    /// Who asks for features of a package in some builds, in words. Who is not of the workspace is
    /// told with those who are, and need it.
    fn askers(
        &self,
        package: PackageMetadata<'g>,
        sides: &BTreeSet<Side>,
        builds: &[usize],
        features: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let mut found: BTreeMap<&PackageId, BTreeSet<&PackageId>> = BTreeMap::new();
        let features = package.named_features().filter(|name| features.contains(*name));
        for (feature, &side) in features.flat_map(|name| sides.iter().map(move |s| (name, s))) {
            for &build in builds {
                let unit = (package.id(), side);
                for asker in self.asking.who(&self.simulations[build], unit, feature) {
                    let above = found.entry(asker.0).or_default();
                    if self.package(asker.0).is_some_and(|asker| !self.is_answered_for(asker)) {
                        above.extend(first_above(
                            self.workspace,
                            asker,
                            &self.dependents[build],
                            |package| self.is_answered_for(package),
                        ));
                    }
                }
            }
        }
        let told = |(asker, above): (&PackageId, BTreeSet<&PackageId>)| {
            let asker = self.words(asker)?;
            let above: BTreeSet<String> = above.iter().filter_map(|id| self.words(id)).collect();
            Some(match above.is_empty() {
                true => asker,
                false => format!("{asker} (for {})", named(above.iter().map(String::as_str))),
            })
        };
        found.into_iter().filter_map(told).collect()
    }

    /// Whether the user knows a package: it is of the workspace, or a plugin's.
    fn is_answered_for(&self, package: PackageMetadata<'g>) -> bool {
        package.in_workspace() || self.plugins_of(package).is_some()
    }

    fn plugins_of(&self, package: PackageMetadata<'g>) -> Option<&BTreeSet<String>> {
        self.plugins.get(&(package.name().to_owned(), package.version().to_string()))
    }

    /// A package by what the user knows it as.
    fn words(&self, id: &PackageId) -> Option<String> {
        let package = self.package(id)?;
        if id == self.app {
            return Some("the app".to_owned());
        }
        let Some(plugins) = self.plugins_of(package) else {
            return Some(format!("`{}`", package.name()));
        };
        let word = if plugins.len() == 1 { "plugin" } else { "plugins" };
        let plugins: Vec<String> = plugins.iter().map(|plugin| format!("`{plugin}`")).collect();
        Some(format!("the {word} {}", named(plugins.iter().map(String::as_str))))
    }

    /// How all builds come to have the same features of a package.
    fn advice(
        &self,
        package: PackageMetadata<'g>,
        on: &BTreeSet<Side>,
        features: &BTreeSet<&String>,
    ) -> String {
        let name = package.name();
        let features: Vec<String> = features.iter().map(|name| format!("{name:?}")).collect();
        let features = format!("`features = [{}]`", features.join(", "));
        if on.iter().all(|&side| self.is_asked_by_workspace((package.id(), side))) {
            // Those who need a macro run it while they are compiled, and are of either side.
            let who = match on.contains(&Side::Target) || package.is_proc_macro() {
                true => "the workspace needs it",
                false => "build scripts and macros of the workspace need it",
            };
            return format!(
                "if all clients may have them, ask for `{name}` with {features} wherever {who}, as \
                 `[workspace.dependencies]` can"
            );
        }
        let table = |side: &Side| match side {
            Side::Target => "`[dependencies]`",
            Side::Host => "`[build-dependencies]`",
        };
        let tables: Vec<&str> = on.iter().map(table).collect();
        let version = match package.source().is_external() {
            true => format!("`version = \"{}\"` and ", package.version()),
            false => String::new(),
        };
        format!(
            "if all clients may have them, let the app itself ask for `{name}`, in its {} with {version}{features}: \
             crates that are not of the workspace need it too, which ask for what they want",
            tables.join(" and ")
        )
    }

    /// Whether in each build with a unit somebody of the workspace asks for it.
    fn is_asked_by_workspace(&self, unit: Unit<'g>) -> bool {
        let of_workspace =
            |above: &Unit<'g>| self.package(above.0).is_some_and(|above| above.in_workspace());
        let builds = self.simulations.iter().zip(&self.dependents);
        let mut builds = builds.filter(|(build, _)| build.units.contains_key(&unit));
        builds.all(|(_, dependents)| {
            dependents.get(&unit).is_some_and(|above| above.iter().any(of_workspace))
        })
    }
}

fn sides(sides: &BTreeSet<Side>) -> &'static str {
    match (sides.contains(&Side::Target), sides.contains(&Side::Host)) {
        (true, false) => "the program",
        (false, _) => "build scripts and macros",
        (true, true) => "the program, and for build scripts and macros",
    }
}

/// The first names of a list, and how many more there are.
fn named<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let first = names[..names.len() - more].join(", ");
    match more {
        0 => first,
        _ => format!("{first} and {more} more"),
    }
}
