use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use plugo_core::Source;

use crate::diagnostic::{Code, Diagnostic, Place, Problems, known_names};
use crate::document::{self, Node, Text};
use crate::environment::{ENABLED_PLUGINS, Environment};
use crate::metadata::{Id, check_name};
use crate::package::Package;
use crate::settings::Settings;

/// The selection of a file: what it switches on and off, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    pub(crate) enabled: BTreeMap<Id, Place>,
    pub(crate) disabled: BTreeMap<Id, Place>,
}

/// What the sources ask for, before it is held against what exists.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The client of this build.
    pub(crate) client: Option<String>,
    /// The file that selects, with its kind; `None` when there is none.
    pub(crate) file: Option<(Source, Listed)>,
    /// The names in `ENABLED_PLUGINS`.
    pub(crate) environment: BTreeSet<Id>,
    /// Whether it is held against every build at once: which features are on
    /// and what is built for is then not known.
    pub(crate) any_build: bool,
}

/// The selection, the clients, and what Cargo has to watch for them.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) selection: Selection,
    /// Every client of the repository.
    pub(crate) clients: BTreeMap<String, Listed>,
    pub(crate) watch: BTreeSet<PathBuf>,
    pub(crate) absent: BTreeSet<PathBuf>,
}

pub(crate) const CLIENT_FEATURE: &str = "client-";

pub(crate) fn read(
    app: &Package,
    settings: &Settings,
    environment: &Environment,
    problems: &mut Problems,
) -> Config {
    let mut watch = BTreeSet::new();
    let mut absent = BTreeSet::new();
    let clients = clients(app, settings, &mut watch, &mut absent, problems);
    let client = client(app, settings, environment, &clients, problems);
    let path = &settings.config.path;
    let exists = fs::symlink_metadata(path).is_ok();
    if exists {
        watch.insert(path.clone());
    } else if let Some(place) = &settings.config.place {
        let message = format!("the config file `{}` does not exist", settings.config.shown);
        problems.add(
            Diagnostic::error(Code::MissingFile, message)
                .at(place.clone())
                .help("create it, or mend `config` in [package.metadata.plugo]"),
        );
    } else {
        absent.insert(path.clone());
    }
    let file = match &client {
        Some(client) => clients.get(client).map(|listed| (Source::Client, listed.clone())),
        None if exists => file(&settings.config.path, settings.config.shown.clone(), problems)
            .map(|listed| (Source::Config, listed)),
        None => None,
    };
    let environment = names(environment, problems);
    if let (Some(client), Some((_, listed))) = (&client, &file) {
        for id in environment.iter().filter(|id| !listed.enabled.contains_key(id)) {
            let shown = format!("{}/{client}.json", settings.clients.shown);
            let message = format!(
                "{ENABLED_PLUGINS} adds `{id}`, which `{shown}` does not enable: \
                 no variable changes what a client gets"
            );
            problems.add(
                Diagnostic::error(Code::EnvironmentBeyondClient, message)
                    .at(Place::file(shown))
                    .help(format!("enable `{id}` in that file, or unset {ENABLED_PLUGINS}")),
            );
        }
    }
    Config {
        selection: Selection { client, file, environment, any_build: false },
        clients,
        watch,
        absent,
    }
}

/// Reads `clients/*.json`.
fn clients(
    app: &Package,
    settings: &Settings,
    watch: &mut BTreeSet<PathBuf>,
    absent: &mut BTreeSet<PathBuf>,
    problems: &mut Problems,
) -> BTreeMap<String, Listed> {
    let folder = &settings.clients;
    let refuse = |code, what: String| {
        let place = folder.place.clone().unwrap_or_else(|| Place::file(&folder.shown));
        Diagnostic::error(code, format!("the folder of clients, `{}`, {what}", folder.shown))
            .at(place)
    };
    let mut clients = BTreeMap::new();
    let entries = match fs::read_dir(&folder.path) {
        Ok(entries) => entries,
        Err(_) if fs::symlink_metadata(&folder.path).is_err() => {
            match &folder.place {
                None => drop(absent.insert(folder.path.clone())),
                Some(_) => problems.add(refuse(Code::MissingFile, "does not exist".to_owned())),
            }
            return clients;
        }
        Err(error) => {
            problems.add(refuse(Code::Unreadable, format!("cannot be read: {error}")));
            return clients;
        }
    };
    watch.insert(folder.path.clone());
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let shown = app.show(&path);
        if let Err(error) = plugo_core::name::check(&name) {
            let message = format!("{name:?} cannot be the name of a client: {error}");
            problems.add(Diagnostic::error(Code::InvalidName, message).at(Place::file(shown)));
        } else if let Some(listed) = file(&path, shown, problems) {
            clients.insert(name, listed);
        } else {
            // What is wrong with it was said; that it is a client is true.
            clients.insert(name, Listed::default());
        }
    }
    clients
}

