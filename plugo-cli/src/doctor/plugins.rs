use std::collections::{BTreeMap, BTreeSet};

use plugo_build::{Id, Plan, Project, Unavailable};

use super::Note;
use crate::manifest::{Crate, Manifest};

/// Crates in the plugin directory whose plugins are in no build.
pub(super) fn unused(project: &Project, plan: &Plan) -> Vec<Note> {
    let in_clients = in_clients(project);
    let in_default: BTreeSet<&Id> = plan.plugins.iter().map(|plugin| &plugin.id).collect();
    let mut crates: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for plugin in project.plugins() {
        let Some(dir) = &plugin.package_dir else { continue };
        if !plugin.own && dir.starts_with(project.plugin_directory()) {
            crates.entry(project.show(dir)).or_default().push(plugin);
        }
    }
    let mut notes = Vec::new();
    for (dir, plugins) in crates {
        let used = plugins.iter().any(|p| in_default.contains(&p.id) || in_clients.contains(&p.id));
        if used {
            continue;
        }
        let no_dependency =
            plugins.iter().all(|p| p.unavailable == Some(Unavailable::NotADependency));
        let (message, help) = match no_dependency {
            true => (
                format!("the plugin crate `{dir}` is no dependency of the app, so no build has it"),
                "make it a dependency, or remove the folder",
            ),
            false => (
                format!("no build has the plugins of the crate `{dir}`"),
                "enable them in the config file or for a client, or remove the crate",
            ),
        };
        notes.push(Note::new("unused-plugin-crate", message, help));
    }
    notes
}

/// Plugins of the default build that no client gets, and features of clients
/// that do not exist.
pub(super) fn clients(project: &Project, plan: &Plan) -> Vec<Note> {
    let names: BTreeSet<&str> = project.client_names().collect();
    let mut notes = Vec::new();
    for feature in project.features().keys() {
        if let Some(name) = feature.strip_prefix("client-")
            && !names.contains(name)
        {
            let file = project.show(project.clients_directory());
            notes.push(Note::new(
                "feature-without-client",
                format!(
                    "the feature `{feature}` is of no client: there is no `{file}/{name}.json`"
                ),
                "create that file, or remove the feature",
            ));
        }
    }
    if names.is_empty() {
        return notes;
    }
    let in_clients = in_clients(project);
    let none: Vec<String> = plan
        .plugins
        .iter()
        .filter(|plugin| !in_clients.contains(&plugin.id))
        .map(|plugin| format!("`{}`", plugin.id))
        .collect();
    if !none.is_empty() {
        notes.push(Note::new(
            "in-no-client",
            format!("no client gets {}, which the default build has", none.join(", ")),
            "enable for a client what it should get; what is for development may stay as it is",
        ));
    }
    notes
}

fn in_clients(project: &Project) -> BTreeSet<Id> {
    project.clients().filter_map(|client| client.plugins.ok()).flatten().collect()
}

/// Crates that a manifest has in several versions, with who brings them.
pub(super) fn duplicates(manifest: &Manifest) -> Vec<Note> {
    let mut notes = Vec::new();
    for name in manifest.duplicates() {
        let versions: Vec<Crate<'_>> =
            manifest.crates().filter(|krate| krate.name() == name).collect();
        // In build scripts and macros, a second one costs the program nothing.
        if versions.iter().filter(|krate| krate.role() != "build").count() < 2 {
            continue;
        }
        let who = |krate: &Crate<'_>| {
            let mut who = krate.list("needed_by");
            if krate.is_needed_by_app() {
                who.insert(0, "the app");
            }
            format!("{} for {}", krate.version(), who.join(", "))
        };
        let versions: Vec<String> = versions.iter().map(who).collect();
        notes.push(Note::new(
            "duplicate-crate",
            format!("the default build has `{name}` in several versions: {}", versions.join("; ")),
            format!(
                "let all ask for one version; `cargo tree -d -p {name}` shows the ways to each"
            ),
        ));
    }
    notes
}
