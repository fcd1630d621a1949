use std::borrow::Cow;
use std::sync::Arc;

use crate::drive::{Async, Ended, Up, Watch, bring_up, stop};
use crate::error::PluginError;
use crate::failure::{BoxError, Failure};
use crate::kwargs::{Kwargs, Provided};
use crate::lifecycle::Phase;
use crate::listener::{Event, Listener, Moment, Refusal, Veto};
use crate::name::nearest;
use crate::report::{PluginReport, Report, Warning};
use crate::slots::{Claim, Claimed, Life, Slots};
use crate::state::{DisabledBy, State};
use crate::sync::{Mutex, PoisonError};
use crate::table::PluginInfo;
use crate::unwind::catch;
use crate::waits::{Edge, Node, current, graph, within};

/// What a manager asks about each plugin before it is initialised.
pub(crate) type Condition = Box<dyn Fn(PluginInfo) -> Result<bool, BoxError> + Send + Sync>;

/// What the handles of one manager share.
pub(crate) struct Inner {
    pub(crate) namespace: String,
    /// How many tables the plugins come from.
    pub(crate) tables: usize,
    /// In load order.
    pub(crate) plugins: Vec<Managed>,
    /// Indices of them, by name.
    pub(crate) by_name: Vec<usize>,
    pub(crate) slots: Slots,
    pub(crate) provided: Vec<(&'static str, Provided)>,
    pub(crate) listeners: Vec<Box<dyn Listener>>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) warnings: Mutex<Vec<Warning>>,
}

/// One plugin of a manager.
pub(crate) struct Managed {
    pub(crate) info: PluginInfo,
    pub(crate) dependencies: Vec<Dependency>,
    /// Those that depend on it, in load order; they stand behind it.
    pub(crate) dependents: Vec<usize>,
}

/// A plugin that another one depends on.
#[derive(Clone, Copy)]
pub(crate) enum Dependency {
    Here(usize),
    /// It is not among the plugins of the manager.
    Missing(&'static str),
}

/// How plugins are brought up or down: with which arguments, on whose behalf,
/// and whether anything may be awaited.
pub(crate) struct Run<'r, 'a> {
    pub(crate) kwargs: &'r mut Kwargs<'a>,
    pub(crate) mode: Async,
    /// Gives a plugin the manager, as an argument.
    pub(crate) handle: &'r dyn Fn(Node) -> Provided,
}

impl Inner {
    pub(crate) fn index(&self, name: &str) -> Result<usize, PluginError> {
        let name_of = |&i: &usize| self.plugins[i].info.name();
        let found = self.by_name.binary_search_by(|i| name_of(i).cmp(name));
        found.map(|at| self.by_name[at]).map_err(|_| PluginError::Unknown {
            name: name.to_owned(),
            namespace: self.namespace.clone(),
            nearest: nearest(name, self.by_name.iter().map(name_of)),
        })
    }

    pub(crate) fn node(&self, index: usize) -> Node {
        let owner = std::ptr::from_ref(self).addr();
        Node { owner, index, name: self.plugins[index].info.name() }
    }

    /// Notes that whoever works here waits for a plugin that is not settled:
    /// the one that this thread works for, and the one that got the handle and
    /// is being moved, on another thread perhaps.
    fn wait_for(
        &self,
        from: Option<Node>,
        index: usize,
    ) -> Result<[Edge<'static>; 2], PluginError> {
        let here = current();
        let from = from.filter(|from| here != Some(*from) && self.slots.is_running(from.index));
        let wait = |from| graph().wait(from, self.node(index)).map_err(PluginError::Circle);
        Ok([wait(here)?, wait(from)?])
    }

