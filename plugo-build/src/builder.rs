use std::fmt;
use std::path::{Path, PathBuf};

use crate::code::Table;
use crate::crates::{self, Crates, Inputs};
use crate::diagnostic::{Code, Diagnostic, Place, Problems, Severity};
use crate::directive::Directive;
use crate::embed::{self, Embedded, embed};
use crate::emit;
use crate::environment::{Environment, VARIABLES};
use crate::handed;
use crate::manifest::{self, Manifest};
use crate::plan::Plan;
use crate::project::{Opened, Project};

/// The name of the generated file in `OUT_DIR`.
const TABLE: &str = "plugo-table.rs";
/// The name of the manifest.
const MANIFEST: &str = "plugo-manifest.json";
/// The name of the consolidated requirements.
const REQUIREMENTS: &str = "requirements-plugins.toml";
/// The names of what the table lays into the program.
const DEP_V0: &str = "plugo-dep-v0";
const PLUGO0: &str = "plugo0";

/// Runs the pipeline with more said than [`build()`](crate::build()) needs.
///
/// ```no_run
/// fn main() -> Result<(), plugo_build::Error> {
///     let built = plugo_build::Builder::new().manifest_dir("dist").run()?;
///     // Cargo has to be told when to run this again, and where the table is.
///     for directive in &built.directives {
///         println!("{directive}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    environment: Option<Environment>,
    manifest_dir: Option<PathBuf>,
}

impl Builder {
    /// A builder that reads Cargo's environment.
    pub fn new() -> Self {
        Builder::default()
    }

    /// With another environment than that of the running build script.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// With a folder for a copy of the manifest; a relative one is relative
    /// to the app's folder. It is used where neither the settings nor the
    /// variable `PLUGO_MANIFEST_DIR` name one.
    #[must_use]
    pub fn manifest_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.manifest_dir = Some(dir.into());
        self
    }

    /// Reads, plans, and writes to `OUT_DIR`.
    ///
    /// # Errors
    ///
    /// [`Error::NoBuildScript`] outside of a build script,
    /// [`Error::Refused`] with everything that a stage found to be wrong.
    pub fn run(self) -> Result<Built, Error> {
        let environment = self.environment.map_or_else(Environment::from_cargo, Ok);
        let environment = environment.map_err(Error::NoBuildScript)?;
        Ok(run(&environment, self.manifest_dir)?)
    }

    /// Reads and plans, and writes nothing. Warnings come beside the plan.
    ///
    /// # Errors
    ///
    /// As [`Builder::run`].
    pub fn plan(self) -> Result<(Plan, Vec<Diagnostic>), Error> {
        let environment = self.environment.map_or_else(Environment::from_cargo, Ok);
        let environment = environment.map_err(Error::NoBuildScript)?;
        Ok(Project::read(environment)?.plan()?)
    }
}

impl Project {
    /// The manifest of a plan that this project made, as a build script would
    /// write it.
    ///
    /// # Errors
    ///
    /// What Cargo says against it, or a crate that the lock file lacks.
    pub fn documents(&self, plan: &Plan) -> Result<Documents, Vec<Diagnostic>> {
        self.documents_of(plan, &self.crates()?)
    }

    /// The packages that a build in this project's environment compiles, as
    /// `cargo tree` tells them.
    ///
    /// # Errors
    ///
    /// What Cargo says against it.
    pub fn crates(&self) -> Result<Crates, Vec<Diagnostic>> {
        let mut problems = Problems::default();
        let tree = crates::start(&self.environment, &self.app.name, &self.app.version)
            .finish(&mut problems);
        problems.end_of_stage()?;
        tree.ok_or_else(|| problems.into_warnings())
    }

