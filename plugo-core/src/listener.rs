use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::drive::Up;
use crate::failure::{BoxError, Failure};
use crate::kwargs::Provided;
use crate::lifecycle::Phase;
use crate::table::PluginInfo;

/// Hears what happens to the plugins of a manager, and may veto it.
///
/// A closure is one. Listeners hear in the order in which they were added, on
/// the thread that does the work, and every one hears everything: neither a
/// veto nor a panic of one keeps an event from the others. No lock is held
/// meanwhile, so a listener may ask the manager, which
/// [`Event::manager`] gives; whoever it keeps waiting is the plugin that it
/// hears of, and those that wait for that one.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Event, Moment, Phase, PluginManager, Veto};
/// let manager = PluginManager::builder("plugins")
///     .listener(|event: &Event<'_>| match (event.phase(), event.moment()) {
///         (Phase::Load, Moment::Before) if event.plugin().name() == "beta" => {
///             Err(Veto::disable("not before the next release"))
///         }
///         _ => Ok(()),
///     })
///     .build()?;
/// # Ok::<(), plugo::BuildError>(())
/// ```
pub trait Listener: Send + Sync {
    /// Hears of an event.
    ///
    /// # Errors
    ///
    /// A [`Veto`] ends what happens to the plugin. After its load, the plugin
    /// is stopped again. A stop cannot be vetoed, nor can what went wrong or
    /// was taken away already.
    fn hear(&self, event: &Event<'_>) -> Result<(), Veto>;
}

impl<F> Listener for F
where
    F: Fn(&Event<'_>) -> Result<(), Veto> + Send + Sync,
{
    fn hear(&self, event: &Event<'_>) -> Result<(), Veto> {
        self(event)
    }
}

/// Several listeners as one: each hears everything, and the first veto is
/// theirs. A panic goes on when all have heard.
impl Listener for Vec<Box<dyn Listener>> {
    fn hear(&self, event: &Event<'_>) -> Result<(), Veto> {
        let mut verdict = Ok(());
        let mut panic = None;
        for listener in self {
            match catch_unwind(AssertUnwindSafe(|| listener.hear(event))) {
                Ok(heard) => verdict = verdict.and(heard),
                Err(payload) => panic = panic.or(Some(payload)),
            }
        }
        match panic {
            Some(payload) => resume_unwind(payload),
            None => verdict,
        }
    }
}

/// What a listener hears of.
pub struct Event<'e> {
    pub(crate) plugin: PluginInfo,
    pub(crate) phase: Phase,
    pub(crate) moment: Moment,
    pub(crate) up: Option<&'e Up>,
    pub(crate) error: Option<&'e Failure>,
    pub(crate) reason: Option<&'e str>,
    pub(crate) manager: Option<&'e Provided>,
}

impl Event<'_> {
    /// The plugin.
    pub fn plugin(&self) -> PluginInfo {
        self.plugin
    }

    /// The part of the plugin's life.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the phase begins, is over, failed, or took the plugin away.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The instance, once it was made, if it is of that type.
    pub fn instance<T: Any>(&self) -> Option<&T> {
        self.up?.instance.as_ref()?.get()
    }

    /// What the plugin returned, after its load, if it is of that type.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.up?.value.get()
    }

    /// What went wrong, when something did.
    pub fn error(&self) -> Option<&Failure> {
        self.error
    }

    /// Why the plugin is taken away, when it is.
    pub fn reason(&self) -> Option<&str> {
        self.reason
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("plugin", &self.plugin.name())
            .field("phase", &self.phase)
            .field("moment", &self.moment)
            .field("error", &self.error)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Where in a phase an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// The phase begins.
    Before,
    /// The phase is over, and nothing went wrong.
    After,
    /// The phase ended with an error or a panic.
    Failed,
    /// The phase ended with the plugin being disabled: by a condition, by its
    /// own `should_load`, by a veto, by its status, or by the app.
    Disabled,
}

/// A listener's refusal.
#[derive(Debug)]
pub struct Veto(pub(crate) Refusal);

#[derive(Debug)]
pub(crate) enum Refusal {
    Disable(String),
    Fail(BoxError),
}

impl Veto {
    /// The plugin is disabled, for that reason.
    pub fn disable(reason: impl Into<String>) -> Self {
        Veto(Refusal::Disable(reason.into()))
    }

    /// The plugin fails, with that error.
    pub fn fail(error: impl Into<BoxError>) -> Self {
        Veto(Refusal::Fail(error.into()))
    }
}
