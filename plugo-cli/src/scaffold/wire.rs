use std::collections::BTreeSet;
use std::path::PathBuf;

use plugo_build::{Id, Places};
use toml_edit::{InlineTable, Item};

use crate::app::App;
use crate::edits::{Edits, Manifest, SelectionFile};
use crate::error::Error;

/// A plugin's crate that becomes part of an app: an optional dependency, with
/// a feature for each of its plugins, on by default.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Its package.
    pub(crate) package: String,
    /// Where it comes from: `path = "…"`, or `version = "…"`.
    pub(crate) dependency: InlineTable,
    /// Its plugins.
    pub(crate) plugins: Vec<Id>,
    /// Its folder, where it is one of the user's.
    pub(crate) dir: Option<PathBuf>,
}

impl Wire {
    /// Adds the edits that it takes.
    pub(crate) fn plan(mut self, app: &App, edits: &mut Edits) -> Result<(), Error> {
        let package = self.package.as_str();
        let mut manifest = Manifest::read(edits, &app.dir)?;
        let same = |name: &str| name.replace('_', "-") == package.replace('_', "-");
        if same(&app.name) {
            return Err(Error::no(format!("the app itself is called `{package}`")));
        }
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if let Some((key, _)) = manifest.dependency(table, package) {
                return Err(Error::no(format!(
                    "`{}` has `{key}` in its [{table}] already",
                    app.name
                )));
            }
        }
        // A feature has no namespace.
        let features: BTreeSet<&str> = self.plugins.iter().map(|id| id.name.as_str()).collect();
        for &plugin in &features {
            if manifest.get(&["features", plugin]).is_some() {
                return Err(Error::no(format!(
                    "`{}` has a cargo feature `{plugin}` already, which this plugin would need",
                    app.name
                )));
            }
        }
        self.dependency.insert("optional", true.into());
        manifest.add_dependency("dependencies", package, self.dependency.into())?;
        for &plugin in &features {
            manifest.add_feature(plugin, &format!("dep:{package}"))?;
            manifest.add_default(plugin)?;
        }
        manifest.save(edits)?;
        if let Some(dir) = &self.dir {
            member(app, dir, edits)?;
        }
        let places = Places::read(&app.dir, &app.workspace)?;
        if let Some(mut file) = SelectionFile::read(edits, &places.config_file)? {
            self.plugins.iter().for_each(|plugin| file.enable(&plugin.to_string()));
            file.save(edits)?;
        }
        Ok(())
    }
}

/// Makes a folder a member of the app's workspace. One that lies elsewhere
/// stays what it is.
fn member(app: &App, dir: &std::path::Path, edits: &mut Edits) -> Result<(), Error> {
    let Ok(inside) = dir.strip_prefix(&app.workspace) else { return Ok(()) };
    let mut root = Manifest::read(edits, &app.workspace)?;
    let excluded = root.get(&["workspace", "exclude"]).and_then(Item::as_array);
    let is_excluded = excluded
        .into_iter()
        .flatten()
        .filter_map(|path| path.as_str())
        .any(|path| inside.starts_with(path));
    if !is_excluded && !root.has_member(dir) {
        root.add_member(&crate::edits::slashes(inside))?;
        root.save(edits)?;
    }
    Ok(())
}
