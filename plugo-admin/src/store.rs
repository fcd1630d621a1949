use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use arc_swap::ArcSwap;
use sqlx::AnyPool;
use tokio::sync::{Semaphore, watch};

use crate::error::Error;
use crate::force::Force;
use crate::migrations::known;
use crate::secrets::KeyRing;
use crate::url::Database;

/// How a database is opened.
mod options;
/// A transaction, done or not done.
mod tx;
/// Connections, and which file they have open.
mod pool;
/// The tables, brought to this version.
mod migrate;
/// Transactions, and what becomes of lookups when they are committed.
mod begin;
/// Texts that are searched for.
mod folded;
/// Values and rows, as SQL has them.
mod sql;
/// What this program's code says, where the database has something else.
mod own;
/// What an operator reads.
mod read;
/// Writes that the database gives up are tried again.
mod attempt;
/// What changed, and by whom.
mod audit;
/// What this program has, brought into the database.
mod sync;
/// What this program has no more, taken out of it.
mod prune;
/// What somebody else was faster with.
mod conflict;
/// What an operator changes.
mod edit;
/// Instances of items with settings.
mod instances;
/// Secrets under another key.
mod rekey;
/// Settings with their secrets.
#[cfg(feature = "pages")]
mod reveal;
/// Passwords as the database has them.
mod passwords;
/// Who may log in.
mod users;
/// What is changed about users.
mod user_changes;
/// Who is logged in.
mod sessions;
/// When a session was used.
mod last_seen;

pub use self::edit::Edited;
pub use self::options::StoreOptions;
pub use self::prune::{PruneMode, Pruned};
pub use self::rekey::{LostSecret, RekeyError, Rekeyed};
pub use self::sessions::{OpenedSession, Session, SessionUse};
pub use self::sync::{SyncMode, Synced};

pub(crate) use self::own::Own;
pub(crate) use self::pool::{FileId, connect_alone, late};
pub(crate) use self::tx::Tx;

use self::last_seen::Noted;
use self::pool::pool;

/// The database: a SQLite file or a PostgreSQL database. Clones share their
/// connections.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    shown: String,
    options: StoreOptions,
    /// The file that the connections have open, and the connections.
    pool: ArcSwap<(Option<FileId>, AnyPool)>,
    /// Told of every change that this process makes, before the caller is.
    forces: Mutex<Vec<Weak<Force>>>,
    /// One change of what lookups go by at a time: others of this process wait here, and
    /// leave the connections to whoever reads.
    writing: Arc<Semaphore>,
    noted: Noted,
    /// Whether the store was closed. Who listens has a connection beside the pool's.
    closed: watch::Sender<bool>,
    /// Held while it is closed.
    closing: tokio::sync::Mutex<()>,
}

impl StoreOptions {
    /// Connects, and migrates.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::Away`], [`Error::Refused`], [`Error::Busy`], [`Error::ReadOnly`],
    /// [`Error::Full`], [`Error::Damaged`], [`Error::Newer`], [`Error::Unmigrated`].
    pub async fn open(self, url: &str) -> Result<Store, Error> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let database = Database::parse(url)?;
        let shown = database.to_string();
        let doing = "open the database";
        if let Some(why) = database.file().and_then(out_of_reach) {
            return Err(Error::Away { database: shown, doing, why });
        }
        if self.migrate {
            let doing = "make the database";
            database.create().map_err(|e| Error::of(&shown, doing, sqlx::Error::Io(e)))?;
        } else if database.file().is_some_and(|file| !file.exists()) {
            return Err(Error::Unmigrated { database: shown, found: 0, known: known() });
        }
        let pool = pool(&database, &self)?;
        let store = Store(Arc::new(Inner {
            database,
            shown,
            options: self,
            pool: ArcSwap::from_pointee((None, pool)),
            forces: Mutex::default(),
            writing: Arc::new(Semaphore::new(1)),
            noted: Noted::default(),
            closed: watch::Sender::new(false),
            closing: tokio::sync::Mutex::default(),
        }));
        match store.prepare().await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }
}

/// Why there can be no file, or is none that can be seen.
fn out_of_reach(file: &Path) -> Option<String> {
    let folder = file.parent()?;
    match folder.metadata().and_then(|found| Ok((found.is_dir(), file.try_exists()?))) {
        Ok((true, _)) => None,
        Ok((false, _)) => Some(format!("{} is no folder", folder.display())),
        Err(error) => Some(match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                format!("there is no folder {}", folder.display())
            }
            _ => format!("it cannot be looked for: {error}"),
        }),
    }
}

impl Store {
    /// Connects to `sqlite:///path` or `postgres://…` with the usual
    /// [`StoreOptions`], and migrates. A SQLite file is made if there is none. There are
    /// no keys for secrets: an app that has some opens it with
    /// [`StoreOptions::keys`].
    ///
    /// # Errors
    ///
    /// Those of [`StoreOptions::open`].
    pub async fn open(url: &str) -> Result<Self, Error> {
        StoreOptions::new().open(url).await
    }

    /// The database as it is shown: the path or the URL, without a password.
    pub fn shown(&self) -> &str {
        &self.0.shown
    }

    /// The version of the database's tables, and the one that this program has.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn versions(&self) -> Result<(i64, i64), Error> {
        let doing = "read the version of the tables";
        let mut connection = self.connection(doing).await?;
        let found = self.version(&mut connection).await.map_err(|e| self.error(doing, e))?;
        Ok((found, known()))
    }

    /// Closes all connections, those of each [`Following`](crate::Following) too, and
    /// waits for what is being done with them, as by the pages. What holds goes on to
    /// hold; nothing else can be done with any clone of the store.
    ///
    /// An app calls it at its end, since dropping cannot wait: a SQLite file that nobody
    /// has open is the whole database, with nothing in a `-wal` file beside it.
    pub async fn close(&self) {
        // One after the other: each looks at what is left.
        let _turn = self.0.closing.lock().await;
        self.0.closed.send_replace(true);
        self.0.closed.closed().await;
        let (opened, pool) = &*self.0.pool.load_full();
        pool::close(pool).await;
        pool::fold(&self.0.database, &self.0.options, *opened).await;
    }

    /// Hears that the store is closed, and is waited for then until it is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Away`] where it was closed already.
    pub(crate) fn until_closed(&self, doing: &'static str) -> Result<UntilClosed, Error> {
        let until = UntilClosed(self.0.closed.subscribe());
        if until.is_so() { Err(self.is_closed(doing)) } else { Ok(until) }
    }

    fn is_closed(&self, doing: &'static str) -> Error {
        let why = "the store was closed".to_owned();
        Error::Away { database: self.0.shown.clone(), doing, why }
    }

    pub(crate) fn options(&self) -> &StoreOptions {
        &self.0.options
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.options.keys
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn error(&self, doing: &'static str, error: sqlx::Error) -> Error {
        Error::of(&self.0.shown, doing, error)
    }

    pub(crate) fn tell(&self, force: &Arc<Force>) {
        let mut forces = self.0.forces.lock().unwrap_or_else(PoisonError::into_inner);
        forces.push(Arc::downgrade(force));
    }
}

/// Somebody with a connection beside the pool's.
pub(crate) struct UntilClosed(watch::Receiver<bool>);

impl UntilClosed {
    pub(crate) fn is_so(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the store is closed.
    pub(crate) async fn wait(&mut self) {
        // Whoever has this has the store, too.
        let _ = self.0.wait_for(|is_closed| *is_closed).await;
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.shown)
    }
}
