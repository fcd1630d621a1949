use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use plugo_build::Side;

use crate::crate_graph::simulation::{Simulation, Unit};

/// A package that several builds compile in more than one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant<'g> {
    pub(crate) package: &'g PackageId,
    /// The sides that it is compiled for in these ways.
    pub(crate) sides: BTreeSet<Side>,
    /// Each set of features that it is compiled with.
    pub(crate) ways: Ways,
    /// The packages with the same features everywhere that are compiled again all the same, since
    /// they need this one, or others like it.
    pub(crate) dependents: BTreeSet<&'g PackageId>,
}

/// Sets of features, each with the builds that have it, as indices.
pub(crate) type Ways = BTreeMap<BTreeSet<String>, Vec<usize>>;

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
        sides: BTreeSet::from([unit.1]),
        ways: ways.clone(),
        dependents: again(unit),
    };
    let mut found: Vec<Variant<'g>> = ways.iter().map(variant).collect();
    // One that is compiled for both sides in the same ways is told of once.
    found.dedup_by(|later, earlier| {
        let is_same = later.package == earlier.package && later.ways == earlier.ways;
        if is_same {
            earlier.sides.append(&mut later.sides);
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use plugo_build::{Environment, Project};

    use super::*;
    use crate::cargo;
    use crate::crate_graph::{Asking, Metadata, Request, Workspace};

    /// A workspace without plugins: an app with two features, and crates around `shared`.
    fn workspace(dir: &Path) -> (Workspace, Project) {
        let write = |path: &str, text: &str| {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let package = |name: &str, rest: &str| {
            format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}\n")
        };
        let krate = |name: &str, rest: &str| {
            write(&format!("{name}/Cargo.toml"), &package(name, rest));
            write(&format!("{name}/src/lib.rs"), "");
        };
        write("src/main.rs", "fn main() {}\n");
        write("build.rs", "fn main() {}\n");
        write(
            "Cargo.toml",
            &package(
                "app",
                "[workspace]\n[features]\nfull = [\"shared/full\", \"dep:wants\"]\nnothing = []\n\
                 [dependencies]\nshared = { path = \"shared\" }\nabove = { path = \"above\" }\n\
                 wants = { path = \"wants\", optional = true }\n\
                 [build-dependencies]\nshared = { path = \"shared\" }\nmacros = { path = \"macros\" }",
            ),
        );
        krate("shared", "[features]\nfull = [\"fast\"]\nfast = []");
        krate("above", "[dependencies]\nshared = { path = \"../shared\" }");
        krate(
            "wants",
            "[dependencies]\nshared = { path = \"../shared\", features = [\"fast\"] }\n\
             macros = { path = \"../macros\", features = [\"full\"] }",
        );
        krate(
            "macros",
            "[lib]\nproc-macro = true\n[dependencies]\nshared = { path = \"../shared\" }\n\
             [features]\nfull = [\"shared/full\"]",
        );
        let lock = ["generate-lockfile", "--offline"];
        let cargo: &mut Command = &mut cargo::cargo();
        cargo::output(cargo.current_dir(dir).args(lock)).unwrap();
        let host = cargo::host().unwrap();
        let environment =
            Environment::new(dir, "out", host.as_str()).with_cfgs(&cargo::cfgs(&host).unwrap());
        let project = Project::read(environment).unwrap();
        (Workspace::new(&Metadata::read(dir).unwrap(), &project).unwrap(), project)
    }

    #[test]
    fn crates_are_told_with_their_sides_their_ways_who_asks_and_who_needs_them() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, project) = workspace(dir.path());
        let app = workspace.app(&project).unwrap();
        let build = |features: &[&str]| {
            let features = features.iter().map(|&feature| feature.to_owned()).collect();
            Simulation::run(&workspace, app, &Request { features }, &BTreeSet::new()).unwrap()
        };
        let name = |id: &PackageId| workspace.graph.metadata(id).unwrap().name().to_owned();
        let told = |variant: &Variant<'_>| {
            let ways = variant.ways.iter().map(|(features, builds)| {
                let features: Vec<&str> = features.iter().map(String::as_str).collect();
                (features.join(" "), builds.clone())
            });
            let dependents: Vec<String> = variant.dependents.iter().map(|id| name(id)).collect();
            (name(variant.package), variant.sides.clone(), ways.collect::<Vec<_>>(), dependents)
        };

        let builds = [build(&[]), build(&["full"]), build(&["nothing"])];
        let found = variants(&builds, app.id());
        let both = BTreeSet::from([Side::Target, Side::Host]);
        let ways =
            |features: &str| vec![(String::new(), vec![0, 2]), (features.to_owned(), vec![1])];
        assert_eq!(
            found.iter().map(told).collect::<Vec<_>>(),
            [
                ("macros".to_owned(), BTreeSet::from([Side::Host]), ways("full"), vec![]),
                ("shared".to_owned(), both, ways("fast full"), vec!["above".to_owned()]),
            ]
        );
        assert_eq!(variants(&builds[..1], app.id()), []);
        assert_eq!(variants(&[build(&[]), build(&["nothing"])], app.id()), []);

        // A feature that another one of its own turns on is asked for with that one.
        let shared = found[1].package;
        let asking = Asking::of(&workspace, &BTreeSet::from([shared]));
        let who = |side, feature| {
            let units = asking.who(&builds[1], (shared, side), feature).into_iter();
            units.map(|(id, side)| (name(id), side)).collect::<Vec<_>>()
        };
        let (app, macros, wants) = ("app".to_owned(), "macros".to_owned(), "wants".to_owned());
        assert_eq!(who(Side::Target, "full"), [(app.clone(), Side::Target)]);
        let both = [(app.clone(), Side::Target), (wants, Side::Target)];
        assert_eq!(who(Side::Target, "fast"), both);
        // The app's feature is about its build script's `shared` as well.
        assert_eq!(who(Side::Host, "fast"), [(app, Side::Target), (macros, Side::Host)]);
    }
}
