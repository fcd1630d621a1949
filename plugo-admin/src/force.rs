use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use crate::board::{self, Board};
use crate::error::Error;
use crate::registry::Registry;
use crate::snapshot::{Moment, Snapshot};

/// The snapshot that this program's lookups go by, after the last `Following` is
/// gone, too.
static OF_PROGRAM: ArcSwapOption<Snapshot> = ArcSwapOption::const_empty();

/// Who decides about it. A task that is ended may take a while to notice, so it is
/// not what keeps this.
static PROGRAM: Mutex<Weak<Followed>> = Mutex::new(Weak::new());

/// That somebody holds a `Following`.
pub(crate) struct Followed(pub(crate) Arc<Force>);

/// The snapshot in force for a registry. A newer one takes the place of an older
/// one, and never the other way round, unless a backup was restored.
pub(crate) struct Force {
    shown: String,
    pub(crate) registry: Registry,
    held: ArcSwapOption<Snapshot>,
    turn: Mutex<Turn>,
    changed: watch::Sender<i64>,
}

struct Turn {
    /// Which database, also where that is another one since a restore.
    database: String,
    /// What is in force, as far as it can be compared.
    held: Option<Moment>,
    /// A database that was away may come back as an older copy of itself, restored
    /// from a backup, and an open one may be restored over: so revisions are compared
    /// within one epoch, and these are counted.
    epoch: u64,
}

