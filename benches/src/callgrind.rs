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

/// The instructions of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// All of them.
    pub(crate) whole: u64,
    /// Without those of [`STACK`], which are not the same from one binary to the next.
    pub(crate) steady: u64,
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

    /// The instructions of one run of a program that reads no variables, and gets none but
    /// `PATH`, by which it is found: the dynamic linker and the C library look through them.
    pub(crate) fn count_alone(&self, command: &Command) -> Result<Counted> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.run(Command::new("valgrind").env_clear().env("PATH", path), command)
    }

    /// The instructions of one run. The command's variables and folder hold;
    /// the processes that it starts do not count.
    pub(crate) fn count(&self, command: &Command) -> Result<u64> {
        Ok(self.run(&mut Command::new("valgrind"), command)?.whole)
    }

    fn run(&self, valgrind: &mut Command, command: &Command) -> Result<Counted> {
        let mut output = OsString::from("--callgrind-out-file=");
        output.push(&self.output);
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
        cargo::run(valgrind)?;
        let text = fs::read_to_string(&self.output)
            .with_context(|| format!("`{}` cannot be read", self.output.display()))?;
        let whole =
            total(&text).with_context(|| format!("`{}` has no total", self.output.display()))?;
        let stack = inclusive(&text, STACK)
            .with_context(|| format!("`{}` has a call without a cost", self.output.display()))?;
        let steady = whole
            .checked_sub(stack)
            .context("callgrind counts more in a part of the program than in the whole")?;
        Ok(Counted { whole, steady })
    }
}

/// Rust's runtime asks for the stack's bounds before `main`. The answer is looked for in
/// `/proc/self/maps`, whose lines depend on where pages of the binary happen to begin and on the
/// length of paths: a third of what a program without plugins costs.
const STACK: &str = "pthread_getattr_np";

/// The instructions of a function with all that it calls, from the lines
///
/// ```text
/// cfn=(880) pthread_getattr_np@@GLIBC_2.32
/// calls=1 33
/// 16 4072
/// ```
///
/// of callgrind's file, where a name stands once and is a number from then on. Nothing for a call that
/// has no cost; 0 where the function is not called.
fn inclusive(text: &str, name: &str) -> Option<u64> {
    let is_named = |rest: &str| {
        let (id, function) = rest.split_once(' ')?;
        function.split('@').next().filter(|function| *function == name).map(|_| id.to_owned())
    };
    let id = text
        .lines()
        .find_map(|line| is_named(line.strip_prefix("cfn=").or_else(|| line.strip_prefix("fn="))?));
    let Some(id) = id else { return Some(0) };
    let is_called = |line: &str| {
        line.strip_prefix("cfn=").is_some_and(|rest| rest.split(' ').next() == Some(&*id))
    };
    let mut lines = text.lines();
    let mut sum = 0;
    while let Some(line) = lines.next() {
        if is_called(line) {
            sum += lines.nth(1)?.split(' ').nth(1)?.parse::<u64>().ok()?;
        }
    }
    Some(sum)
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

    #[test]
    fn what_a_function_calls_is_part_of_it() {
        let file = "fn=(1) main\n16 400\ncfn=(2) pthread_getattr_np@@GLIBC_2.32\ncalls=1 33\n\
                    +4 4072\n\nfn=(2)\n33 4\n\nfn=(3) other\ncfn=(2)\ncalls=1 33\n* 28\n";
        assert_eq!(inclusive(file, STACK), Some(4_100));
        assert_eq!(inclusive(file, "pthread"), Some(0));
        assert_eq!(inclusive("cfn=(2) pthread_getattr_np\ncalls=1 33\n", STACK), None);
    }
}