    /// Loads a plugin, after those that it depends on.
    pub(crate) async fn load(
        &self,
        index: usize,
        from: Option<Node>,
        run: &mut Run<'_, '_>,
    ) -> Result<(), PluginError> {
        let claim = loop {
            match self.slots.claim_to_load(index) {
                Claimed::Resolved(claim) => break claim,
                Claimed::Running => {
                    let _edges = self.wait_for(from, index)?;
                    self.slots.wait(index, run.mode).await;
                }
                Claimed::Settled(state) => return self.result(index, state),
                Claimed::Closed => return Err(PluginError::Closed),
                Claimed::Loaded(..) | Claimed::Needed(_) => return Ok(()),
            }
        };
        let _edges = match self.wait_for(from, index) {
            Ok(edges) => edges,
            Err(error) => {
                claim.settle(Life::Resolved);
                return Err(error);
            }
        };
        for &dependency in &self.plugins[index].dependencies {
            if let Err(error) = self.load_dependency(index, dependency, run).await {
                claim.settle(Life::Resolved);
                return Err(error);
            }
        }
        let life = match self.bring_up(index, &claim, run).await {
            Ok(up) => Life::Loaded(up),
            Err(Ended::Disabled(by, reason)) => Life::Disabled(by, reason),
            Err(Ended::Failed(phase, failure)) => {
                let error = Event { error: Some(&failure), ..self.event(index, phase) };
                let _ = self.tell(index, error);
                Life::Failed(phase, Arc::new(failure))
            }
        };
        claim.settle(life);
        let state = self.slots.see(index).state;
        self.announce(index, &state);
        self.result(index, state)
    }

    async fn load_dependency(
        &self,
        index: usize,
        dependency: Dependency,
        run: &mut Run<'_, '_>,
    ) -> Result<(), PluginError> {
        let (name, loaded) = match dependency {
            Dependency::Here(other) if self.slots.is_loaded(other) => return Ok(()),
            Dependency::Here(other) => {
                let load = Box::pin(self.load(other, Some(self.node(index)), run));
                (self.plugins[other].info.name(), load.await)
            }
            Dependency::Missing(name) => (name, Err(self.unknown(name))),
        };
        loaded.map_err(|cause| match cause {
            PluginError::Circle(_) => cause,
            cause => PluginError::Skipped {
                name: self.plugins[index].info.name(),
                dependency: name,
                cause: Arc::new(cause),
            },
        })
    }

    fn unknown(&self, name: &str) -> PluginError {
        let namespace = self.namespace.clone();
        PluginError::Unknown { name: name.to_owned(), namespace, nearest: None }
    }

    async fn bring_up(
        &self,
        index: usize,
        claim: &Claim<'_>,
        run: &mut Run<'_, '_>,
    ) -> Result<Up, Ended> {
        let (info, node) = (self.plugins[index].info, self.node(index));
        for condition in &self.conditions {
            let holds = within(node, || catch(|| condition(info)));
            let holds = holds.and_then(|holds| holds.map_err(Failure::Error));
            match holds {
                Ok(true) => {}
                Ok(false) => {
                    let reason = Cow::Borrowed("a condition of the manager was false");
                    return Err(Ended::Disabled(DisabledBy::Condition, reason));
                }
                Err(failure) => return Err(Ended::Failed(Phase::Condition, failure)),
            }
        }
        run.kwargs.set(MANAGER, (run.handle)(node));
        let mut watch = Heard { inner: self, index, claim };
        let up = bring_up(info, run.kwargs, node, run.mode, &mut watch).await;
        up.map_err(|ended| match ended {
            Ended::Failed(phase, Failure::Argument(error)) => {
                let offered: Vec<&'static str> = run.kwargs.names().collect();
                Ended::Failed(phase, Failure::Argument(error.beside(&offered)))
            }
            ended => ended,
        })
    }

    /// Stops a plugin if it is loaded, after those that depend on it, in
    /// reverse load order. The first error is the result; the others are in
    /// the states.
    pub(crate) async fn stop(
        &self,
        index: usize,
        from: Option<Node>,
        run: &mut Run<'_, '_>,
    ) -> Result<(), PluginError> {
        let mut doomed = vec![index];
        let mut next = 0;
        while let Some(&i) = doomed.get(next) {
            let dependents = self.plugins[i].dependents.iter();
            let new: Vec<usize> = dependents.copied().filter(|d| !doomed.contains(d)).collect();
            doomed.extend(new);
            next += 1;
        }
        doomed.sort_unstable();
        self.stop_each(doomed.into_iter().rev(), from, run).await
    }

