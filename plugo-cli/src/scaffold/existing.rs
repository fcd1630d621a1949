use std::path::{Path, PathBuf};

use plugo_build::{Environment, Id, Places};
use serde_json::Value;
use tempfile::TempDir;
use toml_edit::{DocumentMut, InlineTable, Item};

use crate::app::App;
use crate::cargo;
use crate::context::Context;
use crate::edits::{Edits, Manifest, real, relative, slashes};
use crate::error::Error;
use crate::scaffold::wire::Wire;

/// A plugin's crate that exists already, and is to become part of an app.
#[derive(Debug)]
pub(crate) struct Existing {
    package: String,
    dependency: InlineTable,
    plugins: Vec<Id>,
    /// Its folder, where it is one of the user's.
    dir: Option<PathBuf>,
}

impl Existing {
    /// Finds it: a folder, or a crate of a registry, `blog` or `blog@1.2`.
    pub(crate) fn find(context: &Context, app: &App, given: &str) -> Result<Self, Error> {
        match folder(context, app, given)? {
            Some(dir) => Existing::in_folder(context, app, &dir),
            None => Existing::in_registry(context, app, given),
        }
    }

    fn in_folder(context: &Context, app: &App, dir: &Path) -> Result<Self, Error> {
        let dir = real(dir);
        let edits = Edits::new(&app.workspace);
        let manifest = Manifest::read(&edits, &dir)?;
        let package = manifest.text(&["package", "name"]).ok_or_else(|| {
            Error::usage(format!("`{}` has no [package] with a name", edits.show(&dir)))
        })?;
        let plugins = plugins(context, app, package, &dir)?;
        let path = slashes(&relative(&dir, &app.dir));
        Ok(Existing {
            package: package.to_owned(),
            dependency: InlineTable::from_iter([("path", path)]),
            plugins,
            dir: Some(dir),
        })
    }

    /// Cargo finds the crate and its newest version, in a package that is made
    /// for that and deleted again.
    fn in_registry(context: &Context, app: &App, given: &str) -> Result<Self, Error> {
        if given.contains("://") || given.starts_with('-') || given.is_empty() {
            return Err(Error::usage(format!(
                "`{given}` is neither a crate nor a folder; a dependency on a git repository is \
                 written into `Cargo.toml` by hand"
            )));
        }
        let scratch = scratch()?;
        context.shell.status("Looking", format_args!("for the crate `{given}`"));
        let manifest = scratch.path().join("Cargo.toml");
        let mut add = context.cargo(app);
        add.args(["add", "--quiet", "--manifest-path"]).arg(&manifest).args(["--", given]);
        cargo::output(&mut add).map_err(|error| {
            let hint = match context.path(given).join("Cargo.toml").is_file() {
                true => format!("; the folder of that name is `./{given}`"),
                false => String::new(),
            };
            Error::no(format!("there is no crate `{given}` to be had{hint}: {error}"))
        })?;
        let text = std::fs::read_to_string(&manifest)
            .map_err(|error| Error::io("read", &manifest, &error))?;
        let document: DocumentMut =
            text.parse().map_err(|_| Error::environment("`cargo add` wrote no TOML"))?;
        let added = document.get("dependencies").and_then(Item::as_table_like);
        let added = added.and_then(|table| {
            let (package, item) = table.iter().next()?;
            let version = item.as_str().or_else(|| item.get("version")?.as_str())?;
            Some((package.to_owned(), version.to_owned()))
        });
        let (package, version) =
            added.ok_or_else(|| Error::environment("`cargo add` added nothing"))?;
        let mut metadata = context.cargo(app);
        metadata.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
        let metadata: Value = serde_json::from_str(&cargo::output(&mut metadata)?)
            .map_err(|_| Error::environment("`cargo metadata` printed no JSON"))?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let found = packages.filter(|found| found["name"] == package.as_str());
        let dir = found.filter_map(|found| Path::new(found["manifest_path"].as_str()?).parent());
        let dir = dir.max().ok_or_else(|| {
            Error::environment(format!("`cargo metadata` does not know `{package}`"))
        })?;
        let plugins = plugins(context, app, &package, dir)?;
        let dependency = InlineTable::from_iter([("version", version)]);
        Ok(Existing { package, dependency, plugins, dir: None })
    }

    /// What is to be done in the app.
    pub(crate) fn wire(self) -> Wire {
        let Existing { package, dependency, plugins, dir } = self;
        Wire { package, dependency, plugins, dir }
    }
}

/// The folder that is meant, if one is: a path, or a crate that already lies in
/// the plugin directory.
fn folder(context: &Context, app: &App, given: &str) -> Result<Option<PathBuf>, Error> {
    let is_path = given.contains(['/', '\\']) && !given.contains("://") || given.starts_with('.');
    if is_path {
        let dir = context.path(given);
        if !dir.join("Cargo.toml").is_file() {
            return Err(Error::usage(format!("there is no `Cargo.toml` in `{given}`")));
        }
        return Ok(Some(dir));
    }
    let dir = Places::read(&app.dir, &app.workspace)?.plugin_directory.join(given);
    Ok(dir.join("Cargo.toml").is_file().then_some(dir))
}

/// The plugins of a crate; it is no plugin's crate without one.
fn plugins(context: &Context, app: &App, package: &str, dir: &Path) -> Result<Vec<Id>, Error> {
    let host = cargo::host()?;
    let environment = Environment::new(dir, &app.target_dir, &host).with_cfgs(&cargo::cfgs(&host)?);
    let plugins = plugo_build::plugins_in(dir, &environment)?;
    if plugins.is_empty() {
        return Err(Error::no(format!(
            "there is no plugin in `{package}`: its source has no `#[plugin]`, and its metadata names none"
        )));
    }
    context.shell.status("Found", format_args!("{}", found(package, &plugins)));
    Ok(plugins)
}

fn found(package: &str, plugins: &[Id]) -> String {
    let names: Vec<String> = plugins.iter().map(|plugin| format!("`{plugin}`")).collect();
    match names.as_slice() {
        [one] => format!("plugin {one} in `{package}`"),
        several => format!("plugins {} in `{package}`", several.join(", ")),
    }
}

/// A package that is deleted again, in a folder of its own that nobody else
/// can write to.
fn scratch() -> Result<TempDir, Error> {
    let cannot = |error| Error::io("written", &std::env::temp_dir(), &error);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let dir = builder.prefix("plugo-add-").tempdir().map_err(cannot)?;
    let manifest = "[package]\nname = \"plugo-add\"\nedition = \"2024\"\n\n[workspace]\n";
    std::fs::create_dir(dir.path().join("src"))
        .and_then(|()| std::fs::write(dir.path().join("Cargo.toml"), manifest))
        .and_then(|()| std::fs::write(dir.path().join("src/lib.rs"), ""))
        .map_err(|error| Error::io("written", dir.path(), &error))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_for_a_question_is_of_this_call_alone_and_goes_with_it() {
        let (one, other) = (scratch().unwrap(), scratch().unwrap());
        assert_ne!(one.path(), other.path());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = one.path().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists() && other.path().join("src/lib.rs").exists());
    }
}
