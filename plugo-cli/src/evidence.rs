use std::path::Path;

use plugo_build::{Plan, Project};
use serde_json::Value;

use crate::compiled::{Compiled, CompiledCrate};
use crate::error::Error;

/// What is told of one build: the files beside the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// `plugo-manifest.json`.
    pub(crate) manifest: String,
    /// `requirements-plugins.toml`.
    pub(crate) requirements: String,
}

impl Evidence {
    /// What a build of this plan will be told of, before it.
    pub(crate) fn plan(project: &Project, plan: &Plan) -> Result<Self, Error> {
        let documents = project.documents(plan)?;
        Ok(Evidence { manifest: documents.manifest, requirements: documents.requirements })
    }

    /// Holds what Cargo compiled against the plan: the crate of every planned
    /// plugin is there.
    pub(crate) fn verified(self, compiled: &Compiled) -> Result<Self, Error> {
        let manifest: Value = serde_json::from_str(&self.manifest)
            .map_err(|error| Error::environment(format!("the manifest is no JSON: {error}")))?;
        for plugin in manifest["plugins"].as_array().into_iter().flatten() {
            let of = |key: &str| plugin["crate"][key].as_str().unwrap_or_default();
            let (name, version) = (of("name"), of("version"));
            let is_it = |krate: &CompiledCrate| krate.name == name && krate.version == version;
            if !compiled.crates.iter().any(is_it) {
                let plugin = plugin["name"].as_str().unwrap_or_default();
                return Err(Error::no(format!(
                    "Cargo did not compile `{name}` {version}, the crate of `{plugin}`"
                )));
            }
        }
        Ok(self)
    }

    /// Writes the files into a folder; each is whole or as it was.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let files = [
            ("plugo-manifest.json", &self.manifest),
            ("requirements-plugins.toml", &self.requirements),
        ];
        for (name, content) in files {
            let path = dir.join(name);
            plugo_build::write(&path, content)
                .map_err(|error| Error::io("written", &path, &error))?;
        }
        Ok(())
    }
}
