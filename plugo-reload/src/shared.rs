use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use plugo_core::{BoxError, DisabledBy, IntoValue, Kwargs, PluginError, PluginInfo};
use plugo_core::{PluginManager, PluginReport, State};

use crate::config::{Config, ConfigFile};
use crate::departures::{Departures, NotLeft};
use crate::drive::{Drive, caught};
use crate::error::{Problem, ReloadError};
use crate::generation::{Generation, Parts};
use crate::snapshot::Snapshot;
use crate::turn::{Turn, Turns};
use crate::wanted::{Built, Wanted};

/// How long the end waits for plugins that are awaited.
const AWAITED: Duration = Duration::from_secs(2);

/// Makes the part that a plugin is to fill, given the parts of those that it
/// depends on.
pub(crate) type Fresh<P> = Box<dyn Fn(&Parts<'_, P>) -> P + Send + Sync>;

/// Puts together what plugins contribute.
pub(crate) type Assemble<P, G> = Box<dyn Fn(&Parts<'_, P>) -> Result<G, BoxError> + Send + Sync>;

/// What all handles of a reloader share.
pub(crate) struct Shared<P, G> {
    pub(crate) manager: PluginManager,
    pub(crate) config: Option<ConfigFile>,
    pub(crate) debounce: Duration,
    pub(crate) patience: Duration,
    pub(crate) argument: &'static str,
    pub(crate) fresh: Fresh<P>,
    pub(crate) assemble: Assemble<P, G>,
    pub(crate) drive: Drive,
    pub(crate) current: ArcSwap<Generation<G>>,
    /// What is served when nothing runs any more.
    pub(crate) nothing: Arc<Generation<G>>,
    pub(crate) turns: Turns,
    /// Only whose turn it is changes this.
    pub(crate) running: Mutex<Running<P>>,
    pub(crate) departures: Arc<Departures>,
}

/// What reloads know of each other.
pub(crate) struct Running<P> {
    /// What each running plugin contributes.
    pub(crate) parts: BTreeMap<&'static str, P>,
    /// What the config file held when it was read last.
    pub(crate) seen: Option<Snapshot>,
    /// Whether the last reload failed, so that what runs is not what the file says.
    pub(crate) is_behind: bool,
    pub(crate) is_closed: bool,
}

impl<P, G> Shared<P, G> {
    pub(crate) fn turn(&self, patience: Duration) -> Result<Turn<'_>, ReloadError> {
        let turn = self.turns.take(patience);
        turn.map_err(|(waited, plugin)| ReloadError::Busy { plugin, waited })
    }

    pub(crate) fn running(&self) -> MutexGuard<'_, Running<P>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops all plugins, and waits for them that long.
    pub(crate) fn close(&self, patience: Duration) -> Result<(), ReloadError> {
        let begun = Instant::now();
        let _turn = self.turn(patience)?;
        self.leave();
        let patience = patience.saturating_sub(begun.elapsed());
        self.departures.wait_for_all(true, patience).map_err(not_left)
    }

    /// Lets all plugins leave, for good.
    fn leave(&self) {
        let mut running = self.running();
        running.is_closed = true;
        let current = self.current.load_full();
        for lease in current.leases() {
            self.departures.expect(lease);
        }
        let parts = std::mem::take(&mut running.parts);
        drop(running);
        // What plugins leave may panic when it is dropped.
        let _ = caught(|| drop(parts));
        self.current.store(Arc::clone(&self.nothing));
        let _ = caught(|| drop(current));
    }
}

impl<P, G> Drop for Shared<P, G> {
    fn drop(&mut self) {
        self.leave();
        // Who waits may be the very thread that is to go on with a `stop` that is awaited.
        let patience = match self.drive.is_there() {
            true => self.patience.min(AWAITED),
            false => self.patience,
        };
        let _ = self.departures.wait_for_all(false, patience);
    }
}

/// Why a plugin that was waited for has not left.
pub(crate) fn not_left((plugin, why): (&'static str, NotLeft)) -> ReloadError {
    match why {
        NotLeft::Still(waited) => ReloadError::Stopping { plugin, waited },
        NotLeft::Failed(message) => ReloadError::Stop { plugin, message },
    }
}

impl<P, G> Shared<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    /// What the config file asks for, within what was built in.
    pub(crate) fn wanted(&self) -> Result<Wanted, Vec<Problem>> {
        let plugins: Vec<PluginInfo> = self.manager.plugins().collect();
        let namespace = self.manager.namespace();
        let config = match &self.config {
            Some(config) => config.read()?,
            None => Config::all_on(namespace, plugins.iter().map(PluginInfo::name)),
        };
        let tables = plugo_core::tables();
        let infos = tables.iter().flat_map(|table| table.iter());
        let mut namespaces: BTreeSet<&str> = infos.map(|plugin| plugin.namespace()).collect();
        let has_more = namespaces.is_empty();
        namespaces.insert(namespace);
        Built { namespace, plugins: &plugins, namespaces, has_more }.wanted(&config)
    }

    /// Loads a plugin, from anew where it failed before or was disabled by what may
    /// think otherwise now. None when it was not awaited to its end.
    pub(crate) fn load(
        &self,
        plugin: &str,
        kwargs: Kwargs<'_>,
    ) -> Option<Result<PluginReport, PluginError>> {
        let call = self.manager.with(kwargs);
        let state = match self.manager.state(plugin) {
            Ok(state) => state,
            Err(error) => return Some(Err(error)),
        };
        let is_failed = matches!(state, State::Failed { .. });
        let is_asked_again = match state {
            State::Disabled { by, .. } => {
                !matches!(by, DisabledBy::Environment | DisabledBy::Filter | DisabledBy::App)
            }
            _ => false,
        };
        if !self.drive.is_there() {
            return Some(match (is_failed, is_asked_again) {
                (true, _) => call.retry(plugin),
                (_, true) => call.enable(plugin),
                _ => call.load(plugin),
            });
        }
        let loading = async {
            match (is_failed, is_asked_again) {
                (true, _) => call.retry_async(plugin).await,
                (_, true) => call.enable_async(plugin).await,
                _ => call.load_async(plugin).await,
            }
        };
        self.drive.finish(loading)
    }
}
