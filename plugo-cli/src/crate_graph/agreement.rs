use std::collections::BTreeSet;

use plugo_build::{Crates, Side};

use crate::crate_graph::simulation::Simulation;
use crate::crate_graph::workspace::Workspace;
use crate::error::Error;

/// What is compiled: name, version, side, and features.
pub(crate) type Units = BTreeSet<(String, String, Side, BTreeSet<String>)>;

/// The crates of a build as two programs tell them, which have to agree.
///
/// # Errors
///
/// The crates about which they do not.
pub(crate) fn units(
    workspace: &Workspace,
    simulation: &Simulation<'_>,
    tree: &Crates,
) -> Result<Units, Error> {
    let mut simulated = Units::new();
    for ((id, side), features) in &simulation.units {
        let package = workspace.graph.metadata(id).map_err(|error| {
            Error::environment(format!("a package of the graph is not in it: {error}"))
        })?;
        let (name, version) = (package.name().to_owned(), package.version().to_string());
        simulated.insert((name, version, *side, features.clone()));
    }
    let told: Units = tree
        .iter()
        .map(|node| {
            let features = node.features.iter().cloned().collect();
            (node.name.clone(), node.version.clone(), node.side, features)
        })
        .collect();
    if simulated == told {
        return Ok(told);
    }
    Err(Error::environment(format!(
        "`cargo tree` and the simulation of Cargo's features do not agree about the crates of this \
         build, so there is no exact manifest of it{}{}",
        listed("only `cargo tree` has", told.difference(&simulated)),
        listed("only the simulation has", simulated.difference(&told)),
    )))
}

fn listed<'u>(
    what: &str,
    units: impl Iterator<Item = &'u (String, String, Side, BTreeSet<String>)>,
) -> String {
    let mut text = String::new();
    for (name, version, side, features) in units {
        let side = match side {
            Side::Target => "",
            Side::Host => ", which runs while building",
        };
        let features: Vec<&str> = features.iter().map(String::as_str).collect();
        text.push_str(&format!("\n  {what} {name} {version} [{}]{side}", features.join(", ")));
    }
    text
}