    /// As [`Project::documents`], of crates that Cargo told already.
    ///
    /// # Errors
    ///
    /// A crate that the lock file lacks.
    pub fn documents_of(&self, plan: &Plan, crates: &Crates) -> Result<Documents, Vec<Diagnostic>> {
        let mut problems = Problems::default();
        let inputs = self.inputs(plan, crates);
        let manifest = manifest::manifest(&inputs, manifest::plugins(plan), &mut problems);
        problems.end_of_stage()?;
        let Manifest { json, requirements, .. } = manifest;
        Ok(Documents { manifest: json, requirements })
    }

    fn inputs<'p>(&'p self, plan: &'p Plan, crates: &'p Crates) -> Inputs<'p> {
        Inputs {
            plan,
            known: &self.known,
            crates,
            lock: &self.lock,
            root: &self.root,
            target: &self.environment.target,
        }
    }
}

/// What is told of a build, as the files that tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Documents {
    /// The text of `plugo-manifest.json`.
    pub manifest: String,
    /// The text of `requirements-plugins.toml`.
    pub requirements: String,
}

/// What a run of the pipeline made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Built {
    /// The plan.
    pub plan: Plan,
    /// The text of `plugo-manifest.json`.
    pub manifest: String,
    /// The text of `requirements-plugins.toml`.
    pub requirements: String,
    /// What Cargo has to be told. Warnings are among it.
    pub directives: Vec<Directive>,
}

