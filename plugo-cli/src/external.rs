use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::error::Error;
use crate::program::Others;

/// What a program that is a command begins with.
const PREFIX: &str = "plugo-";

/// The commands on `PATH`, by name. The first folder that has one wins.
pub(crate) fn all() -> Others {
    let mut found = Others::new();
    let path = env::var_os("PATH").unwrap_or_default();
    for dir in env::split_paths(&path) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let program = entry.path();
            let file = entry.file_name().to_string_lossy().into_owned();
            let Some(name) = file.strip_prefix(PREFIX) else { continue };
            let name = name.strip_suffix(env::consts::EXE_SUFFIX).unwrap_or(name);
            // `plugo help` is ours, and what begins with `-` is an argument.
            let is_command = !name.is_empty() && !name.starts_with('-') && name != "help";
            if is_command && is_program(&program) {
                found.entry(name.to_owned()).or_insert(program);
            }
        }
    }
    found
}

#[cfg(unix)]
fn is_program(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension == env::consts::EXE_EXTENSION)
        && path.is_file()
}

/// Runs a program in place of a command, with its exit code.
pub(crate) fn run<'a>(
    name: &str,
    program: &OsStr,
    arguments: impl Iterator<Item = &'a OsString>,
) -> Result<(), Error> {
    let status = Command::new(program).args(arguments).status().map_err(|error| {
        Error::environment(format!(
            "the command `{name}`, which is `{}`, cannot be run: {error}",
            program.display()
        ))
    })?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Error::Said(u8::try_from(code).unwrap_or(crate::exit::NO))),
        None => Err(Error::no(format!("the command `{name}` was ended by a signal"))),
    }
}
