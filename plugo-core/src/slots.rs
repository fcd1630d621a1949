use std::borrow::Cow;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::drive::{Async, Up};
use crate::failure::Failure;
use crate::lifecycle::Phase;
use crate::state::{DisabledBy, State};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Where each plugin of a manager is in its life, and who may move it.
///
/// One mutex holds all of it, and is held for a look or a change and never
/// while anybody's code runs: what a change takes out of it, a plugin's error
/// or value perhaps, is dropped after that. A plugin that is moved belongs to
/// one [`Claim`]; everybody else waits until that one settles it.
#[derive(Debug)]
pub(crate) struct Slots {
    inner: Mutex<Inner>,
    settled: Condvar,
}

#[derive(Debug)]
struct Inner {
    slots: Vec<Slot>,
    /// Nothing loads any more.
    closed: bool,
}

#[derive(Debug)]
struct Slot {
    life: Life,
    /// How often it was tried since it was last loaded.
    attempts: u32,
    /// Whether what moves it may await something, and so stop half-way.
    awaited: bool,
    /// Async tasks that wait until it is settled.
    waiting: Vec<Waker>,
}

/// One state, with what belongs to it.
#[derive(Debug)]
pub(crate) enum Life {
    Resolved,
    /// Somebody moves it, and is in this phase.
    Running(Phase),
    Loaded(Up),
    /// Its `stop` runs: it is loaded until that is over.
    Stopping(Up),
    Stopped,
    Disabled(DisabledBy, Cow<'static, str>),
    Failed(Phase, Arc<Failure>),
}

/// What is seen when a plugin is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) state: State,
    pub(crate) up: Up,
}

/// What came of a claim.
pub(crate) enum Claimed<'s> {
    /// It is the claimant's to load.
    Resolved(Claim<'s>),
    /// It is the claimant's to stop.
    Loaded(Claim<'s>, Up),
    /// It is in a state in which there is nothing to do.
    Settled(Seen),
    /// Somebody else moves it.
    Running,
    /// A plugin that depends on it is loaded, or moved.
    Needed(usize),
    /// Somebody else moves it, or one that depends on it, and will stop it:
    /// the manager is closed, and what they do may be suspended.
    Left,
    Closed,
}

/// The right to move one plugin. Dropped without being settled, as when an
/// async task is cancelled, it leaves the plugin failed.
pub(crate) struct Claim<'s> {
    slots: &'s Slots,
    index: usize,
    settled: bool,
}

