use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use semver::Version;

use crate::clients::{PluginCrates, compare};
use crate::config::{self, CLIENT_FEATURE, Config};
use crate::crates::workspace_root;
use crate::diagnostic::{Diagnostic, Place, Problems, Severity};
use crate::discover::{self, Discovery};
use crate::environment::Environment;
use crate::known::{Availability, Known};
use crate::lock::Lock;
use crate::metadata::Id;
use crate::package::{self, Package, Packages};
use crate::plan::{self, Plan};
use crate::resolver::resolver;
use crate::select::{Index, Reason};
use crate::settings::{self, Settings};
use crate::sources::Sources;

/// A repository, as one build of its app sees it: what is known, and what is
/// asked for. Tools show it and plan with it; nothing is written.
///
/// ```no_run
/// use plugo_build::{Environment, Project};
///
/// fn main() -> Result<(), plugo_build::Error> {
///     let environment = Environment::new("shop", "target", "x86_64-unknown-linux-gnu");
///     let project = Project::read(environment)?;
///     for plugin in project.plugins() {
///         println!("{} {} at {}", plugin.id, plugin.version, plugin.place);
///     }
///     let (plan, _warnings) = project.plan()?;
///     println!("{} plugins are planned", plan.plugins.len());
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Project {
    pub(crate) environment: Environment,
    pub(crate) root: PathBuf,
    pub(crate) app: Rc<Package>,
    pub(crate) lock: Lock,
    pub(crate) settings: Settings,
    pub(crate) known: Vec<Known>,
    /// What Cargo has to watch.
    pub(crate) watch: BTreeSet<PathBuf>,
    /// Paths that do not exist and would matter if they did.
    pub(crate) absent: BTreeSet<PathBuf>,
    config: Config,
    /// Dependencies that were not looked into.
    not_read: BTreeSet<String>,
    warnings: Vec<Diagnostic>,
}

/// Where everything is: what has to be known before anything else.
pub(crate) struct Opened {
    root: PathBuf,
    packages: Packages,
    pub(crate) app: Rc<Package>,
    lock: Lock,
}

impl Opened {
    pub(crate) fn open(
        environment: &Environment,
        problems: &mut Problems,
    ) -> Result<Self, Vec<Diagnostic>> {
        let root = workspace_root(environment, problems);
        problems.end_of_stage()?;
        let root = package::normal(&root.unwrap_or_else(|| environment.package_dir.clone()));
        let mut packages = Packages::new(root.clone());
        let app = packages.read(&environment.package_dir, problems);
        let lock_path = root.join("Cargo.lock");
        let lock = Lock::read(&lock_path, packages.show(&lock_path), problems);
        problems.end_of_stage()?;
        let (Some(app), Some(lock)) = (app, lock) else { return Err(Vec::new()) };
        Ok(Opened { root, packages, app: Rc::new(app), lock })
    }

    /// Reads everything else.
    pub(crate) fn read(
        self,
        environment: &Environment,
        problems: &mut Problems,
    ) -> Result<Project, Vec<Diagnostic>> {
        let Opened { root, mut packages, app, lock } = self;
        let settings = settings::read(&app, problems);
        let mut config = config::read(&app, &settings, environment, problems);
        let mut sources = Sources::new(environment, &lock);
        let Discovery { known, mut watch, mut absent, not_read } =
            discover::discover(&app, &settings, environment, &mut packages, &mut sources, problems);
        problems.end_of_stage()?;
        watch.append(&mut config.watch);
        watch.insert(root.join("Cargo.lock"));
        watch.extend(packages.read.into_iter().filter(|path| path.exists()));
        absent.append(&mut config.absent);
        Ok(Project {
            environment: environment.clone(),
            root,
            app,
            lock,
            settings,
            known,
            watch,
            absent,
            config,
            not_read,
            warnings: Vec::new(),
        })
    }
}