    /// Stops every plugin that is loaded, in reverse load order.
    pub(crate) async fn stop_all(
        &self,
        from: Option<Node>,
        run: &mut Run<'_, '_>,
    ) -> Result<(), PluginError> {
        self.stop_each((0..self.plugins.len()).rev(), from, run).await
    }

    async fn stop_each(
        &self,
        indices: impl Iterator<Item = usize>,
        from: Option<Node>,
        run: &mut Run<'_, '_>,
    ) -> Result<(), PluginError> {
        let mut result = Ok(());
        for i in indices {
            let stopped = self.stop_one(i, from, run).await;
            result = result.and(stopped);
        }
        result
    }

    async fn stop_one(
        &self,
        index: usize,
        from: Option<Node>,
        run: &mut Run<'_, '_>,
    ) -> Result<(), PluginError> {
        let dependents = &self.plugins[index].dependents;
        let (claim, up) = loop {
            match self.slots.claim_to_stop(index, dependents) {
                Claimed::Loaded(claim, up) => break (claim, up),
                Claimed::Running => {
                    let _edges = self.wait_for(from, index)?;
                    self.slots.wait(index, run.mode).await;
                }
                // It was loaded again meanwhile, or cannot be stopped here.
                Claimed::Needed(dependent) => {
                    let stopped = Box::pin(self.stop_one(dependent, from, run)).await;
                    match stopped {
                        Err(error @ PluginError::Circle(_)) => return Err(error),
                        Err(error) if self.slots.is_loaded(dependent) => return Err(error),
                        Ok(()) | Err(_) => {}
                    }
                }
                _ => return Ok(()),
            }
        };
        // Nobody moves it but this call, so it closes no circle.
        let _edges = self.wait_for(from, index);
        let node = self.node(index);
        // Nothing can keep a plugin from being stopped.
        let before = Event { up: Some(&up), ..self.event(index, Phase::Stop) };
        let _ = self.tell(index, Event { moment: Moment::Before, ..before });
        run.kwargs.set(MANAGER, (run.handle)(node));
        let stopped = stop(&up, run.kwargs, node, run.mode).await;
        let event = self.event(index, Phase::Stop);
        if let Err(failure @ Failure::Async) = stopped {
            // It did not begin to stop, so it is as it was.
            let _ = self.tell(index, Event { error: Some(&failure), ..event });
            claim.settle(Life::Loaded(up));
            let state = State::failed(Phase::Stop, failure);
            self.announce(index, &state);
            return self.result(index, state);
        }
        let dropped = within(node, || catch(|| drop(up)));
        let life = match stopped.and(dropped) {
            Ok(()) => {
                let _ = self.tell(index, Event { moment: Moment::After, ..event });
                Life::Stopped
            }
            Err(failure) => {
                let _ = self.tell(index, Event { error: Some(&failure), ..event });
                Life::Failed(Phase::Stop, Arc::new(failure))
            }
        };
        claim.settle(life);
        let state = self.slots.see(index).state;
        self.announce(index, &state);
        match state {
            State::Failed { .. } => self.result(index, state),
            _ => Ok(()),
        }
    }

    /// A state as the result of loading.
    fn result(&self, index: usize, state: State) -> Result<(), PluginError> {
        let info = self.plugins[index].info;
        match state {
            State::Disabled { by, reason } => Err(PluginError::Disabled {
                name: info.name(),
                namespace: info.namespace(),
                by,
                reason,
            }),
            State::Failed { phase, error, attempts } => {
                Err(PluginError::Failed { name: info.name(), phase, error, attempts })
            }
            _ => Ok(()),
        }
    }

    fn event(&self, index: usize, phase: Phase) -> Event<'_> {
        let plugin = self.plugins[index].info;
        Event { plugin, phase, moment: Moment::Failed, up: None, error: None }
    }

