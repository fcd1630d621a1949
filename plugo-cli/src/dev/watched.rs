use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::{Duration, SystemTime};

use plugo_build::{Crates, Project, Side};
use plugo_reload::{Changes, PluginWatcher};

use super::event::Event;
use crate::app::App;
use crate::building::count;
use crate::error::Error;

/// What a build depends on, as far as it is files of the user: the folders of
/// the crates that it reaches, the workspace's `Cargo.toml` and `Cargo.lock`,
/// and the file that selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watched {
    workspace: PathBuf,
    /// The folders of crates, and what is in each: its plugins, or its name.
    crates: BTreeMap<PathBuf, String>,
    /// What depends on each.
    users: BTreeMap<PathBuf, BTreeSet<String>>,
    selection: Option<PathBuf>,
    /// The files of other builds' selections.
    others: BTreeSet<PathBuf>,
    /// Where Cargo writes, and compilers.
    left_out: BTreeSet<PathBuf>,
}

impl Watched {
    /// All that is known when the files cannot be read: the app's folder.
    pub(super) fn app(app: &App) -> Self {
        // Compilers write into the one for temporary files, which may be in the app's.
        let temporary = std::env::temp_dir();
        let given = std::path::absolute(&temporary).ok();
        let temporary = [given, temporary.canonicalize().ok()].into_iter().flatten();
        let mut left_out = BTreeSet::from([app.target_dir.clone()]);
        left_out.extend(app.build_dir.iter().cloned().chain(temporary));
        Watched {
            workspace: app.workspace.clone(),
            crates: BTreeMap::from([(app.dir.clone(), format!("`{}`", app.name))]),
            left_out,
            ..Watched::default()
        }
    }

    /// What the build of this project has.
    pub(super) fn new(app: &App, project: &Project, crates: &Crates) -> Self {
        let mut watched = Watched::app(app);
        let mut plugins: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for plugin in project.plugins().filter(|plugin| !plugin.own) {
            if let Some(dir) = &plugin.package_dir {
                plugins.entry(dir.clone()).or_default().push(format!("`{}`", plugin.id));
            }
        }
        for krate in crates.iter() {
            // Crates from elsewhere do not change.
            let Some(dir) = krate.origin.as_deref().map(Path::new) else { continue };
            if dir == app.dir || !dir.is_absolute() || !dir.is_dir() {
                continue;
            }
            let what = match plugins.get(dir).map(Vec::as_slice) {
                Some([one]) => format!("plugin {one}"),
                Some(all) => format!("plugins {}", all.join(", ")),
                None => format!("crate `{}`", krate.name),
            };
            watched.crates.insert(dir.to_owned(), what);
            let users = crates.dependents(krate).map(|user| format!("`{}`", user.name));
            let builds = (krate.side == Side::Host).then(|| "what builds the app".to_owned());
            watched.users.entry(dir.to_owned()).or_default().extend(users.chain(builds));
        }
        let selection = project.selecting_file();
        watched.others = [project.config_file().to_owned(), project.clients_directory().to_owned()]
            .into_iter()
            .filter(|path| selection.as_ref() != Some(path))
            .collect();
        // It may come to be, and would count then.
        watched.others.retain(|path| project.client().is_some() || path != project.config_file());
        watched.selection = Some(selection.unwrap_or_else(|| project.config_file().to_owned()));
        watched
    }

    /// Watches, and tells of changes: in place of an earlier watcher also of those
    /// that this one has not told of yet.
    pub(super) fn watch(
        &self,
        earlier: Option<PluginWatcher>,
        debounce: Duration,
        sender: Sender<Event>,
    ) -> Result<PluginWatcher, Error> {
        let watched = self.clone();
        let mut builder = PluginWatcher::builder()
            .debounce(debounce)
            .filter(move |path| watched.is_part(path))
            .path(self.workspace.join("Cargo.toml"))
            .path(self.workspace.join("Cargo.lock"));
        if let Some(file) = &self.selection {
            builder = builder.path(file);
        }
        // Git may ignore one that is inside another one: each is named by itself.
        for dir in self.crates.keys() {
            builder = builder.path(dir);
        }
        if let Some(earlier) = earlier {
            builder = builder.after(earlier);
        }
        let started =
            builder.start(move |changes| drop(sender.send(Event::Changed(changes.clone()))));
        started.map_err(|error| Error::environment(error.to_string()))
    }

