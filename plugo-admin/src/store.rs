use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use arc_swap::ArcSwap;
use sqlx::AnyPool;

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
/// What an operator changes.
mod edit;
/// Instances of items with settings.
mod instances;
/// Secrets under another key.
mod rekey;
/// Settings with their secrets.
#[cfg(feature = "pages")]
mod reveal;
/// Who may log in.
mod users;
/// Who is logged in.
mod sessions;

pub use self::edit::Edited;
pub use self::options::StoreOptions;
pub use self::prune::{PruneMode, Pruned};
pub use self::rekey::{LostSecret, RekeyError, Rekeyed};
pub use self::sessions::{OpenedSession, Session, SessionUse};
pub use self::sync::{SyncMode, Synced};
pub use self::users::UserError;

pub(crate) use self::own::Own;
pub(crate) use self::pool::{FileId, connect_alone};
pub(crate) use self::tx::Tx;

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
}

impl StoreOptions {
    /// Connects, and migrates.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::Away`], [`Error::Busy`], [`Error::ReadOnly`],
    /// [`Error::Full`], [`Error::Damaged`], [`Error::Newer`], [`Error::Unmigrated`].
    pub async fn open(self, url: &str) -> Result<Store, Error> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let database = Database::parse(url)?;
        let shown = database.to_string();
        if let Some(folder) = database.file().and_then(Path::parent)
            && !folder.is_dir()
        {
            let why = format!("there is no folder {}", folder.display());
            return Err(Error::Away { database: shown, doing: "open the database", why });
        }
        let doing = "make the database";
        database.create().map_err(|e| Error::of(&shown, doing, sqlx::Error::Io(e)))?;
        let pool = pool(&database, &self)?;
        let store = Store(Arc::new(Inner {
            database,
            shown,
            options: self,
            pool: ArcSwap::from_pointee((None, pool)),
            forces: Mutex::default(),
        }));
        store.prepare().await?;
        Ok(store)
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

    /// Closes the connections. Other clones cannot use the store any more.
    pub async fn close(&self) {
        self.0.pool.load_full().1.close().await;
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

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.shown)
    }
}
