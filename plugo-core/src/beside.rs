use std::fmt;

use crate::drive::{Async, Ended, Held, at_once};
use crate::error::PluginError;
use crate::inner::{Attempt, Run};
use crate::kwargs::Kwargs;
use crate::lifecycle::Phase;
use crate::manager::PluginManager;
use crate::slots::Seen;
use crate::state::State;

/// Not public API: an instance of a plugin beside the one that its manager
/// holds, with which it can change places. When code is patched, the new
/// instance comes up while the old one still serves, and the old one is stopped
/// when its last user is done.
#[doc(hidden)]
pub struct Beside {
    manager: PluginManager,
    index: usize,
    held: Held,
}

impl PluginManager {
    /// Brings up another instance of a plugin that is loaded. What the manager
    /// holds stays as it is.
    #[doc(hidden)]
    pub fn beside(&self, name: &str, kwargs: Kwargs<'_>) -> Result<Beside, PluginError> {
        at_once(self.bring_up_beside(name, kwargs, Async::Refused))
    }

    /// The same, and awaits what is `async`.
    #[doc(hidden)]
    pub async fn beside_async(
        &self,
        name: &str,
        kwargs: Kwargs<'_>,
    ) -> Result<Beside, PluginError> {
        self.bring_up_beside(name, kwargs, Async::Awaited).await
    }

    async fn bring_up_beside(
        &self,
        name: &str,
        kwargs: Kwargs<'_>,
        mode: Async,
    ) -> Result<Beside, PluginError> {
        let inner = &*self.inner;
        let index = inner.index(name)?;
        let mut run: Run<'_> = inner.run(kwargs, None, mode);
        // Nothing is claimed: the one that is loaded stays so.
        let mut attempt = Attempt::unclaimed(inner, index, Phase::Init);
        match inner.bring_up(&mut attempt, &mut run).await {
            Ok(up) => {
                let held = Held { node: inner.node(index), up };
                Ok(Beside { manager: self.clone(), index, held })
            }
            Err(ended) => {
                let state = match ended {
                    Ended::Failed(phase, failure) => State::failed(phase, failure),
                    ended => State::from(ended),
                };
                let seen = Seen { state, up: Default::default() };
                Err(inner.result(index, seen).err().unwrap_or(PluginError::Closed))
            }
        }
    }
}

impl Beside {
    /// Changes places with the instance that the manager holds. False when the
    /// manager holds none, and nothing has changed.
    pub fn exchange(&mut self) -> bool {
        self.manager.inner.slots.exchange(self.index, &mut self.held.up)
    }

    /// Stops it.
    pub fn stop(self) -> Result<(), PluginError> {
        at_once(self.bring_down(Async::Refused))
    }

    /// The same, and awaits what is `async`.
    pub async fn stop_async(self) -> Result<(), PluginError> {
        self.bring_down(Async::Awaited).await
    }

    async fn bring_down(mut self, mode: Async) -> Result<(), PluginError> {
        let inner = &*self.manager.inner;
        let mut run = inner.run(Kwargs::new(), None, mode);
        let stopped = inner.stop_up(self.index, &self.held.up, &mut run).await;
        let stopped = stopped.and(self.held.leave());
        inner.tell_stopped(self.index, stopped.as_ref().err());
        let Err(failure) = stopped else { return Ok(()) };
        let state = State::failed(Phase::Stop, failure);
        inner.result(self.index, Seen { state, up: Default::default() }).map(drop)
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Beside").field(&self.manager.inner.plugins[self.index].info.name()).finish()
    }
}
