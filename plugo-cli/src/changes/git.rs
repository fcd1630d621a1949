use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::error::Error;

/// A git repository, and what it looked like at a commit.
#[derive(Debug)]
pub(super) struct Git {
    /// The folder that it was opened at.
    dir: PathBuf,
    /// Its root, reached from that folder.
    root: PathBuf,
}

impl Git {
    /// The repository that a folder is in.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        // A path that git resolves could be another one than Cargo's.
        let up = run(dir, &["rev-parse", "--show-cdup"])?;
        if !up.status.success() {
            let said = String::from_utf8_lossy(&up.stderr);
            return Err(Error::usage(match said.contains("not a git repository") {
                true => format!("`{}` is in no git repository", dir.display()),
                false => format!("git cannot read the repository: {}", said.trim()),
            }));
        }
        let up = String::from_utf8_lossy(&up.stdout).into_owned();
        let levels = up.trim().split('/').filter(|part| *part == "..").count();
        let root = dir.ancestors().nth(levels).unwrap_or(dir).to_owned();
        Ok(Git { dir: dir.to_owned(), root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The last commit that `HEAD` and a revision have in common.
    pub(super) fn base(&self, revision: &str) -> Result<String, Error> {
        let commit = format!("{revision}^{{commit}}");
        let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
        let Some(commit) = self.line(&verify)? else {
            return Err(match self.is_shallow()? {
                true => Error::environment(format!(
                    "git does not know `{revision}`, and this is a shallow clone; {DEEPEN}"
                )),
                false => Error::usage(format!("git does not know the revision `{revision}`")),
            });
        };
        match self.line(&["merge-base", "HEAD", &commit])? {
            Some(base) => Ok(base),
            None if self.is_shallow()? => Err(Error::environment(format!(
                "this clone is too shallow to know what HEAD and `{revision}` have in common; \
                 {DEEPEN}"
            ))),
            None => Err(Error::usage(format!(
                "HEAD and `{revision}` have no commit in common, or HEAD has no commit"
            ))),
        }
    }

    /// The files that differ from a commit, with those that git does not know
    /// yet and does not ignore.
    pub(super) fn changed(&self, commit: &str) -> Result<BTreeSet<PathBuf>, Error> {
        let tracked = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", commit, "--"];
        let fresh = ["ls-files", "-z", "--others", "--exclude-standard"];
        let mut paths = BTreeSet::new();
        for arguments in [&tracked as &[&str], &fresh] {
            let output = run(&self.root, arguments)?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(Error::environment(format!("git failed: {}", said.trim())));
            }
            let names = String::from_utf8_lossy(&output.stdout).into_owned();
            let names = names.split('\0').filter(|name| !name.is_empty());
            paths.extend(names.map(|name| self.root.join(name)));
        }
        Ok(paths)
    }

    /// A file as it was at a commit, if it was there.
    pub(super) fn at(&self, commit: &str, path: &Path) -> Result<Option<String>, Error> {
        let Ok(inside) = path.strip_prefix(&self.root) else { return Ok(None) };
        let inside = inside.to_string_lossy().replace('\\', "/");
        let output = run(&self.root, &["show", &format!("{commit}:{inside}")])?;
        let text = output.status.success().then_some(output.stdout);
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    fn is_shallow(&self) -> Result<bool, Error> {
        Ok(self.line(&["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true"))
    }

    /// The one line that git prints, where it succeeds.
    fn line(&self, arguments: &[&str]) -> Result<Option<String>, Error> {
        let output = run(&self.dir, arguments)?;
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success() && !line.is_empty()).then_some(line))
    }
}

const DEEPEN: &str = "`git fetch --unshallow` gets the rest (`fetch-depth: 0` for \
                      actions/checkout, `GIT_DEPTH: 0` for GitLab)";

fn run(dir: &Path, arguments: &[&str]) -> Result<Output, Error> {
    let output = Command::new("git")
        .current_dir(dir)
        .args(arguments)
        // Its messages are looked into, and a look is no reason to write.
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output();
    output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Error::environment("git, which says what has changed, is not installed")
        }
        _ => Error::environment(format!("git cannot be run: {error}")),
    })
}
