use std::borrow::Cow;
use std::future::poll_fn;
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
/// while anybody's code runs. A plugin that is moved is `Running`, which
/// belongs to one [`Claim`]; everybody else waits until that one settles it.
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
    /// Async tasks that wait until it is settled.
    waiting: Vec<Waker>,
}

/// One state, with what belongs to it.
#[derive(Debug)]
pub(crate) enum Life {
    Resolved,
    Running(Phase),
    Loaded(Up),
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
    Settled(State),
    /// Somebody else moves it.
    Running,
    /// A plugin that depends on it is loaded, or moved.
    Needed(usize),
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
        let slot = |life| Slot { life, attempts: 0, waiting: Vec::new() };
        let slots = lives.into_iter().map(slot).collect();
        Slots { inner: Mutex::new(Inner { slots, closed: false }), settled: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_loaded(&self, index: usize) -> bool {
        matches!(self.lock().slots[index].life, Life::Loaded(_))
    }

    /// Whether somebody moves the plugin.
    pub(crate) fn is_running(&self, index: usize) -> bool {
        matches!(self.lock().slots[index].life, Life::Running(_))
    }

    pub(crate) fn see(&self, index: usize) -> Seen {
        self.lock().slots[index].see()
    }

    /// All of them at one moment.
    pub(crate) fn see_all(&self) -> Vec<Seen> {
        self.lock().slots.iter().map(Slot::see).collect()
    }

    /// Claims a plugin to load it.
    pub(crate) fn claim_to_load(&self, index: usize) -> Claimed<'_> {
        let mut inner = self.lock();
        if inner.closed {
            return Claimed::Closed;
        }
        let slot = &mut inner.slots[index];
        match slot.life {
            Life::Running(_) => Claimed::Running,
            Life::Resolved | Life::Stopped => {
                slot.attempts += 1;
                slot.life = Life::Running(Phase::Init);
                Claimed::Resolved(Claim { slots: self, index, settled: false })
            }
            _ => Claimed::Settled(slot.see().state),
        }
    }

    /// Claims a plugin to stop it, unless one of its dependents needs it.
    pub(crate) fn claim_to_stop(&self, index: usize, dependents: &[usize]) -> Claimed<'_> {
        let mut inner = self.lock();
        match inner.slots[index].life {
            Life::Running(_) => return Claimed::Running,
            Life::Loaded(_) => {}
            _ => return Claimed::Settled(inner.slots[index].see().state),
        }
        let needs =
            |i: &&usize| matches!(inner.slots[**i].life, Life::Loaded(_) | Life::Running(_));
        if let Some(&dependent) = dependents.iter().rev().find(needs) {
            return Claimed::Needed(dependent);
        }
        match std::mem::replace(&mut inner.slots[index].life, Life::Running(Phase::Stop)) {
            Life::Loaded(up) => Claimed::Loaded(Claim { slots: self, index, settled: false }, up),
            _ => unreachable!("it is loaded, and the lock is held"),
        }
    }

    /// Waits until nobody moves the plugin, on the thread or in the task.
    pub(crate) async fn wait(&self, index: usize, mode: Async) {
        match mode {
            Async::Refused => {
                let mut inner = self.lock();
                while matches!(inner.slots[index].life, Life::Running(_)) {
                    inner = self.settled.wait(inner).unwrap_or_else(PoisonError::into_inner);
                }
            }
            Async::Awaited => {
                poll_fn(|context| {
                    let slot = &mut self.lock().slots[index];
                    if !matches!(slot.life, Life::Running(_)) {
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
    /// its life.
    pub(crate) fn reset(&self, index: usize, when: impl FnOnce(&Life) -> bool) {
        let slot = &mut self.lock().slots[index];
        if when(&slot.life) {
            slot.life = Life::Resolved;
        }
    }

    /// A listener refuses a plugin that is resolved.
    pub(crate) fn refuse(&self, index: usize, life: Life) {
        let slot = &mut self.lock().slots[index];
        if matches!(slot.life, Life::Resolved) {
            slot.life = life;
        }
    }

    /// Disables a plugin that is neither loaded nor moved. False when it is.
    pub(crate) fn disable(&self, index: usize, by: DisabledBy, reason: &str) -> bool {
        let slot = &mut self.lock().slots[index];
        match slot.life {
            Life::Loaded(_) | Life::Running(_) => return false,
            // What the environment or a filter took away, stays theirs.
            Life::Disabled(DisabledBy::Environment | DisabledBy::Filter, _) => {}
            _ => slot.life = Life::Disabled(by, Cow::Owned(reason.to_owned())),
        }
        true
    }

    /// From here on nothing loads.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    fn settle(&self, index: usize, life: Life) {
        let mut inner = self.lock();
        let slot = &mut inner.slots[index];
        match life {
            Life::Loaded(_) => slot.attempts = 0,
            // It was not tried.
            Life::Resolved => slot.attempts = slot.attempts.saturating_sub(1),
            _ => {}
        }
        slot.life = life;
        let waiting = std::mem::take(&mut slot.waiting);
        drop(inner);
        self.settled.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Slot {
    fn see(&self) -> Seen {
        let state = match &self.life {
            Life::Resolved | Life::Running(Phase::Resolve | Phase::Init) => State::Resolved,
            Life::Running(Phase::Condition | Phase::Load) => State::Initialised,
            Life::Loaded(up) => return Seen { state: State::Loaded, up: up.clone() },
            Life::Running(Phase::Stop) => State::Loaded,
            Life::Stopped => State::Stopped,
            Life::Disabled(by, reason) => State::Disabled { by: *by, reason: reason.clone() },
            Life::Failed(phase, error) => State::Failed {
                phase: *phase,
                error: Arc::clone(error),
                attempts: self.attempts.max(1),
            },
        };
        Seen { state, up: Up::default() }
    }
}

impl Claim<'_> {
    /// The plugin enters a phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.slots.lock().slots[self.index].life = Life::Running(phase);
    }

    pub(crate) fn settle(mut self, life: Life) {
        self.settled = true;
        self.slots.settle(self.index, life);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let phase = match self.slots.lock().slots[self.index].life {
                Life::Running(phase) => phase,
                _ => Phase::Load,
            };
            self.slots.settle(self.index, Life::Failed(phase, Arc::new(Failure::Cancelled)));
        }
    }
}
