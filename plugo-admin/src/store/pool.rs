use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Executor};

use super::{Store, StoreOptions};
use crate::error::Error;
use crate::url::Database;

/// How long a connection may take by which is learned why there is none.
const ONE_MORE: Duration = Duration::from_secs(1);

/// How often it is tried to be the last to close a file, and how long after the other.
const ATTEMPTS: u32 = 5;
/// How often a pool is closed until it has no connection.
const CLOSINGS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// There was no answer.
pub(crate) fn late() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
}

impl Store {
    /// The connections. A file that was replaced, by a backup for example, is
    /// opened anew: a connection would go on with the one that has no name any more.
    pub(super) fn pool(&self) -> Arc<(Option<FileId>, AnyPool)> {
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

    pub(super) fn remember_file(&self) {
        let held = self.0.pool.load_full();
        let found = self.0.database.file().and_then(FileId::of);
        self.0.pool.store(Arc::new((found, held.1.clone())));
    }

    pub(super) fn present(&self, doing: &'static str) -> Result<AnyPool, Error> {
        if *self.0.closed.borrow() {
            return Err(self.is_closed(doing));
        }
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
        let acquired = match self.present(doing)?.acquire().await {
            Err(sqlx::Error::PoolTimedOut) => Err(self.why_none().await),
            acquired => acquired,
        };
        acquired.map_err(|e| self.error(doing, e))
    }

    /// Why the pool gave no connection in time, which it does not tell itself.
    async fn why_none(&self) -> sqlx::Error {
        match tokio::time::timeout(ONE_MORE, connect_alone(self)).await {
            Ok(Err(error)) => error,
            Ok(Ok(connection)) => {
                let _ = connection.close().await;
                let most = self.0.options.max_connections;
                let why = format!("all {most} connections of this program are in use");
                sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, why))
            }
            Err(_) => late(),
        }
    }
}

/// Connections that wait as long as the options say.
pub(super) fn pool(database: &Database, options: &StoreOptions) -> Result<AnyPool, Error> {
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
    connect(store.database(), store.options()).await
}

async fn connect(database: &Database, options: &StoreOptions) -> sqlx::Result<AnyConnection> {
    let connect: AnyConnectOptions = database.url().parse()?;
    let mut connection = AnyConnection::connect_with(&connect).await?;
    let setup = setup(database, options.wait);
    connection.execute(&*setup).await?;
    Ok(connection)
}

/// Closes all connections. The library's own way leaves those open that are given back at
/// the same moment.
pub(super) async fn close(pool: &AnyPool) {
    for _ in 0..CLOSINGS {
        pool.close().await;
        if pool.size() == 0 {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What stands in the write-ahead log goes into the file. The last connection does that
/// when it is closed; but of two that are closed at the same moment, each takes the
/// other for the last one. So one more is closed when nobody else is there.
pub(super) async fn fold(database: &Database, options: &StoreOptions, opened: Option<FileId>) {
    let Database::Sqlite { path, read_only: false } = database else { return };
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    for _ in 0..ATTEMPTS {
        // The log of another file is none of its business.
        if opened.is_none() || FileId::of(path) != opened || !Path::new(&log).exists() {
            return;
        }
        let folded = async {
            let mut connection = connect(database, options).await?;
            // It opens the log with the first statement that reads.
            connection.execute("SELECT COUNT(*) FROM sqlite_master").await?;
            connection.close().await
        };
        // It is folded when it is opened again, otherwise.
        let _: sqlx::Result<()> = folded.await;
        if !Path::new(&log).exists() {
            return;
        }
        // Another program may have it open; or a connection of ours that somebody gave up
        // while it was made, as a request that ended, is closed by its thread a moment later.
        tokio::time::sleep(PAUSE).await;
    }
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
