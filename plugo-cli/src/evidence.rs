//! What is told of one build: planned before it, and held afterwards against
//! what Cargo says it compiled.

use std::path::{Path, PathBuf};

use plugo_build::{Plan, Project};
use serde_json::Value;

use crate::app::App;
use crate::args::SelectionArgs;
use crate::compiled::Compiled;
use crate::context::Context;
use crate::crate_graph::{self, Metadata, Simulation, Units, Workspace};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::sbom;

/// The manifest with what only the command line knows.
mod exact;
/// What Cargo compiled, held against the manifest.
mod verify;
/// Two manifests, side by side.
mod difference;

pub(crate) use self::difference::difference;

/// What is told of one build: the files beside the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// `plugo-manifest.json`.
    pub(crate) manifest: String,
    /// `requirements-plugins.toml`.
    pub(crate) requirements: String,
    /// `bom.cdx.json`, CycloneDX 1.6.
    pub(crate) cyclonedx: String,
    /// `bom.spdx.json`, SPDX 2.3.
    pub(crate) spdx: String,
    /// What the manifest says.
    pub(crate) content: Manifest,
    /// Everything that the build compiles, also what only plugins need that
    /// are not in it.
    units: Units,
}

impl Context {
    /// What is told of the build that the arguments name. What is missing on
    /// this machine is downloaded first, as a build would: the plan reads the
    /// metadata of plugins that Cargo downloaded.
    ///
    /// # Errors
    ///
    /// What the build script would refuse, and what [`Evidence::plan`] gives.
    pub(crate) fn evidence(&self, app: &App, selection: &SelectionArgs) -> Result<Evidence, Error> {
        // A lock file that is not there is made before it is read.
        self.lock(app)?;
        let metadata = Metadata::read(&app.dir)?;
        let project = self.project(app, selection)?;
        let (plan, warnings) = project.plan()?;
        self.shell.problems(&warnings);
        Evidence::plan(&metadata, &project, &plan)
    }
}

impl Evidence {
    /// What a build of this plan will be told of, before it.
    ///
    /// # Errors
    ///
    /// What Cargo says against it; crates about which the simulation of
    /// Cargo's features and `cargo tree` disagree.
    pub(crate) fn plan(metadata: &Metadata, project: &Project, plan: &Plan) -> Result<Self, Error> {
        let workspace = Workspace::new(metadata, project)?;
        let tree = project.crates()?;
        let app = workspace.app(project)?;
        let whole = Simulation::of(&workspace, app, project)?;
        let units = crate_graph::units(&workspace, &whole, &tree)?;
        let attribution = crate_graph::attribute(&workspace, project, plan, &whole)?;
        let documents = project.documents_of(plan, &tree)?;
        let mut document = Manifest::made(&documents.manifest)?.json().clone();
        exact::complete(&mut document, &workspace, &attribution);
        let dependency_features = &project.environment().dependency_features;
        if !dependency_features.is_empty() {
            document["dependency_features"] = dependency_features.iter().cloned().collect();
        }
        Evidence::of(document, documents.requirements, units)
    }

    fn of(mut document: Value, requirements: String, units: Units) -> Result<Self, Error> {
        let manifest = plugo_build::seal(&mut document);
        let content = Manifest::made(&manifest)?;
        let (cyclonedx, spdx) = (sbom::cyclonedx(&content)?, sbom::spdx(&content)?);
        Ok(Evidence { manifest, requirements, cyclonedx, spdx, content, units })
    }

    /// The same after the build, with the native libraries that were linked,
    /// and verified.
    ///
    /// # Errors
    ///
    /// [`Error::No`] with the crates that were planned and not compiled, or
    /// the other way round.
    pub(crate) fn verified(&self, compiled: &Compiled) -> Result<Self, Error> {
        verify::check(&self.units, compiled)?;
        let mut document = self.content.json().clone();
        verify::add_native_libs(&mut document, compiled);
        document["verified"] = Value::Bool(true);
        Evidence::of(document, self.requirements.clone(), self.units.clone())
    }

