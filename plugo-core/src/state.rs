use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::failure::Failure;
use crate::lifecycle::Phase;

/// Where a plugin is in its life: one state at a time.
///
/// ```
/// # use plugo_core as plugo;
/// fn what_to_do(state: &plugo::State) -> &'static str {
///     match state {
///         plugo::State::Failed { .. } => "retry it",
///         plugo::State::Disabled { .. } => "enable it",
///         _ => "nothing",
///     }
/// }
/// assert_eq!(what_to_do(&plugo::State::Loaded), "nothing");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// It is known, and not initialised yet.
    Resolved,
    /// Its instance was made, if it has one; it is not loaded yet.
    Initialised,
    /// Its init function, or its `load`, ran and gave no error, and it is not stopped
    /// yet.
    Loaded,
    /// It was loaded, and stopped.
    Stopped,
    /// It was taken away, and nothing of it runs until it is enabled.
    #[non_exhaustive]
    Disabled {
        /// What took it away.
        by: DisabledBy,
        /// Why.
        reason: Cow<'static, str>,
    },
    /// A plugin that it depends on did not load, so it was not touched.
    #[non_exhaustive]
    Skipped {
        /// The plugin that it depends on.
        dependency: &'static str,
        /// Whether a failure is at the root of it, rather than a plugin that
        /// was disabled.
        by_failure: bool,
    },
    /// It gave an error, panicked, or could not be called.
    #[non_exhaustive]
    Failed {
        /// The part of its life in which that happened.
        phase: Phase,
        /// What happened.
        error: Arc<Failure>,
        /// How often it was tried since it was last loaded: 0 when it was loaded and
        /// failed to stop, or when a listener refused it before it was tried.
        attempts: u32,
    },
}

impl State {
    pub(crate) fn failed(phase: Phase, failure: Failure) -> Self {
        State::Failed { phase, error: Arc::new(failure), attempts: 1 }
    }

    pub(crate) fn disabled(by: DisabledBy, reason: impl Into<Cow<'static, str>>) -> Self {
        State::Disabled { by, reason: reason.into() }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Resolved => f.write_str("resolved"),
            State::Initialised => f.write_str("initialised"),
            State::Loaded => f.write_str("loaded"),
            State::Stopped => f.write_str("stopped"),
            State::Disabled { by: DisabledBy::Environment, .. } => {
                f.write_str("disabled by DISABLED_PLUGINS")
            }
            State::Disabled { by, reason } => write!(f, "disabled by {by}: {reason}"),
            State::Skipped { dependency, by_failure: true } => {
                write!(f, "skipped: it depends on `{dependency}`, which did not load")
            }
            State::Skipped { dependency, by_failure: false } => {
                write!(f, "skipped: it depends on `{dependency}`, which is disabled")
            }
            State::Failed { phase, error, attempts } => {
                f.write_str("failed")?;
                if *phase != Phase::Load {
                    write!(f, " in {phase}")?;
                }
                if *attempts > 1 {
                    write!(f, " at attempt {attempts}")?;
                }
                write!(f, ": {error}")
            }
        }
    }
}

/// What took a plugin away.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{DisabledBy, PluginError, State};
/// fn by_an_operator(state: &State) -> bool {
///     matches!(state, State::Disabled { by: DisabledBy::Environment | DisabledBy::App, .. })
/// }
/// assert!(!by_an_operator(&State::Stopped));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisabledBy {
    /// The variable `DISABLED_PLUGINS`. Nothing enables the plugin again.
    Environment,
    /// A filter of the manager. Nothing enables the plugin again.
    Filter,
    /// A condition of the manager.
    Condition,
    /// The plugin's own `should_load`.
    Plugin,
    /// A listener's veto.
    Listener,
    /// A call of [`PluginManager::disable`](crate::PluginManager::disable).
    App,
    /// The status of an item of a plugin type, by its code or an override.
    Status,
}

impl fmt::Display for DisabledBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DisabledBy::Environment => "the environment",
            DisabledBy::Filter => "a filter",
            DisabledBy::Condition => "a condition",
            DisabledBy::Plugin => "the plugin itself",
            DisabledBy::Listener => "a listener",
            DisabledBy::App => "the app",
            DisabledBy::Status => "its status",
        })
    }
}
