use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::cargo;

/// Valgrind's callgrind, which counts the instructions of a process from its
/// start to its end, the dynamic linker's included. The kernel's are not
/// among them.
#[derive(Debug)]
pub(crate) struct Callgrind {
    output: PathBuf,
    staged: PathBuf,
    /// As it names itself.
    pub(crate) version: String,
}

impl Callgrind {
    /// Callgrind, where it is installed.
    pub(crate) fn find(work: &Path) -> Option<Self> {
        let output =
            Command::new("valgrind").arg("--version").stdin(Stdio::null()).output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then(|| Callgrind {
            output: work.join("callgrind.out"),
            staged: work.join("contender"),
            version,
        })
    }

    /// A copy of a program, under the same path for every program: Rust's
    /// runtime reads `/proc/self/maps` before `main`, so the length of a
    /// program's path counts.
    pub(crate) fn stage(&self, program: &Path) -> Result<&Path> {
        fs::copy(program, &self.staged)
            .with_context(|| format!("`{}` cannot be written", self.staged.display()))?;
        Ok(&self.staged)
    }

    /// The instructions of one run. The command's variables and folder hold;
    /// the processes that it starts do not count.
    pub(crate) fn count(&self, command: &Command) -> Result<u64> {
        let mut output = OsString::from("--callgrind-out-file=");
        output.push(&self.output);
        let mut valgrind = Command::new("valgrind");
        valgrind.arg("--tool=callgrind").arg("--quiet").arg(output);
        valgrind.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        if let Some(dir) = command.get_current_dir() {
            valgrind.current_dir(dir);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => valgrind.env(name, value),
                None => valgrind.env_remove(name),
            };
        }
        cargo::run(&mut valgrind)?;
        let text = fs::read_to_string(&self.output)
            .with_context(|| format!("`{}` cannot be read", self.output.display()))?;
        total(&text).with_context(|| format!("`{}` has no total", self.output.display()))
    }
}

/// The line `totals: 305431` of callgrind's file; `summary:` in files of
/// other versions.
fn total(text: &str) -> Option<u64> {
    let line = |key: &str| text.lines().rev().find_map(|line| line.strip_prefix(key));
    line("totals:").or_else(|| line("summary:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_callgrinds_file() {
        let file = "# callgrind format\nversion: 1\nevents: Ir\n\nfl=(1) a.c\nfn=(1) main\n\
                    16 400\ntotals: 305431\n";
        assert_eq!(total(file), Some(305_431));
        assert_eq!(total("events: Ir Dr\nsummary: 12 3\n\n16 400\n"), Some(12));
        assert_eq!(total("events: Ir\n"), None);
    }
}
