use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::drive::{Async, at_once};
use crate::error::PluginError;
use crate::inner::{Inner, Run};
use crate::kwargs::{Kwargs, Provided};
use crate::listener::Event;
use crate::report::{PluginReport, Report, Warning};
use crate::slots::{Life, Seen};
use crate::state::{DisabledBy, State};
use crate::table::PluginInfo;
use crate::waits::Node;

#[doc = include_str!("../docs/manager.md")]
#[derive(Clone)]
pub struct PluginManager {
    pub(crate) inner: Arc<Inner>,
    /// The plugin that got this handle, on whose behalf it works.
    within: Option<Node>,
    /// What stops the plugins with the last handle that has it.
    owner: Option<Arc<Owner>>,
}

/// Stops the plugins when it is dropped.
struct Owner(Arc<Inner>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.slots.close();
        // What failed has been told to listeners and to the subscriber.
        let mut run = self.0.run(Kwargs::new(), None, Async::Refused);
        let _ = at_once(self.0.stop_all(&mut run));
    }
}

impl PluginManager {
    pub(crate) fn own(
        inner: impl FnOnce(Weak<Inner>, fn(Arc<Inner>, Node) -> Provided) -> Inner,
    ) -> Self {
        // What a plugin gets as the argument `manager`.
        let handle =
            |inner, node| Provided::new(PluginManager { inner, within: Some(node), owner: None });
        let inner = Arc::new_cyclic(|me| inner(me.clone(), handle));
        let owner = Some(Arc::new(Owner(Arc::clone(&inner))));
        (0..inner.plugins.len()).for_each(|index| inner.resolve(index));
        PluginManager { inner, within: None, owner }
    }