/// Why there is no build.
///
/// `Debug` is the same text as `Display`, since that is what a `main` that
/// returns the error prints.
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// A variable that Cargo sets for build scripts is missing.
    NoBuildScript(&'static str),
    /// Everything that a stage found to be wrong, warnings included.
    Refused(Vec<Diagnostic>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoBuildScript(variable) => write!(
                f,
                "the variable `{variable}`, which Cargo sets for build scripts, is missing: call \
                 `plugo_build::build()` in build.rs"
            ),
            Error::Refused(problems) => {
                for (i, problem) in problems.iter().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    let word = match problem.severity {
                        Severity::Warning => "warning",
                        Severity::Error => "error",
                    };
                    write!(f, "{word}: {problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl From<Vec<Diagnostic>> for Error {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Error::Refused(problems)
    }
}

/// The stages, each of which ends with all its errors at once.
fn run(environment: &Environment, fallback: Option<PathBuf>) -> Result<Built, Vec<Diagnostic>> {
    let mut problems = Problems::default();
    // Cargo works beside everything up to the manifest.
    let start = |name: &str, version: &str| crates::start(environment, name, version);
    let mut tree = environment.package.as_ref().map(|(name, version)| start(name, version));
    let planned = Opened::open(environment, &mut problems).and_then(|opened| {
        tree.get_or_insert_with(|| start(&opened.app.name, &opened.app.version));
        let project = opened.read(environment, &mut problems)?;
        let plan = project.plan_in(&mut problems)?;
        Ok((project, plan))
    });
    let (project, plan) = match planned {
        Ok(planned) => planned,
        Err(refused) => {
            // What Cargo says matters no more, but its process has to end.
            tree.and_then(|tree| tree.finish(&mut Problems::default()));
            return Err(refused);
        }
    };
    let table = Table::new(&plan, embed::sections(environment.auditable));
    let plugins = manifest::plugins(&plan);
    let tree = tree.and_then(|tree| tree.finish(&mut problems));
    problems.end_of_stage()?;
    let Some(tree) = tree else { return Err(problems.into_warnings()) };

    let inputs = project.inputs(&plan, &tree);
    let mut manifest = manifest::manifest(&inputs, plugins, &mut problems);
    if let Some(path) = &environment.manifest {
        let handed = handed::read(path, &plan, &manifest.document, &mut problems);
        if let Some(document) = handed {
            manifest = Manifest::new(document, manifest.requirements);
        }
    }
    problems.end_of_stage()?;

    let Embedded { dep_v0, plugo0 } = embed(&manifest.document, environment.auditable);
    for (name, content) in [
        (TABLE, table.text(&manifest.fingerprint).as_bytes()),
        (MANIFEST, manifest.json.as_bytes()),
        (REQUIREMENTS, manifest.requirements.as_bytes()),
        (DEP_V0, &dep_v0),
        (PLUGO0, &plugo0),
    ] {
        let path = environment.out_dir.join(name);
        if let Err(error) = emit::write(&path, content) {
            problems.add(unwritable(&path, &error));
        }
    }
    let mut watch = project.watch.clone();
    watch.extend(environment.manifest.clone());
    // `cargo tree` reads the manifests of every folder that is a dependency.
    let folders = inputs.crates.nodes.iter().filter_map(|node| node.origin.as_ref()).map(Path::new);
    watch.extend(folders.filter(|dir| dir.is_absolute()).map(|dir| dir.join("Cargo.toml")));
    let copies =
        environment.manifest_dir.clone().or(project.settings.manifest_dir.clone()).or(fallback);
    if let Some(dir) = copies.map(|dir| environment.package_dir.join(dir)) {
        let dir = for_client(&dir, plan.client.as_deref());
        watch.extend(copy(&dir, &manifest, &environment.out_dir, &mut problems));
    }
    // What lies in a folder that is watched is watched.
    let folders: Vec<PathBuf> = watch.iter().filter(|path| path.is_dir()).cloned().collect();
    let covered = |path: &PathBuf| folders.iter().any(|dir| path.starts_with(dir) && path != dir);
    watch.retain(|path| !covered(path));
    let absent = project.absent.iter().filter(|path| !path.exists() && !covered(path));
    let absent = absent.cloned().collect();
    let links = emit::watch_absent(&environment.out_dir, &absent).unwrap_or_else(|error| {
        problems.add(unwritable(&environment.out_dir, &error));
        None
    });
    problems.end_of_stage()?;

    let mut directives: Vec<Directive> = Vec::new();
    directives.extend(watch.into_iter().chain(links).map(Directive::RerunIfChanged));
    directives.extend(VARIABLES.map(Directive::RerunIfEnvChanged));
    directives.push(Directive::RustcEnv("PLUGO_TABLE", environment.out_dir.join(TABLE)));
    directives.push(Directive::RustcEnv("PLUGO_MANIFEST", environment.out_dir.join(MANIFEST)));
    directives.push(Directive::RustcEnv("PLUGO_DEP_V0", environment.out_dir.join(DEP_V0)));
    directives.push(Directive::RustcEnv("PLUGO_PLUGO0", environment.out_dir.join(PLUGO0)));
    directives.extend(Directive::problems(problems.into_warnings()));
    Ok(Built { plan, manifest: manifest.json, requirements: manifest.requirements, directives })
}

/// Leaves the manifest and the requirements in a folder, and says where.
fn copy(dir: &Path, manifest: &Manifest, out_dir: &Path, problems: &mut Problems) -> Vec<PathBuf> {
    if let Err(error) = std::fs::create_dir_all(dir) {
        problems.add(unwritable(dir, &error));
        return Vec::new();
    }
    let copies = [(MANIFEST, &manifest.json), (REQUIREMENTS, &manifest.requirements)];
    copies
        .into_iter()
        .map(|(name, content)| {
            let path = dir.join(name);
            match emit::write(&path, content) {
                Ok(true) => emit::settle(&path, out_dir),
                Ok(false) => {}
                Err(error) => problems.add(unwritable(&path, &error)),
            }
            path
        })
        .collect()
}

/// A folder that is shared by clients may have `{client}` in its path.
fn for_client(dir: &Path, client: Option<&str>) -> PathBuf {
    let text = dir.to_string_lossy();
    match text.contains("{client}") {
        true => PathBuf::from(text.replace("{client}", client.unwrap_or("default"))),
        false => dir.to_owned(),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let message = format!("`{}` cannot be written: {error}", path.display());
    Diagnostic::error(Code::Unwritable, message).at(Place::file(path.to_string_lossy()))
}
