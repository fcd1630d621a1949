//! Stands before rustc, as Cargo's `RUSTC_WRAPPER`, to tell what each crate of a build costs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::work;

/// The folder of what was measured.
const FOLDER: &str = "PLUGO_BENCHES_CRATES";

/// Makes a build tell what each crate costs, in a folder.
pub(crate) fn tell(build: &mut Command, program: &Path, folder: &Path) {
    build.env("RUSTC_WRAPPER", program).env(FOLDER, folder);
}

/// Compiles a crate and measures that, when that is what this process was started for.
pub(crate) fn answer() -> Option<Result<()>> {
    let folder = PathBuf::from(std::env::var_os(FOLDER)?);
    let mut arguments = std::env::args_os().skip(1);
    let rustc = arguments.next()?;
    Some(compile(&folder, &rustc, arguments.collect()))
}

fn compile(folder: &Path, rustc: &OsString, arguments: Vec<OsString>) -> Result<()> {
    let before = work::waited_for()?;
    let status = Command::new(rustc)
        .args(&arguments)
        .status()
        .with_context(|| format!("`{}` does not run", rustc.display()))?;
    let took = work::waited_for()?.saturating_sub(before);
    let mut words = arguments.iter().skip_while(|word| *word != "--crate-name");
    if let Some(name) = words.nth(1) {
        let file = folder.join(std::process::id().to_string());
        fs::write(&file, format!("{} {}", took.as_millis(), name.display()))
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    std::process::exit(status.code().unwrap_or(1))
}

/// What each crate took, the dearest first. Build scripts are one.
pub(crate) fn told(folder: &Path) -> Result<Vec<(String, Duration)>> {
    let unreadable = || format!("`{}` cannot be read", folder.display());
    let mut crates: BTreeMap<String, Duration> = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let text = fs::read_to_string(entry?.path()).with_context(unreadable)?;
        let (millis, name) = text.split_once(' ').with_context(unreadable)?;
        let millis = millis.parse().with_context(unreadable)?;
        *crates.entry(name.to_owned()).or_default() += Duration::from_millis(millis);
    }
    let mut crates: Vec<(String, Duration)> = crates.into_iter().collect();
    crates.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_one_name_are_added_and_the_dearest_comes_first() {
        let dir = tempfile::TempDir::new().unwrap();
        for (file, text) in
            [("1", "30 a"), ("2", "20 build_script_build"), ("3", "20 build_script_build")]
        {
            fs::write(dir.path().join(file), text).unwrap();
        }
        let millis = Duration::from_millis;
        assert_eq!(
            told(dir.path()).unwrap(),
            [("build_script_build".to_owned(), millis(40)), ("a".to_owned(), millis(30))]
        );
    }
}
