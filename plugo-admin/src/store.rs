use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor, Row};

use crate::error::Error;
use crate::force::Force;
use crate::migrations::{MIGRATIONS, known};
use crate::secrets::KeyRing;
use crate::snapshot::{Snapshot, Step};
use crate::url::Database;

/// A transaction, done or not done.
mod tx;
/// Values and rows, as SQL has them.
mod sql;
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
pub use self::prune::{PruneMode, Pruned};
pub use self::rekey::{LostSecret, RekeyError, Rekeyed};
pub use self::sessions::{OpenedSession, Session, SessionUse};
pub use self::sync::{SyncMode, Synced};
pub use self::users::UserError;

pub(crate) use self::tx::Tx;

/// PostgreSQL's lock that migrations take: `plugo` in ASCII.
#[cfg(feature = "postgres")]
const MIGRATION_LOCK: i64 = 0x70_6c75_676f;

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

/// How a database is opened.
///
/// ```no_run
/// use std::time::Duration;
/// use plugo_admin::StoreOptions;
/// # async fn open() -> Result<(), plugo_admin::Error> {
/// let options = StoreOptions::new().max_connections(4).wait(Duration::from_secs(2));
/// let store = options.open("sqlite:///var/lib/app/plugo.sqlite3").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreOptions {
    max_connections: u32,
    keys: KeyRing,
    migrate: bool,
    wait: Duration,
    pub(crate) poll: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions::new()
    }
}

impl StoreOptions {
    /// Eight connections, no key, migrations, five seconds of waiting, and a look
    /// at the revision twice a second.
    pub fn new() -> Self {
        StoreOptions {
            max_connections: 8,
            keys: KeyRing::none(),
            migrate: true,
            wait: Duration::from_secs(5),
            poll: Duration::from_millis(500),
        }
    }

    /// So many connections at most, beside the one that each
    /// [`Following`](crate::Following) has.
    #[must_use]
    pub fn max_connections(mut self, number: u32) -> Self {
        self.max_connections = number.max(1);
        self
    }

    /// The keys for the secret fields of settings.
    #[must_use]
    pub fn keys(mut self, keys: KeyRing) -> Self {
        self.keys = keys;
        self
    }

    /// Whether there are keys for the secret fields.
    #[cfg(feature = "command")]
    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Refuses a database without tables, or with old ones, instead of migrating
    /// it.
    #[must_use]
    pub fn no_migrate(mut self) -> Self {
        self.migrate = false;
        self
    }

