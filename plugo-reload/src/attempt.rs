use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(feature = "patch")]
use plugo_core::Beside;
use plugo_core::{IntoValue, Kwargs, PluginError, PluginInfo};

use crate::departures::Lease;
use crate::drive::UNFINISHED;
use crate::error::ReloadError;
use crate::generation::{Generation, Parts};
use crate::leaving::Key;
use crate::reloaded::Reloaded;
use crate::shared::{Shared, not_left};
use crate::snapshot::Snapshot;
use crate::turn::Turn;
use crate::wanted::{LeftOut, Wanted};

/// Plugins that begin anew.
#[cfg(feature = "patch")]
mod anew;

/// A plugin that was started for a reload, or why it was not.
enum Start<P> {
    Up(Up<P>),
    Off(String),
}

/// What a plugin contributes that was started.
struct Up<P> {
    part: P,
    /// Its instance, as long as the manager holds another one.
    #[cfg(feature = "patch")]
    beside: Option<Beside>,
}

impl<P> Up<P> {
    fn new(part: P) -> Self {
        Up {
            part,
            #[cfg(feature = "patch")]
            beside: None,
        }
    }
}

impl<P, G> Shared<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    /// Brings the running plugins to what the config file says now.
    pub(crate) fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.reload_with(&[])
    }

    fn reload_with(&self, anew: &[&'static str]) -> Result<Reloaded, ReloadError> {
        let result = self.drive.apart(|| self.attempt(anew));
        announce(&result);
        result
    }

    fn attempt(&self, anew: &[&'static str]) -> Result<Reloaded, ReloadError> {
        let turn = self.turn(self.patience)?;
        let mut running = self.running();
        if running.is_closed {
            return Err(ReloadError::Closed);
        }
        // Whoever asks meanwhile does not wait for the plugins.
        let kept = std::mem::take(&mut running.parts);
        running.is_behind = true;
        let paths: Vec<_> = self.config.iter().map(|config| config.path.clone()).collect();
        running.seen = Some(Snapshot::take(&paths, None, &Snapshot::default()));
        drop(running);
        let started = Vec::new();
        Attempt { shared: self, turn, anew, kept, started, is_done: false }.run()
    }
}

/// One reload.
struct Attempt<'s, P, G> {
    shared: &'s Shared<P, G>,
    turn: Turn<'s>,
    /// Those that begin anew although they run.
    anew: &'s [&'static str],
    /// The parts of those that ran before.
    kept: BTreeMap<&'static str, P>,
    /// Those that were started for it, in load order.
    started: Vec<(Lease, Up<P>)>,
    /// Whether there is nothing to undo.
    is_done: bool,
}

/// Whatever ends an attempt that is not done, an error or a panic, everything is
/// as it was before.
impl<P, G> Drop for Attempt<'_, P, G> {
    fn drop(&mut self) {
        if !self.is_done {
            self.undo();
        }
    }
}