    /// Tells every listener; the first veto is the result. A panic is a
    /// warning in the report, and no veto.
    pub(crate) fn tell(&self, index: usize, event: Event<'_>) -> Result<(), Ended> {
        let mut verdict = Ok(());
        for listener in &self.listeners {
            match within(self.node(index), || catch(|| listener.hear(&event))) {
                Ok(heard) => verdict = verdict.and(heard),
                Err(failure) => self.listener_panicked(event.plugin, &failure),
            }
        }
        verdict.map_err(|Veto(refusal)| match refusal {
            Refusal::Disable(reason) => Ended::Disabled(DisabledBy::Listener, reason.into()),
            Refusal::Fail(error) => Ended::Failed(event.phase, Failure::Error(error)),
        })
    }

    fn listener_panicked(&self, plugin: PluginInfo, failure: &Failure) {
        let message = match failure {
            Failure::Panic(message) => message.clone(),
            other => other.to_string(),
        };
        #[cfg(feature = "tracing")]
        tracing::error!(plugin = plugin.name(), message, "listener panicked");
        let warning = Warning::ListenerPanicked { plugin: plugin.name(), message };
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Every plugin as it is now.
    pub(crate) fn report(&self) -> Report {
        let seen = self.slots.see_all();
        let mut plugins: Vec<PluginReport> = Vec::with_capacity(seen.len());
        for (managed, seen) in self.plugins.iter().zip(seen) {
            let state = match seen.state {
                State::Resolved => self.skipped(managed, &plugins).unwrap_or(State::Resolved),
                state => state,
            };
            let Up { instance, value } = seen.up;
            plugins.push(PluginReport { plugin: managed.info, state, instance, value });
        }
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let namespace = Cow::Owned(self.namespace.clone());
        Report { namespace, tables: self.tables, plugins, warnings }
    }

    /// Whether a plugin that was not touched cannot load, given the states of
    /// those before it. A failure says more than a plugin taken away.
    fn skipped(&self, managed: &Managed, before: &[PluginReport]) -> Option<State> {
        let mut skipped = None;
        for dependency in &managed.dependencies {
            let (dependency, by_failure) = match *dependency {
                Dependency::Missing(name) => (name, true),
                Dependency::Here(other) => match before[other].state {
                    State::Failed { .. } | State::Skipped { by_failure: true, .. } => {
                        (before[other].plugin.name(), true)
                    }
                    State::Disabled { .. } | State::Skipped { .. } => {
                        (before[other].plugin.name(), false)
                    }
                    _ => continue,
                },
            };
            if by_failure {
                return Some(State::Skipped { dependency, by_failure });
            }
            skipped = Some(State::Skipped { dependency, by_failure });
        }
        skipped
    }

    /// What a subscriber does is not the plugin's to suffer.
    fn announce(&self, index: usize, state: &State) {
        let _ = catch(|| crate::announce::announce(self.plugins[index].info, state));
    }
}

/// The argument by which a plugin gets the manager that loads it.
pub(crate) const MANAGER: &str = "manager";

/// Lets the listeners hear how a plugin comes up.
struct Heard<'h> {
    inner: &'h Inner,
    index: usize,
    claim: &'h Claim<'h>,
}

impl Heard<'_> {
    fn tell(&self, phase: Phase, moment: Moment, up: &Up) -> Result<(), Ended> {
        if self.inner.listeners.is_empty() {
            return Ok(());
        }
        let event = Event { moment, up: Some(up), ..self.inner.event(self.index, phase) };
        self.inner.tell(self.index, event)
    }
}

impl Watch for Heard<'_> {
    fn before(&mut self, phase: Phase, up: &Up) -> Result<(), Ended> {
        if phase != Phase::Init {
            self.claim.enter(phase);
        }
        self.tell(phase, Moment::Before, up)
    }

    fn after(&mut self, phase: Phase, up: &Up) -> Result<(), Ended> {
        self.tell(phase, Moment::After, up)
    }
}
