use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use plugo_core::Source;
use semver::Version;

use crate::config::{CLIENT_FEATURE, Config, Selection};
use crate::diagnostic::{Code, Diagnostic, Place, Problems, did_you_mean, known_names, list};
use crate::environment::ENABLED_PLUGINS;
use crate::known::{Availability, Known};
use crate::metadata::Id;
use crate::package::Package;

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
    /// higher one loads first.
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

/// Why a plugin is in a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The kind of place that asked for it.
    pub source: Source,
    /// The place: a file with line and column, a variable, or a plugin.
    pub place: String,
}

/// Makes the plan of a build.
pub(crate) fn plan(
    app: &Package,
    features: &BTreeSet<String>,
    core_version: &Version,
    known: &[Known],
    config: &Config,
    problems: &mut Problems,
) -> Plan {
    let index = Index::new(known);
    check_clients(app, &index, config, problems);
    let selected = select(&index, &config.selection, problems);
    check_selected(&index, &selected, core_version, problems);
    let order = order(&index, &selected, problems);
    let position: BTreeMap<&Id, usize> =
        order.iter().enumerate().map(|(i, plugin)| (&plugin.id, i)).collect();
    let plugins = order
        .iter()
        .filter_map(|plugin| {
            let package = plugin.package.as_ref()?;
            Some(Planned {
                id: plugin.id.clone(),
                version: plugin.version.clone(),
                description: plugin.description.clone(),
                identifier: plugin.identifier.clone(),
                authors: plugin.authors.clone(),
                priority: plugin.priority,
                dependencies: plugin
                    .dependencies
                    .iter()
                    .filter_map(|d| position.get(&Id::new(&plugin.id.namespace, &d.name)).copied())
                    .collect(),
                reasons: selected[&plugin.id].clone(),
                package: package.name.clone(),
                package_version: package.version.clone(),
                license: package.license.clone(),
                place: plugin.place.clone(),
                extern_name: plugin.extern_name.clone(),
            })
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

struct Index<'k> {
    all: &'k [Known],
    by_id: BTreeMap<&'k Id, &'k Known>,
}

impl<'k> Index<'k> {
    fn new(all: &'k [Known]) -> Self {
        Index { all, by_id: all.iter().map(|known| (&known.id, known)).collect() }
    }

    fn get(&self, id: &Id) -> Option<&'k Known> {
        self.by_id.get(id).copied()
    }

    /// Help for a name that is not known.
    fn help(&self, name: &str) -> String {
        let names: Vec<String> = self.all.iter().map(|known| known.id.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        known_names(name, "known plugins", &names)
    }
}

type Selected = BTreeMap<Id, Vec<Reason>>;

/// What is requested, and what that depends on, with the reasons.
fn select(index: &Index<'_>, selection: &Selection, problems: &mut Problems) -> Selected {
    let mut selected = requested(index, selection, problems);
    let disabled = |id: &Id| match &selection.file {
        Some((_, listed)) if !selection.environment.contains(id) => listed.disabled.get(id),
        _ => None,
    };
    let mut open: VecDeque<Id> = selected.keys().cloned().collect();
    while let Some(id) = open.pop_front() {
        let Some(plugin) = index.get(&id) else { continue };
        for wanted in &plugin.dependencies {
            let on = Id::new(&id.namespace, &wanted.name);
            let Some(dependency) = index.get(&on) else {
                let message = format!("`{id}` depends on `{on}`, and there is no such plugin");
                problems.add(
                    Diagnostic::error(Code::MissingDependency, message)
                        .at(wanted.place.clone())
                        .help(index.help(&wanted.name)),
                );
                continue;
            };
            if let Some(place) = disabled(&on) {
                let message = format!("`{id}` depends on `{on}`, which is disabled");
                problems.add(
                    Diagnostic::error(Code::DisabledDependency, message)
                        .at(place.clone())
                        .note(format!("the dependency stands at {}", wanted.place))
                        .note(reasons_note(&id, &selected))
                        .help(format!("enable `{on}`, or disable `{id}` too")),
                );
                continue;
            }
            if !wanted.versions.matches(&dependency.version) {
                let message = format!(
                    "`{id}` depends on `{on} {}`, and this build has `{on}` {}",
                    wanted.versions, dependency.version
                );
                problems.add(
                    Diagnostic::error(Code::DependencyVersion, message)
                        .at(wanted.place.clone())
                        .note(format!("`{on}` stands at {}", dependency.place)),
                );
            }
            if !dependency.availability.is_available() {
                let why = format!("`{id}` depends on `{on}`");
                refuse_unavailable(dependency, &why, &wanted.place, problems);
            }
            let reason = Reason { source: Source::Dependency, place: id.to_string() };
            match selected.get_mut(&on) {
                Some(reasons) => reasons.push(reason),
                None => {
                    selected.insert(on.clone(), vec![reason]);
                    open.push_back(on);
                }
            }
        }
    }
    for reasons in selected.values_mut() {
        reasons.sort();
        reasons.dedup();
    }
    selected
}

fn reasons_note(id: &Id, selected: &Selected) -> String {
    let reasons: Vec<String> = selected
        .get(id)
        .into_iter()
        .flatten()
        .map(|reason| format!("{}: {}", reason.source, reason.place))
        .collect();
    format!("`{id}` is in the build because of {}", reasons.join(", "))
}

/// What the sources ask for by name, or everything where none of them speaks.
fn requested(index: &Index<'_>, selection: &Selection, problems: &mut Problems) -> Selected {
    let mut requested = Selected::new();
    let mut ask =
        |id: &Id, source: Source, place: &Place, problems: &mut Problems| match index.get(id) {
            None => problems.add(
                Diagnostic::error(Code::UnknownPlugin, format!("no plugin is named `{id}`"))
                    .at(place.clone())
                    .help(index.help(&id.to_string())),
            ),
            Some(plugin) => {
                if !plugin.availability.is_available() {
                    refuse_unavailable(plugin, &format!("`{id}` is requested"), place, problems);
                }
                let reason = Reason { source, place: place.to_string() };
                requested.entry(id.clone()).or_default().push(reason);
            }
        };
    if let Some((source, listed)) = &selection.file {
        for (id, place) in &listed.enabled {
            ask(id, *source, place, problems);
        }
        for (id, place) in &listed.disabled {
            if index.get(id).is_none() {
                let message = format!("`{id}` is disabled, and there is no such plugin");
                problems.add(
                    Diagnostic::warning(Code::UnknownDisabled, message)
                        .at(place.clone())
                        .help(index.help(&id.to_string())),
                );
            }
        }
    }
    for id in &selection.environment {
        ask(id, Source::Environment, &Place::file(ENABLED_PLUGINS), problems);
    }
    if selection.file.is_none() && selection.environment.is_empty() {
        for plugin in index.all {
            let reason = match &plugin.availability {
                Availability::Always(place) => {
                    Reason { source: Source::Always, place: place.to_string() }
                }
                Availability::Feature { feature, place } => {
                    Reason { source: Source::Feature, place: format!("{feature} at {place}") }
                }
                unavailable => {
                    warn_left_out(plugin, unavailable, problems);
                    continue;
                }
            };
            requested.insert(plugin.id.clone(), vec![reason]);
        }
    }
    requested
}

/// Where everything is asked for, a plugin that cannot be in the build may
/// have been forgotten. A feature that is off was not.
fn warn_left_out(plugin: &Known, availability: &Availability, problems: &mut Problems) {
    let (why, help) = match availability {
        Availability::NotADependency => {
            ("its crate is no dependency of the app", Some(how_to_depend(plugin)))
        }
        Availability::NotACrate => ("its folder has no Cargo.toml", None),
        _ => return,
    };
    let mut diagnostic = Diagnostic::warning(
        Code::NotInBuild,
        format!("`{}` is not in this build: {why}", plugin.id),
    )
    .at(plugin.place.clone());
    diagnostic.help = help;
    problems.add(diagnostic);
}

fn how_to_depend(plugin: &Known) -> String {
    match &plugin.package {
        Some(package) => format!(
            "add `{} = {{ path = \"…\" }}` to [dependencies] of the app, with the path of `{}`",
            package.name, package.shown_dir
        ),
        None => "make it a Cargo package".to_owned(),
    }
}

fn refuse_unavailable(plugin: &Known, why: &str, place: &Place, problems: &mut Problems) {
    let id = &plugin.id;
    let diagnostic = match &plugin.availability {
        Availability::Always(_) | Availability::Feature { .. } => return,
        Availability::FeatureOff { key, features } => {
            let diagnostic = match features.first() {
                Some(feature) => Diagnostic::error(
                    Code::FeatureOff,
                    format!("{why}, and the feature `{feature}` that compiles `{id}` in is off"),
                )
                .help(match place.file.as_str() {
                    ENABLED_PLUGINS => format!("build with `--features {feature}`"),
                    _ => format!(
                        "build with `--features {feature}`, or add it to the features that are on"
                    ),
                }),
                None => Diagnostic::error(
                    Code::FeatureOff,
                    format!("{why}, and no feature compiles `{id}` in"),
                )
                .help(format!("add `{} = [\"dep:{key}\"]` to [features]", id.name)),
            };
            match features.as_slice() {
                [] | [_] => diagnostic,
                all => diagnostic.note(format!("`{key}` is turned on by {}", list(all))),
            }
        }
        Availability::OtherTarget(target) => Diagnostic::error(
            Code::OtherTarget,
            format!("{why}, and its crate is a dependency for `{target}` only"),
        ),
        Availability::NotADependency => Diagnostic::error(
            Code::NotADependency,
            format!("{why}, and its crate is no dependency of the app"),
        )
        .help(how_to_depend(plugin)),
        Availability::NotACrate => {
            Diagnostic::error(Code::NotACrate, format!("{why}, and its folder has no Cargo.toml"))
                .note(format!("it is known from {}", plugin.place))
                .help("make it a Cargo package with a function that has `#[plugin]`")
        }
    };
    problems.add(diagnostic.at(place.clone()));
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
                Some(found)
                    if selected.contains_key(&on) && other.versions.matches(&found.version) =>
                {
                    let versions = if other.versioned {
                        format!(" {}", other.versions)
                    } else {
                        String::new()
                    };
                    let message = format!(
                        "`{id}` and `{on}`{versions} exclude each other, and both are in the build"
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

/// Dependencies first; among those that are free, the higher priority, then
/// the name.
fn order<'k>(index: &Index<'k>, selected: &Selected, problems: &mut Problems) -> Vec<&'k Known> {
    let plugins: Vec<&Known> = selected.keys().filter_map(|id| index.get(id)).collect();
    let position: BTreeMap<&Id, usize> =
        plugins.iter().enumerate().map(|(i, plugin)| (&plugin.id, i)).collect();
    let edges: Vec<Vec<usize>> = plugins
        .iter()
        .map(|plugin| {
            plugin
                .dependencies
                .iter()
                .filter_map(|d| position.get(&Id::new(&plugin.id.namespace, &d.name)).copied())
                .collect()
        })
        .collect();
    let mut dependents = vec![Vec::new(); plugins.len()];
    let mut missing: Vec<usize> = edges.iter().map(Vec::len).collect();
    for (i, dependencies) in edges.iter().enumerate() {
        for &dependency in dependencies {
            dependents[dependency].push(i);
        }
    }
    let rank = |i: usize| Reverse((Reverse(plugins[i].priority), &plugins[i].id, i));
    let mut free: BinaryHeap<_> =
        (0..plugins.len()).filter(|&i| missing[i] == 0).map(rank).collect();
    let mut order = Vec::with_capacity(plugins.len());
    while let Some(Reverse((_, _, i))) = free.pop() {
        order.push(plugins[i]);
        for &dependent in &dependents[i] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                free.push(rank(dependent));
            }
        }
    }
    if order.len() < plugins.len() {
        let stuck: BTreeSet<usize> = (0..plugins.len()).filter(|&i| missing[i] > 0).collect();
        for cycle in cycles(&stuck, &edges) {
            refuse_cycle(&cycle, &plugins, problems);
        }
    }
    order
}

fn refuse_cycle(cycle: &[usize], plugins: &[&Known], problems: &mut Problems) {
    let mut names: Vec<String> = cycle.iter().map(|&i| plugins[i].id.to_string()).collect();
    names.extend(names.first().cloned());
    let place = |from: usize, to: usize| {
        plugins[from].dependencies.iter().find(|d| d.name == plugins[to].id.name).map(|d| &d.place)
    };
    let mut diagnostic = Diagnostic::error(
        Code::DependencyCycle,
        format!("plugins depend on each other in a circle: {}", names.join(" -> ")),
    )
    .help("take one of these dependencies away");
    for (n, &from) in cycle.iter().enumerate() {
        let to = cycle[(n + 1) % cycle.len()];
        let Some(place) = place(from, to) else { continue };
        if n == 0 {
            diagnostic = diagnostic.at(place.clone());
        } else {
            diagnostic = diagnostic
                .note(format!("`{}` depends on `{}` at {place}", plugins[from].id, plugins[to].id));
        }
    }
    problems.add(diagnostic);
}

/// One circle for each knot of plugins that depend on each other, starting at
/// the first name. `stuck` also holds plugins that only wait for a circle.
fn cycles(stuck: &BTreeSet<usize>, edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut cycles = Vec::new();
    for &start in stuck {
        if done.contains(&start) {
            continue;
        }
        // Following any dependency that is stuck must come back at last.
        let mut path: Vec<usize> = vec![start];
        loop {
            let here = path[path.len() - 1];
            let Some(&next) = edges[here].iter().filter(|next| stuck.contains(next)).min() else {
                break;
            };
            if let Some(back) = path.iter().position(|&i| i == next) {
                let mut cycle = path.split_off(back);
                if !cycle.iter().any(|i| done.contains(i)) {
                    let first = (0..cycle.len()).min_by_key(|&i| cycle[i]).unwrap_or(0);
                    cycle.rotate_left(first);
                    done.extend(&cycle);
                    cycles.push(cycle);
                }
                break;
            }
            if done.contains(&next) {
                break;
            }
            path.push(next);
        }
        done.extend(path);
    }
    cycles
}

/// Holds every client's file against its cargo feature: the crates that the
/// one needs are the crates that the other turns on.
fn check_clients(app: &Package, index: &Index<'_>, config: &Config, problems: &mut Problems) {
    for (client, listed) in &config.clients {
        let selection = Selection {
            client: Some(client.clone()),
            file: Some((Source::Client, listed.clone())),
            environment: BTreeSet::new(),
        };
        // What is wrong with this build's own client is said when it is planned;
        // whether a crate is available depends on the features of a build.
        let mut found = Problems::default();
        let selected = select(index, &selection, &mut found);
        for diagnostic in found.into_warnings() {
            let of_this_build = matches!(
                diagnostic.code,
                Code::FeatureOff | Code::OtherTarget | Code::NotADependency | Code::NotACrate
            );
            if !of_this_build {
                problems.add(diagnostic);
            }
        }
        let optional = |known: &Known| -> Option<String> {
            let package = known.package.as_ref()?;
            app.dependencies
                .iter()
                .find(|d| d.optional && d.package == package.name)
                .map(|d| d.key.clone())
        };
        let plugins: BTreeSet<String> = index.all.iter().filter_map(optional).collect();
        let needed: BTreeSet<String> =
            selected.keys().filter_map(|id| optional(index.get(id)?)).collect();
        let feature = format!("{CLIENT_FEATURE}{client}");
        let on: BTreeSet<String> = app
            .turned_on_by(&feature)
            .into_iter()
            .filter(|key| plugins.contains(*key))
            .map(str::to_owned)
            .collect();
        let declared = app.features.get(&feature);
        if declared.is_some() && on == needed {
            continue;
        }
        refuse_feature(app, client, &needed, &on, problems);
    }
}

fn refuse_feature(
    app: &Package,
    client: &str,
    needed: &BTreeSet<String>,
    on: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let feature = format!("{CLIENT_FEATURE}{client}");
    let declared = app.features.get(&feature);
    let items: Vec<String> = needed
        .iter()
        .map(|key| {
            let own = app.features_for(key).into_iter().find(|feature| {
                !feature.starts_with(CLIENT_FEATURE) && app.turned_on_by(feature).len() == 1
            });
            own.map_or_else(|| format!("\"dep:{key}\""), |feature| format!("\"{feature}\""))
        })
        .collect();
    let message = match declared {
        None => format!("the client `{client}` has no feature `{feature}`"),
        Some(_) => format!("the feature `{feature}` and the file of the client `{client}` differ"),
    };
    let mut diagnostic = Diagnostic::error(Code::ClientFeature, message)
        .at(declared.map_or_else(|| app.manifest.clone(), |feature| feature.place.clone()))
        .help(format!("write `{feature} = [{}]` in [features]", items.join(", ")));
    if declared.is_some() {
        let missing: Vec<_> = needed.difference(on).collect();
        let surplus: Vec<_> = on.difference(needed).collect();
        if !missing.is_empty() {
            diagnostic = diagnostic
                .note(format!("the file needs {}, which the feature leaves off", list(missing)));
        }
        if !surplus.is_empty() {
            diagnostic = diagnostic.note(format!(
                "the feature turns on {}, which the file does not need",
                list(surplus)
            ));
        }
    }
    problems.add(diagnostic);
}
