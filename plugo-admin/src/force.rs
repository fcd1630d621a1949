use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use crate::board::{self, Board};
use crate::error::Error;
use crate::registry::Registry;
use crate::snapshot::Snapshot;

/// The snapshot that this program's lookups go by, after the last `Following` is
/// gone, too.
static OF_PROGRAM: ArcSwapOption<Snapshot> = ArcSwapOption::const_empty();

/// Who decides about it. A task that is ended may take a while to notice, so it is
/// not what keeps this.
static PROGRAM: Mutex<Weak<Followed>> = Mutex::new(Weak::new());

/// That somebody holds a `Following`.
pub(crate) struct Followed(pub(crate) Arc<Force>);

/// The snapshot in force for a registry. A newer one takes the place of an older
/// one, and never the other way round.
pub(crate) struct Force {
    /// Which database: two of them cannot be compared.
    database: String,
    shown: String,
    pub(crate) registry: Registry,
    held: ArcSwapOption<Snapshot>,
    turn: Mutex<Turn>,
    changed: watch::Sender<i64>,
}

struct Turn {
    revision: Option<i64>,
    /// A database that was away may come back as an older copy of itself, restored
    /// from a backup: so revisions are compared within one connection of the
    /// watcher, and these are counted.
    connection: u64,
}

/// When the reading of a snapshot began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began(u64);

impl Force {
    /// The one for this registry: the program has one, a registry by hand has each
    /// its own.
    pub(crate) fn of(
        database: &str,
        shown: &str,
        registry: &Registry,
    ) -> Result<Arc<Followed>, Error> {
        let new = || {
            let force = Force {
                database: database.to_owned(),
                shown: shown.to_owned(),
                registry: registry.clone(),
                held: ArcSwapOption::empty(),
                turn: Mutex::new(Turn { revision: None, connection: 0 }),
                changed: watch::Sender::new(-1),
            };
            Arc::new(Followed(Arc::new(force)))
        };
        if !registry.is_of_program() {
            return Ok(new());
        }
        let mut program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
        match program.upgrade() {
            Some(known) if known.0.database == database => Ok(known),
            Some(known) => Err(Error::Followed { database: known.0.shown.clone() }),
            None => {
                let followed = new();
                *program = Arc::downgrade(&followed);
                Ok(followed)
            }
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before a snapshot is read that will be offered.
    pub(crate) fn begin(&self) -> Began {
        Began(self.turn().connection)
    }

    /// The watcher has a new connection: what was begun before counts no more.
    pub(crate) fn reconnected(&self) -> Began {
        let mut turn = self.turn();
        turn.connection += 1;
        turn.revision = None;
        Began(turn.connection)
    }

    /// Whether what the database says at a revision holds already.
    pub(crate) fn is_at(&self, began: Began, revision: i64) -> bool {
        let turn = self.turn();
        began.0 == turn.connection && turn.revision == Some(revision)
    }

    /// Puts a snapshot in force unless a newer one is; whether it did.
    pub(crate) fn offer(&self, began: Began, snapshot: Arc<Snapshot>) -> bool {
        match self.put(began, snapshot) {
            Some(before) => {
                // The locks are free again.
                board::retire(before);
                true
            }
            None => false,
        }
    }

    /// What lookups read before, if the snapshot is in force now.
    fn put(&self, began: Began, snapshot: Arc<Snapshot>) -> Option<Option<Arc<Board>>> {
        let mut turn = self.turn();
        let newer = turn.revision.is_none_or(|held| held < snapshot.revision);
        if began.0 != turn.connection || !newer {
            return None;
        }
        // Whoever follows for the program now is asked before it is changed.
        let program = self.registry.is_of_program().then(|| {
            let program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
            let is_followed = program.upgrade().is_some_and(|known| std::ptr::eq(&*known.0, self));
            (is_followed, program)
        });
        if matches!(program, Some((false, _))) {
            return None;
        }
        let before = self.held.load().as_ref().map(|held| held.revision);
        if before.is_some_and(|before| before > snapshot.revision) {
            tracing::warn!(
                database = self.shown,
                before,
                now = snapshot.revision,
                "the database came back as an older copy of itself, which holds now"
            );
        }
        turn.revision = Some(snapshot.revision);
        let mut retired = None;
        if program.is_some() {
            // The locks keep them in step.
            plugo_core::set_overrides(snapshot.overrides(&self.registry));
            OF_PROGRAM.store(Some(Arc::clone(&snapshot)));
            retired = board::replace(&snapshot, &self.registry);
        }
        let revision = snapshot.revision;
        self.held.store(Some(snapshot));
        self.changed.send_replace(revision);
        Some(retired)
    }

    pub(crate) fn held(&self) -> Option<Arc<Snapshot>> {
        self.held.load_full()
    }

    pub(crate) fn revision(&self) -> Option<i64> {
        self.held.load().as_ref().map(|held| held.revision)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.changed.subscribe()
    }
}

/// The snapshot that this program's lookups go by, if it follows a database or
/// did.
pub fn in_force() -> Option<Arc<Snapshot>> {
    OF_PROGRAM.load_full()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(revision: i64) -> Arc<Snapshot> {
        Arc::new(Snapshot::new(revision, Vec::new()))
    }

    #[test]
    fn what_is_older_never_takes_the_place_of_what_is_newer() {
        let followed = Force::of("id", "shown", &Registry::by_hand()).unwrap();
        let force = &followed.0;
        // Readers that are slow to offer what they have read.
        std::thread::scope(|scope| {
            for reader in 0..4 {
                scope.spawn(move || {
                    let began = force.begin();
                    for read in 0..500 {
                        let before = force.revision();
                        let revision = (read * 7 + reader * 31) % 500;
                        let taken = force.offer(began, snapshot(revision));
                        let after = force.revision();
                        assert!(after >= before, "{before:?} {after:?}");
                        assert!(after >= Some(revision), "{revision} {after:?}");
                        assert!(!taken || before < Some(revision), "{before:?} {revision}");
                    }
                });
            }
        });
        assert_eq!(force.revision(), Some(499));
        let began = force.begin();
        assert!(!force.offer(began, snapshot(499)) && !force.offer(began, snapshot(498)));
        // A database that is back may be an older copy of itself; what was read of the
        // one before counts no more.
        let reconnected = force.reconnected();
        assert!(!force.offer(began, snapshot(500)));
        assert!(force.offer(reconnected, snapshot(7)));
        assert_eq!(force.revision(), Some(7));
    }
}
