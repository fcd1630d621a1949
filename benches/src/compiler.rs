use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cargo;

/// What Cargo tells a build script about the compiler.
#[derive(Debug)]
pub(crate) struct Compiler {
    pub(crate) host: String,
    /// Such as `1.95.0`.
    pub(crate) release: String,
    /// The variables of a build script.
    pub(crate) cfgs: BTreeMap<String, String>,
}

impl Compiler {
    pub(crate) fn ask() -> Result<Self> {
        let rustc = |arguments: &[&str]| -> Result<String> {
            let output = cargo::run(Command::new(cargo::rustc()).args(arguments))?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let version = rustc(&["-vV"])?;
        let line = |key: &str| {
            let value = version.lines().find_map(|line| line.strip_prefix(key));
            value.map(str::to_owned).with_context(|| format!("rustc does not say its `{key}`"))
        };
        let cfgs = cfgs(&rustc(&["--print", "cfg"])?);
        Ok(Compiler { host: line("host: ")?, release: line("release: ")?, cfgs })
    }

    #[cfg(test)]
    pub(crate) fn sample(host: &str, release: &str) -> Self {
        Compiler { host: host.to_owned(), release: release.to_owned(), cfgs: BTreeMap::new() }
    }
}

/// `target_os="linux"` is `CARGO_CFG_TARGET_OS=linux`; `unix` is
/// `CARGO_CFG_UNIX=`; what stands there several times is a list with commas.
fn cfgs(text: &str) -> BTreeMap<String, String> {
    let mut cfgs: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let list = cfgs.entry(format!("CARGO_CFG_{}", name.to_uppercase())).or_default();
        let comma = if list.is_empty() { "" } else { "," };
        list.push_str(comma);
        list.push_str(value.trim_matches('"'));
    }
    cfgs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cfgs_become_variables() {
        let cfgs = cfgs(
            "panic=\"unwind\"\ntarget_family=\"unix\"\ntarget_has_atomic=\"8\"\n\
                         target_has_atomic=\"16\"\nunix\n",
        );
        assert_eq!(cfgs["CARGO_CFG_PANIC"], "unwind");
        assert_eq!(cfgs["CARGO_CFG_TARGET_HAS_ATOMIC"], "8,16");
        assert_eq!(cfgs["CARGO_CFG_UNIX"], "");
    }
}
