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
    agreed(simulated, told)
}

/// It is about one build, so others can go on: the answer is no.
fn agreed(simulated: Units, told: Units) -> Result<Units, Error> {
    if simulated == told {
        return Ok(told);
    }
    Err(Error::no(format!(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disagreement_is_about_one_build_and_names_what_differs() {
        let unit = |version: &str| {
            let features = BTreeSet::from(["std".to_owned()]);
            Units::from([("serde".to_owned(), version.to_owned(), Side::Host, features)])
        };
        assert_eq!(agreed(unit("1.0.0"), unit("1.0.0")).unwrap(), unit("1.0.0"));
        let Err(Error::No(why)) = agreed(unit("1.0.0"), unit("1.0.1")) else { panic!() };
        assert_eq!(
            why.lines().skip(1).collect::<Vec<_>>(),
            [
                "  only `cargo tree` has serde 1.0.1 [std], which runs while building",
                "  only the simulation has serde 1.0.0 [std], which runs while building",
            ]
        );
    }
}