impl Project {
    /// Reads the repository of the environment's package.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files, or else with what they say
    /// alone.
    pub fn read(environment: Environment) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Problems::default();
        let mut project =
            Opened::open(&environment, &mut problems)?.read(&environment, &mut problems)?;
        project.warnings = problems.into_warnings();
        Ok(project)
    }

    /// What this build contains, with all warnings.
    ///
    /// # Errors
    ///
    /// Everything for which the build script would refuse the build.
    pub fn plan(&self) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut problems = Problems::default();
        self.warnings.iter().for_each(|warning| problems.add(warning.clone()));
        let plan = self.plan_in(&mut problems)?;
        Ok((plan, problems.into_warnings()))
    }

    /// What this build would contain if nothing were wrong with it, and
    /// everything that is wrong, warnings included: for those who show a build
    /// that is refused. Its plugins are those that are asked for, with what
    /// they depend on; those in circles come last.
    pub fn draft(&self) -> (Plan, Vec<Diagnostic>) {
        let mut problems = Problems::default();
        self.warnings.iter().for_each(|warning| problems.add(warning.clone()));
        let plan = self.plan_of(&self.config, &mut problems);
        (plan, problems.into_warnings())
    }

    /// What is wrong with this build as soon as it asks for a plugin, and not
    /// otherwise: what stands between the two.
    pub fn refused_if_requested(&self, id: &Id) -> Vec<Diagnostic> {
        let (mut with, mut without) = (self.config.clone(), self.config.clone());
        // As an entry of the file that selects, or else of the variable.
        match (&mut with.selection.file, &mut without.selection.file) {
            (Some((_, with)), Some((_, without))) => {
                with.disabled.remove(id);
                with.enabled.entry(id.clone()).or_insert_with(|| Place::file("the selection"));
                without.enabled.remove(id);
            }
            _ => drop(with.selection.environment.insert(id.clone())),
        }
        without.selection.environment.remove(id);
        let problems = |config| {
            let mut problems = Problems::default();
            self.plan_of(config, &mut problems);
            problems.into_warnings()
        };
        let otherwise = problems(&without);
        let error = |d: &Diagnostic| d.severity == Severity::Error && !otherwise.contains(d);
        problems(&with).into_iter().filter(error).collect()
    }

    pub(crate) fn plan_in(&self, problems: &mut Problems) -> Result<Plan, Vec<Diagnostic>> {
        let plan = self.plan_of(&self.config, problems);
        problems.end_of_stage()?;
        Ok(plan)
    }

    fn plan_of(&self, config: &Config, problems: &mut Problems) -> Plan {
        plan::plan(
            &self.app,
            &self.environment.features,
            &self.settings.core_version,
            &self.known,
            &self.not_read,
            config,
            problems,
        )
    }

    /// The root of the workspace: what shown paths are relative to.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Which of Cargo's feature resolvers the workspace has: `"1"`, `"2"` or
    /// `"3"`.
    pub fn resolver(&self) -> String {
        resolver(&self.root)
    }

    /// The app's package.
    pub fn app(&self) -> &str {
        &self.app.name
    }

    /// The app's folder.
    pub fn app_dir(&self) -> &Path {
        &self.app.dir
    }

    /// The environment that it was read in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The plugin directory, whether or not it exists.
    pub fn plugin_directory(&self) -> &Path {
        &self.settings.plugin_directory.path
    }

    /// The config file, whether or not it exists.
    pub fn config_file(&self) -> &Path {
        &self.settings.config.path
    }

    /// The folder of the clients' files, whether or not it exists.
    pub fn clients_directory(&self) -> &Path {
        &self.settings.clients.path
    }

    /// The client that this build is for.
    pub fn client(&self) -> Option<&str> {
        self.config.selection.client.as_deref()
    }

    /// The file that selects this build's plugins: the client's, or else the
    /// config file where it exists.
    pub fn selecting_file(&self) -> Option<PathBuf> {
        match (self.client(), &self.config.selection.file) {
            (Some(client), _) => Some(self.settings.clients.path.join(format!("{client}.json"))),
            (None, Some(_)) => Some(self.settings.config.path.clone()),
            (None, None) => None,
        }
    }

    /// The folder for copies of the manifest that the settings name.
    pub fn manifest_directory(&self) -> Option<&Path> {
        self.settings.manifest_dir.as_deref()
    }

    /// A path as messages show it.
    pub fn show(&self, path: &Path) -> String {
        package::show(path, &self.root)
    }

    /// The app's cargo features, with what each turns on.
    pub fn features(&self) -> BTreeMap<&str, &[String]> {
        let features = self.app.features.iter();
        features.map(|(name, feature)| (name.as_str(), feature.turns_on.as_slice())).collect()
    }

    /// Every feature of the app that is on when these are asked for, as Cargo
    /// tells a build script.
    pub fn closure<'f>(&self, features: impl IntoIterator<Item = &'f str>) -> BTreeSet<String> {
        self.app.closure(features)
    }

    /// Every plugin that the repository knows, by name.
    pub fn plugins(&self) -> impl ExactSizeIterator<Item = KnownPlugin> {
        self.known.iter().map(|known| known.published(&self.config))
    }

    /// The names of the clients, which cost less than what they get.
    pub fn client_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.config.clients.keys().map(String::as_str)
    }

    /// Every client, by name.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = Client> {
        let index = Index::new(&self.known);
        let crates = PluginCrates::new(&self.app, &index);
        self.config.clients.iter().map(move |(name, listed)| {
            let mut problems = Problems::default();
            let compared = compare(&crates, &index, name, listed, &mut problems);
            let feature = format!("{CLIENT_FEATURE}{name}");
            let (plugins, wanted, is_met) = match compared {
                Ok((selected, comparison)) => {
                    let plugins = selected.into_keys().collect();
                    (Ok(plugins), comparison.right_items(), comparison.is_met())
                }
                Err(_) => (Err(problems.into_warnings()), Vec::new(), false),
            };
            let declared = self.app.features.get(&feature);
            Client {
                name: name.clone(),
                file: self.settings.clients.path.join(format!("{name}.json")),
                enabled: listed.enabled.clone(),
                disabled: listed.disabled.clone(),
                plugins,
                declared: declared.map(|feature| feature.turns_on.clone()),
                feature,
                wanted,
                is_met,
            }
        })
    }
}