    /// The namespace whose plugins it manages.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// The names of its plugins, in load order, whatever their state.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.inner.plugins.iter().map(|managed| managed.info.name())
    }

    /// Its plugins, in load order, whatever their state.
    pub fn plugins(&self) -> impl ExactSizeIterator<Item = PluginInfo> {
        self.inner.plugins.iter().map(|managed| managed.info)
    }

    /// Whether it has a plugin of that name, in whatever state.
    pub fn exists(&self, name: &str) -> bool {
        self.inner.index(name).is_ok()
    }

    /// Whether a plugin is loaded, which it is until its `stop` has run.
    ///
    /// # Errors
    ///
    /// [`PluginError::Unknown`] when the manager has no plugin of that name.
    pub fn is_loaded(&self, name: &str) -> Result<bool, PluginError> {
        Ok(matches!(self.inner.slots.see(self.inner.index(name)?).state, State::Loaded))
    }

    /// The state that a plugin is in now.
    ///
    /// While a plugin is on its way, that is the state that it has reached:
    /// [`State::Initialised`] while its `load` runs, [`State::Loaded`] while its `stop` does.
    ///
    /// # Errors
    ///
    /// [`PluginError::Unknown`] when the manager has no plugin of that name.
    pub fn state(&self, name: &str) -> Result<State, PluginError> {
        Ok(self.get(name)?.state().clone())
    }

    /// A plugin as it is now: its state, and its instance and what it returned
    /// while it is loaded.
    ///
    /// What the report shows of the plugin lives as long as the report, also when
    /// the plugin is stopped meanwhile.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// # struct Mailer;
    /// # impl Mailer { fn queued(&self) -> usize { 0 } }
    /// fn queued(manager: &plugo::PluginManager) -> Result<usize, plugo::PluginError> {
    ///     let mailer = manager.get("mailer")?;
    ///     Ok(mailer.instance::<Mailer>().map_or(0, Mailer::queued))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PluginError::Unknown`] when the manager has no plugin of that name.
    pub fn get(&self, name: &str) -> Result<PluginReport, PluginError> {
        Ok(self.inner.report_of(self.inner.index(name)?))
    }

    /// What a plugin returned when it loaded, while it is loaded and if it is of
    /// that type. Of a `Result<T, E>` that is the `T`.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// fn routes(manager: &plugo::PluginManager) -> Result<usize, plugo::PluginError> {
    ///     let routes = manager.value::<Vec<String>>("shop")?;
    ///     Ok(routes.map_or(0, |routes| routes.len()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PluginError::Unknown`] when the manager has no plugin of that name.
    pub fn value<T: Any + Send + Sync>(&self, name: &str) -> Result<Option<Arc<T>>, PluginError> {
        Ok(self.get(name)?.share())
    }

    /// What the loaded plugins returned when they loaded, in load order: of those
    /// that returned something of that type.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// fn all_routes(manager: &plugo::PluginManager) -> Vec<String> {
    ///     let routes = manager.values::<Vec<String>>();
    ///     routes.iter().flat_map(|(_plugin, routes)| routes.iter().cloned()).collect()
    /// }
    /// # assert!(all_routes(&plugo::PluginManager::new("plugins")?).is_empty());
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    pub fn values<T: Any + Send + Sync>(&self) -> Vec<(PluginInfo, Arc<T>)> {
        let plugins = self.inner.plugins.iter().zip(self.inner.slots.see_all());
        plugins.filter_map(|(managed, seen)| Some((managed.info, seen.up.value.share()?))).collect()
    }

    /// Every plugin as it is now, in load order, and what an operator should look
    /// at. Nothing is loaded for it.
    ///
    /// A plugin that was not touched, because one that it depends on is disabled or
    /// failed, is told of as skipped.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// fn is_healthy(manager: &plugo::PluginManager) -> bool {
    ///     manager.report().failed().next().is_none()
    /// }
    /// # assert!(is_healthy(&plugo::PluginManager::new("plugins")?));
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    pub fn report(&self) -> Report {
        self.inner.report()
    }

    /// The same manager, with further arguments for one call: `&mut` ones too.
    ///
    /// They hide those of the same name that the manager keeps, save `manager`,
    /// which is always the manager itself. All that the call loads or stops gets
    /// them, dependencies too; what such a plugin loads in its turn does not.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// # let manager = plugo::PluginManager::new("plugins")?;
    /// let mut routes: Vec<String> = Vec::new();
    /// let report = manager.with(plugo::kwargs! { routes: &mut routes }).load_all();
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    pub fn with<'m, 'a>(&'m self, kwargs: Kwargs<'a>) -> Call<'m, 'a> {
        Call { manager: self, kwargs }
    }

    fn without(&self) -> Call<'_, 'static> {
        self.with(Kwargs::new())
    }

    /// Loads a plugin, after those that it depends on.
    ///
    #[doc = include_str!("../docs/load.md")]
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/load_errors.md")]
    pub fn load(&self, name: &str) -> Result<PluginReport, PluginError> {
        self.without().load(name)
    }

    /// Loads a plugin as [`load`](Self::load) does, and awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/load_errors.md")]
    pub async fn load_async(&self, name: &str) -> Result<PluginReport, PluginError> {
        self.without().load_async(name).await
    }

    /// Loads every plugin that is neither loaded nor failed nor disabled, in load
    /// order, and tells what became of all of them.
    ///
    #[doc = include_str!("../docs/load_all.md")]
    #[must_use = "a plugin that failed to load is told of in the report"]
    pub fn load_all(&self) -> Report {
        self.without().load_all()
    }

    /// Loads every plugin as [`load_all`](Self::load_all) does, and awaits those
    /// that are `async`, one after the other.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{LoadError, PluginManager, Report};
    ///
    /// async fn start(manager: &PluginManager) -> Result<Report, LoadError> {
    ///     manager.load_all_async().await.into_result()
    /// }
    /// ```
    #[must_use = "a plugin that failed to load is told of in the report"]
    pub async fn load_all_async(&self) -> Report {
        self.without().load_all_async().await
    }

    /// Loads a plugin that failed once more, from the start: conditions and
    /// listeners are asked again, and its instance is made anew.
    ///
    #[doc = include_str!("../docs/retry.md")]
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/retry_errors.md")]
    pub fn retry(&self, name: &str) -> Result<PluginReport, PluginError> {
        self.without().retry(name)
    }

    /// Loads a plugin that failed as [`retry`](Self::retry) does, and awaits what is
    /// `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/retry_errors.md")]
    pub async fn retry_async(&self, name: &str) -> Result<PluginReport, PluginError> {
        self.without().retry_async(name).await
    }

    /// Loads a plugin that was disabled: by the app, a condition, a listener, its
    /// status, or itself. Each but the app is asked again.
    ///
    /// A plugin that is not disabled is treated as [`load`](Self::load) treats it.
    /// [`disable`](Self::disable) has an example.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/enable_errors.md")]
    pub fn enable(&self, name: &str) -> Result<PluginReport, PluginError> {
        self.without().enable(name)
    }

    /// Loads a plugin that was disabled as [`enable`](Self::enable) does, and awaits
    /// what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/enable_errors.md")]
    pub async fn enable_async(&self, name: &str) -> Result<PluginReport, PluginError> {
        self.without().enable_async(name).await
    }

    /// Takes a plugin away until it is enabled, and stops it first if it is loaded,
    /// after those that depend on it.
    ///
    #[doc = include_str!("../docs/disable.md")]
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/disable_errors.md")]
    pub fn disable(&self, name: &str, reason: &str) -> Result<(), PluginError> {
        self.without().disable(name, reason)
    }

    /// Takes a plugin away as [`disable`](Self::disable) does, and awaits each `stop`
    /// that is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/disable_errors.md")]
    pub async fn disable_async(&self, name: &str, reason: &str) -> Result<(), PluginError> {
        self.without().disable_async(name, reason).await
    }

    /// Stops a plugin, after those that depend on it. It can be loaded again.
    ///
    #[doc = include_str!("../docs/stop.md")]
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_errors.md")]
    pub fn stop(&self, name: &str) -> Result<(), PluginError> {
        self.without().stop(name)
    }

    /// Stops a plugin as [`stop`](Self::stop) does, and awaits each `stop` that is
    /// `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_errors.md")]
    pub async fn stop_async(&self, name: &str) -> Result<(), PluginError> {
        self.without().stop_async(name).await
    }

    /// Stops every loaded plugin, in reverse load order. They can be loaded again.
    ///
    /// Dropping the app's last handle does the same, for good, and tells errors to
    /// listeners and to `tracing` only.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_all_errors.md")]
    pub fn stop_all(&self) -> Result<(), PluginError> {
        self.without().stop_all()
    }

    /// Stops every loaded plugin as [`stop_all`](Self::stop_all) does, and awaits
    /// each `stop` that is `async`.
    ///
    /// Dropping the manager awaits nothing, so a program with such plugins calls
    /// this before it ends.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::PluginManager;
    ///
    /// async fn end(manager: PluginManager) {
    ///     if let Err(error) = manager.stop_all_async().await {
    ///         eprintln!("warning: {error}");
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_all_errors.md")]
    pub async fn stop_all_async(&self) -> Result<(), PluginError> {
        self.without().stop_all_async().await
    }
}