    /// How long to wait for a connection, and for a lock that another process
    /// holds.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    pub(crate) fn wait_time(&self) -> Duration {
        self.wait
    }

    /// How often a [`Following`](crate::Following) looks whether the revision has
    /// changed. PostgreSQL tells of changes at once, and this catches what was
    /// not heard.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll.max(Duration::from_millis(10));
        self
    }

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
    /// [`StoreOptions`], and migrates. A SQLite file is made if there is none.
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

    /// The first connection: the journal, then the tables.
    async fn prepare(&self) -> Result<(), Error> {
        let doing = "open the database";
        let mut connection = self.connection(doing).await?;
        self.use_write_ahead_log(&mut connection).await.map_err(|e| self.error(doing, e))?;
        self.remember_file();
        let found = self.version(&mut connection).await.map_err(|e| self.error(doing, e))?;
        drop(connection);
        let (database, known) = (self.0.shown.clone(), known());
        if found > known {
            return Err(Error::Newer { database, found, known });
        }
        if found == known {
            return Ok(());
        }
        if !self.0.options.migrate {
            return Err(Error::Unmigrated { database, found, known });
        }
        let doing = "migrate the database";
        self.migrate().await.map_err(|e| self.error(doing, e))
    }

    /// With a write-ahead log, readers and a writer do not wait for each other. It
    /// is a property of the file; where several processes switch it at once, SQLite
    /// does not wait by itself.
    async fn use_write_ahead_log(&self, connection: &mut AnyConnection) -> sqlx::Result<()> {
        match &self.0.database {
            Database::Sqlite { read_only: false, .. } => {}
            _ => return Ok(()),
        }
        let until = Instant::now() + self.0.options.wait;
        loop {
            let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
            if mode.try_get::<String, _>(0)? == "wal" {
                return Ok(());
            }
            match connection.execute("PRAGMA journal_mode = WAL").await {
                Ok(_) => {}
                Err(sqlx::Error::Database(said))
                    if Instant::now() < until
                        && said.code().is_some_and(|code| {
                            code.parse::<u32>().is_ok_and(|c| c & 0xff == 5)
                        }) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn version(&self, connection: &mut AnyConnection) -> sqlx::Result<i64> {
        let exists = match &self.0.database {
            Database::Sqlite { .. } => {
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'plugo_schema'"
            }
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => {
                "SELECT CAST(to_regclass('plugo_schema') IS NOT NULL AS INTEGER)"
            }
        };
        let exists = sqlx::query(exists).fetch_one(&mut *connection).await?;
        if exists.try_get::<i64, _>(0)? == 0 {
            return Ok(0);
        }
        let version = "SELECT COALESCE(MAX(version), 0) FROM plugo_schema";
        sqlx::query(version).fetch_one(&mut *connection).await?.try_get(0)
    }

    /// All steps in one transaction, which one process at a time takes.
    async fn migrate(&self) -> sqlx::Result<()> {
        let pool = self.pool().1.clone();
        let mut tx = match &self.0.database {
            Database::Sqlite { .. } => Tx::begin(&pool, "BEGIN IMMEDIATE").await?,
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => {
                let mut tx = Tx::begin(&pool, "BEGIN").await?;
                tx.execute("SET LOCAL lock_timeout = 0").await?;
                tx.execute("SET LOCAL statement_timeout = 0").await?;
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(MIGRATION_LOCK)
                    .execute(&mut *tx)
                    .await?;
                tx
            }
        };
        tx.execute(
            "CREATE TABLE IF NOT EXISTS plugo_schema (version INTEGER NOT NULL PRIMARY KEY, \
             name TEXT NOT NULL, migrated BIGINT NOT NULL)",
        )
        .await?;
        // Another process may have been faster.
        let found = self.version(&mut tx).await?;
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
            tx.execute(migration.sql(&self.0.database)).await?;
            sqlx::query("INSERT INTO plugo_schema (version, name, migrated) VALUES ($1, $2, $3)")
                .bind(i32::try_from(migration.version).unwrap_or(i32::MAX))
                .bind(migration.name)
                .bind(crate::model::At::now().0)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await
    }

    /// The connections. A file that was replaced, by a backup for example, is
    /// opened anew: a connection would go on with the one that has no name any more.
    fn pool(&self) -> Arc<(Option<FileId>, AnyPool)> {
        let held = self.0.pool.load_full();
        let (Some(file), Some(opened)) = (self.0.database.file(), &held.0) else { return held };
        match FileId::of(file) {
            Some(found) if found != *opened => match pool(&self.0.database, &self.0.options) {
                Ok(pool) => {
                    let new = Arc::new((Some(found), pool));
                    self.0.pool.store(Arc::clone(&new));
                    new
                }
                Err(_) => held,
            },
            _ => held,
        }
    }

    fn remember_file(&self) {
        let held = self.0.pool.load_full();
        let found = self.0.database.file().and_then(FileId::of);
        self.0.pool.store(Arc::new((found, held.1.clone())));
    }

    fn present(&self, doing: &'static str) -> Result<AnyPool, Error> {
        let pool = self.pool();
        if let (Some(file), Some(_)) = (self.0.database.file(), &pool.0)
            && !file.exists()
        {
            let why = "the file was removed".to_owned();
            return Err(Error::Away { database: self.0.shown.clone(), doing, why });
        }
        Ok(pool.1.clone())
    }

    pub(crate) async fn connection(
        &self,
        doing: &'static str,
    ) -> Result<sqlx::pool::PoolConnection<Any>, Error> {
        self.present(doing)?.acquire().await.map_err(|e| self.error(doing, e))
    }

    /// A transaction in which all that is read is of one moment.
    pub(crate) async fn begin_read(&self, doing: &'static str) -> Result<Tx, Error> {
        let begin = match &self.0.database {
            Database::Sqlite { .. } => "BEGIN",
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Tx::begin(&self.present(doing)?, begin).await.map_err(|e| self.error(doing, e))
    }

    /// A transaction that writes: one of ours at a time, so that none of them waits
    /// for another in a circle. Who writes by hand locks rows first and the revision
    /// after them: with them that may be, and PostgreSQL gives one of the two up.
    pub(crate) async fn begin_write(&self, doing: &'static str) -> Result<Tx, Error> {
        self.begin_write_within(doing, self.0.options.wait).await
    }

    /// The same for sync and prune: of many processes that start at once, one has
    /// much to do, and the others wait for it.
    pub(crate) async fn begin_long_write(&self, doing: &'static str) -> Result<Tx, Error> {
        self.begin_write_within(doing, self.0.options.wait * 12).await
    }

    async fn begin_write_within(&self, doing: &'static str, wait: Duration) -> Result<Tx, Error> {
        let until = Instant::now() + wait;
        loop {
            let pool = self.present(doing)?;
            let tx = match &self.0.database {
                Database::Sqlite { .. } => Tx::begin(&pool, "BEGIN IMMEDIATE").await,
                #[cfg(feature = "postgres")]
                Database::Postgres { .. } => lock_revision(&pool, wait).await,
            };
            match tx.map_err(|e| self.error(doing, e)) {
                // SQLite waits as long as each connection was told.
                Err(Error::Busy { .. }) if Instant::now() < until => {}
                done => return done,
            }
        }
    }

    /// Commits, and brings the change to the lookups of this process before the
    /// caller goes on.
    pub(crate) async fn commit(&self, tx: Tx, doing: &'static str) -> Result<(), Error> {
        self.commit_step(tx, doing, None).await
    }

    /// The same, where it is known what changed: then nothing else is read anew.
    pub(crate) async fn commit_step(
        &self,
        tx: Tx,
        doing: &'static str,
        step: Option<Step>,
    ) -> Result<(), Error> {
        tx.commit().await.map_err(|error| match self.error(doing, error) {
            Error::Away { database, doing, why } => Error::Uncertain { database, doing, why },
            error => error,
        })?;
        self.refresh(step).await;
        Ok(())
    }

    /// The lookups of this process are brought to what the database says. Where
    /// that fails, the watchers do it when they can.
    async fn refresh(&self, step: Option<Step>) {
        let forces: Vec<Arc<Force>> = {
            let mut forces = self.0.forces.lock().unwrap_or_else(PoisonError::into_inner);
            forces.retain(|force| force.strong_count() > 0);
            forces.iter().filter_map(Weak::upgrade).collect()
        };
        if forces.is_empty() {
            return;
        }
        let mut behind = Vec::new();
        for force in &forces {
            let (began, held) = (force.begin(), force.held());
            let next = step.as_ref().zip(held).and_then(|(step, held)| held.after(step));
            match next {
                Some(next) => drop(force.offer(began, Arc::new(next))),
                None => behind.push((force, began)),
            }
        }
        if behind.is_empty() {
            return;
        }
        if let Ok(snapshot) = self.snapshot().await {
            let snapshot: Arc<Snapshot> = Arc::new(snapshot);
            for (force, began) in behind {
                force.offer(began, Arc::clone(&snapshot));
            }
        }
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

#[cfg(feature = "postgres")]
async fn lock_revision(pool: &AnyPool, wait: Duration) -> sqlx::Result<Tx> {
    let mut tx = Tx::begin(pool, "BEGIN").await?;
    let patience = format!("SET LOCAL lock_timeout = {}", wait.as_millis());
    tx.execute(&*patience).await?;
    tx.execute("SELECT revision FROM plugo_revision FOR UPDATE").await?;
    Ok(tx)
}

/// Connections that wait as long as the options say.
fn pool(database: &Database, options: &StoreOptions) -> Result<AnyPool, Error> {
    let wrong = |e| Error::of(&database.to_string(), "open the database", e);
    let connect: AnyConnectOptions = database.url().parse().map_err(wrong)?;
    let setup: Arc<str> = setup(database, options.wait).into();
    let pool = AnyPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.wait)
        .after_connect(move |connection, _| {
            let setup = Arc::clone(&setup);
            Box::pin(async move {
                connection.execute(&*setup).await?;
                Ok(())
            })
        });
    Ok(pool.connect_lazy_with(connect))
}

/// What every connection is told first.
fn setup(database: &Database, wait: Duration) -> String {
    let wait = wait.as_millis();
    match database {
        Database::Sqlite { .. } => format!("PRAGMA busy_timeout = {wait}"),
        #[cfg(feature = "postgres")]
        Database::Postgres { .. } => format!(
            "SET application_name = 'plugo-admin'; SET lock_timeout = {wait}; \
             SET statement_timeout = 60000; SET idle_in_transaction_session_timeout = 60000"
        ),
    }
}

/// A connection beside the pool's, for a watcher.
pub(crate) async fn connect_alone(store: &Store) -> sqlx::Result<AnyConnection> {
    let database = store.database();
    let options: AnyConnectOptions = database.url().parse()?;
    let mut connection = AnyConnection::connect_with(&options).await?;
    let setup = setup(database, store.options().wait);
    connection.execute(&*setup).await?;
    Ok(connection)
}

/// Which file a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).ok()?;
        Some(FileId(metadata.dev(), metadata.ino()))
    }

    /// Without such numbers, a file that is there is the one that was.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(FileId(0, 0))
    }
}
