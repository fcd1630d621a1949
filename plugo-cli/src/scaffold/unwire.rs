use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plugo_build::{Id, KnownPlugin, Project};

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
        let has_config = project.config_file().exists();
        let asked = asked_for(project, &all)?;
        let mut whole: BTreeSet<String> =
            plugins.values().filter_map(|plugin| plugin.package.clone()).collect();
        for other in all.iter().filter(|other| !plugins.contains_key(&other.id)) {
            // A feature of its own means that it was added; without a config file, all is asked for.
            let has_feature = other.feature.as_ref().is_none_or(|own| *own == other.id.name);
            let stays = has_feature || !has_config || asked.contains(&other.id);
            if let Some(package) = other.package.as_ref().filter(|_| stays)
                && whole.remove(package)
                && !has_config
            {
                return Err(Error::no(format!(
                    "`{package}` has the plugin `{}` too, and without a config file a build has all \
                     that is compiled in; name both, or write `{}` with those that are wanted",
                    other.id,
                    project.show(project.config_file())
                )));
            }
        }
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
            if plugin.feature.as_ref() == Some(&plugin.id.name) {
                manifest.remove_feature(&plugin.id.name);
            }
        }
        for (client, features) in self.needless(project) {
            manifest.trim_feature(&format!("client-{client}"), &features);
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

    /// What each client's feature turns on only because of what these plugins
    /// depend on.
    fn needless(&self, project: &Project) -> BTreeMap<String, BTreeSet<String>> {
        let all: BTreeMap<Id, KnownPlugin> =
            project.plugins().map(|plugin| (plugin.id.clone(), plugin)).collect();
        let features = |ids: &BTreeSet<Id>| -> BTreeSet<String> {
            ids.iter().filter_map(|id| all.get(id)?.feature.clone()).collect()
        };
        let mut needless = BTreeMap::new();
        for client in project.clients() {
            let Ok(had) = &client.plugins else { continue };
            let asked = client.enabled.keys().filter(|id| !self.plugins.contains_key(id));
            let mut open: Vec<Id> = asked.cloned().collect();
            let mut has = BTreeSet::new();
            while let Some(id) = open.pop() {
                if has.insert(id.clone()) {
                    open.extend(all.get(&id).into_iter().flat_map(depends_on));
                }
            }
            let gone = features(had).difference(&features(&has)).cloned().collect();
            needless.insert(client.name, gone);
        }
        needless
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
            let Some(mut file) = SelectionFile::read(edits, &path)? else { continue };
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

/// What the config file, a client's file or another plugin asks for.
fn asked_for(project: &Project, all: &[KnownPlugin]) -> Result<BTreeSet<Id>, Error> {
    let mut asked: BTreeSet<Id> = all.iter().flat_map(depends_on).collect();
    project.clients().for_each(|client| asked.extend(client.enabled.into_keys()));
    let edits = Edits::new(project.root());
    if let Some(file) = SelectionFile::read(&edits, project.config_file())? {
        let ids = all.iter().map(|plugin| &plugin.id);
        asked.extend(ids.filter(|id| file.enables(&id.to_string())).cloned());
    }
    Ok(asked)
}

/// What a plugin depends on, without the versions.
fn depends_on(plugin: &KnownPlugin) -> impl Iterator<Item = Id> {
    plugin.needs.iter().map(|need| need.id.clone())
}

/// What others depend on stays, as long as they do.
fn refuse_needed(all: &[KnownPlugin], plugins: &BTreeMap<Id, KnownPlugin>) -> Result<(), Error> {
    for other in all.iter().filter(|other| !plugins.contains_key(&other.id)) {
        for needed in depends_on(other) {
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
    // What is still a member after its own path was taken out is one by a pattern.
    let Some(parent) = dir.parent().filter(|_| root.has_member(dir)) else { return Ok(()) };
    let others = std::fs::read_dir(parent).into_iter().flatten().flatten();
    if others.filter(|entry| entry.path() != dir).count() == 0 {
        edits.write(&parent.join(".gitkeep"), String::new())?;
    }
    Ok(())
}
