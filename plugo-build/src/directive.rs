use std::fmt;
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Severity};

/// A line that a build script prints for Cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Directive {
    /// Run the build script again when this file or folder changes.
    RerunIfChanged(PathBuf),
    /// Run the build script again when this variable changes.
    RerunIfEnvChanged(&'static str),
    /// Set a variable for the compilation of the app.
    RustcEnv(&'static str, PathBuf),
    /// Show a problem, and fail the build where it is an error.
    Problem(Diagnostic),
    /// Tell that there are more warnings and errors than were shown.
    More(Severity, usize),
}

impl Directive {
    /// The most problems that are shown at once.
    const SHOWN: usize = 100;

    /// Shows problems; of very many, the first.
    pub(crate) fn problems(problems: Vec<Diagnostic>) -> Vec<Directive> {
        // What is cut off must not be the only error.
        let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
        let (mut problems, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(is_error);
        problems.extend(warnings);
        let worst = problems.first().map(|problem| problem.severity);
        let more = problems.len().saturating_sub(Directive::SHOWN);
        let mut shown: Vec<Directive> =
            problems.into_iter().take(Directive::SHOWN).map(Directive::Problem).collect();
        shown.extend(worst.filter(|_| more > 0).map(|worst| Directive::More(worst, more)));
        shown
    }
}

fn key(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// As Cargo reads it; a problem has several lines.
impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Directive::RerunIfChanged(path) => {
                write!(f, "cargo::rerun-if-changed={}", path.display())
            }
            Directive::RerunIfEnvChanged(name) => write!(f, "cargo::rerun-if-env-changed={name}"),
            Directive::RustcEnv(name, path) => {
                write!(f, "cargo::rustc-env={name}={}", path.display())
            }
            Directive::Problem(diagnostic) => {
                let key = key(diagnostic.severity);
                let text = diagnostic.to_string();
                for (i, line) in text.lines().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "cargo::{key}={line}")?;
                }
                Ok(())
            }
            Directive::More(severity, count) => {
                write!(f, "cargo::{}=and {count} more like these", key(*severity))
            }
        }
    }
}
