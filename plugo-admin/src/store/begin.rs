use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

#[cfg(feature = "postgres")]
use sqlx::Executor;

use super::{Store, Tx};
use crate::error::Error;
use crate::force::Force;
use crate::snapshot::{Snapshot, Step};
use crate::url::Database;

impl Store {
    /// A transaction in which all that is read is of one moment.
    pub(crate) async fn begin_read(&self, doing: &'static str) -> Result<Tx, Error> {
        let begin = match &self.0.database {
            Database::Sqlite { .. } => "BEGIN",
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Tx::begin(self.connection(doing).await?, begin).await.map_err(|e| self.error(doing, e))
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
            let connection = self.connection(doing).await?;
            let tx = match &self.0.database {
                Database::Sqlite { .. } => Tx::begin(connection, "BEGIN IMMEDIATE").await,
                #[cfg(feature = "postgres")]
                Database::Postgres { .. } => lock_revision(connection, wait).await,
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
}

#[cfg(feature = "postgres")]
async fn lock_revision(
    connection: sqlx::pool::PoolConnection<sqlx::Any>,
    wait: Duration,
) -> sqlx::Result<Tx> {
    let mut tx = Tx::begin(connection, "BEGIN").await?;
    let patience = format!("SET LOCAL lock_timeout = {}", wait.as_millis());
    tx.execute(&*patience).await?;
    tx.execute("SELECT revision FROM plugo_revision FOR UPDATE").await?;
    Ok(tx)
}