impl Slots {
    pub(crate) fn new(lives: Vec<Life>) -> Self {
        let slot = |life| Slot { life, attempts: 0, awaited: false, waiting: Vec::new() };
        let slots = lives.into_iter().map(slot).collect();
        Slots { inner: Mutex::new(Inner { slots, closed: false }), settled: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the plugin is loaded, and nobody stops it.
    pub(crate) fn is_up(&self, index: usize) -> bool {
        matches!(self.lock().slots[index].life, Life::Loaded(_))
    }

    /// Whether somebody moves the plugin.
    pub(crate) fn is_moved(&self, index: usize) -> bool {
        self.lock().slots[index].is_moved()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn see(&self, index: usize) -> Seen {
        self.lock().slots[index].see()
    }

    /// All of them at one moment.
    pub(crate) fn see_all(&self) -> Vec<Seen> {
        self.lock().slots.iter().map(Slot::see).collect()
    }

    /// Another instance takes the place of the one that is loaded. False when
    /// none is.
    #[cfg(feature = "patch")]
    pub(crate) fn exchange(&self, index: usize, up: &mut Up) -> bool {
        match &mut self.lock().slots[index].life {
            Life::Loaded(loaded) => {
                mem::swap(loaded, up);
                true
            }
            _ => false,
        }
    }

    /// Claims a plugin to load it.
    pub(crate) fn claim_to_load(&self, index: usize, mode: Async) -> Claimed<'_> {
        let mut inner = self.lock();
        if inner.closed {
            return Claimed::Closed;
        }
        let slot = &mut inner.slots[index];
        match slot.life {
            Life::Running(_) | Life::Stopping(_) => Claimed::Running,
            _ if slot.is_loadable(mode) => {
                slot.attempts += 1;
                slot.awaited = mode == Async::Awaited;
                // At most the refusal to await it was in its place.
                slot.life = Life::Running(Phase::Init);
                Claimed::Resolved(Claim { slots: self, index, settled: false })
            }
            _ => Claimed::Settled(slot.see()),
        }
    }

    /// Claims a plugin to stop it, unless one of its dependents needs it.
    pub(crate) fn claim_to_stop(
        &self,
        index: usize,
        dependents: &[usize],
        mode: Async,
    ) -> Claimed<'_> {
        let mut inner = self.lock();
        let left = |slot: &Slot| inner.closed && slot.awaited && mode == Async::Refused;
        let slot = &inner.slots[index];
        if slot.is_moved() {
            return if left(slot) { Claimed::Left } else { Claimed::Running };
        }
        if !matches!(slot.life, Life::Loaded(_)) {
            return Claimed::Settled(slot.see());
        }
        let needs = |i: &&usize| {
            let slot = &inner.slots[**i];
            slot.is_moved() || matches!(slot.life, Life::Loaded(_))
        };
        if let Some(&dependent) = dependents.iter().rev().find(needs) {
            let slot = &inner.slots[dependent];
            return if slot.is_moved() && left(slot) {
                Claimed::Left
            } else {
                Claimed::Needed(dependent)
            };
        }
        let slot = &mut inner.slots[index];
        slot.awaited = mode == Async::Awaited;
        match mem::replace(&mut slot.life, Life::Running(Phase::Stop)) {
            Life::Loaded(up) => {
                slot.life = Life::Stopping(up.clone());
                Claimed::Loaded(Claim { slots: self, index, settled: false }, up)
            }
            _ => unreachable!("it is loaded, and the lock is held"),
        }
    }

    /// Waits until nobody moves the plugin, on the thread or in the task.
    pub(crate) async fn wait(&self, index: usize, mode: Async) {
        match mode {
            Async::Refused => {
                let mut inner = self.lock();
                while inner.slots[index].is_moved() {
                    inner = self.settled.wait(inner).unwrap_or_else(PoisonError::into_inner);
                }
            }
            Async::Awaited => {
                poll_fn(|context| {
                    let slot = &mut self.lock().slots[index];
                    if !slot.is_moved() {
                        return Poll::Ready(());
                    }
                    if !slot.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                        slot.waiting.push(context.waker().clone());
                    }
                    Poll::Pending
                })
                .await;
            }
        }
    }

    /// Makes a plugin that nobody moves loadable again, if `when` says so of
    /// its life. True when it did.
    pub(crate) fn reset(&self, index: usize, when: impl FnOnce(&Life) -> bool) -> bool {
        let mut inner = self.lock();
        let resets = !inner.closed && when(&inner.slots[index].life);
        let old = resets.then(|| mem::replace(&mut inner.slots[index].life, Life::Resolved));
        drop(inner);
        drop(old);
        resets
    }

    /// A listener refuses a plugin that is resolved.
    pub(crate) fn refuse(&self, index: usize, life: Life) {
        let mut inner = self.lock();
        let slot = &mut inner.slots[index];
        let unused = match slot.life {
            Life::Resolved => mem::replace(&mut slot.life, life),
            _ => life,
        };
        drop(inner);
        drop(unused);
    }

    /// Disables a plugin that is neither loaded nor moved. `None` when it is;
    /// otherwise whether it is disabled by this.
    pub(crate) fn disable(&self, index: usize, by: DisabledBy, reason: &str) -> Option<bool> {
        let mut inner = self.lock();
        let slot = &mut inner.slots[index];
        let old = match slot.life {
            Life::Loaded(_) | Life::Running(_) | Life::Stopping(_) => return None,
            // What the environment or a filter took away, stays theirs.
            Life::Disabled(DisabledBy::Environment | DisabledBy::Filter, _) => None,
            _ => Some(mem::replace(&mut slot.life, Life::Disabled(by, reason.to_owned().into()))),
        };
        drop(inner);
        Some(old.is_some())
    }

