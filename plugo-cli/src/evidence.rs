use std::path::Path;

use plugo_build::{Plan, Project};

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
