use std::path::{Path, PathBuf};

use semver::Version;

use crate::diagnostic::{Code, Diagnostic, Place, Problems};
use crate::document::Node;
use crate::metadata::{self, Metadata, check_version};
use crate::package::{Package, Packages, normal};

/// `[package.metadata.plugo]` of the app.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) plugin_directory: Folder,
    pub(crate) config: Folder,
    pub(crate) clients: Folder,
    pub(crate) core_version: Version,
    pub(crate) manifest_dir: Option<PathBuf>,
    /// Metadata of plugins in the app's own source.
    pub(crate) own_plugins: Vec<Metadata>,
}

/// A path of the settings. One that is written there must exist; the default
/// may be absent.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) shown: String,
    /// Where the settings name it.
    pub(crate) place: Option<Place>,
}

/// Where a package keeps what plugo reads, as `[package.metadata.plugo]` says,
/// or else the defaults. None of it need exist, and the package need not be an
/// app yet.
///
/// ```no_run
/// let places = plugo_build::Places::read("shop".as_ref(), "shop".as_ref())?;
/// println!("its plugins are in {}", places.plugin_directory.display());
/// # Ok::<(), Vec<plugo_build::Diagnostic>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Places {
    /// The plugin directory.
    pub plugin_directory: PathBuf,
    /// The config file.
    pub config_file: PathBuf,
    /// The folder of the clients' files.
    pub clients_directory: PathBuf,
}

impl Places {
    /// Reads them of a package, by its folder and that of its workspace.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its `Cargo.toml`.
    pub fn read(package_dir: &Path, workspace_root: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Problems::default();
        let package = Packages::new(normal(workspace_root)).read(package_dir, &mut problems);
        let settings = package.map(|package| read(&package, &mut problems));
        problems.end_of_stage()?;
        let Some(settings) = settings else { return Err(Vec::new()) };
        Ok(Places {
            plugin_directory: settings.plugin_directory.path,
            config_file: settings.config.path,
            clients_directory: settings.clients.path,
        })
    }
}

const FIELDS: [&str; 6] =
    ["plugin-directory", "config", "clients", "core-version", "manifest-dir", "plugins"];

pub(crate) fn read(app: &Package, problems: &mut Problems) -> Settings {
    let what = "[package.metadata.plugo]";
    let table = app.plugo.as_ref().and_then(|node| node.object(what, &FIELDS, problems));
    let mut text = |key: &str| -> Option<(String, Place)> {
        let node: &Node = table?.get(key)?;
        let value = node.string(&format!("`{key}` of {what}"), problems)?;
        if value.is_empty() {
            let message = format!("`{key}` of {what} is empty");
            problems.add(Diagnostic::error(Code::MistypedField, message).at(node.place()));
            return None;
        }
        Some((value, node.place()))
    };
    let mut folder = |key: &str, default: &str| {
        let said = text(key);
        let path = said.as_ref().map_or(default, |(path, _)| path.as_str());
        let path = normal(&app.dir.join(path));
        Folder { shown: app.show(&path), path, place: said.map(|(_, place)| place) }
    };
    let plugin_directory = folder("plugin-directory", "plugins");
    let config = folder("config", "plugins_config.json");
    let clients = folder("clients", "clients");
    let manifest_dir = text("manifest-dir").map(|(path, _)| normal(&app.dir.join(path)));
    let (version, what, place) = match text("core-version") {
        Some((version, place)) => (version, "`core-version` of [package.metadata.plugo]", place),
        None => (app.version.clone(), "the app's version", app.manifest.clone()),
    };
    let core_version =
        check_version(&version, what, &place, problems).unwrap_or(Version::new(0, 0, 0));
    let own_plugins = table
        .and_then(|table| table.get("plugins"))
        .map(|list| metadata::plugins(list, "[package.metadata.plugo]", problems))
        .unwrap_or_default();
    Settings { plugin_directory, config, clients, core_version, manifest_dir, own_plugins }
}
