//! The one door to what Cargo and the shell tell a build script.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use cargo_platform::Cfg;

/// The variable that adds plugins to the selection.
pub(crate) const ENABLED_PLUGINS: &str = "ENABLED_PLUGINS";
/// The variable that names a folder for a copy of the manifest.
pub(crate) const MANIFEST_DIR: &str = "PLUGO_MANIFEST_DIR";
/// The variable that names the manifest that the command line made.
pub(crate) const MANIFEST: &str = "PLUGO_MANIFEST";
/// The variable that `cargo auditable` sets for the Cargo that it calls.
const AUDITABLE: &str = "CARGO_AUDITABLE_ORIG_ARGS";
/// Every variable that changes what the build script does.
pub(crate) const VARIABLES: [&str; 4] = [ENABLED_PLUGINS, MANIFEST, MANIFEST_DIR, AUDITABLE];

/// What Cargo and the shell tell a build script. [`Environment::from_cargo`]
/// reads it; other tools begin with [`Environment::new`] and fill it in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Environment {
    /// The app's folder.
    pub package_dir: PathBuf,
    /// The name and the version of the app, where they are known before its
    /// `Cargo.toml` is read.
    pub(crate) package: Option<(String, String)>,
    /// The folder that the build script may write to.
    pub out_dir: PathBuf,
    /// The program `cargo`.
    pub cargo: PathBuf,
    /// The triple that is built for.
    pub target: String,
    /// The features of the app that are on.
    pub features: BTreeSet<String>,
    /// The features of its dependencies that Cargo's command line turns on
    /// beside these, as `dependency/feature`. A build script is not told.
    pub dependency_features: BTreeSet<String>,
    /// What `cfg` expressions see.
    pub(crate) cfgs: Vec<Cfg>,
    /// The variable `ENABLED_PLUGINS`.
    pub enabled_plugins: Option<String>,
    /// The variable `PLUGO_MANIFEST_DIR`.
    pub manifest_dir: Option<PathBuf>,
    /// The variable `PLUGO_MANIFEST`: the manifest that the command line made
    /// for this build.
    pub manifest: Option<PathBuf>,
    /// Whether `cargo auditable` builds, which embeds its own list of crates.
    pub auditable: bool,
    /// Cargo's home, where it keeps the sources that it downloaded.
    pub cargo_home: Option<PathBuf>,
    /// The root of the workspace, for those who know it; Cargo is asked
    /// otherwise.
    pub workspace_root: Option<PathBuf>,
}

impl Environment {
    /// The environment of a build of a package for a target, with no feature
    /// on and no variable set.
    ///
    /// ```
    /// let mut environment = plugo_build::Environment::new("shop", "out", "x86_64-unknown-linux-gnu");
    /// environment.features.insert("client-acme".to_owned());
    /// ```
    pub fn new(
        package_dir: impl Into<PathBuf>,
        out_dir: impl Into<PathBuf>,
        target: impl Into<String>,
    ) -> Self {
        Environment {
            package_dir: package_dir.into(),
            package: None,
            out_dir: out_dir.into(),
            cargo: PathBuf::from("cargo"),
            target: target.into(),
            features: BTreeSet::new(),
            dependency_features: BTreeSet::new(),
            cfgs: Vec::new(),
            enabled_plugins: None,
            manifest_dir: None,
            manifest: None,
            auditable: false,
            cargo_home: None,
            workspace_root: None,
        }
    }

    /// With what `rustc --print cfg` prints for the target, one `cfg` a line;
    /// what depends on `cfg(…)` is decided by it.
    #[must_use]
    pub fn with_cfgs(mut self, printed: &str) -> Self {
        self.cfgs = printed.lines().filter_map(|line| Cfg::from_str(line).ok()).collect();
        self
    }

    /// Reads what Cargo sets for a build script.
    ///
    /// # Errors
    ///
    /// The name of a variable that Cargo sets and that is not there: the
    /// program is not run as a build script.
    #[expect(clippy::disallowed_methods, reason = "this is the one door")]
    pub fn from_cargo() -> Result<Self, &'static str> {
        let required = |name: &'static str| env::var_os(name).ok_or(name);
        let text = |value: OsString| value.to_string_lossy().into_owned();
        let list = |name: &'static str| -> Vec<String> {
            let value = env::var_os(name).map(text).unwrap_or_default();
            value.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let non_empty = |name| env::var_os(name).filter(|value| !value.is_empty());
        Ok(Environment {
            package_dir: required("CARGO_MANIFEST_DIR")?.into(),
            package: env::var("CARGO_PKG_NAME").ok().zip(env::var("CARGO_PKG_VERSION").ok()),
            out_dir: required("OUT_DIR")?.into(),
            cargo: required("CARGO")?.into(),
            target: text(required("TARGET")?),
            features: list("CARGO_CFG_FEATURE").into_iter().collect(),
            dependency_features: BTreeSet::new(),
            cfgs: cfgs(env::vars_os()),
            enabled_plugins: non_empty(ENABLED_PLUGINS).map(text),
            manifest_dir: non_empty(MANIFEST_DIR).map(PathBuf::from),
            manifest: non_empty(MANIFEST).map(PathBuf::from),
            auditable: env::var_os(AUDITABLE).is_some(),
            cargo_home: env::var_os("CARGO_HOME")
                .map(PathBuf::from)
                .or_else(|| env::home_dir().map(|home| home.join(".cargo"))),
            workspace_root: None,
        })
    }
}

/// `CARGO_CFG_UNIX=` is `cfg(unix)`; `CARGO_CFG_TARGET_OS=linux` is
/// `cfg(target_os = "linux")`, and a list with commas is one for each.
fn cfgs(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<Cfg> {
    variables
        .filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("CARGO_CFG_")?.to_ascii_lowercase();
            Some((name, value.to_string_lossy().into_owned()))
        })
        .filter(|(name, _)| name != "feature")
        .flat_map(|(name, value)| {
            let expressions: Vec<String> = match value.as_str() {
                "" => vec![name],
                values => values.split(',').map(|value| format!("{name}={value:?}")).collect(),
            };
            expressions.into_iter().filter_map(|text| Cfg::from_str(&text).ok())
        })
        .collect()
}