    /// From here on nothing loads.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Gives a plugin its state; a closed manager loads nothing, and what
    /// would be loaded comes back.
    fn settle(&self, index: usize, life: Life) -> Result<Seen, Up> {
        let mut inner = self.lock();
        let life = match life {
            Life::Loaded(up) if inner.closed => return Err(up),
            life => life,
        };
        let slot = &mut inner.slots[index];
        match life {
            Life::Loaded(_) => slot.attempts = 0,
            // It was not tried.
            Life::Resolved | Life::Disabled(..) => {
                slot.attempts = slot.attempts.saturating_sub(1);
            }
            _ => {}
        }
        let old = mem::replace(&mut slot.life, life);
        let seen = slot.see();
        let waiting = mem::take(&mut slot.waiting);
        drop(inner);
        drop(old);
        self.settled.notify_all();
        waiting.into_iter().for_each(Waker::wake);
        Ok(seen)
    }
}

impl Slot {
    /// Whether a load begins. One that failed only because it is async, and was
    /// not to be awaited, was not tried.
    fn is_loadable(&self, mode: Async) -> bool {
        match &self.life {
            Life::Resolved | Life::Stopped => true,
            Life::Failed(_, error) => mode == Async::Awaited && matches!(**error, Failure::Async),
            _ => false,
        }
    }

    fn is_moved(&self) -> bool {
        matches!(self.life, Life::Running(_) | Life::Stopping(_))
    }

    fn see(&self) -> Seen {
        let state = match &self.life {
            Life::Resolved | Life::Running(Phase::Resolve | Phase::Init) => State::Resolved,
            Life::Running(Phase::Condition | Phase::Load) => State::Initialised,
            Life::Loaded(up) | Life::Stopping(up) => {
                return Seen { state: State::Loaded, up: up.clone() };
            }
            Life::Stopped | Life::Running(Phase::Stop) => State::Stopped,
            Life::Disabled(by, reason) => State::Disabled { by: *by, reason: reason.clone() },
            Life::Failed(phase, error) => {
                State::Failed { phase: *phase, error: Arc::clone(error), attempts: self.attempts }
            }
        };
        Seen { state, up: Up::default() }
    }
}

impl Claim<'_> {
    /// The plugin enters a phase. What it leaves in the slot comes back, for
    /// the plugin's own code may run when that is dropped.
    #[must_use]
    pub(crate) fn enter(&self, phase: Phase) -> Life {
        mem::replace(&mut self.slots.lock().slots[self.index].life, Life::Running(phase))
    }

    /// Gives the plugin its state, and tells it.
    ///
    /// # Errors
    ///
    /// The claim and what would be loaded, when nothing loads any more: it has
    /// to be stopped.
    pub(crate) fn settle(mut self, life: Life) -> Result<Seen, (Self, Up)> {
        match self.slots.settle(self.index, life) {
            Ok(seen) => {
                self.settled = true;
                Ok(seen)
            }
            Err(up) => Err((self, up)),
        }
    }

    /// Goes back to how it was before it was claimed, or to another state in
    /// which it is not loaded.
    pub(crate) fn give_up(mut self, life: Life) -> Seen {
        self.settled = true;
        let seen = self.slots.settle(self.index, life);
        seen.unwrap_or_else(|up| Seen { state: State::Stopped, up })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let phase = match self.slots.lock().slots[self.index].life {
                Life::Running(phase) => phase,
                _ => Phase::Stop,
            };
            let life = Life::Failed(phase, Arc::new(Failure::Cancelled));
            let _ = self.slots.settle(self.index, life);
        }
    }
}
