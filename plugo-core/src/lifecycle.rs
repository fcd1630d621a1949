use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::kwargs::Kwargs;
use crate::step::{Kept, Step};

/// What a plugin with a lifecycle does: whether it loads here, what it does
/// when it loads, and how it stops.
///
/// Write it with `#[plugin]` on the `impl`, which lets each method take the
/// arguments that it names and be `async`; every method may be left out. An
/// instance is shared, so methods take `&self`.
///
/// ```text
/// #[plugo::plugin(name = "mailer")]
/// impl plugo::Plugin for Mailer {
///     fn should_load(&self, config: &Config) -> bool { config.mail }
///     async fn load(&self, config: &Config) -> anyhow::Result<Sender> { … }
///     async fn stop(&self) -> anyhow::Result<()> { … }
/// }
/// ```
///
/// By hand, the methods have the signatures below; [`Kwargs::get`] takes an
/// argument.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Kept, Kwargs, Plugin, Step};
///
/// struct Service(&'static str);
///
/// impl Plugin for Service {
///     fn load<'s>(&'s self, kwargs: &'s mut Kwargs<'_>) -> Step<'s, Kept> {
///         Step::done(match kwargs.get::<&u16>("port") {
///             Ok(port) => Ok(Kept::new(format!("{} on port {port}", self.0))),
///             Err(error) => Err(plugo::Failure::Argument(error)),
///         })
///     }
/// }
/// ```
pub trait Plugin: Any + Send + Sync {
    /// Whether the plugin loads in this run of the program. When it says no,
    /// the plugin is disabled until it is enabled.
    fn should_load<'s>(&'s self, kwargs: &'s mut Kwargs<'_>) -> Step<'s, bool> {
        let _ = kwargs;
        Step::done(Ok(true))
    }

    /// Loads the plugin. What it gives is kept while the plugin is loaded.
    fn load<'s>(&'s self, kwargs: &'s mut Kwargs<'_>) -> Step<'s, Kept> {
        let _ = kwargs;
        Step::done(Ok(Kept::default()))
    }

    /// Stops the plugin, which was loaded.
    fn stop<'s>(&'s self, kwargs: &'s mut Kwargs<'_>) -> Step<'s, Kept> {
        let _ = kwargs;
        Step::done(Ok(Kept::default()))
    }
}

/// An instance of a plugin: one that was made for a load, or one value that
/// is there for the whole program.
#[derive(Clone)]
pub(crate) enum Instance {
    Made(Arc<dyn Plugin>),
    Fixed(&'static dyn Plugin),
}

impl Instance {
    pub(crate) fn plugin(&self) -> &dyn Plugin {
        match self {
            Instance::Made(plugin) => &**plugin,
            Instance::Fixed(plugin) => *plugin,
        }
    }

    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        (self.plugin() as &dyn Any).downcast_ref()
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instance")
    }
}

/// A part of a plugin's life, in which something can be heard, vetoed, or go
/// wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// A manager comes to know the plugin.
    Resolve,
    /// The instance is made. (A function has none; the phase is over at once.)
    Init,
    /// Whether the plugin loads is decided: the manager's conditions are asked
    /// before its instance is made, and its own `should_load` after that. The
    /// phase is heard of where there is something to ask.
    Condition,
    /// The init function, or `load`.
    Load,
    /// `stop`.
    Stop,
}

impl Phase {
    /// The word that reports and logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Resolve => "resolve",
            Phase::Init => "init",
            Phase::Condition => "condition",
            Phase::Load => "load",
            Phase::Stop => "stop",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