/// The plugins of the crate in a folder, by name, whether or not an app depends
/// on it.
///
/// ```no_run
/// use plugo_build::Environment;
///
/// let environment = Environment::new("plugins/blog", "target", "x86_64-unknown-linux-gnu");
/// let plugins = plugo_build::plugins_in("plugins/blog".as_ref(), &environment)?;
/// # Ok::<(), Vec<plugo_build::Diagnostic>>(())
/// ```
///
/// # Errors
///
/// Everything that is wrong with its `Cargo.toml`, its metadata or its source.
pub fn plugins_in(dir: &Path, environment: &Environment) -> Result<Vec<Id>, Vec<Diagnostic>> {
    let mut problems = Problems::default();
    let mut packages = Packages::new(package::normal(dir));
    let known = discover::look_into(dir, environment, &mut packages, &mut problems);
    problems.end_of_stage()?;
    let mut plugins: Vec<Id> = known.into_iter().map(|known| known.id).collect();
    plugins.sort();
    Ok(plugins)
}

/// A plugin that the repository knows, whether or not this build has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KnownPlugin {
    /// Its name.
    pub id: Id,
    /// Its version.
    pub version: Version,
    /// Its description, or nothing.
    pub description: String,
    /// Its priority; the lower number loads first.
    pub priority: i32,
    /// The plugins that it depends on.
    pub needs: Vec<Need>,
    /// Where `#[plugin]` stands, or else the metadata that tells of it.
    pub place: Place,
    /// The package that it is in; `None` for a folder that is none.
    pub package: Option<String>,
    /// The version of that package, or nothing.
    pub package_version: String,
    /// The folder of that package.
    pub package_dir: Option<PathBuf>,
    /// Whether it is in the app's own package.
    pub own: bool,
    /// The cargo feature that compiles it in, where it needs one; the most
    /// direct one.
    pub feature: Option<String>,
    /// Why its crate is not compiled into this build; `None` when it is.
    pub unavailable: Option<Unavailable>,
    /// Where that feature, or else the dependency on its crate, stands; `None`
    /// where there is none.
    pub available_at: Option<Place>,
    /// The `cfg` that decides whether it exists, where that is known only when
    /// its crate is compiled.
    pub undecided: Option<String>,
    /// Where a file of this build's selection disables it.
    pub disabled_at: Option<Reason>,
}