impl<P, G> Attempt<'_, P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    fn run(mut self) -> Result<Reloaded, ReloadError> {
        let shared = self.shared;
        let Wanted { plugins, mut left_out, warnings } =
            shared.wanted().map_err(ReloadError::Config)?;
        let current = shared.current.load_full();
        let mut members: Vec<Lease> = Vec::new();
        for (place, plugin) in plugins {
            let is_it = |lease: &&Lease| lease.plugin().name() == plugin.name();
            let runs = current.leases().iter().find(is_it);
            if let Some(lease) = runs.filter(|_| !self.anew.contains(&plugin.name())) {
                members.push(lease.clone());
                continue;
            }
            let missing = plugin.dependencies().find(|needed| {
                left_out.iter().any(|left_out: &LeftOut| left_out.plugin == needed.name())
            });
            let start = match missing {
                Some(missing) => {
                    Start::Off(format!("it depends on `{}`, which is left out", missing.name()))
                }
                #[cfg(feature = "patch")]
                None if runs.is_some() => self.start_beside(plugin, &members)?,
                None => self.start(place, plugin, &members)?,
            };
            match start {
                Start::Up(up) => {
                    let lease = shared.departures.lease(place, plugin);
                    members.push(lease.clone());
                    self.started.push((lease, up));
                }
                Start::Off(reason) => left_out.push(LeftOut { plugin: plugin.name(), reason }),
            }
        }
        self.turn.begins(None);
        let is_member = |name: &str| members.iter().any(|lease| lease.plugin().name() == name);
        let reloaded = Reloaded {
            generation: current.number() + 1,
            started: self.started.iter().map(|(lease, _)| lease.plugin().name()).collect(),
            stopping: current.plugins().rev().filter(|name| !is_member(name)).collect(),
            kept: members.len() - self.started.len(),
            left_out,
            warnings,
        };
        if reloaded.is_unchanged() && current.number() > 0 {
            let mut running = shared.running();
            running.parts = std::mem::take(&mut self.kept);
            running.is_behind = false;
            self.is_done = true;
            drop(running);
            return Ok(Reloaded { generation: current.number(), ..reloaded });
        }
        let value = self.assemble(&members)?;
        let generation = Generation::new(value, reloaded.generation, members);
        // From here on nothing fails.
        self.is_done = true;
        for lease in current.leases() {
            if reloaded.stopping.contains(&lease.plugin().name()) {
                shared.departures.expect(lease);
            }
        }
        #[cfg(feature = "patch")]
        self.exchange(&current);
        let leaving = reloaded.stopping.iter().chain(&reloaded.started);
        let gone: Vec<P> = leaving.filter_map(|name| self.kept.remove(name)).collect();
        let mut parts = std::mem::take(&mut self.kept);
        let started = self.started.drain(..);
        parts.extend(started.map(|(lease, up)| (lease.plugin().name(), up.part)));
        let mut running = shared.running();
        running.parts = parts;
        running.is_behind = false;
        drop(running);
        shared.current.store(Arc::new(generation));
        // What plugins leave may panic when it is dropped.
        let _ = shared.drive.call(|| drop(gone));
        let _ = shared.drive.call(|| drop(current));
        Ok(reloaded)
    }

    /// Initialises a plugin with a part of its own.
    fn start(
        &self,
        place: usize,
        plugin: PluginInfo,
        members: &[Lease],
    ) -> Result<Start<P>, ReloadError> {
        let (shared, name) = (self.shared, plugin.name());
        // What this waits for is told of when it is over.
        self.turn.waits();
        let left = shared.departures.wait(place, shared.patience);
        left.map_err(|why| not_left((name, why)))?;
        self.turn.begins(Some(name));
        if shared.manager.is_loaded(name).unwrap_or(false) {
            return Err(ReloadError::Loaded { plugin: name });
        }
        let mut part = self.fresh(plugin, members)?;
        let kwargs = Kwargs::new().with(shared.argument, &mut part);
        let loaded = shared.load(name, kwargs).map(|loaded| loaded.map(drop));
        self.outcome(name, part, loaded, |part, ()| Up::new(part))
    }

    /// A part that a plugin is to fill.
    fn fresh(&self, plugin: PluginInfo, members: &[Lease]) -> Result<P, ReloadError> {
        let shared = self.shared;
        let needed = members.iter().filter(|lease| depends(plugin, lease.plugin()));
        let parts = self.parts(needed);
        let fresh = shared.drive.call(|| (shared.fresh)(&parts));
        let plugin = Some(plugin.name());
        fresh.map_err(|message| ReloadError::Assemble { plugin, message })
    }

    /// The parts of these plugins.
    fn parts<'l>(&self, leases: impl IntoIterator<Item = &'l Lease>) -> Parts<'_, P> {
        let started = |name| {
            let mut started = self.started.iter();
            started.find(|(lease, _)| lease.plugin().name() == name).map(|(_, up)| &up.part)
        };
        let part = |lease: &Lease| {
            let name = lease.plugin().name();
            // One that begins anew is among both.
            Some((started(name).or_else(|| self.kept.get(name))?, lease.clone()))
        };
        Parts::new(leases.into_iter().filter_map(part))
    }

    fn assemble(&self, members: &[Lease]) -> Result<G, ReloadError> {
        let parts = self.parts(members);
        let value = self.shared.drive.call(|| (self.shared.assemble)(&parts));
        let error = |message| ReloadError::Assemble { plugin: parts.at(), message };
        value.map_err(error)?.map_err(|refused| error(refused.to_string()))
    }

    /// What came of starting a plugin; nothing when it was not awaited to its end.
    fn outcome<T>(
        &self,
        plugin: &'static str,
        part: P,
        loaded: Option<Result<T, PluginError>>,
        up: impl FnOnce(P, T) -> Up<P>,
    ) -> Result<Start<P>, ReloadError> {
        let error = match loaded {
            Some(Ok(loaded)) => return Ok(Start::Up(up(part, loaded))),
            Some(Err(error)) => Some(error),
            None => None,
        };
        // It may panic when it is dropped.
        let _ = self.shared.drive.call(|| drop(part));
        match error {
            Some(PluginError::Disabled { by, reason, .. }) => {
                Ok(Start::Off(format!("it is disabled by {by}: {reason}")))
            }
            Some(error) if !error.is_failure() => Ok(Start::Off(error.to_string())),
            Some(error) => Err(ReloadError::Init { plugin, error }),
            None => {
                let message = UNFINISHED.to_owned();
                Err(ReloadError::Assemble { plugin: Some(plugin), message })
            }
        }
    }
}

impl<P, G> Attempt<'_, P, G> {
    /// Stops what was started, and leaves everything else as it was.
    fn undo(&mut self) {
        let shared = self.shared;
        shared.running().parts = std::mem::take(&mut self.kept);
        self.turn.waits();
        if self.started.is_empty() {
            return;
        }
        for (lease, _up) in &mut self.started {
            #[cfg(feature = "patch")]
            if let Some(beside) = _up.beside.take() {
                shared.departures.expect_beside(lease, beside);
                continue;
            }
            shared.departures.expect(lease);
        }
        let keys: Vec<Key> = self.started.iter().map(|(lease, _)| lease.key()).collect();
        while let Some((lease, up)) = self.started.pop() {
            let _ = shared.drive.call(|| drop(up));
            drop(lease);
        }
        for key in keys {
            shared.departures.wait_for(key, shared.patience);
        }
    }
}

/// Whether the one needs the other, through others too.
fn depends(one: PluginInfo, other: PluginInfo) -> bool {
    let mut needed = one.dependencies();
    needed.any(|needed| needed.name() == other.name() || depends(needed, other))
}

#[cfg(feature = "tracing")]
fn announce(result: &Result<Reloaded, ReloadError>) {
    match result {
        Ok(reloaded) if !reloaded.warnings.is_empty() => {
            tracing::warn!(generation = reloaded.generation, "{reloaded}");
        }
        Ok(reloaded) if reloaded.is_unchanged() => tracing::debug!("{reloaded}"),
        Ok(reloaded) if reloaded.kept == 0 && reloaded.started.is_empty() => {
            tracing::warn!(generation = reloaded.generation, "no plugin runs any more: {reloaded}");
        }
        Ok(reloaded) => tracing::info!(generation = reloaded.generation, "{reloaded}"),
        Err(error) => tracing::error!("the plugins are as they were: {error}"),
    }
}

#[cfg(not(feature = "tracing"))]
fn announce(_: &Result<Reloaded, ReloadError>) {}
