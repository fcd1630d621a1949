//! Stands in for Cargo when a build script calls it.
//!
//! A build script finds Cargo in the variable `CARGO`, which names this
//! program instead. It hands the calls on and keeps the answers, or gives the
//! answers that it kept. With the second kind of run, a build script's time
//! is its own.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The folder of the answers.
const ANSWERS: &str = "PLUGO_BENCHES_ANSWERS";
/// The real Cargo, when calls are to be handed on.
const REAL: &str = "PLUGO_BENCHES_CARGO";

/// What becomes of a build script's calls of Cargo.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Calls<'c> {
    /// Cargo runs.
    Real,
    /// Cargo runs, and its answers are kept in a folder.
    Kept(&'c Path),
    /// The answers of that folder are given.
    Answered(&'c Path),
}

impl Calls<'_> {
    /// Sets the variables of a build script.
    pub(crate) fn set(self, command: &mut Command, program: &Path, cargo: &OsString) {
        match self {
            Calls::Real => command.env("CARGO", cargo),
            Calls::Kept(answers) => {
                command.env("CARGO", program).env(ANSWERS, answers).env(REAL, cargo)
            }
            Calls::Answered(answers) => {
                command.env("CARGO", program).env(ANSWERS, answers).env_remove(REAL)
            }
        };
    }
}

/// Answers as Cargo, when that is what this process was started for.
pub(crate) fn answer() -> Option<Result<()>> {
    let answers = PathBuf::from(std::env::var_os(ANSWERS)?);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let answer = match std::env::var_os(REAL) {
        Some(cargo) => keep(&answers, &arguments, &cargo),
        None => repeat(&answers, &arguments),
    };
    Some(answer)
}

fn keep(answers: &Path, arguments: &[OsString], cargo: &OsString) -> Result<()> {
    let start = Instant::now();
    let output = Command::new(cargo)
        .args(arguments)
        .env("CARGO", cargo)
        .env_remove(ANSWERS)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("Cargo does not run")?;
    let took = start.elapsed();
    if !output.status.success() {
        bail!("Cargo failed, {}", output.status);
    }
    let file = answers.join(key(arguments));
    let unwritable = || format!("`{}` cannot be written", file.display());
    fs::write(&file, &output.stdout).with_context(unwritable)?;
    let call = file.with_extension("call");
    let earlier = fs::read_to_string(&call).ok().and_then(|text| parse_call(&text));
    if earlier.is_none_or(|(_, earlier)| took < earlier) {
        let text = format!("{} {}", took.as_micros(), subcommand(arguments));
        fs::write(&call, text).with_context(unwritable)?;
    }
    print(&output.stdout)
}

/// `80691 tree`: microseconds, and what was called.
fn parse_call(text: &str) -> Option<(String, Duration)> {
    let (micros, name) = text.split_once(' ')?;
    Some((name.to_owned(), Duration::from_micros(micros.parse().ok()?)))
}

fn repeat(answers: &Path, arguments: &[OsString]) -> Result<()> {
    let file = answers.join(key(arguments));
    let answer = fs::read(&file)
        .with_context(|| format!("this call of Cargo was not kept: {arguments:?}"))?;
    print(&answer)
}

fn print(answer: &[u8]) -> Result<()> {
    std::io::stdout().write_all(answer).context("the build script does not listen")
}

fn key(arguments: &[OsString]) -> String {
    let mut hasher = DefaultHasher::new();
    arguments.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn subcommand(arguments: &[OsString]) -> String {
    arguments.first().map(|first| first.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The calls that were kept, and the shortest time of each, sorted.
pub(crate) fn kept(answers: &Path) -> Result<Vec<(String, Duration)>> {
    let unreadable = || format!("`{}` cannot be read", answers.display());
    let mut calls = Vec::new();
    for entry in fs::read_dir(answers).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "call") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(unreadable)?;
        calls.push(
            parse_call(&text).with_context(|| format!("`{}` tells of no call", path.display()))?,
        );
    }
    calls.sort();
    Ok(calls)
}
