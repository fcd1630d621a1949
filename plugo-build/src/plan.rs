use std::collections::BTreeSet;

use semver::Version;

use crate::clients::check_clients;
use crate::config::Config;
use crate::diagnostic::{Code, Diagnostic, Place, Problems, did_you_mean};
use crate::known::Known;
use crate::metadata::Id;
use crate::order::order;
use crate::package::Package;
use crate::select::{Index, Reason, Selected, reasons_note, select};

/// What a build contains: its plugins in load order, each with its reasons.
/// Data, computed before anything is written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The app's package.
    pub app: String,
    /// The app's version.
    pub app_version: String,
    /// The client that the build is for.
    pub client: Option<String>,
    /// The features of the app that are on, sorted.
    pub features: Vec<String>,
    /// The plugins, in load order.
    pub plugins: Vec<Planned>,
}

/// A plugin of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Planned {
    /// Its name.
    pub id: Id,
    /// Its version.
    pub version: Version,
    /// Its description, or nothing.
    pub description: String,
    /// Its identifier, or nothing.
    pub identifier: String,
    /// Its authors.
    pub authors: Vec<String>,
    /// Its priority: among plugins that do not depend on each other, the
    /// lower number loads first.
    pub priority: i32,
    /// The positions in the plan of the plugins that it depends on.
    pub dependencies: Vec<usize>,
    /// Why it is in the plan.
    pub reasons: Vec<Reason>,
    /// The package that it is in.
    pub package: String,
    /// The version of that package.
    pub package_version: String,
    /// The licence of that package, or nothing.
    pub license: String,
    /// Where `#[plugin]` stands.
    pub place: Place,
    /// The name by which the app's code reaches the crate; `None` for the
    /// app's own source.
    pub extern_name: Option<String>,
}

/// Makes the plan of a build.
pub(crate) fn plan(
    app: &Package,
    features: &BTreeSet<String>,
    core_version: &Version,
    known: &[Known],
    not_read: &BTreeSet<String>,
    config: &Config,
    problems: &mut Problems,
) -> Plan {
    let index = Index::new(known);
    check_clients(app, &index, config, not_read, problems);
    let selected = select(&index, &config.selection, problems);
    check_selected(&index, &selected, core_version, problems);
    let order = order(&index, &selected, problems);
    let mut positions = vec![None; known.len()];
    for (i, plugin) in order.iter().enumerate() {
        if let Some(at) = index.position(&plugin.id) {
            positions[at] = Some(i);
        }
    }
    let plugins = order
        .iter()
        .map(|plugin| {
            // A folder that is no package was refused, and may be shown.
            let package = plugin.package.as_ref();
            Planned {
                id: plugin.id.clone(),
                version: plugin.version.clone(),
                description: plugin.description.clone(),
                identifier: plugin.identifier.clone(),
                authors: plugin.authors.clone(),
                priority: plugin.priority,
                dependencies: plugin
                    .dependencies
                    .iter()
                    .filter_map(|d| index.position(&Id::new(&plugin.id.namespace, &d.name)))
                    .filter_map(|at| positions[at])
                    .collect(),
                reasons: selected[&plugin.id].clone(),
                package: package.map(|package| package.name.clone()).unwrap_or_default(),
                package_version: package.map(|package| package.version.clone()).unwrap_or_default(),
                license: package.map(|package| package.license.clone()).unwrap_or_default(),
                place: plugin.place.clone(),
                extern_name: plugin.extern_name.clone(),
            }
        })
        .collect();
    Plan {
        app: app.name.clone(),
        app_version: app.version.clone(),
        client: config.selection.client.clone(),
        features: features.iter().cloned().collect(),
        plugins,
    }
}

/// What can be wrong with a plugin for no other reason than being in the plan.
fn check_selected(
    index: &Index<'_>,
    selected: &Selected,
    core_version: &Version,
    problems: &mut Problems,
) {
    let plugins: Vec<&Known> = selected.keys().filter_map(|id| index.get(id)).collect();
    for plugin in &plugins {
        let id = &plugin.id;
        if plugin.no_entry_point && plugin.availability.is_available() {
            let message = format!("`{id}` has no function with `#[plugin]`");
            problems.add(
                Diagnostic::error(Code::NoEntryPoint, message).at(plugin.place.clone()).help(
                    format!(
                        "write `#[plugo::plugin(name = \"{}\")] fn init_plugin() {{ … }}`",
                        id.name
                    ),
                ),
            );
        }
        if let Some(wanted) = &plugin.core_version
            && !wanted.value.matches(core_version)
        {
            let message = format!(
                "`{id}` needs core version {}, and the app's is {core_version}",
                wanted.value
            );
            problems.add(
                Diagnostic::error(Code::CoreVersion, message).at(wanted.place.clone()).help(
                    "the app's is `core-version` in [package.metadata.plugo], or else its version",
                ),
            );
        }
        for other in &plugin.conflicts {
            let on = Id::new(&id.namespace, &other.name);
            match index.get(&on) {
                None => {
                    let message = format!("`{id}` excludes `{on}`, and there is no such plugin");
                    let mut diagnostic =
                        Diagnostic::warning(Code::UnknownDisabled, message).at(other.place.clone());
                    let names = index.all.iter().map(|known| known.id.name.as_str());
                    diagnostic.help = did_you_mean(&other.name, names);
                    problems.add(diagnostic);
                }
                Some(found) if selected.contains_key(&on) && other.suits(&found.version) => {
                    let message = format!(
                        "`{id}` and `{other}` exclude each other, and both are in the build"
                    );
                    problems.add(
                        Diagnostic::error(Code::Conflict, message)
                            .at(other.place.clone())
                            .note(reasons_note(id, selected))
                            .note(reasons_note(&on, selected))
                            .help("leave one of the two out of the selection"),
                    );
                }
                Some(_) => {}
            }
        }
    }
}
