use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::status::status;

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

    /// Waits until no other run generates and measures here. It is so as long as the file is open.
    pub(crate) fn alone(&self) -> Result<File> {
        let path = self.work.join("lock");
        let unusable = || format!("`{}` cannot be locked", path.display());
        fs::create_dir_all(&self.work).with_context(unusable)?;
        let file = File::create(&path).with_context(unusable)?;
        if file.try_lock().is_err() {
            status("Waiting", &format!("for another run, which holds `{}`", path.display()));
            file.lock().with_context(unusable)?;
        }
        Ok(file)
    }
}