impl fmt::Debug for PluginManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginManager")
            .field("namespace", &self.inner.namespace)
            .field("plugins", &self.inner.plugins.len())
            .field("owner", &self.owner.is_some())
            .finish_non_exhaustive()
    }
}

/// A call of a [`PluginManager`] with arguments of its own, which
/// [`PluginManager::with`] makes. Each function does what that of the manager
/// does, once.
///
#[doc = include_str!("../docs/call.md")]
#[must_use = "nothing happens before one of its functions is called"]
pub struct Call<'m, 'a> {
    manager: &'m PluginManager,
    kwargs: Kwargs<'a>,
}

impl Call<'_, '_> {
    /// Loads a plugin with these arguments, after those that it depends on,
    /// as [`PluginManager::load`] does.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/load_errors.md")]
    pub fn load(self, name: &str) -> Result<PluginReport, PluginError> {
        at_once(self.load_in(name, |_| false, Async::Refused))
    }

    /// Loads a plugin with these arguments, after those that it depends on,
    /// as [`PluginManager::load_async`] does: it awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/load_errors.md")]
    pub async fn load_async(self, name: &str) -> Result<PluginReport, PluginError> {
        self.load_in(name, |_| false, Async::Awaited).await
    }

    /// Loads every plugin that is neither loaded nor failed nor disabled, with these arguments,
    /// as [`PluginManager::load_all`] does.
    #[must_use = "a plugin that failed to load is told of in the report"]
    pub fn load_all(self) -> Report {
        at_once(self.load_everything(Async::Refused))
    }