/// When the reading of a snapshot began, and what was in force then: the database
/// says that or what came after, or else it was restored.
#[derive(Clone, Debug)]
pub(crate) struct Began {
    epoch: u64,
    held: Option<Moment>,
}

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is in force.
    Taken,
    /// What is in force is as new.
    NotNewer,
    /// Whether it is newer cannot be told, since the database was restored or came back
    /// while it was read: it has to be read again.
    Late,
}

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
                shown: shown.to_owned(),
                registry: registry.clone(),
                held: ArcSwapOption::empty(),
                turn: Mutex::new(Turn { database: database.to_owned(), held: None, epoch: 0 }),
                changed: watch::Sender::new(-1),
            };
            Arc::new(Followed(Arc::new(force)))
        };
        if !registry.is_of_program() {
            return Ok(new());
        }
        let mut program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
        match program.upgrade() {
            Some(known) if known.0.turn().database == database => Ok(known),
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
        let turn = self.turn();
        Began { epoch: turn.epoch, held: turn.held.clone() }
    }

    /// The watcher has a new connection: what was begun before counts no more.
    pub(crate) fn reconnected(&self) {
        let mut turn = self.turn();
        turn.epoch += 1;
        turn.held = None;
    }

    /// Whether what the database says at a moment holds already.
    pub(crate) fn is_at(&self, began: &Began, moment: &Moment) -> bool {
        let turn = self.turn();
        began.epoch == turn.epoch && turn.held.as_ref() == Some(moment)
    }

    /// Puts a snapshot in force unless a newer one is.
    pub(crate) fn offer(&self, began: &Began, snapshot: Arc<Snapshot>) -> Offered {
        match self.put(began, snapshot) {
            Ok(before) => {
                // The locks are free again.
                board::retire(before);
                Offered::Taken
            }
            Err(why) => why,
        }
    }

    /// What lookups read before, if the snapshot is in force now.
    fn put(&self, began: &Began, snapshot: Arc<Snapshot>) -> Result<Option<Arc<Board>>, Offered> {
        let mut turn = self.turn();
        if began.epoch != turn.epoch {
            return Err(Offered::Late);
        }
        let now = snapshot.moment();
        let is_restored = began
            .held
            .as_ref()
            .is_some_and(|held| now.origin != held.origin || now.revision < held.revision);
        match &turn.held {
            _ if is_restored => {}
            Some(held) if held.origin != now.origin => return Err(Offered::Late),
            Some(held) if held.revision >= now.revision => return Err(Offered::NotNewer),
            _ => {}
        }
        // Whoever follows for the program now is asked before it is changed.
        let program = self.registry.is_of_program().then(|| {
            let program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
            let is_followed = program.upgrade().is_some_and(|known| std::ptr::eq(&*known.0, self));
            (is_followed, program)
        });
        if matches!(program, Some((false, _))) {
            return Err(Offered::NotNewer);
        }
        let before = self.held.load().as_ref().map(|held| held.revision);
        if is_restored || before.is_some_and(|before| before > snapshot.revision) {
            tracing::warn!(
                database = self.shown,
                before,
                now = snapshot.revision,
                "the database was restored from a copy, which holds now"
            );
        }
        // What was read of it before counts no more.
        turn.epoch += u64::from(is_restored);
        turn.database.clone_from(&now.origin.database);
        turn.held = Some(now);
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
        Ok(retired)
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
    use crate::snapshot::Origin;

    fn snapshot(origin: &Origin, revision: i64) -> Arc<Snapshot> {
        Arc::new(Snapshot::new(Moment { origin: origin.clone(), revision }, Vec::new()))
    }

    #[test]
    fn what_is_older_never_takes_the_place_of_what_is_newer() {
        let followed = Force::of("id", "shown", &Registry::by_hand()).unwrap();
        let (force, origin) = (&followed.0, &Origin::default());
        // Readers that are slow to offer what they have read.
        let began = &force.begin();
        std::thread::scope(|scope| {
            for reader in 0..4 {
                scope.spawn(move || {
                    for read in 0..500 {
                        let before = force.revision();
                        let revision = (read * 7 + reader * 31) % 500;
                        let taken = force.offer(began, snapshot(origin, revision));
                        let after = force.revision();
                        assert!(after >= before, "{before:?} {after:?}");
                        assert!(after >= Some(revision), "{revision} {after:?}");
                        let taken = taken == Offered::Taken;
                        assert!(!taken || before < Some(revision), "{before:?} {revision}");
                    }
                });
            }
        });
        assert_eq!(force.revision(), Some(499));
        for revision in [499, 498] {
            assert_eq!(force.offer(began, snapshot(origin, revision)), Offered::NotNewer);
        }
        // A database that is back may be an older copy of itself; what was read of the
        // one before counts no more.
        force.reconnected();
        assert_eq!(force.offer(began, snapshot(origin, 500)), Offered::Late);
        assert_eq!(force.offer(&force.begin(), snapshot(origin, 7)), Offered::Taken);
        assert_eq!(force.revision(), Some(7));
    }

    #[test]
    fn what_was_read_before_a_restore_never_takes_the_place_of_what_was_restored() {
        let other = |database: &str, mark| Origin { database: database.to_owned(), mark };
        // A revision that fell, a restored copy, another database.
        for (now, revision) in [(other("id", 1), 10), (other("id", 2), 50), (other("x", 1), 70)] {
            let followed = Force::of("id", "shown", &Registry::by_hand()).unwrap();
            let (force, before) = (&followed.0, &other("id", 1));
            let first = force.begin();
            assert_eq!(force.offer(&first, snapshot(before, 50)), Offered::Taken);
            let (slow, began) = (force.begin(), force.begin());
            assert_eq!(force.offer(&began, snapshot(&now, revision)), Offered::Taken);
            assert_eq!(force.offer(&slow, snapshot(before, 51)), Offered::Late);
            assert_eq!(force.offer(&first, snapshot(before, 52)), Offered::Late);
            assert_eq!(force.revision(), Some(revision));
            let moment = Moment { origin: now.clone(), revision };
            assert!(force.is_at(&force.begin(), &moment) && !force.is_at(&slow, &moment));
            // What comes after the restore is compared with it.
            let began = force.begin();
            assert_eq!(force.offer(&began, snapshot(&now, revision + 1)), Offered::Taken);
            assert_eq!(force.offer(&began, snapshot(&now, revision)), Offered::NotNewer);
        }
    }

    #[test]
    fn which_of_two_origins_is_later_is_asked_again_where_nobody_knows() {
        let followed = Force::of("id", "shown", &Registry::by_hand()).unwrap();
        let (force, copy) = (&followed.0, &Origin { database: "id".to_owned(), mark: 2 });
        let (slow, began) = (force.begin(), force.begin());
        assert_eq!(force.offer(&began, snapshot(&Origin::default(), 50)), Offered::Taken);
        assert_eq!(force.offer(&slow, snapshot(copy, 60)), Offered::Late);
        assert_eq!(force.offer(&force.begin(), snapshot(copy, 60)), Offered::Taken);
    }
}
