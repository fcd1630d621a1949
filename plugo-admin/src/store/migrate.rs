use std::time::{Duration, Instant};

use sqlx::{AnyConnection, Connection, Executor, Row};

use super::pool::{connect_alone, late};
use super::{Store, Tx};
use crate::error::Error;
use crate::migrations::{MIGRATIONS, known};
use crate::url::Database;

/// PostgreSQL's lock that migrations take: `plugo` in ASCII.
#[cfg(feature = "postgres")]
const MIGRATION_LOCK: i64 = 0x70_6c75_676f;

impl Store {
    /// The first connection: the tables, and the journal once the file is known to be
    /// ours.
    pub(super) async fn prepare(&self) -> Result<(), Error> {
        let doing = "open the database";
        // What is wrong with the server, the role or the file is told at once and as it is:
        // the pool would try again until its time is over.
        let connected = tokio::time::timeout(self.0.options.wait, connect_alone(self)).await;
        let connected = connected.unwrap_or_else(|_| Err(late()));
        let mut connection = connected.map_err(|e| self.error(doing, e))?;
        self.remember_file();
        let found = self.version(&mut connection).await.map_err(|e| self.error(doing, e))?;
        let (database, known) = (self.0.shown.clone(), known());
        if found > known {
            return Err(Error::Newer { database, found, known });
        }
        if found != known && !self.0.options.migrate {
            return Err(Error::Unmigrated { database, found, known });
        }
        // Whose file it is, is known: another program's is left as it is.
        self.use_write_ahead_log(&mut connection).await.map_err(|e| self.error(doing, e))?;
        connection.close().await.map_err(|e| self.error(doing, e))?;
        if found == known {
            return Ok(());
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

    pub(super) async fn version(&self, connection: &mut AnyConnection) -> sqlx::Result<i64> {
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
        let connection = self.pool().1.acquire().await?;
        let mut tx = match &self.0.database {
            Database::Sqlite { .. } => Tx::begin(connection, "BEGIN IMMEDIATE").await?,
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => {
                let mut tx = Tx::begin(connection, "BEGIN").await?;
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
}