    /// Loads every plugin that is neither loaded nor failed nor disabled, with these arguments,
    /// as [`PluginManager::load_all_async`] does: it awaits what is `async`.
    #[must_use = "a plugin that failed to load is told of in the report"]
    pub async fn load_all_async(self) -> Report {
        self.load_everything(Async::Awaited).await
    }

    /// Loads a plugin that failed once more, with these arguments,
    /// as [`PluginManager::retry`] does.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/retry_errors.md")]
    pub fn retry(self, name: &str) -> Result<PluginReport, PluginError> {
        at_once(self.load_in(name, is_failed, Async::Refused))
    }

    /// Loads a plugin that failed once more, with these arguments,
    /// as [`PluginManager::retry_async`] does: it awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/retry_errors.md")]
    pub async fn retry_async(self, name: &str) -> Result<PluginReport, PluginError> {
        self.load_in(name, is_failed, Async::Awaited).await
    }

    /// Loads a plugin that was disabled, with these arguments,
    /// as [`PluginManager::enable`] does.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/enable_errors.md")]
    pub fn enable(self, name: &str) -> Result<PluginReport, PluginError> {
        at_once(self.load_in(name, can_be_enabled, Async::Refused))
    }

    /// Loads a plugin that was disabled, with these arguments,
    /// as [`PluginManager::enable_async`] does: it awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/enable_errors.md")]
    pub async fn enable_async(self, name: &str) -> Result<PluginReport, PluginError> {
        self.load_in(name, can_be_enabled, Async::Awaited).await
    }

    /// Takes a plugin away, and stops it with these arguments if it is loaded,
    /// as [`PluginManager::disable`] does.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/disable_errors.md")]
    pub fn disable(self, name: &str, reason: &str) -> Result<(), PluginError> {
        at_once(self.disable_in(name, reason, Async::Refused))
    }

    /// Takes a plugin away, and stops it with these arguments if it is loaded,
    /// as [`PluginManager::disable_async`] does: it awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/disable_errors.md")]
    pub async fn disable_async(self, name: &str, reason: &str) -> Result<(), PluginError> {
        self.disable_in(name, reason, Async::Awaited).await
    }

    /// Stops a plugin with these arguments, after those that depend on it,
    /// as [`PluginManager::stop`] does.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_errors.md")]
    pub fn stop(self, name: &str) -> Result<(), PluginError> {
        at_once(self.stop_in(name, Async::Refused))
    }

    /// Stops a plugin with these arguments, after those that depend on it,
    /// as [`PluginManager::stop_async`] does: it awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_errors.md")]
    pub async fn stop_async(self, name: &str) -> Result<(), PluginError> {
        self.stop_in(name, Async::Awaited).await
    }

    /// Stops every loaded plugin with these arguments, in reverse load order,
    /// as [`PluginManager::stop_all`] does.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_all_errors.md")]
    pub fn stop_all(self) -> Result<(), PluginError> {
        at_once(self.stop_everything(Async::Refused))
    }

