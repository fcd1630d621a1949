use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo;

/// A virtual environment of Python, with packages from PyPI.
#[derive(Debug)]
pub(crate) struct Venv {
    python: PathBuf,
    folder: PathBuf,
}

impl Venv {
    /// Makes one in a folder, or says in one line why there is none.
    pub(crate) fn new(folder: &Path) -> Result<Self, String> {
        let venv = folder.join("venv");
        let made = Venv { python: venv.join("bin/python"), folder: folder.to_owned() };
        made.step(Command::new("python3").args(["-m", "venv"]).arg(&venv))
            .map_err(|why| format!("Python makes no virtual environment here: {why}"))?;
        Ok(made)
    }

    /// The interpreter on `PATH`, with what is installed there.
    #[cfg(test)]
    pub(crate) fn without_packages(folder: &Path) -> Self {
        Venv { python: "python3".into(), folder: folder.to_owned() }
    }

    /// Installs packages, or says in one line why not. Where pip finds them is the caller's to say.
    pub(crate) fn install(&self, packages: &[&str]) -> Result<(), String> {
        let mut pip = Command::new(&self.python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        self.step(pip.args(packages)).map(drop).map_err(|why| {
            format!("`pip install {}` does not work here: {why}", packages.join(" "))
        })
    }

    /// Runs its Python in the folder, and gives what it prints, or the last line of its error. What the
    /// caller's variables say to Python, to Django and to plugo is left out.
    pub(crate) fn run(
        &self,
        set: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<String, String> {
        let mut python = Command::new(&self.python);
        cargo::clean(&mut python);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["PYTHON", "DJANGO_", "PLUGO_"].iter().any(|prefix| text.starts_with(prefix)) {
                python.env_remove(name);
            }
        }
        // Some keep a cache in the home folder.
        python.env("HOME", &self.folder).env_remove("XDG_CACHE_HOME");
        self.step(set(&mut python))
    }

    fn step(&self, command: &mut Command) -> Result<String, String> {
        let said = cargo::run(command.current_dir(&self.folder).stdin(Stdio::null()));
        let said = said.map_err(|error| {
            let text = format!("{error:#}");
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            last.trim().to_owned()
        })?;
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }
}