/// A plugin that another one depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Need {
    /// Which one; there may be no such plugin.
    pub id: Id,
    /// As it is written: `auth >=1.2`.
    pub written: String,
    /// Where.
    pub place: Place,
}

/// Why a plugin's crate is not compiled in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unavailable {
    /// It is an optional dependency, and the features that turn it on are
    /// off; the most direct one first.
    FeatureOff(Vec<String>),
    /// It is a dependency for other targets only.
    OtherTarget(String),
    /// A `cfg` around the plugin does not hold.
    ConfiguredOut(String),
    /// It is no dependency of the app.
    NotADependency,
    /// Its folder has no `Cargo.toml`.
    NotACrate,
}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unavailable::FeatureOff(features) => match features.first() {
                Some(feature) => write!(f, "the feature `{feature}` is off"),
                None => f.write_str("no feature compiles it in"),
            },
            Unavailable::OtherTarget(target) => write!(f, "it is for `{target}` only"),
            Unavailable::ConfiguredOut(condition) => {
                write!(f, "`cfg({condition})` does not hold")
            }
            Unavailable::NotADependency => f.write_str("it is no dependency of the app"),
            Unavailable::NotACrate => f.write_str("its folder has no Cargo.toml"),
        }
    }
}

/// A client: its file, what that needs, and its cargo feature.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// What the file enables, and where.
    pub enabled: BTreeMap<Id, Place>,
    /// What the file disables, and where.
    pub disabled: BTreeMap<Id, Place>,
    /// What a build for it contains, by name: what the file enables, and what
    /// that depends on. Otherwise everything that is wrong with the file.
    pub plugins: Result<BTreeSet<Id>, Vec<Diagnostic>>,
    /// Its cargo feature, `client-<name>`.
    pub feature: String,
    /// What that feature turns on; `None` when there is no such feature.
    pub declared: Option<Vec<String>>,
    /// What it has to turn on.
    pub wanted: Vec<String>,
    /// Whether the feature is there and turns on just the crates that the
    /// file needs.
    pub is_met: bool,
}

impl Known {
    fn published(&self, config: &Config) -> KnownPlugin {
        let unavailable = match &self.availability {
            Availability::Always(_) | Availability::Feature { .. } => None,
            Availability::FeatureOff { features, .. } => {
                Some(Unavailable::FeatureOff(features.clone()))
            }
            Availability::OtherTarget(target) => Some(Unavailable::OtherTarget(target.clone())),
            Availability::ConfiguredOut(cfg) => Some(Unavailable::ConfiguredOut(cfg.clone())),
            Availability::NotADependency(_) => Some(Unavailable::NotADependency),
            Availability::NotACrate => Some(Unavailable::NotACrate),
        };
        let feature = match &self.availability {
            Availability::Feature { feature, .. } => Some(feature.clone()),
            Availability::FeatureOff { features, .. } => features.first().cloned(),
            _ => None,
        };
        let disabled_at = config.selection.file.as_ref().and_then(|(source, listed)| {
            let place = listed.disabled.get(&self.id)?;
            Some(Reason { source: *source, place: place.to_string() })
        });
        KnownPlugin {
            id: self.id.clone(),
            version: self.version.clone(),
            description: self.description.clone(),
            priority: self.priority,
            needs: self
                .dependencies
                .iter()
                .map(|wanted| Need {
                    id: Id::new(&self.id.namespace, &wanted.name),
                    written: wanted.to_string(),
                    place: wanted.place.clone(),
                })
                .collect(),
            place: self.place.clone(),
            package: self.package.as_ref().map(|package| package.name.clone()),
            package_version: self.package.as_ref().map(|p| p.version.clone()).unwrap_or_default(),
            package_dir: self.package.as_ref().map(|package| package.dir.clone()),
            own: self.package.is_some()
                && self.extern_name.is_none()
                && !matches!(self.availability, Availability::NotADependency(_)),
            feature,
            unavailable,
            available_at: match &self.availability {
                Availability::Always(place) | Availability::Feature { place, .. } => {
                    Some(place.clone())
                }
                _ => None,
            },
            undecided: self.undecided.clone(),
            disabled_at,
        }
    }
}
