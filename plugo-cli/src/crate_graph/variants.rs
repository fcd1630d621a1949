use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use plugo_build::Side;

use crate::crate_graph::simulation::Simulation;

/// A package that several builds compile in more than one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant<'g> {
    pub(crate) package: &'g PackageId,
    /// Each set of features that it is compiled with.
    pub(crate) ways: Ways,
    /// The packages with the same features everywhere that are compiled again all the same, since
    /// they need this one, or others like it.
    pub(crate) dependents: BTreeSet<&'g PackageId>,
}

/// Sets of features, each with the builds that have it, as indices.
pub(crate) type Ways = BTreeMap<BTreeSet<String>, Vec<usize>>;

/// What is compiled, and for which side.
type Unit<'g> = (&'g PackageId, Side);

/// The packages that have other features in some of these builds than in others, by their names;
/// but the one that is left out, which no two builds share.
///
/// Cargo keeps a compiled crate for each set of its own features and of what it depends on, so
/// going from one build to another compiles nothing twice, but each of these once for each way.
pub(crate) fn variants<'g>(builds: &[Simulation<'g>], left_out: &PackageId) -> Vec<Variant<'g>> {
    let mut ways: BTreeMap<Unit<'g>, Ways> = BTreeMap::new();
    for (number, build) in builds.iter().enumerate() {
        for (unit, features) in &build.units {
            if unit.0 != left_out {
                let ways = ways.entry(*unit).or_default();
                ways.entry(features.clone()).or_default().push(number);
            }
        }
    }
    ways.retain(|_, ways| ways.len() > 1);
    // What needs it, with the ways of it that are needed.
    let mut needed: BTreeMap<Unit<'g>, BTreeMap<Unit<'g>, BTreeSet<&BTreeSet<String>>>> =
        BTreeMap::new();
    for build in builds {
        let dependents = build.dependents();
        for (unit, features) in build.units.iter().filter(|(unit, _)| ways.contains_key(unit)) {
            let needed = needed.entry(*unit).or_default();
            for dependent in above(*unit, &dependents) {
                needed.entry(dependent).or_default().insert(features);
            }
        }
    }
    let again = |unit: &Unit<'g>| {
        let needed = needed.get(unit).into_iter().flatten();
        let again = needed.filter(|(dependent, needs)| {
            needs.len() > 1 && dependent.0 != left_out && !ways.contains_key(dependent)
        });
        again.map(|(dependent, _)| dependent.0).collect()
    };
    let variant = |(unit, ways): (&Unit<'g>, &Ways)| Variant {
        package: unit.0,
        ways: ways.clone(),
        dependents: again(unit),
    };
    let mut found: Vec<Variant<'g>> = ways.iter().map(variant).collect();
    // One that is compiled for both sides in the same ways is told of once.
    found.dedup_by(|later, earlier| {
        let is_same = later.package == earlier.package && later.ways == earlier.ways;
        if is_same {
            earlier.dependents.append(&mut later.dependents);
        }
        is_same
    });
    found
}

/// Everything that needs a unit, directly or not.
fn above<'g>(unit: Unit<'g>, dependents: &BTreeMap<Unit<'g>, Vec<Unit<'g>>>) -> BTreeSet<Unit<'g>> {
    let (mut open, mut seen) = (vec![unit], BTreeSet::new());
    while let Some(below) = open.pop() {
        let next = dependents.get(&below).into_iter().flatten();
        open.extend(next.copied().filter(|unit| seen.insert(*unit)));
    }
    seen
}
