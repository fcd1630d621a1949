//! Calls of Cargo and of the compiler. This is the one door to both.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::child::{self, Line};
use crate::error::Error;

/// Cargo, as the user has it; under `cargo plugo` the one that called.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from))
}

/// The compiler that Cargo would call.
fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from))
}

/// Cargo's home.
pub(crate) fn home() -> Option<PathBuf> {
    let set = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    set.or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

/// What a program prints, if it succeeds. It ends with this program.
pub(crate) fn output(command: &mut Command) -> Result<String, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<String> =
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let first = arguments.iter().take(1);
    let shown = std::iter::once(&name).chain(first).cloned().collect::<Vec<_>>().join(" ");
    let (mut printed, mut said) = (String::new(), String::new());
    let status = child::run(command.stdout(Stdio::piped()).stderr(Stdio::piped()), |line| {
        let (text, line) = match line {
            Line::Out(line) => (&mut printed, line),
            Line::Err(line) => (&mut said, line),
            Line::Nothing => return,
        };
        text.push_str(&line);
        text.push('\n');
    });
    let status = status.map_err(|error| match error {
        Error::Environment(why) => {
            let why = why.replacen(&format!("`{name}`"), &format!("`{shown}`"), 1);
            Error::environment(format!("{why}; is Rust installed?"))
        }
        error => error,
    })?;
    if !status.success() {
        return Err(Error::environment(format!("`{shown}` failed: {}", cause(&said))));
    }
    Ok(printed)
}

/// What a program said of its failure: from its first error on, as Cargo tells of warnings, and of
/// locks that it waits for, before that.
fn cause(said: &str) -> &str {
    let error = "error: ";
    let start = match said.starts_with(error) {
        true => Some(0),
        false => said.find(&format!("\n{error}")).map(|before| before + 1),
    };
    start.map_or(said, |start| &said[start + error.len()..]).trim()
}

/// The triple of this machine.
pub(crate) fn host() -> Result<String, Error> {
    let printed = output(rustc().arg("-vV"))?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Error::environment("`rustc -vV` does not name the host"))
}

/// The folder that the compiler is in, with all that comes with it.
#[cfg(unix)]
pub(crate) fn sysroot() -> Result<PathBuf, Error> {
    let printed = output(rustc().args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(printed.trim_end()))
}

/// The versions of Cargo and of the compiler, as they print them.
pub(crate) fn versions() -> Result<(String, String), Error> {
    let release = |printed: &str| {
        let release = printed.lines().find_map(|line| line.strip_prefix("release: "));
        release.unwrap_or_default().trim().to_owned()
    };
    Ok((release(&output(cargo().arg("-vV"))?), release(&output(rustc().arg("-vV"))?)))
}

/// What `cfg(…)` sees on a target.
pub(crate) fn cfgs(target: &str) -> Result<String, Error> {
    output(rustc().args(["--print", "cfg", "--target", target])).map_err(|error| match error {
        Error::Environment(why) if why.contains("could not find specification") => Error::usage(
            format!("there is no target `{target}`; `rustc --print target-list` lists them"),
        ),
        error => error,
    })
}

/// `cargo metadata --no-deps`: the packages of a workspace. It needs no
/// network and no lock file.
pub(crate) fn workspace(dir: &Path, manifest: Option<&Path>) -> Result<Value, Error> {
    let mut command = cargo();
    command.current_dir(dir).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    if let Some(manifest) = manifest {
        command.arg("--manifest-path").arg(manifest);
    }
    let printed = output(&mut command).map_err(|error| match error {
        // Without dependencies, all that Cargo reads is manifests.
        Error::Environment(why) if why.contains("` failed: ") => Error::no(why),
        error => error,
    })?;
    serde_json::from_str(&printed)
        .map_err(|error| Error::environment(format!("`cargo metadata` printed no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_what_was_said_from_the_first_error_on() {
        let waited = "    Blocking waiting for file lock on package cache\nerror: no such file\n\nCaused by:\n  x\n";
        assert_eq!(cause(waited), "no such file\n\nCaused by:\n  x");
        assert_eq!(cause("error: one\nerror: two\n"), "one\nerror: two");
        assert_eq!(cause("\nkilled\n"), "killed");
    }
}
