use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use crate::board;
use crate::error::Error;
use crate::registry::Registry;
use crate::snapshot::Snapshot;

/// The snapshot that this program's lookups go by, after the last `Following` is
/// gone, too.
static OF_PROGRAM: ArcSwapOption<Snapshot> = ArcSwapOption::const_empty();

/// Who decides about it.
static PROGRAM: Mutex<Weak<Force>> = Mutex::new(Weak::new());

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
    pub(crate) fn of(database: &str, shown: &str, registry: &Registry) -> Result<Arc<Self>, Error> {
        let new = || {
            Arc::new(Force {
                database: database.to_owned(),
                shown: shown.to_owned(),
                registry: registry.clone(),
                held: ArcSwapOption::empty(),
                turn: Mutex::new(Turn { revision: None, connection: 0 }),
                changed: watch::Sender::new(-1),
            })
        };
        if !registry.is_of_program() {
            return Ok(new());
        }
        let mut program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
        match program.upgrade() {
            Some(force) if force.database == database => Ok(force),
            Some(force) => Err(Error::Followed { database: force.shown.clone() }),
            None => {
                let force = new();
                *program = Arc::downgrade(&force);
                Ok(force)
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

    /// Puts a snapshot in force unless a newer one is; whether it did.
    pub(crate) fn offer(&self, began: Began, snapshot: Arc<Snapshot>) -> bool {
        let mut turn = self.turn();
        let newer = turn.revision.is_none_or(|held| held < snapshot.revision);
        if began.0 != turn.connection || !newer {
            return false;
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
        if self.registry.is_of_program() {
            // The lock keeps the two in step.
            plugo_core::set_overrides(snapshot.overrides(&self.registry));
            OF_PROGRAM.store(Some(Arc::clone(&snapshot)));
            board::replace(&snapshot, &self.registry);
        }
        let revision = snapshot.revision;
        self.held.store(Some(snapshot));
        self.changed.send_replace(revision);
        true
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
