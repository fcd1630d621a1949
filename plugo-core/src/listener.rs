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
    /// Hears of an event, on the thread that does the work.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use plugo::{Event, Listener, Moment, PluginManager, Veto};
    ///
    /// struct Failures(AtomicUsize);
    ///
    /// impl Listener for Failures {
    ///     fn hear(&self, event: &Event<'_>) -> Result<(), Veto> {
    ///         if event.moment() == Moment::Failed {
    ///             let before = self.0.fetch_add(1, Ordering::Relaxed);
    ///             eprintln!("failure {}: {event:?}", before + 1);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let manager = PluginManager::builder("plugins")
    ///     .listener(Failures(AtomicUsize::new(0)))
    ///     .build()?;
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first veto of all listeners ends what happens to the plugin. One after its
    /// load stops it again. In [`Phase::Stop`], and at [`Moment::Failed`] and
    /// [`Moment::Disabled`], a veto changes nothing.
    ///
    /// - [`Veto::disable`]: the plugin is disabled by
    ///   [`DisabledBy::Listener`](crate::DisabledBy::Listener).
    /// - [`Veto::fail`]: the plugin fails in the phase of the event.
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

/// What a listener hears of: a plugin, a phase of its life, and where in that
/// phase it is.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Event, PluginManager};
///
/// fn line(event: &Event<'_>) -> String {
///     let what = format!("{} {:?} {}", event.plugin().name(), event.moment(), event.phase());
///     match (event.error(), event.reason()) {
///         (Some(error), _) => format!("{what}: {error}"),
///         (_, Some(reason)) => format!("{what}: {reason}"),
///         _ => what,
///     }
/// }
///
/// let manager = PluginManager::builder("plugins")
///     .listener(|event: &Event<'_>| {
///         println!("{}", line(event));
///         Ok(())
///     })
///     .build()?;
/// # Ok::<(), plugo::BuildError>(())
/// ```
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
    /// The plugin that it is about.
    pub fn plugin(&self) -> PluginInfo {
        self.plugin
    }

    /// The part of the plugin's life that begins or ends.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the phase begins, is over, failed, or took the plugin away.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The plugin's instance, if it is of that type: from [`Moment::After`] of
    /// [`Phase::Init`] to that of [`Phase::Load`], and at [`Moment::Before`] of
    /// [`Phase::Stop`]. There is none where a phase ended badly, nor of a function.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// # struct Mailer;
    /// # impl Mailer { fn address(&self) -> &str { "" } }
    /// fn address<'e>(event: &'e plugo::Event<'_>) -> Option<&'e str> {
    ///     event.instance::<Mailer>().map(Mailer::address)
    /// }
    /// ```
    pub fn instance<T: Any>(&self) -> Option<&T> {
        self.up?.instance.as_ref()?.get()
    }

    /// What the plugin returned, if it is of that type: at [`Moment::After`] of
    /// [`Phase::Load`], and at [`Moment::Before`] of [`Phase::Stop`].
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// fn routes(event: &plugo::Event<'_>) -> usize {
    ///     event.value::<Vec<String>>().map_or(0, Vec::len)
    /// }
    /// ```
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.up?.value.get()
    }

    /// What went wrong, at [`Moment::Failed`].
    pub fn error(&self) -> Option<&Failure> {
        self.error
    }

    /// Why the plugin is taken away, at [`Moment::Disabled`].
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
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::Moment;
/// fn sign(moment: Moment) -> &'static str {
///     match moment {
///         Moment::Before => "…",
///         Moment::After => "ok",
///         Moment::Failed => "FAILED",
///         Moment::Disabled => "off",
///         _ => "",
///     }
/// }
/// assert_eq!(sign(Moment::After), "ok");
/// ```
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

/// A listener's refusal: the plugin is disabled, or fails.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Event, Moment, Phase, PluginManager, Veto};
///
/// fn guard(event: &Event<'_>) -> Result<(), Veto> {
///     if (event.phase(), event.moment()) != (Phase::Init, Moment::Before) {
///         return Ok(());
///     }
///     if event.plugin().package().starts_with("acme-eu-") {
///         return Err(Veto::disable("not in this region"));
///     }
///     std::fs::metadata("licence.txt").map_err(Veto::fail)?;
///     Ok(())
/// }
///
/// let manager = PluginManager::builder("plugins").listener(guard).build()?;
/// # Ok::<(), plugo::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Veto(pub(crate) Refusal);

#[derive(Debug)]
pub(crate) enum Refusal {
    Disable(String),
    Fail(BoxError),
}

impl Veto {
    /// Disables the plugin, for a reason that its state then tells.
    pub fn disable(reason: impl Into<String>) -> Self {
        Veto(Refusal::Disable(reason.into()))
    }

    /// Fails the plugin, with an error that its state then tells.
    pub fn fail(error: impl Into<BoxError>) -> Self {
        Veto(Refusal::Fail(error.into()))
    }
}
