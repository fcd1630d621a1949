use plugo_build::{KnownPlugin, Plan, Project, Reason, Source, Unavailable};
use serde_json::{Value, json};

/// What becomes of a plugin in one build, and because of what.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) plugin: KnownPlugin,
    pub(crate) state: State,
    /// Its place in the order of loading, from 0.
    pub(crate) order: Option<usize>,
    /// Why, the most decisive one first; never empty.
    pub(crate) because: Vec<Because>,
}

/// Where a plugin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is in the build.
    Planned,
    /// It is asked for, and the build is refused.
    Requested,
    /// It is compiled in, and not asked for.
    Disabled,
    /// It is not compiled in.
    Unavailable,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Requested => "requested",
            State::Disabled => "disabled",
            State::Unavailable => "unavailable",
        }
    }
}

/// One reason why a plugin is in a build, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Because {
    /// The kind of place.
    pub(crate) source: &'static str,
    /// A file with or without a position, a variable, a plugin or a target.
    pub(crate) place: String,
    /// A sentence, without the place.
    pub(crate) message: String,
}

impl Because {
    fn new(source: &'static str, place: impl Into<String>, message: impl Into<String>) -> Self {
        Because { source, place: place.into(), message: message.into() }
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "source": self.source, "place": self.place, "message": self.message })
    }
}

/// Every plugin of the repository: those of the build in their order, and
/// then the others by name. `refused` says that the plan is only a draft.
pub(crate) fn outcomes(project: &Project, plan: &Plan, refused: bool) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> =
        project.plugins().map(|plugin| outcome(project, plan, refused, plugin)).collect();
    outcomes.sort_by_key(|outcome| match outcome.state {
        State::Requested => (0, 0),
        _ => (usize::from(outcome.order.is_none()), outcome.order.unwrap_or_default()),
    });
    outcomes
}

fn outcome(project: &Project, plan: &Plan, refused: bool, plugin: KnownPlugin) -> Outcome {
    let order = plan.plugins.iter().position(|planned| planned.id == plugin.id);
    let asked_for = order.map(|order| plan.plugins[order].reasons.iter().map(planned).collect());
    let out = left_out(project, &plugin, order.is_some());
    let (state, because) = match (asked_for, plugin.unavailable.is_some()) {
        (Some(because), false) if !refused => (State::Planned, because),
        (Some(because), false) => (State::Requested, because),
        (_, true) if plugin.disabled_at.is_none() => (State::Unavailable, out),
        _ if plugin.undecided.is_some() && plugin.disabled_at.is_none() => {
            (State::Unavailable, out)
        }
        _ => (State::Disabled, out),
    };
    let order = order.filter(|_| state == State::Planned);
    Outcome { plugin, state, order, because }
}

/// Why a plugin is in the build.
fn planned(reason: &Reason) -> Because {
    let place = &reason.place;
    let message = match reason.source {
        Source::Config => "the config file enables it".to_owned(),
        Source::Client => "the client's file enables it".to_owned(),
        Source::Environment => "the variable ENABLED_PLUGINS names it".to_owned(),
        Source::Feature => "its feature is on, and nothing selects otherwise".to_owned(),
        Source::Always => "its crate is always compiled in, and nothing selects".to_owned(),
        Source::Dependency => format!("`{place}` depends on it"),
        _ => reason.source.to_string(),
    };
    Because::new(reason.source.as_str(), place, message)
}

/// Everything that keeps a plugin out of the build.
fn left_out(project: &Project, plugin: &KnownPlugin, is_asked_for: bool) -> Vec<Because> {
    let mut because = Vec::new();
    if let Some(disabled) = &plugin.disabled_at {
        let file = if disabled.source == Source::Client { "client's" } else { "config" };
        let message = format!("the {file} file disables it");
        because.push(Because::new(disabled.source.as_str(), &disabled.place, message));
    }
    // A client's features follow its file, so that is where one looks first.
    let of_the_client = project.client().is_some()
        && matches!(plugin.unavailable, Some(Unavailable::FeatureOff(_)))
        && plugin.disabled_at.is_none()
        && !is_asked_for;
    if of_the_client {
        because.extend(not_asked_for(project));
    }
    if let Some(why) = &plugin.unavailable {
        let manifest = || project.show(&project.app_dir().join("Cargo.toml"));
        let (source, place) = match why {
            Unavailable::FeatureOff(features) => {
                ("feature", features.first().cloned().unwrap_or_else(manifest))
            }
            Unavailable::OtherTarget(target) => ("target", target.clone()),
            Unavailable::ConfiguredOut(_) => ("cfg", plugin.place.to_string()),
            Unavailable::NotADependency => ("dependencies", manifest()),
            _ => ("crate", plugin.place.to_string()),
        };
        because.push(Because::new(source, place, why.to_string()));
    }
    if let Some(condition) = &plugin.undecided
        && plugin.unavailable.is_none()
    {
        let message = format!("whether `cfg({condition})` holds is not known");
        because.push(Because::new("cfg", plugin.place.to_string(), message));
    }
    if plugin.disabled_at.is_none() && !is_asked_for && !of_the_client {
        because.extend(not_asked_for(project));
    }
    because
}

/// Nothing names it; where nothing selects, everything is asked for.
fn not_asked_for(project: &Project) -> Option<Because> {
    if let Some(file) = project.selecting_file() {
        let source = if project.client().is_some() { "client" } else { "config" };
        let place = project.show(&file);
        let message = format!("`{place}` does not list it");
        return Some(Because::new(source, place, message));
    }
    project.environment().enabled_plugins.as_ref()?;
    let message = "the variable ENABLED_PLUGINS does not name it";
    Some(Because::new("environment", "ENABLED_PLUGINS", message))
}
