use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plugo_build::{Id, KnownPlugin, Project};
use toml_edit::{Item, Value};

use crate::app::{App, known};
use crate::edits::{Edits, Manifest, SelectionFile};
use crate::error::Error;

/// Plugins that are taken out of an app.
pub(crate) struct Unwire {
    plugins: BTreeMap<Id, KnownPlugin>,
    /// Their packages of which no plugin stays.
    whole: BTreeSet<String>,
}

/// What a person should know of it.
#[derive(Debug, Default)]
pub(crate) struct Unwired {
    /// Clients that had one of them.
    pub(crate) clients: Vec<String>,
    /// Folders that are left.
    pub(crate) folders: Vec<PathBuf>,
}

impl Unwire {
    /// Finds plugins by their names, or by the names of their crates.
    pub(crate) fn find(project: &Project, names: &[String]) -> Result<Self, Error> {
        let all: Vec<KnownPlugin> = project.plugins().collect();
        let mut plugins = BTreeMap::new();
        for name in names {
            let mut found: Vec<&KnownPlugin> =
                all.iter().filter(|plugin| plugin.id.to_string() == *name).collect();
            if found.is_empty() {
                let of =
                    |plugin: &&KnownPlugin| plugin.package.as_deref() == Some(name) && !plugin.own;
                found = all.iter().filter(of).collect();
            }
            if found.is_empty() {
                let names: Vec<String> = all.iter().map(|plugin| plugin.id.to_string()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(Error::usage(format!(
                    "there is no plugin `{name}`{}",
                    known("the plugins are", name, &names)
                )));
            }
            for plugin in found {
                if plugin.own {
                    return Err(Error::usage(format!(
                        "`{name}` is in the app's own source, at {}; delete it there",
                        plugin.place
                    )));
                }
                plugins.insert(plugin.id.clone(), plugin.clone());
            }
        }
        refuse_needed(&all, &plugins)?;
        let stays = |package: &str| {
            all.iter().any(|plugin| {
                plugin.package.as_deref() == Some(package) && !plugins.contains_key(&plugin.id)
            })
        };
        let packages = plugins.values().filter_map(|plugin| plugin.package.clone());
        let whole = packages.filter(|package| !stays(package)).collect();
        Ok(Unwire { plugins, whole })
    }

    /// Adds the edits that it takes.
    pub(crate) fn plan(
        &self,
        project: &Project,
        app: &App,
        delete: bool,
        edits: &mut Edits,
    ) -> Result<Unwired, Error> {
        let mut unwired = Unwired::default();
        let mut manifest = Manifest::read(edits, &app.dir)?;
        for plugin in self.plugins.values() {
            let Some(package) = &plugin.package else { continue };
            let is_whole = self.whole.contains(package);
            if delete && !is_whole {
                return Err(Error::usage(format!(
                    "`{}` is not the only plugin of `{package}`, so its source is not deleted; leave \
                     out `--delete`, or name all of them",
                    plugin.id
                )));
            }
            let key = manifest.dependency("dependencies", package).map(|(key, _)| key.to_owned());
            if let Some(key) = key.filter(|_| is_whole) {
                manifest.remove_dependency(&key);
            }
            // Where the crate stays for another plugin, the feature of this one goes.
            let feature = plugin.id.to_string();
            let is_own = plugin.feature.as_ref().is_none_or(|feature| *feature == plugin.id.name);
            if is_own || manifest.get(&["features", &feature]).is_some() {
                manifest.remove_feature(&feature);
            }
        }
        manifest.save(edits)?;
        self.files(project, edits, &mut unwired)?;
        for dir in self.folders() {
            match delete {
                true => delete_folder(&dir, app, edits)?,
                false if dir.starts_with(&app.workspace) => unwired.folders.push(dir),
                false => {}
            }
        }
        Ok(unwired)
    }

    /// The config file and those of the clients.
    fn files(
        &self,
        project: &Project,
        edits: &mut Edits,
        unwired: &mut Unwired,
    ) -> Result<(), Error> {
        let clients: Vec<(String, PathBuf)> =
            project.clients().map(|client| (client.name, client.file)).collect();
        let config = (None, project.config_file().to_owned());
        let files = clients.into_iter().map(|(name, file)| (Some(name), file)).chain([config]);
        for (client, path) in files {
            let Some(file) = SelectionFile::read(edits, &path)? else { continue };
            let mut had = false;
            for plugin in self.plugins.keys() {
                had |= file.remove(&plugin.to_string()) == Some(true);
            }
            file.save(edits)?;
            unwired.clients.extend(client.filter(|_| had));
        }
        Ok(())
    }

    /// The folders of what is taken out as a whole.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let whole = self.plugins.values().filter(|plugin| {
            plugin.package.as_ref().is_some_and(|package| self.whole.contains(package))
        });
        whole.filter_map(|plugin| plugin.package_dir.clone()).collect()
    }
}

/// What others depend on stays, as long as they do.
fn refuse_needed(all: &[KnownPlugin], plugins: &BTreeMap<Id, KnownPlugin>) -> Result<(), Error> {
    for other in all.iter().filter(|other| !plugins.contains_key(&other.id)) {
        for dependency in &other.dependencies {
            let name = dependency.split([' ', '\t']).next().unwrap_or_default();
            let needed = Id::new(&other.id.namespace, name);
            if plugins.contains_key(&needed) {
                return Err(Error::no(format!(
                    "`{}` depends on `{needed}`; `plugo remove {needed} {}` removes both",
                    other.id, other.id
                )));
            }
        }
    }
    Ok(())
}

fn delete_folder(dir: &Path, app: &App, edits: &mut Edits) -> Result<(), Error> {
    if !dir.starts_with(&app.workspace) || app.dir.starts_with(dir) {
        return Err(Error::usage(format!(
            "`{}` is no folder in this workspace, so it is not deleted; leave out `--delete`",
            edits.show(dir)
        )));
    }
    let mut root = Manifest::read(edits, &app.workspace)?;
    root.remove_member(dir);
    keep_pattern(&root, dir, edits)?;
    root.save(edits)?;
    edits.delete(dir);
    Ok(())
}

/// Cargo takes a pattern of members that matches nothing for a mistake.
fn keep_pattern(root: &Manifest, dir: &Path, edits: &mut Edits) -> Result<(), Error> {
    let members = root.get(&["workspace", "members"]).and_then(Item::as_array);
    let has_patterns =
        members.into_iter().flatten().filter_map(Value::as_str).any(|member| member.contains('*'));
    let Some(parent) = dir.parent().filter(|_| has_patterns) else { return Ok(()) };
    let others = std::fs::read_dir(parent).into_iter().flatten().flatten();
    if others.filter(|entry| entry.path() != dir).count() == 0 {
        edits.write(&parent.join(".gitkeep"), String::new())?;
    }
    Ok(())
}
