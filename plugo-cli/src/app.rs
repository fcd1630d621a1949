use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::args::AppArgs;
use crate::cargo;
use crate::error::Error;
use crate::shell::Shell;

/// The app that a command is about: a package whose build script uses
/// `plugo-build`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct App {
    /// Its package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder.
    pub dir: PathBuf,
    /// The root of its workspace, where `Cargo.lock` is.
    pub workspace: PathBuf,
    /// The folder that Cargo builds into.
    pub target_dir: PathBuf,
    /// The folder for what Cargo compiles on the way; Cargo tells of it since
    /// 1.91.
    pub build_dir: Option<PathBuf>,
    /// Its programs.
    pub programs: Vec<String>,
    /// The program that `cargo run` runs, where the package says so.
    pub default_run: Option<String>,
}

impl App {
    /// The app's `Cargo.toml`.
    pub fn manifest(&self) -> PathBuf {
        self.dir.join("Cargo.toml")
    }

    /// The names of the apps of a workspace.
    pub(crate) fn names(workspace: &Path) -> Result<Vec<String>, Error> {
        let packages = Packages::read(&cargo::workspace(workspace, None)?)?;
        Ok(packages.apps().map(|app| app.name.clone()).collect())
    }

    /// The name of the program that is meant, as Cargo decides it.
    pub(crate) fn program(&self, named: Option<&str>) -> Result<String, Error> {
        let names: Vec<&str> = self.programs.iter().map(String::as_str).collect();
        match (named.or(self.default_run.as_deref()), names.as_slice()) {
            (Some(name), names) if !names.contains(&name) => Err(Error::usage(format!(
                "`{}` has no program `{name}`{}",
                self.name,
                known("its programs are", name, names)
            ))),
            (Some(name), _) => Ok(name.to_owned()),
            (None, [name]) => Ok((*name).to_owned()),
            (None, []) => Err(Error::usage(format!("`{}` has no program", self.name))),
            (None, names) => Err(Error::usage(format!(
                "`{}` has several programs, `{}`; name one with `--bin`",
                self.name,
                names.join("`, `")
            ))),
        }
    }

    /// Finds a package that need not be an app yet: the one that is named, the
    /// one of this folder, or the only one of the workspace.
    pub(crate) fn find_package(dir: &Path, args: &AppArgs) -> Result<Self, Error> {
        let place = Place::of(dir, args)?;
        let Packages(packages) = Packages::read(&place.workspace()?)?;
        let names: Vec<&str> = packages.iter().map(|(app, _)| app.name.as_str()).collect();
        let found = match (&args.package, packages.as_slice()) {
            (Some(name), _) => packages.iter().map(|(app, _)| app).find(|app| app.name == *name),
            (None, [(only, _)]) => Some(only),
            (None, _) => place.nearest(packages.iter().map(|(app, _)| app)),
        };
        match (found, &args.package) {
            (Some(app), _) => Ok(app.clone()),
            (None, Some(name)) => Err(Error::usage(format!(
                "no package is called `{name}`{}",
                known("the packages here are", name, &names)
            ))),
            (None, None) => Err(Error::usage(format!(
                "this folder is no package{}; name one with `--package`",
                known("the packages here are", "", &names)
            ))),
        }
    }

    /// Finds the app: the one that is named, the package of this folder, or
    /// the only one of the workspace. At a terminal, of several one is asked
    /// for.
    pub(crate) fn find(dir: &Path, args: &AppArgs, shell: &Shell) -> Result<Self, Error> {
        let place = Place::of(dir, args)?;
        let packages = Packages::read(&place.workspace()?)?;
        if let Some(name) = &args.package {
            return packages.named(name);
        }
        match packages.apps().collect::<Vec<_>>().as_slice() {
            [] => Err(Error::usage(
                "no package here is an app: its build script has to call `plugo_build::build()`; \
                 `plugo init` sets it up",
            )),
            [app] => Ok((*app).clone()),
            apps => match place.nearest(apps.iter().copied()) {
                Some(app) => Ok(app.clone()),
                None => ask(apps, shell),
            },
        }
    }
}

/// Where a command is called, or what it is told to be about.
struct Place {
    dir: PathBuf,
    /// The `Cargo.toml` that is named.
    manifest: Option<PathBuf>,
    /// The folder that the command is about, without links.
    about: PathBuf,
}