    /// Stops every loaded plugin with these arguments, in reverse load order,
    /// as [`PluginManager::stop_all_async`] does: it awaits what is `async`.
    ///
    /// # Errors
    ///
    #[doc = include_str!("../docs/stop_all_errors.md")]
    pub async fn stop_all_async(self) -> Result<(), PluginError> {
        self.stop_everything(Async::Awaited).await
    }

    async fn load_in(
        self,
        name: &str,
        reset: fn(&Life) -> bool,
        mode: Async,
    ) -> Result<PluginReport, PluginError> {
        let (inner, mut run) = self.begin(mode);
        let index = inner.index(name)?;
        if inner.slots.reset(index, reset) {
            // It starts anew, and listeners have their say anew.
            inner.resolve(index);
        }
        let Seen { state, up } = inner.load(index, &mut run).await?;
        Ok(PluginReport::new(inner.plugins[index].info, state, up))
    }

    async fn load_everything(self, mode: Async) -> Report {
        let (inner, mut run) = self.begin(mode);
        let mut refused: Vec<(usize, PluginError)> = Vec::new();
        for index in 0..inner.plugins.len() {
            // Nearly everything is in the report, but not that it would have waited for
            // itself. A plugin that loads all is on its way, and waits for nothing.
            let loaded = inner.load(index, &mut run).await;
            if let Err(error @ PluginError::Circle(_)) = loaded
                && run.from != Some(inner.node(index))
            {
                refused.push((index, error));
            }
        }
        let mut report = inner.report();
        for (index, error) in refused {
            report.plugins.refuse(index, error);
        }
        let mistaken = run.kwargs.mistaken();
        let mistaken =
            mistaken.map(|(name, parameter)| Warning::UnusedArgument { name, parameter });
        report.warnings.extend(mistaken);
        report
    }

    async fn disable_in(self, name: &str, reason: &str, mode: Async) -> Result<(), PluginError> {
        let (inner, mut run) = self.begin(mode);
        let index = inner.index(name)?;
        loop {
            let stopped = inner.stop(index, &mut run).await;
            // Unless it cannot be stopped, or somebody loaded it again meanwhile.
            if inner.disable(index, reason) || stopped.is_err() {
                return stopped;
            }
        }
    }

    async fn stop_in(self, name: &str, mode: Async) -> Result<(), PluginError> {
        let (inner, mut run) = self.begin(mode);
        let index = inner.index(name)?;
        inner.stop(index, &mut run).await
    }

    async fn stop_everything(self, mode: Async) -> Result<(), PluginError> {
        let (inner, mut run) = self.begin(mode);
        inner.stop_all(&mut run).await
    }
}

impl<'m, 'a> Call<'m, 'a> {
    fn begin(self, mode: Async) -> (&'m Inner, Run<'a>) {
        let inner = &*self.manager.inner;
        (inner, inner.run(self.kwargs, self.manager.within, mode))
    }
}

fn is_failed(life: &Life) -> bool {
    matches!(life, Life::Failed(..))
}

fn can_be_enabled(life: &Life) -> bool {
    match life {
        Life::Disabled(by, _) => !matches!(by, DisabledBy::Environment | DisabledBy::Filter),
        _ => false,
    }
}

impl Event<'_> {
    /// The manager that tells it: `Some` in every event that a manager tells.
    ///
    /// What is asked of it, on any thread, is on behalf of the plugin; and it keeps
    /// nothing loaded, as a handle that the app holds does.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{Event, Moment, PluginManager};
    /// let manager = PluginManager::builder("plugins")
    ///     .listener(|event: &Event<'_>| {
    ///         if event.moment() == Moment::Failed {
    ///             let loaded = event.manager().map(|manager| manager.report().loaded().count());
    ///             eprintln!("{} failed beside {loaded:?}", event.plugin().name());
    ///         }
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # Ok::<(), plugo::BuildError>(())
    /// ```
    pub fn manager(&self) -> Option<&PluginManager> {
        self.manager?.get()
    }
}

impl fmt::Debug for Call<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("kwargs", &self.kwargs).finish_non_exhaustive()
    }
}
