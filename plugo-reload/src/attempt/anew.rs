//! Plugins that begin anew, from code that has changed while they run: the new
//! instance comes up beside the old one, and changes places with it when
//! nothing can fail any more.

use std::any::Any;

use plugo_core::{IntoValue, Kwargs, PluginInfo};

use super::{Attempt, Start, Up, depends};
use crate::departures::Lease;
use crate::error::ReloadError;
use crate::generation::Generation;
use crate::reloaded::Reloaded;
use crate::shared::Shared;

impl<P, G> Shared<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    /// Plugins of these names begin anew, if they run: their code has changed.
    /// With them do those that depend on them.
    pub(crate) fn renew(&self, plugins: &[&'static str]) -> Result<Reloaded, ReloadError> {
        let is_anew = |plugin: &PluginInfo| {
            plugins.contains(&plugin.name())
                || self
                    .manager
                    .plugins()
                    .any(|other| plugins.contains(&other.name()) && depends(*plugin, other))
        };
        let anew = self.manager.plugins().filter(is_anew).map(|plugin| plugin.name());
        let anew: Vec<&'static str> = anew.collect();
        self.reload_with(&anew)
    }
}

impl<P, G> Attempt<'_, P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    /// Starts another instance of a plugin that runs, from code that has
    /// changed.
    pub(super) fn start_beside(
        &self,
        plugin: PluginInfo,
        members: &[Lease],
    ) -> Result<Start<P>, ReloadError> {
        let (shared, name) = (self.shared, plugin.name());
        self.turn.begins(Some(name));
        let mut part = self.fresh(plugin, members)?;
        let kwargs = Kwargs::new().with(shared.argument, &mut part);
        let loaded = match shared.drive.is_there() {
            true => shared.drive.finish(shared.manager.beside_async(name, kwargs)),
            false => Some(shared.manager.beside(name, kwargs)),
        };
        self.outcome(name, part, loaded, |part, beside| Up {
            beside: Some(beside),
            ..Up::new(part)
        })
    }

    /// Instances that were started beside others take their places, and those
    /// are stopped when they are free.
    pub(super) fn exchange(&mut self, current: &Generation<G>) {
        for (lease, up) in &mut self.started {
            let name = lease.plugin().name();
            let mut old = current.leases().iter().filter(|lease| lease.plugin().name() == name);
            if let (Some(mut beside), Some(old)) = (up.beside.take(), old.next())
                && beside.exchange()
            {
                self.shared.departures.expect_beside(old, beside);
            }
        }
    }
}