    /// Writes the manifest into a folder for the build script, which is told
    /// of it by `PLUGO_MANIFEST`. Each app, client, selection and target has
    /// a file of its own there, so that going from one to another changes
    /// none, and rebuilds nothing.
    ///
    /// # Errors
    ///
    /// A file or a folder that cannot be written.
    pub(crate) fn hand_over(&self, dir: &Path) -> Result<PathBuf, Error> {
        let selection = self.content.client().unwrap_or("no-client");
        let dir = dir.join(self.content.app()).join(self.content.target());
        std::fs::create_dir_all(&dir).map_err(|error| Error::io("made", &dir, &error))?;
        let path = dir.join(format!("{selection}{}.json", exact::other_features(&self.content)));
        plugo_build::write(&path, &self.manifest)
            .map_err(|error| Error::io("written", &path, &error))?;
        Ok(path)
    }

    /// Writes the files into a folder; each is whole or as it was.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let files = [
            ("plugo-manifest.json", &self.manifest),
            ("requirements-plugins.toml", &self.requirements),
            ("bom.cdx.json", &self.cyclonedx),
            ("bom.spdx.json", &self.spdx),
        ];
        for (name, content) in files {
            let path = dir.join(name);
            plugo_build::write(&path, content)
                .map_err(|error| Error::io("written", &path, &error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plugo_build::Environment;

    use super::*;
    use crate::cargo;
    use crate::compiled::{CompiledCrate, ScriptRun};

    /// What is told of the example for one of its clients.
    fn example(features: &[&str]) -> Evidence {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let host = cargo::host().unwrap();
        let mut environment =
            Environment::new(root.join("examples/web-plugins"), "out", host.as_str())
                .with_cfgs(&cargo::cfgs(&host).unwrap());
        environment.cargo = cargo::cargo().get_program().into();
        environment.cargo_home = cargo::home();
        environment.features = features.iter().map(|&feature| feature.to_owned()).collect();
        let project = Project::read(environment).unwrap();
        let (plan, _) = project.plan().unwrap();
        Evidence::plan(&Metadata::read(project.app_dir()).unwrap(), &project, &plan).unwrap()
    }

    /// As Cargo's messages would tell of a build that went as planned.
    fn compiled(evidence: &Evidence) -> Compiled {
        let units = evidence.units.iter();
        let told: BTreeSet<_> = units.map(|(name, version, _, f)| (name, version, f)).collect();
        let crates = told.into_iter().map(|(name, version, features)| CompiledCrate {
            package_id: format!("registry+https://example.org#{name}@{version}"),
            name: name.clone(),
            version: version.clone(),
            kinds: vec!["lib".to_owned()],
            features: features.iter().cloned().collect(),
            files: Vec::new(),
            fresh: true,
        });
        let mut compiled = Compiled { crates: crates.collect(), ..Compiled::default() };
        compiled.scripts = vec![ScriptRun {
            package_id: compiled.crates[0].package_id.clone(),
            linked_libs: vec!["static=z".to_owned()],
        }];
        compiled
    }

    #[test]
    fn what_was_compiled_as_planned_is_verified_under_the_same_fingerprint() {
        let planned = example(&["catalog", "client-zeta", "semver"]);
        let compiled = compiled(&planned);
        let verified = planned.verified(&compiled).unwrap();
        let json = |evidence: &Evidence| evidence.content.json().clone();
        assert_eq!(json(&planned)["verified"], false);
        assert_eq!(json(&verified)["verified"], true);
        assert_eq!(planned.content.fingerprint(), verified.content.fingerprint());
        assert_eq!(json(&verified)["crates"][0]["native_libs"][0], "static=z");
        assert_eq!(verified.verified(&compiled).unwrap(), verified);

        let mut other = compiled;
        other.crates.pop();
        assert!(matches!(planned.verified(&other), Err(Error::No(_))));
    }

    #[test]
    fn each_selection_is_handed_over_in_a_file_of_its_own() {
        let dir = std::env::temp_dir().join(format!("plugo-hand-over-{}", std::process::id()));
        let all = ["auth", "blog", "catalog", "clock", "semver", "shop"];
        let less = ["auth", "blog", "catalog", "clock", "shop"];
        let selections = [["catalog", "client-zeta", "semver"].as_slice(), &all, &less];
        let mut paths = BTreeSet::new();
        for features in selections {
            let evidence = example(features);
            let path = evidence.hand_over(&dir).unwrap();
            assert_eq!(evidence.hand_over(&dir).unwrap(), path);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), evidence.manifest);
            evidence.write(&dir).unwrap();
            let bom = std::fs::read_to_string(dir.join("bom.cdx.json")).unwrap();
            assert_eq!(bom, evidence.cyclonedx);
            paths.insert(path);
        }
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(paths.len(), selections.len());
    }
}
