use std::path::Path;

use guppy::graph::cargo::{CargoOptions, CargoResolverVersion};
use guppy::graph::{PackageGraph, PackageMetadata};
use guppy::platform::{Platform, PlatformSpec, TargetFeatures};
use plugo_build::{Project, Side};
use serde_json::{Value, json};

use crate::cargo;
use crate::error::Error;

/// A package among those of a build: name, version, and the source as
/// `Cargo.lock` writes it, or `path` for a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: String,
}

impl Key {
    pub(crate) fn of(package: &PackageMetadata<'_>) -> Self {
        let source = package.source();
        Key {
            name: package.name().to_owned(),
            version: package.version().to_string(),
            source: source.external_source().unwrap_or("path").to_owned(),
        }
    }
}

/// Every package that the workspace may build, with all that is optional, and
/// how features are resolved in it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) graph: PackageGraph,
    resolver: CargoResolverVersion,
    target: PlatformSpec,
    host: PlatformSpec,
}

impl Workspace {
    /// The workspace, for the build of a project.
    pub(crate) fn new(metadata: &Metadata, project: &Project) -> Result<Self, Error> {
        let mut metadata = metadata.0.clone();
        add_items(&mut metadata, project);
        let graph = PackageGraph::from_json(metadata.to_string()).map_err(|error| other(&error))?;
        let target = &project.environment().target;
        Ok(Workspace {
            graph,
            resolver: resolver(&project.resolver())?,
            target: platform(target)?.into(),
            host: platform(&cargo::host()?)?.into(),
        })
    }

    pub(crate) fn options(&self) -> CargoOptions<'_> {
        let mut options = CargoOptions::new();
        options
            .set_resolver(self.resolver)
            .set_target_platform(self.target.clone())
            .set_host_platform(self.host.clone());
        options
    }

    /// What crates of a side are compiled for.
    pub(crate) fn platform(&self, side: Side) -> &PlatformSpec {
        match side {
            Side::Target => &self.target,
            Side::Host => &self.host,
        }
    }

    /// Whether a crate has the same features on both sides.
    pub(crate) fn unifies_sides(&self) -> bool {
        self.resolver == CargoResolverVersion::V1
    }

    /// The package of the app.
    pub(crate) fn app(&self, project: &Project) -> Result<PackageMetadata<'_>, Error> {
        let members = self.graph.workspace();
        members.member_by_name(project.app()).map_err(|_| {
            Error::environment(format!("`cargo metadata` does not tell of `{}`", project.app()))
        })
    }
}

/// What Cargo tells of a workspace: the same for each of its builds.
#[derive(Debug)]
pub(crate) struct Metadata(Value);

impl Metadata {
    /// Reads the workspace that a folder is in, without the network. Only
    /// where a package is missing Cargo is asked to download: `cargo metadata`
    /// needs them all, also those for other targets.
    pub(crate) fn read(dir: &Path) -> Result<Self, Error> {
        let metadata = || {
            let mut command = cargo::cargo();
            command.current_dir(dir).args(["metadata", "--all-features", "--locked", "--offline"]);
            cargo::output(command.args(["--format-version", "1"]))
        };
        let json = metadata().or_else(|error| {
            if matches!(error, Error::Said(_)) {
                return Err(error);
            }
            let fetched =
                cargo::output(cargo::cargo().current_dir(dir).args(["fetch", "--locked"]));
            match fetched {
                Ok(_) => metadata(),
                Err(error @ Error::Said(_)) => Err(error),
                // What is wrong is what the first call said.
                Err(_) => Err(with_help(&error)),
            }
        })?;
        serde_json::from_str(&json).map(Metadata).map_err(|error| other(&error))
    }
}

fn other(error: &dyn std::fmt::Display) -> Error {
    Error::environment(format!("`cargo metadata` printed something else: {error}"))
}

fn with_help(error: &Error) -> Error {
    Error::environment(format!(
        "{error}\n  help: an exact manifest needs every package of Cargo.lock on this machine, also \
         those for other targets; `cargo fetch --locked` downloads them"
    ))
}

/// What an item of a feature's list, such as `dep:blog` or `blog?/fast`, is
/// called as a feature of its own.
pub(crate) fn item_feature(item: &str) -> String {
    format!("{ITEM}{item}")
}

/// Whether a feature is one of those, and none of the package.
pub(crate) fn is_item_feature(name: &str) -> bool {
    name.starts_with(ITEM)
}

/// No feature's name has a space.
const ITEM: &str = "item ";

/// Gives the app a feature for each item of its features' lists, and for what
/// Cargo's command line turns on in its dependencies. So a simulation can
/// switch on any of them alone, in just the way in which Cargo does.
fn add_items(metadata: &mut Value, project: &Project) {
    let features = project.features();
    let items = features.values().flat_map(|items| items.iter());
    let items = items.chain(&project.environment().dependency_features);
    let members = metadata["workspace_members"].clone();
    let members = members.as_array().map(Vec::as_slice).unwrap_or_default();
    for package in metadata["packages"].as_array_mut().into_iter().flatten() {
        if package["name"] == project.app() && members.contains(&package["id"]) {
            for item in items.clone().filter(|item| !features.contains_key(item.as_str())) {
                package["features"][item_feature(item)] = json!([item]);
            }
        }
    }
}

fn resolver(text: &str) -> Result<CargoResolverVersion, Error> {
    match text {
        "1" => Ok(CargoResolverVersion::V1),
        "2" => Ok(CargoResolverVersion::V2),
        "3" => Ok(CargoResolverVersion::V3),
        other => Err(Error::environment(format!(
            "the workspace has the resolver \"{other}\", and this plugo knows \"1\" to \"3\""
        ))),
    }
}

/// A target with the features that the compiler turns on for it, which
/// `cfg(target_feature = …)` of a dependency may ask for.
fn platform(triple: &str) -> Result<Platform, Error> {
    let printed = cargo::cfgs(triple)?;
    let features: Vec<String> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("target_feature=\"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect();
    Platform::new(triple.to_owned(), TargetFeatures::features(features))
        .map_err(|error| Error::usage(format!("the target `{triple}` is not known: {error}")))
}
