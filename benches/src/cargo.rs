use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::places::Places;

/// The program `cargo` that runs this one, or else the one in the path.
pub(crate) fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The program `rustc`.
pub(crate) fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

/// A call of Cargo in a generated workspace, offline.
pub(crate) fn cargo(dir: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(program());
    clean(&mut command);
    command.current_dir(dir).arg(subcommand).arg("--offline").stdin(Stdio::null());
    command
}

/// Leaves out of a command's variables what the outer Cargo says to this program alone, what
/// changes how Cargo builds, and what changes plugo's plans.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_left_out(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
}

fn is_left_out(name: &str) -> bool {
    const KINDS: [&str; 7] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_BUILD_",
        "CARGO_PROFILE_",
        "CARGO_TARGET_",
        "PLUGO_",
    ];
    const EACH: [&str; 9] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_BOOTSTRAP",
        "CARGO_INCREMENTAL",
        "DISABLED_PLUGINS",
        "ENABLED_PLUGINS",
        "MAKEFLAGS",
    ];
    EACH.contains(&name) || KINDS.iter().any(|kind| name.starts_with(kind))
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let shown = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    let output = command.output().with_context(|| format!("`{shown}` does not run"))?;
    if !output.status.success() {
        bail!("`{shown}` failed, {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

/// How many packages Cargo tells of in its messages that are of a kind, such as those that it compiled.
pub(crate) fn packages(messages: &str, is_counted: impl Fn(&Value) -> bool) -> usize {
    let packages: BTreeSet<String> = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact" && is_counted(message))
        .filter_map(|message| Some(message["package_id"].as_str()?.to_owned()))
        .collect();
    packages.len()
}

/// Gives a generated workspace the versions of the repository's `Cargo.lock`,
/// and lets Cargo add its packages to them.
pub(crate) fn lock(places: &Places, dir: &Path) -> Result<()> {
    let from = places.checkout.join("Cargo.lock");
    let to = dir.join("Cargo.lock");
    let seed = dir.with_extension("lock");
    let read = |path: &Path| {
        fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))
    };
    let wanted = read(&from)?;
    // Remembered beside the folder, since Cargo changes the copy.
    if !to.exists() || read(&seed).ok().as_ref() != Some(&wanted) {
        for path in [&to, &seed] {
            fs::write(path, &wanted)
                .with_context(|| format!("`{}` cannot be written", path.display()))?;
        }
    }
    run(cargo(dir, "update").args(["--workspace", "--quiet"])).map(drop)
}

/// The version of a package in the repository's `Cargo.lock`.
pub(crate) fn locked_version(places: &Places, package: &str) -> Result<String> {
    let path: PathBuf = places.checkout.join("Cargo.lock");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("`{}` cannot be read", path.display()))?;
    version_of(&text, package)
        .with_context(|| format!("`{}` has no `{package}`", path.display()))
        .map(str::to_owned)
}

fn version_of<'t>(lock: &'t str, package: &str) -> Option<&'t str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_a_build_is_left_out_and_what_it_needs_stays() {
        for name in ["RUSTFLAGS", "CARGO_PROFILE_RELEASE_LTO", "CARGO_TARGET_DIR", "PLUGO_MANIFEST"]
        {
            assert!(is_left_out(name), "{name}");
        }
        for name in ["PATH", "HOME", "CARGO_HOME", "CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
            assert!(!is_left_out(name), "{name}");
        }
    }

    #[test]
    fn a_package_that_was_compiled_is_counted_once_and_one_that_was_there_is_not() {
        let line = |id: &str, fresh| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"package_id\":\"{id}\",\"fresh\":{fresh}}}\n"
            )
        };
        let messages = [line("a", false), line("a", false), line("b", true), line("c", false)];
        let messages = format!("{}{{\"reason\":\"build-finished\"}}\n", messages.concat());
        assert_eq!(packages(&messages, |message| message["fresh"] == false), 2);
        assert_eq!(packages(&messages, |_| true), 3);
    }

    #[test]
    fn a_locked_version_is_found_by_the_whole_name() {
        let lock = "[[package]]\nname = \"linkme-impl\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"linkme\"\nversion = \"0.3.37\"\n";
        assert_eq!(version_of(lock, "linkme"), Some("0.3.37"));
        assert_eq!(version_of(lock, "link"), None);
    }
}
