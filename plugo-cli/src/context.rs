use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use plugo_build::{Environment, Project};
use serde_json::Value;

use crate::app::{App, known};
use crate::args::{AppArgs, SelectionArgs};
use crate::cargo;
use crate::error::Error;
use crate::shell::Shell;

/// What a command gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct Context {
    /// Where it writes.
    pub shell: Shell,
    /// The folder that it is called in.
    pub dir: PathBuf,
}

impl Context {
    pub(crate) fn new(shell: Shell, dir: PathBuf) -> Self {
        Context { shell, dir }
    }

    /// A path of an argument.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.join(path)
    }

    /// A path as people read it: from this folder, where it is below.
    pub fn show<'p>(&self, path: &'p Path) -> std::path::Display<'p> {
        path.strip_prefix(&self.dir).unwrap_or(path).display()
    }

    /// The app that the arguments name.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] when there is none, or several.
    pub fn app(&self, args: &AppArgs) -> Result<App, Error> {
        App::find(&self.dir, args, &self.shell)
    }

    /// Cargo, in the app's folder.
    pub fn cargo(&self, app: &App) -> Command {
        let mut cargo = cargo::cargo();
        cargo.current_dir(&app.dir);
        cargo
    }

    /// The repository, as the build that the arguments say sees it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a client, a feature or a target that does not
    /// exist, [`Error::Refused`] for files that are wrong.
    pub fn project(&self, app: &App, args: &SelectionArgs) -> Result<Project, Error> {
        let mut environment = self.environment(app, args.target.as_deref())?;
        // Which features there are, the repository itself says.
        let base = Project::read(environment.clone())?;
        environment.features = features(&base, args)?;
        let of_dependencies = asked(args).filter(|feature| feature.contains('/'));
        environment.dependency_features = of_dependencies.map(str::to_owned).collect();
        Ok(Project::read(environment)?)
    }

    /// What a build script of the app would be told, with no feature on; for
    /// this machine where no target is named.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a target that does not exist,
    /// [`Error::Environment`] without a compiler.
    pub fn environment(&self, app: &App, target: Option<&str>) -> Result<Environment, Error> {
        let built_for =
            std::env::var("CARGO_BUILD_TARGET").ok().filter(|target| !target.is_empty());
        let target = match (target, built_for) {
            (Some(target), _) => target.to_owned(),
            (None, Some(target)) => target,
            (None, None) => cargo::host()?,
        };
        self.lock(app)?;
        let mut environment =
            Environment::new(&app.dir, &app.target_dir, &target).with_cfgs(&cargo::cfgs(&target)?);
        environment.cargo = cargo::cargo().get_program().into();
        environment.cargo_home = cargo::home();
        // As the build script reads it: what is no text is not passed over.
        environment.enabled_plugins = std::env::var_os("ENABLED_PLUGINS")
            .filter(|names| !names.is_empty())
            .map(|names| names.to_string_lossy().into_owned());
        environment.workspace_root = Some(app.workspace.clone());
        Ok(environment)
    }

    /// Cargo makes the lock file that is not there, as before any build.
    pub(crate) fn lock(&self, app: &App) -> Result<(), Error> {
        if app.workspace.join("Cargo.lock").exists() {
            return Ok(());
        }
        self.shell.status("Locking", format_args!("`{}` has no Cargo.lock", app.name));
        cargo::output(self.cargo(app).arg("generate-lockfile")).map(drop)
    }

    /// Downloads the crates that are not on this machine, as a build would; for
    /// those who were told by the build script's code, which downloads nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] when Cargo cannot, for lack of a network say.
    pub fn fetch(&self, app: &App) -> Result<(), Error> {
        self.shell.status("Fetching", format_args!("the crates of `{}`", app.name));
        cargo::output(self.cargo(app).args(["fetch", "--locked"])).map(drop)
    }

    /// Writes an answer.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] when stdout cannot be written.
    pub fn answer(&self, answer: impl std::fmt::Display) -> Result<(), Error> {
        let written = self.shell.answer(answer);
        written
            .map_err(|error| Error::environment(format!("the answer cannot be written: {error}")))
    }

    /// Writes a document to a file, or as the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] when the file or stdout cannot be written.
    pub fn give(&self, document: &str, output: Option<&Path>) -> Result<(), Error> {
        let Some(path) = output.map(|path| self.path(path)) else { return self.answer(document) };
        let written = plugo_build::write(&path, document)
            .map_err(|error| Error::io("written", &path, &error))?;
        let verb = if written { "Wrote" } else { "Unchanged" };
        self.shell.status(verb, path.display());
        Ok(())
    }

    /// Writes an answer as one JSON document.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] when stdout cannot be written.
    pub fn json(&self, answer: &Value) -> Result<(), Error> {
        self.answer(format_args!("{answer:#}\n"))
    }
}

/// The features that the arguments name.
fn asked(args: &SelectionArgs) -> impl Iterator<Item = &str> {
    args.features.iter().flat_map(|list| list.split([',', ' '])).filter(|f| !f.is_empty())
}

/// The features of the app that are on.
fn features(project: &Project, args: &SelectionArgs) -> Result<BTreeSet<String>, Error> {
    if let Some(client) = &args.client {
        return client_features(project, client);
    }
    let all = project.features();
    let names: Vec<&str> = all.keys().copied().collect();
    let asked: Vec<&str> = asked(args).collect();
    for feature in &asked {
        if !feature.contains('/') && project.closure([*feature]).is_empty() {
            let help = known("the features are", feature, &names);
            return Err(Error::usage(format!(
                "`{}` has no feature `{feature}`{help}",
                project.app()
            )));
        }
    }
    let default = (!args.no_default_features).then_some("default");
    let every = if args.all_features { names } else { Vec::new() };
    Ok(project.closure(asked.into_iter().chain(default).chain(every)))
}

/// The features of a build for a client.
fn client_features(project: &Project, client: &str) -> Result<BTreeSet<String>, Error> {
    let names: Vec<&str> = project.client_names().collect();
    if !names.contains(&client) {
        let help = known("the clients are", client, &names);
        return Err(Error::usage(format!(
            "there is no client `{client}`: `{}/{client}.json` does not exist{help}",
            project.show(project.clients_directory())
        )));
    }
    let feature = format!("client-{client}");
    let on = project.closure([feature.as_str()]);
    if on.is_empty() {
        return Err(Error::no(format!(
            "the client `{client}` has no cargo feature `{feature}`; `plugo check --fix` writes it"
        )));
    }
    Ok(on)
}