/// The client that a `client-<name>` feature chooses.
fn client(
    app: &Package,
    settings: &Settings,
    environment: &Environment,
    clients: &BTreeMap<String, Listed>,
    problems: &mut Problems,
) -> Option<String> {
    let on: Vec<&str> = environment
        .features
        .iter()
        .filter_map(|feature| feature.strip_prefix(CLIENT_FEATURE))
        .collect();
    let place = |name: &str| {
        let feature = app.features.get(&format!("{CLIENT_FEATURE}{name}"));
        feature.map_or_else(|| app.manifest.clone(), |feature| feature.place.clone())
    };
    if let [first, _, ..] = on.as_slice() {
        let features = on.iter().map(|name| format!("{CLIENT_FEATURE}{name}"));
        let message = format!(
            "a build is for one client, and the features {} are on",
            crate::diagnostic::list(features)
        );
        problems.add(
            Diagnostic::error(Code::SeveralClients, message)
                .at(place(first))
                .note("`--all-features`, and a default feature that includes a client, turn on several")
                .help(format!("build with `--no-default-features --features {CLIENT_FEATURE}{first}`")),
        );
    }
    let client = *on.first()?;
    if !clients.contains_key(client) {
        let known: Vec<&str> = clients.keys().map(String::as_str).collect();
        let message = format!(
            "the feature `{CLIENT_FEATURE}{client}` is on, and there is no client `{client}`: \
             `{}/{client}.json` does not exist",
            settings.clients.shown
        );
        problems.add(
            Diagnostic::error(Code::UnknownClient, message)
                .at(place(client))
                .help(format!("create that file; {}", known_names(client, "clients", &known))),
        );
    }
    Some(client.to_owned())
}

/// Reads a config file or a client's file: `{ "plugins": [{ "name": "blog", "enabled": true }] }`.
fn file(path: &std::path::Path, shown: String, problems: &mut Problems) -> Option<Listed> {
    let text = Text::read(path, shown, problems)?;
    let node = document::json(&text, problems)?;
    listed(&node, problems)
}

pub(crate) fn listed(node: &Node, problems: &mut Problems) -> Option<Listed> {
    let what = format!("`{}`", node.source.shown());
    node.object(&what, &["$schema", "plugins"], problems)?;
    node.get("$schema").map(|schema| schema.string("`$schema`", problems));
    let form = "write `{ \"plugins\": [{ \"name\": \"blog\", \"enabled\": true }] }`";
    let missing = |field: &str, of: &str, node: &Node| {
        Diagnostic::error(Code::MissingField, format!("{of} has no `{field}`")).at(node.place())
    };
    let Some(plugins) = node.get("plugins") else {
        problems.add(missing("plugins", &what, node).help(form));
        return None;
    };
    let mut listed = Listed::default();
    for entry in plugins.array(&format!("`plugins` of {what}"), "objects", problems)? {
        let of = "an entry of `plugins`";
        if entry.object(of, &["name", "enabled"], problems).is_none() {
            continue;
        }
        let name = match entry.get("name") {
            Some(node) => node.string("`name`", problems).map(|name| (name, node.place())),
            None => {
                problems.add(missing("name", of, entry));
                None
            }
        };
        let enabled = match entry.get("enabled") {
            Some(node) => {
                let value = node.as_bool();
                if value.is_none() {
                    node.mistyped("`enabled`", "true or false", problems);
                }
                value
            }
            None => {
                problems.add(
                    missing("enabled", of, entry)
                        .help("write `\"enabled\": true` or `\"enabled\": false`"),
                );
                None
            }
        };
        let (Some((name, place)), Some(enabled)) = (name, enabled) else { continue };
        listed.add(&name, enabled, place, problems);
    }
    Some(listed)
}

impl Listed {
    fn add(&mut self, name: &str, enabled: bool, place: Place, problems: &mut Problems) {
        let id = Id::parse(name);
        check_id(name, &id, &place, problems);
        let (here, there) = match enabled {
            true => (&mut self.enabled, &self.disabled),
            false => (&mut self.disabled, &self.enabled),
        };
        let word = |enabled| if enabled { "enabled" } else { "disabled" };
        if let Some(other) = there.get(&id) {
            let message =
                format!("`{id}` is {} here, and {} elsewhere", word(enabled), word(!enabled));
            problems.add(
                Diagnostic::error(Code::EnabledAndDisabled, message)
                    .at(place)
                    .note(format!("it is {} at {other}", word(!enabled)))
                    .help("keep one of the two entries"),
            );
        } else if let Some(first) = here.get(&id) {
            problems.add(
                Diagnostic::error(Code::ListedTwice, format!("`{id}` is listed twice"))
                    .at(place)
                    .note(format!("the first time at {first}"))
                    .help("remove one of the two entries"),
            );
        } else {
            here.insert(id, place);
        }
    }
}

fn check_id(text: &str, id: &Id, place: &Place, problems: &mut Problems) {
    let namespace = plugo_core::name::check_namespace(&id.namespace);
    match namespace {
        Err(error) if text.contains('/') => {
            let short: String = id.namespace.chars().take(80).collect();
            let message = format!("{short:?} cannot be a namespace: {error}");
            problems.add(Diagnostic::error(Code::InvalidName, message).at(place.clone()));
        }
        _ => check_name(&id.name, place, problems),
    }
}

fn names(environment: &Environment, problems: &mut Problems) -> BTreeSet<Id> {
    let value = environment.enabled_plugins.as_deref().unwrap_or_default();
    let mut names = BTreeSet::new();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let id = Id::parse(name);
        check_id(name, &id, &Place::file(ENABLED_PLUGINS), problems);
        names.insert(id);
    }
    names
}
