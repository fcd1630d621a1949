use std::collections::BTreeSet;

use guppy::graph::PackageMetadata;
use plugo_build::{Client, Project};

use super::Note;
use crate::app::App;
use crate::crate_graph::{Metadata, Request, Simulation, Variant, Workspace, variants};
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
    let builds: Result<Vec<Simulation<'_>>, Error> = groups
        .iter()
        .map(|group| {
            let first = clients.iter().find(|client| group.clients.contains(&client.name));
            let features = first.map(|client| project.closure([client.feature.as_str()]));
            let request = Request { features: features.unwrap_or_default() };
            Simulation::run(&workspace, package, &request, &none)
        })
        .collect();
    let variants = variants(&builds?, package.id());
    let note = |variant: &Variant<'_>| {
        let of = |id| workspace.graph.metadata(id).ok();
        let dependents: Vec<_> = variant.dependents.iter().filter_map(|id| of(id)).collect();
        of(variant.package).map(|package| note(package, variant, &dependents, &groups))
    };
    Ok(variants.iter().filter_map(note).collect())
}

fn note(
    package: PackageMetadata<'_>,
    variant: &Variant<'_>,
    dependents: &[PackageMetadata<'_>],
    groups: &[Group],
) -> Note {
    // What all have does not tell them apart.
    let mut sets = variant.ways.keys();
    let first = sets.next().cloned().unwrap_or_default();
    let shared = sets.fold(first, |shared, set| &shared & set);
    let ways: Vec<String> = variant
        .ways
        .iter()
        .map(|(features, builds)| {
            let more: Vec<String> = (features - &shared).iter().map(|f| format!("`{f}`")).collect();
            let with = match more.is_empty() {
                true => "without more".to_owned(),
                false => format!("with {}", more.join(", ")),
            };
            let clients = builds.iter().flat_map(|&build| &groups[build].clients);
            format!("{with} for {}", named(clients.map(String::as_str)))
        })
        .collect();
    let again = match dependents.len() {
        0 => String::new(),
        1 => format!("; so is {}, which needs it", dependents[0].name()),
        _ => {
            let names: BTreeSet<&str> = dependents.iter().map(|p| p.name()).collect();
            format!("; so are {}, which need it", named(names.into_iter()))
        }
    };
    let name = package.name();
    let all: BTreeSet<&String> =
        variant.ways.keys().flatten().filter(|f| !shared.contains(*f)).collect();
    let all: Vec<String> = all.into_iter().map(|feature| format!("{feature:?}")).collect();
    Note::new(
        "compiled-per-client",
        format!(
            "clients do not share `{name}` {}, which is compiled in {} ways: {}{again}",
            package.version(),
            variant.ways.len(),
            ways.join("; ")
        ),
        format!(
            "if all clients may have them, ask for `{name}` with `features = [{}]` wherever it is needed, as \
             `[workspace.dependencies]` can",
            all.join(", ")
        ),
    )
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
