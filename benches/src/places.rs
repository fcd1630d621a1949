use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Where things are.
#[derive(Debug)]
pub(crate) struct Places {
    /// The root of plugo's repository.
    pub(crate) checkout: PathBuf,
    /// The folder of everything that is generated. It is kept, so that the
    /// next run compiles only what has changed.
    pub(crate) work: PathBuf,
    /// This program.
    pub(crate) program: PathBuf,
}

impl Places {
    pub(crate) fn find() -> Result<Self> {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the package `benches` stands in no workspace")?
            .to_owned();
        let program = std::env::current_exe().context("this program has no path")?;
        // `target/release/benches`
        let target = program.ancestors().nth(2).context("this program is in no target folder")?;
        Ok(Places { checkout, work: target.join("plugo-benches"), program })
    }
}