impl Place {
    fn of(dir: &Path, args: &AppArgs) -> Result<Self, Error> {
        let manifest = args.manifest_path.as_deref().map(|path| dir.join(path));
        if let Some(path) = manifest.as_deref().filter(|path| !path.is_file()) {
            return Err(Error::usage(format!("`{}` is no file", path.display())));
        }
        let about = manifest.as_deref().map_or(Some(dir), Path::parent).unwrap_or(dir);
        if manifest.is_none() && !about.ancestors().any(|dir| dir.join("Cargo.toml").is_file()) {
            return Err(Error::usage(format!(
                "`{}` is in no Cargo package; `cargo new shop && cd shop && plugo init` makes an app",
                dir.display()
            )));
        }
        let about = real(about);
        Ok(Place { dir: dir.to_owned(), manifest, about })
    }

    fn workspace(&self) -> Result<Value, Error> {
        cargo::workspace(&self.dir, self.manifest.as_deref())
    }

    /// The package that the place is in: the innermost, where one is around
    /// others. A `Cargo.toml` that is named is that package's own.
    fn nearest<'p>(&self, packages: impl Iterator<Item = &'p App>) -> Option<&'p App> {
        let around = packages.filter(|app| {
            let dir = real(&app.dir);
            match self.manifest {
                Some(_) => self.about == dir,
                None => self.about.starts_with(dir),
            }
        });
        around.max_by_key(|app| app.dir.components().count())
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The packages of a workspace, and which of them are apps.
struct Packages(Vec<(App, bool)>);

impl Packages {
    fn read(metadata: &Value) -> Result<Self, Error> {
        let path = |key: &str| metadata[key].as_str().map(PathBuf::from);
        let (Some(workspace), Some(target_dir), Some(packages)) =
            (path("workspace_root"), path("target_directory"), metadata["packages"].as_array())
        else {
            return Err(Error::environment("`cargo metadata` printed something else than it does"));
        };
        let package = |package: &Value| {
            let manifest = Path::new(package["manifest_path"].as_str()?);
            let dependencies = package["dependencies"].as_array()?;
            let builds = |dependency: &Value| {
                dependency["kind"] == "build" && dependency["name"] == "plugo-build"
            };
            let programs = package["targets"].as_array()?.iter().filter(|target| {
                target["kind"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
            });
            let app = App {
                name: package["name"].as_str()?.to_owned(),
                version: package["version"].as_str()?.to_owned(),
                dir: manifest.parent()?.to_owned(),
                workspace: workspace.clone(),
                target_dir: target_dir.clone(),
                build_dir: path("build_directory"),
                programs: programs.filter_map(|t| t["name"].as_str().map(str::to_owned)).collect(),
                default_run: package["default_run"].as_str().map(str::to_owned),
            };
            Some((app, dependencies.iter().any(builds)))
        };
        Ok(Packages(packages.iter().filter_map(package).collect()))
    }

    fn apps(&self) -> impl Iterator<Item = &App> {
        self.0.iter().filter(|(_, is_app)| *is_app).map(|(app, _)| app)
    }

    fn named(&self, name: &str) -> Result<App, Error> {
        match self.0.iter().find(|(app, _)| app.name == name) {
            Some((app, true)) => Ok(app.clone()),
            Some((_, false)) => Err(Error::usage(format!(
                "the package `{name}` is no app: its build script does not use plugo-build"
            ))),
            None => {
                let names: Vec<&str> = self.apps().map(|app| app.name.as_str()).collect();
                Err(Error::usage(format!(
                    "no package is called `{name}`{}",
                    known("the apps here are", name, &names)
                )))
            }
        }
    }
}

/// `; did you mean …? the apps here are …`, for a name that is not known.
pub(crate) fn known(what: &str, name: &str, names: &[&str]) -> String {
    let mut text = String::new();
    if let Some(nearest) = plugo::name::nearest(name, names.iter().copied()) {
        text.push_str(&format!("; did you mean `{nearest}`?"));
    }
    if !names.is_empty() {
        let quoted: Vec<String> =
            names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        text.push_str(&format!("; {what} {}", quoted.join(", ")));
        if let Some(more @ 1..) = names.len().checked_sub(NAMED) {
            text.push_str(&format!(" and {more} more"));
        }
    }
    text
}

/// How many names are listed; there may be a thousand clients.
const NAMED: usize = 40;

fn ask(apps: &[&App], shell: &Shell) -> Result<App, Error> {
    let names: Vec<&str> = apps.iter().map(|app| app.name.as_str()).collect();
    let listed = names.join("`, `");
    if !shell.can_ask() {
        return Err(Error::usage(format!(
            "this workspace has several apps, `{listed}`; name one with `--package`"
        )));
    }
    shell.say(format_args!("This workspace has several apps: `{listed}`. Which one?"));
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Error::environment(format!("the answer cannot be read: {error}")))?;
    let answer = answer.trim();
    let found = apps.iter().find(|app| app.name == answer).map(|app| (*app).clone());
    found.ok_or_else(|| {
        Error::usage(format!(
            "no app is called `{answer}`{}",
            known("the apps here are", answer, &names)
        ))
    })
}