    /// Whether a file below a watched folder is part of the build.
    fn is_part(&self, path: &Path) -> bool {
        if path.ancestors().any(|path| self.others.contains(path)) {
            return false;
        }
        for dir in path.ancestors() {
            if self.left_out.contains(dir) {
                return false;
            }
            if self.crates.contains_key(dir) {
                return true;
            }
            if dir != path && dir.join("Cargo.toml").is_file() {
                // It is of a package that this build does not have.
                return false;
            }
        }
        false
    }

    /// The files of crates that were not watched before, as far as they were
    /// written since then: nobody has told of these.
    pub(super) fn written_since(&self, earlier: &Watched, since: SystemTime) -> Vec<PathBuf> {
        let new = self.crates.keys().filter(|dir| !earlier.crates.contains_key(*dir));
        let mut folders: Vec<PathBuf> = new.cloned().collect();
        let mut written = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                if name.starts_with('.') || name.ends_with('~') || name == "target" {
                    continue;
                }
                let Ok(metadata) = entry.metadata() else { continue };
                let is_newer = || metadata.modified().is_ok_and(|time| time >= since);
                if metadata.is_dir() {
                    folders.push(path);
                } else if is_newer() && self.is_part(&path) {
                    written.push(path);
                }
            }
        }
        written
    }

    /// Whether all that changed is the file that selects.
    pub(super) fn is_selection(&self, changes: &Changes) -> bool {
        changes.paths().all(|path| self.selection.as_deref() == Some(path))
    }

    /// Whether all that changed is the lock file.
    pub(super) fn is_lock(&self, changes: &Changes) -> bool {
        let lock = self.workspace.join("Cargo.lock");
        changes.paths().all(|path| path == lock)
    }

    /// Whether other crates may be part of the build now.
    pub(super) fn is_other_build(&self, changes: &Changes) -> bool {
        let decides = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name == "Cargo.toml"
                || name == "Cargo.lock"
                || name == "metadata.json"
                || self.selection.as_deref() == Some(path)
        };
        changes.paths().any(decides)
    }

    /// ``plugin `blog` (plugins/blog/src/lib.rs)``, or
    /// ``plugin `blog` (3 files), Cargo.lock``.
    pub(super) fn describe<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) -> String {
        let mut owners: BTreeMap<Option<&str>, Vec<&Path>> = BTreeMap::new();
        for path in paths {
            owners.entry(self.owner(path)).or_default().push(path);
        }
        let show = |path: &Path| self.show(path);
        let mut texts = Vec::new();
        for (owner, paths) in owners.into_iter().rev() {
            match (owner, paths.as_slice()) {
                (Some(owner), [path]) => texts.push(format!("{owner} ({})", show(path))),
                (Some(owner), all) => texts.push(format!("{owner} ({})", count(all.len(), "file"))),
                (None, paths) => texts.extend(paths.iter().map(|path| show(path))),
            }
        }
        texts.join(", ")
    }

    /// A path as it is told of.
    pub(super) fn show(&self, path: &Path) -> String {
        path.strip_prefix(&self.workspace).unwrap_or(path).display().to_string()
    }

    /// The folder of the crate that a file is in, if it is part of one.
    pub(super) fn crate_dir(&self, path: &Path) -> Option<&Path> {
        self.owner(path)?;
        let dir = path.ancestors().find(|dir| self.crates.contains_key(*dir))?;
        self.crates.get_key_value(dir).map(|(dir, _)| dir.as_path())
    }

    /// What is in the folder of a crate: ``plugin `blog` ``.
    pub(super) fn owner_of(&self, dir: &Path) -> &str {
        self.crates.get(dir).map_or("it", String::as_str)
    }

    /// What depends on the crate in this folder.
    pub(super) fn users(&self, dir: &Path) -> impl Iterator<Item = &String> {
        self.users.get(dir).into_iter().flatten()
    }

    fn owner(&self, path: &Path) -> Option<&str> {
        let workspace = [self.workspace.join("Cargo.toml"), self.workspace.join("Cargo.lock")];
        if self.selection.as_deref() == Some(path) || workspace.iter().any(|file| file == path) {
            return None;
        }
        path.ancestors().find_map(|dir| self.crates.get(dir)).map(String::as_str)
    }

    /// `5 crates and plugins_config.json`.
    pub(super) fn summary(&self) -> String {
        let mut text = count(self.crates.len(), "crate");
        if let Some(file) = &self.selection {
            let file = file.strip_prefix(&self.workspace).unwrap_or(file);
            text.push_str(&format!(" and {}", file.display()));
        }
        text
    }
}
