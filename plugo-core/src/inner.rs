use std::borrow::Cow;
use std::sync::{Arc, Weak};

use crate::announce::{announce, announce_panic};
use crate::drive::{Async, Ended, Held, Up, Watch, at_once, bring_up, stop};
use crate::error::PluginError;
use crate::failure::{BoxError, Failure};
use crate::kwargs::{Kwargs, Provided};
use crate::lifecycle::Phase;
use crate::listener::{Event, Listener, Moment, Refusal, Veto};
use crate::name::nearest;
use crate::report::{Outcomes, PluginReport, Report, Warning};
use crate::slots::{Claim, Claimed, Life, Seen, Slots};
use crate::state::{DisabledBy, State};
use crate::sync::{Mutex, PoisonError};
use crate::table::PluginInfo;
use crate::unwind::catch;
use crate::waits::{Edge, Node, current, graph, within};

/// What a manager asks about each plugin before it is initialised.
pub(crate) type Condition = Box<dyn Fn(PluginInfo) -> Result<bool, BoxError> + Send + Sync>;

/// The argument by which a plugin gets the manager that loads it.
pub(crate) const MANAGER: &str = "manager";

/// Why a plugin is disabled for which a condition did not hold.
const A_CONDITION_WAS_FALSE: &str = "a condition of the manager was false";

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
    /// Itself, for the handles that plugins and listeners get.
    pub(crate) me: Weak<Inner>,
    /// Makes such a handle, on behalf of a plugin.
    pub(crate) handle: fn(Arc<Inner>, Node) -> Provided,
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
pub(crate) struct Run<'a> {
    pub(crate) kwargs: Kwargs<'a>,
    pub(crate) from: Option<Node>,
    pub(crate) mode: Async,
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
        let info = self.plugins[index].info;
        Node { owner, index, namespace: info.namespace(), name: info.name() }
    }

    /// A run with these arguments and those that the manager keeps.
    pub(crate) fn run<'a>(
        &self,
        mut kwargs: Kwargs<'a>,
        from: Option<Node>,
        mode: Async,
    ) -> Run<'a> {
        for (name, provided) in &self.provided {
            kwargs.offer(name, provided);
        }
        Run { kwargs, from, mode }
    }

    /// The manager, for a plugin or about it. It keeps nothing loaded.
    fn handle(&self, index: usize) -> Option<Provided> {
        Some((self.handle)(self.me.upgrade()?, self.node(index)))
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
        let from = from.filter(|from| here != Some(*from) && self.slots.is_moved(from.index));
        let wait = |from| graph().wait(from, self.node(index)).map_err(PluginError::Circle);
        Ok([wait(here)?, wait(from)?])
    }

    /// The same for a plugin that is claimed here, so that others can tell who
    /// they would wait for. It was not being moved, so it waits for nothing yet.
    fn work_for(
        &self,
        from: Option<Node>,
        index: usize,
    ) -> Result<[Edge<'static>; 2], PluginError> {
        self.wait_for(from.filter(|from| *from != self.node(index)), index)
    }

    /// Loads a plugin, after those that it depends on.
    pub(crate) async fn load(&self, index: usize, run: &mut Run<'_>) -> Result<Seen, PluginError> {
        let claim = loop {
            match self.slots.claim_to_load(index, run.mode) {
                Claimed::Resolved(claim) => break claim,
                Claimed::Running => {
                    let _edges = self.wait_for(run.from, index)?;
                    self.slots.wait(index, run.mode).await;
                }
                Claimed::Settled(seen) => return self.result(index, seen),
                _ => return Err(PluginError::Closed),
            }
        };
        let _edges = match self.work_for(run.from, index) {
            Ok(edges) => edges,
            Err(error) => {
                claim.give_up(Life::Resolved);
                return Err(error);
            }
        };
        for &dependency in &self.plugins[index].dependencies {
            if let Err(error) = self.load_dependency(index, dependency, run).await {
                claim.give_up(Life::Resolved);
                self.announce_skipped(index, &error);
                return Err(error);
            }
        }
        let mut attempt = Attempt::new(self, index, Phase::Init, claim);
        let life = match self.bring_up(&mut attempt, run).await {
            Ok(up) => Life::Loaded(up),
            Err(Ended::Disabled(by, reason)) => Life::Disabled(by, reason),
            Err(Ended::Failed(phase, failure)) => Life::Failed(phase, Arc::new(failure)),
        };
        let Some(claim) = attempt.claim.take() else { return Err(PluginError::Closed) };
        let seen = match claim.settle(life) {
            Ok(seen) => seen,
            // The manager was dropped meanwhile. What it left to this call is
            // stopped now, this plugin first.
            Err((claim, up)) => {
                let _ = self.bring_down(index, claim, up, run).await;
                let _ = self.stop_all(run).await;
                return Err(PluginError::Closed);
            }
        };
        self.announce(index, &seen.state);
        self.result(index, seen)
    }

    async fn load_dependency(
        &self,
        index: usize,
        dependency: Dependency,
        run: &mut Run<'_>,
    ) -> Result<(), PluginError> {
        let (name, loaded) = match dependency {
            Dependency::Here(other) if self.slots.is_up(other) => return Ok(()),
            Dependency::Here(other) => {
                let outer = run.from.replace(self.node(index));
                let loaded = Box::pin(self.load(other, run)).await;
                run.from = outer;
                (self.plugins[other].info.name(), loaded.map(drop))
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

    /// The phases of a plugin that comes up, with everybody who has a say.
    pub(crate) async fn bring_up(
        &self,
        attempt: &mut Attempt<'_>,
        run: &mut Run<'_>,
    ) -> Result<Up, Ended> {
        let (index, phase) = (attempt.index, Phase::Condition);
        let info = self.plugins[index].info;
        let result = match self.ask_conditions(index) {
            Err(ended) => Err((ended, None)),
            Ok(()) => {
                if let Some(manager) = self.handle(index) {
                    run.kwargs.set(MANAGER, manager);
                }
                let (node, mode) = (self.node(index), run.mode);
                bring_up(info, &mut run.kwargs, node, mode, &mut *attempt).await
            }
        };
        let (ended, up) = match result {
            Ok(up) => return Ok(up),
            Err(ended) => ended,
        };
        let ended = match ended {
            Ended::Failed(phase, Failure::Argument(error)) => {
                let offered: Vec<&'static str> = run.kwargs.names().collect();
                Ended::Failed(phase, Failure::Argument(error.beside(offered)))
            }
            ended => ended,
        };
        let phase = if attempt.began { attempt.phase } else { phase };
        self.tell_end(index, phase, &ended);
        if let Some(up) = up {
            // A listener vetoed what had loaded. Whatever comes of the stop, the veto stands.
            let mut held = Held { node: self.node(index), up };
            let stopped = self.stop_up(index, &held.up, run).await;
            let left = held.leave();
            self.tell_stopped(index, stopped.and(left).as_ref().err());
        }
        Err(ended)
    }

    fn ask_conditions(&self, index: usize) -> Result<(), Ended> {
        if self.conditions.is_empty() {
            return Ok(());
        }
        let phase = Phase::Condition;
        self.tell(index, &Event { moment: Moment::Before, ..self.event(index, phase) })?;
        for condition in &self.conditions {
            let info = self.plugins[index].info;
            let holds = within(self.node(index), || catch(|| condition(info)));
            match holds.and_then(|holds| holds.map_err(Failure::Error)) {
                Ok(true) => {}
                Ok(false) => {
                    let reason = Cow::Borrowed(A_CONDITION_WAS_FALSE);
                    return Err(Ended::Disabled(DisabledBy::Condition, reason));
                }
                Err(failure) => return Err(Ended::Failed(phase, failure)),
            }
        }
        self.tell(index, &Event { moment: Moment::After, ..self.event(index, phase) })
    }

    /// Stops a plugin if it is loaded, after those that depend on it, in
    /// reverse load order. The first error is the result; the others are in
    /// the states.
    pub(crate) async fn stop(&self, index: usize, run: &mut Run<'_>) -> Result<(), PluginError> {
        let mut doomed = vec![index];
        let mut next = 0;
        while let Some(&i) = doomed.get(next) {
            let dependents = self.plugins[i].dependents.iter();
            let new: Vec<usize> = dependents.copied().filter(|d| !doomed.contains(d)).collect();
            doomed.extend(new);
            next += 1;
        }
        doomed.sort_unstable();
        self.stop_each(doomed.into_iter().rev(), run).await
    }

    /// Stops every plugin that is loaded, in reverse load order.
    pub(crate) async fn stop_all(&self, run: &mut Run<'_>) -> Result<(), PluginError> {
        self.stop_each((0..self.plugins.len()).rev(), run).await
    }

    async fn stop_each(
        &self,
        indices: impl Iterator<Item = usize>,
        run: &mut Run<'_>,
    ) -> Result<(), PluginError> {
        let mut result = Ok(());
        for i in indices {
            let stopped = Box::pin(self.stop_one(i, run)).await;
            result = result.and(stopped);
        }
        result
    }

    async fn stop_one(&self, index: usize, run: &mut Run<'_>) -> Result<(), PluginError> {
        let dependents = &self.plugins[index].dependents;
        let (claim, up) = loop {
            match self.slots.claim_to_stop(index, dependents, run.mode) {
                Claimed::Loaded(claim, up) => break (claim, up),
                Claimed::Running => {
                    let _edges = self.wait_for(run.from, index)?;
                    self.slots.wait(index, run.mode).await;
                }
                // It was loaded again meanwhile, or cannot be stopped here.
                Claimed::Needed(dependent) => {
                    let stopped = Box::pin(self.stop_one(dependent, run)).await;
                    match stopped {
                        Err(error @ PluginError::Circle(_)) => return Err(error),
                        Err(error) if self.slots.is_up(dependent) => return Err(error),
                        Ok(()) | Err(_) => {}
                    }
                }
                _ => return Ok(()),
            }
        };
        self.bring_down(index, claim, up, run).await
    }

    /// Stops a plugin that is claimed for that.
    async fn bring_down(
        &self,
        index: usize,
        claim: Claim<'_>,
        up: Up,
        run: &mut Run<'_>,
    ) -> Result<(), PluginError> {
        // Nobody moves it but this call, so it closes no circle.
        let _edges = self.work_for(run.from, index);
        let mut attempt = Attempt::new(self, index, Phase::Stop, claim);
        let mut held = Held { node: self.node(index), up };
        let stopped = self.stop_up(index, &held.up, run).await;
        let Some(claim) = attempt.claim.take() else { return Ok(()) };
        if matches!(stopped, Err(Failure::Async)) && !self.slots.is_closed() {
            // It did not begin to stop, so it is as it was.
            self.tell_stopped(index, stopped.as_ref().err());
            claim.give_up(Life::Loaded(held.take()));
            let state = State::failed(Phase::Stop, Failure::Async);
            self.announce(index, &state);
            return self.result(index, Seen { state, up: Up::default() }).map(drop);
        }
        let seen_by_others = claim.enter(Phase::Stop);
        let left = within(held.node, || catch(|| drop((held.take(), seen_by_others))));
        let stopped = stopped.and(left);
        self.tell_stopped(index, stopped.as_ref().err());
        let seen = claim.give_up(match stopped {
            Ok(()) => Life::Stopped,
            Err(failure) => Life::Failed(Phase::Stop, Arc::new(failure)),
        });
        self.announce(index, &seen.state);
        match seen.state {
            State::Failed { .. } => self.result(index, seen).map(drop),
            _ => Ok(()),
        }
    }

    /// Calls a plugin's `stop`. Nothing can keep it from being stopped.
    pub(crate) async fn stop_up(
        &self,
        index: usize,
        up: &Up,
        run: &mut Run<'_>,
    ) -> Result<(), Failure> {
        let before = Event { up: Some(up), ..self.event(index, Phase::Stop) };
        self.inform(index, &Event { moment: Moment::Before, ..before });
        if let Some(manager) = self.handle(index) {
            run.kwargs.set(MANAGER, manager);
        }
        stop(up, &mut run.kwargs, self.node(index), run.mode).await
    }

    pub(crate) fn tell_stopped(&self, index: usize, error: Option<&Failure>) {
        let moment = if error.is_some() { Moment::Failed } else { Moment::After };
        self.inform(index, &Event { moment, error, ..self.event(index, Phase::Stop) });
    }

    /// The app takes a plugin away that is neither loaded nor moved. False
    /// when it is.
    pub(crate) fn disable(&self, index: usize, reason: &str) -> bool {
        let disabled = self.slots.disable(index, DisabledBy::App, reason);
        if disabled == Some(true) {
            let event = self.event(index, Phase::Condition);
            let event = Event { moment: Moment::Disabled, reason: Some(reason), ..event };
            self.inform(index, &event);
            self.announce(index, &State::disabled(DisabledBy::App, reason.to_owned()));
        }
        disabled.is_some()
    }

    /// Lets the listeners hear that the plugin is known, and veto it.
    pub(crate) fn resolve(&self, index: usize) {
        let phase = Phase::Resolve;
        let at = |moment| Event { moment, ..self.event(index, phase) };
        let resolved = self.tell(index, &at(Moment::Before));
        let Err(ended) = resolved.and_then(|()| self.tell(index, &at(Moment::After))) else {
            return;
        };
        self.tell_end(index, phase, &ended);
        let life = match ended {
            Ended::Disabled(by, reason) => Life::Disabled(by, reason),
            Ended::Failed(phase, failure) => Life::Failed(phase, failure.into()),
        };
        self.slots.refuse(index, life);
    }

    /// A state as the result of loading.
    pub(crate) fn result(&self, index: usize, seen: Seen) -> Result<Seen, PluginError> {
        let info = self.plugins[index].info;
        match seen.state {
            State::Disabled { by, reason } => Err(PluginError::Disabled {
                name: info.name(),
                namespace: info.namespace(),
                by,
                reason,
            }),
            State::Failed { phase, error, attempts } => {
                Err(PluginError::Failed { name: info.name(), phase, error, attempts })
            }
            _ => Ok(seen),
        }
    }

    fn event(&self, index: usize, phase: Phase) -> Event<'_> {
        Event {
            plugin: self.plugins[index].info,
            phase,
            moment: Moment::Failed,
            up: None,
            error: None,
            reason: None,
            manager: None,
        }
    }

    /// Tells every listener; the first veto is the result. A panic is a
    /// warning in the report, and no veto.
    fn tell(&self, index: usize, event: &Event<'_>) -> Result<(), Ended> {
        if self.listeners.is_empty() {
            return Ok(());
        }
        let manager = self.handle(index);
        let event = &Event { manager: manager.as_ref(), ..*event };
        let mut verdict = Ok(());
        for listener in &self.listeners {
            let heard = within(self.node(index), || {
                catch(|| match listener.hear(event) {
                    // A later veto changes nothing. Its error may panic when it is dropped.
                    Err(veto) if verdict.is_ok() => verdict = Err(veto),
                    _ => {}
                })
            });
            if let Err(failure) = heard {
                self.listener_panicked(event.plugin, &failure);
            }
        }
        verdict.map_err(|Veto(refusal)| match refusal {
            Refusal::Disable(reason) => Ended::Disabled(DisabledBy::Listener, reason.into()),
            Refusal::Fail(error) => Ended::Failed(event.phase, Failure::Error(error)),
        })
    }

    /// Tells every listener what none of them can change.
    fn inform(&self, index: usize, event: &Event<'_>) {
        let verdict = self.tell(index, event);
        let _ = within(self.node(index), || catch(|| drop(verdict)));
    }

    /// Tells that a plugin did not come up.
    fn tell_end(&self, index: usize, phase: Phase, ended: &Ended) {
        let event = self.event(index, phase);
        match ended {
            Ended::Disabled(_, reason) => {
                let (moment, reason) = (Moment::Disabled, Some(&**reason));
                self.inform(index, &Event { moment, reason, ..event });
            }
            Ended::Failed(phase, failure) => {
                self.inform(index, &Event { phase: *phase, error: Some(failure), ..event });
            }
        }
    }

    fn listener_panicked(&self, plugin: PluginInfo, failure: &Failure) {
        let message = match failure {
            Failure::Panic(message) => message.clone(),
            other => other.to_string(),
        };
        announce_panic(plugin, &message);
        let warning = Warning::ListenerPanicked { plugin: plugin.name(), message };
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Every plugin as it is now.
    pub(crate) fn report(&self) -> Report {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Report {
            namespace: Cow::Owned(self.namespace.clone()),
            tables: self.tables,
            closed: self.slots.is_closed(),
            plugins: Box::new(Outcomes::noted(self.reports(self.slots.see_all()))),
            warnings,
        }
    }

    /// One plugin as it is now.
    pub(crate) fn report_of(&self, index: usize) -> PluginReport {
        let seen = self.slots.see(index);
        if matches!(seen.state, State::Resolved) && !self.plugins[index].dependencies.is_empty() {
            // Whether it is skipped depends on those before it.
            let mut seen = self.slots.see_all();
            seen.truncate(index + 1);
            if let Some(report) = self.reports(seen).pop() {
                return report;
            }
        }
        PluginReport::new(self.plugins[index].info, seen.state, seen.up)
    }

    fn reports(&self, seen: Vec<Seen>) -> Vec<PluginReport> {
        let mut reports: Vec<PluginReport> = Vec::with_capacity(seen.len());
        for (managed, seen) in self.plugins.iter().zip(seen) {
            let state = match seen.state {
                State::Resolved => self.skipped(managed, &reports).unwrap_or(State::Resolved),
                state => state,
            };
            reports.push(PluginReport::new(managed.info, state, seen.up));
        }
        reports
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
        let _ = catch(|| announce(self.plugins[index].info, state));
    }

    fn announce_skipped(&self, index: usize, error: &PluginError) {
        if let PluginError::Skipped { dependency, .. } = error {
            let by_failure = error.is_failure();
            self.announce(index, &State::Skipped { dependency, by_failure });
        }
    }
}

/// One plugin on its way up or down. Dropped before its end, as when an async
/// task is cancelled, it leaves the plugin failed, and tells that.
pub(crate) struct Attempt<'i> {
    inner: &'i Inner,
    index: usize,
    phase: Phase,
    /// Whether a phase of the plugin's own has begun.
    began: bool,
    /// None once it is settled.
    claim: Option<Claim<'i>>,
}

impl<'i> Attempt<'i> {
    fn new(inner: &'i Inner, index: usize, phase: Phase, claim: Claim<'i>) -> Self {
        Attempt { inner, index, phase, began: false, claim: Some(claim) }
    }

    /// One that moves nothing.
    #[cfg(feature = "patch")]
    pub(crate) fn unclaimed(inner: &'i Inner, index: usize, phase: Phase) -> Self {
        Attempt { inner, index, phase, began: false, claim: None }
    }

    fn tell(&self, phase: Phase, moment: Moment, up: &Up) -> Result<(), Ended> {
        let Attempt { inner, index, .. } = *self;
        inner.tell(index, &Event { moment, up: Some(up), ..inner.event(index, phase) })
    }
}

impl Watch for Attempt<'_> {
    fn before(&mut self, phase: Phase, up: &Up) -> Result<(), Ended> {
        (self.phase, self.began) = (phase, true);
        if let Some(claim) = self.claim.as_ref().filter(|_| phase != Phase::Init) {
            // A plugin that comes up has left nothing yet.
            drop(claim.enter(phase));
        }
        self.tell(phase, Moment::Before, up)
    }

    fn after(&mut self, phase: Phase, up: &Up) -> Result<(), Ended> {
        self.tell(phase, Moment::After, up)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let Attempt { inner, index, phase, .. } = *self;
        let Some(claim) = self.claim.take() else { return };
        let seen_by_others = claim.enter(phase);
        let _ = within(inner.node(index), || catch(|| drop(seen_by_others)));
        let failure = Failure::Cancelled;
        inner.inform(index, &Event { error: Some(&failure), ..inner.event(index, phase) });
        let seen = claim.give_up(Life::Failed(phase, Arc::new(failure)));
        inner.announce(index, &seen.state);
        if inner.slots.is_closed() {
            // What the manager left to this call when it was dropped.
            let mut run = inner.run(Kwargs::new(), None, Async::Refused);
            let _ = at_once(inner.stop_all(&mut run));
        }
    }
}
