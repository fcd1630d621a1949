use std::collections::{BTreeMap, VecDeque};

use plugo_core::Source;

use crate::config::Selection;
use crate::diagnostic::{Code, Diagnostic, Place, Problems, known_names, list};
use crate::environment::ENABLED_PLUGINS;
use crate::known::{Availability, Known};
use crate::metadata::Id;

/// Why a plugin is in a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Reason {
    /// The kind of place that asked for it.
    pub source: Source,
    /// The place: a file with line and column, a variable, or a plugin.
    pub place: String,
}

impl Reason {
    /// Something asks for a plugin, or takes it away, at a place.
    pub fn new(source: Source, place: impl Into<String>) -> Self {
        Reason { source, place: place.into() }
    }
}

/// The known plugins, by name.
pub(crate) struct Index<'k> {
    /// In the order of their names, each once.
    pub(crate) all: &'k [Known],
}

impl<'k> Index<'k> {
    pub(crate) fn new(all: &'k [Known]) -> Self {
        Index { all }
    }

    pub(crate) fn position(&self, id: &Id) -> Option<usize> {
        self.all.binary_search_by(|known| known.id.cmp(id)).ok()
    }

    pub(crate) fn get(&self, id: &Id) -> Option<&'k Known> {
        self.position(id).map(|at| &self.all[at])
    }

    /// Help for a name that is not known.
    fn help(&self, name: &str) -> String {
        let names: Vec<String> = self.all.iter().map(|known| known.id.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        known_names(name, "known plugins", &names)
    }
}

/// What is in a build, by name, with the reasons.
pub(crate) type Selected = BTreeMap<Id, Vec<Reason>>;

/// What is requested, and what that depends on, with the reasons.
pub(crate) fn select(
    index: &Index<'_>,
    selection: &Selection,
    problems: &mut Problems,
) -> Selected {
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
            if !wanted.suits(&dependency.version) {
                let message = format!(
                    "`{id}` depends on `{wanted}`, and this build has `{on}` {}",
                    dependency.version
                );
                problems.add(
                    Diagnostic::error(Code::DependencyVersion, message)
                        .at(wanted.place.clone())
                        .note(format!("`{on}` stands at {}", dependency.place))
                        .help(format!("change the version of `{on}`, or what `{id}` asks for")),
                );
            }
            if is_refused(dependency, selection) {
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

/// Whether what is selected cannot be in the build.
fn is_refused(plugin: &Known, selection: &Selection) -> bool {
    match plugin.availability {
        Availability::Always(_) | Availability::Feature { .. } => false,
        Availability::FeatureOff { .. }
        | Availability::OtherTarget(_)
        | Availability::ConfiguredOut(_) => !selection.any_build,
        Availability::NotADependency(_) | Availability::NotACrate => true,
    }
}

/// A sentence that says why a plugin is in the build.
pub(crate) fn reasons_note(id: &Id, selected: &Selected) -> String {
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
                if is_refused(plugin, selection) {
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
            if let (Some(condition), true) = (&plugin.undecided, plugin.availability.is_available())
            {
                problems.add(undecided(plugin, condition));
                continue;
            }
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
        Availability::NotADependency(path) => {
            ("its crate is no dependency of the app", Some(how_to_depend(plugin, path)))
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

/// Whether a plugin exists is decided by something that is known only when its
/// crate is compiled.
fn undecided(plugin: &Known, condition: &str) -> Diagnostic {
    let id = &plugin.id;
    let message =
        format!("`{id}` is not in this build: whether `cfg({condition})` holds is not known");
    Diagnostic::warning(Code::NotInBuild, message)
        .at(plugin.place.clone())
        .help(format!("enable `{id}` by name where it holds, or take the `cfg` away"))
}

fn how_to_depend(plugin: &Known, path: &str) -> String {
    let package = plugin.package.as_ref().map_or(&plugin.id.name, |package| &package.name);
    format!("add `{package} = {{ path = \"{path}\" }}` to [dependencies] of the app")
}

fn refuse_unavailable(plugin: &Known, why: &str, place: &Place, problems: &mut Problems) {
    let id = &plugin.id;
    let diagnostic = match &plugin.availability {
        Availability::Always(_) | Availability::Feature { .. } => return,
        Availability::FeatureOff { key, features } => {
            let diagnostic = match features.first() {
                Some(feature) => Diagnostic::error(
                    Code::FeatureOff,
                    format!(
                        "{why}, but the cargo feature `{feature}`, which compiles it in, is off"
                    ),
                )
                .help(format!(
                    "build with `--features {feature}`, or add it to `default` in [features]"
                )),
                None => Diagnostic::error(
                    Code::FeatureOff,
                    format!("{why}, but no cargo feature compiles it in"),
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
            format!("{why}, but its crate is a dependency for `{target}` only"),
        ),
        Availability::ConfiguredOut(condition) => Diagnostic::error(
            Code::ConfiguredOut,
            format!("{why}, but `cfg({condition})`, under which it stands, does not hold"),
        )
        .note(format!("it stands at {}", plugin.place)),
        Availability::NotADependency(path) => Diagnostic::error(
            Code::NotADependency,
            format!("{why}, but its crate is no dependency of the app"),
        )
        .help(how_to_depend(plugin, path)),
        Availability::NotACrate => {
            Diagnostic::error(Code::NotACrate, format!("{why}, but its folder has no Cargo.toml"))
                .note(format!("it is known from {}", plugin.place))
                .help("make it a Cargo package with a function that has `#[plugin]`")
        }
    };
    problems.add(diagnostic.at(place.clone()));
}
