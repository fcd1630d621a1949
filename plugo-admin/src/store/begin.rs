use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::Executor;

use super::{Store, Tx};
use crate::error::Error;
use crate::force::{Force, Offered};
use crate::snapshot::Step;
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
        let turn = tokio::time::timeout(wait, Arc::clone(&self.0.writing).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Busy { database: self.0.shown.clone(), doing });
        };
        let mut tx = self.begin_beside_until(doing, until).await?;
        #[cfg(feature = "postgres")]
        if let Database::Postgres { .. } = &self.0.database {
            let lock = tx.execute("SELECT revision FROM plugo_revision FOR UPDATE").await;
            lock.map_err(|e| self.error(doing, e))?;
        }
        tx.hold(turn);
        Ok(tx)
    }

    /// A transaction that writes what is of no interest to lookups: users and sessions.
    /// Whoever holds the revision, as an edit by hand does that is not committed, does not
    /// keep it from its work. (SQLite has one lock for all that is written.)
    pub(crate) async fn begin_beside(&self, doing: &'static str) -> Result<Tx, Error> {
        self.begin_beside_until(doing, Instant::now() + self.0.options.wait).await
    }

    async fn begin_beside_until(&self, doing: &'static str, until: Instant) -> Result<Tx, Error> {
        let connection = self.connection(doing).await?;
        let left = || until.saturating_duration_since(Instant::now()).as_millis().max(1);
        let begun = match &self.0.database {
            Database::Sqlite { .. } => {
                async {
                    let mut tx = Tx::on(connection);
                    tx.execute(&*format!("PRAGMA busy_timeout = {}", left())).await?;
                    tx.execute("BEGIN IMMEDIATE").await?;
                    let wait = self.0.options.wait.as_millis();
                    tx.execute(&*format!("PRAGMA busy_timeout = {wait}")).await?;
                    Ok(tx)
                }
                .await
            }
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => {
                async {
                    let mut tx = Tx::begin(connection, "BEGIN").await?;
                    tx.execute(&*format!("SET LOCAL lock_timeout = {}", left())).await?;
                    Ok(tx)
                }
                .await
            }
        };
        begun.map_err(|e| self.error(doing, e))
    }

    /// Commits what is of no interest to lookups.
    pub(crate) async fn commit_beside(&self, tx: Tx, doing: &'static str) -> Result<(), Error> {
        tx.commit().await.map_err(|error| match self.error(doing, error) {
            Error::Away { database, doing, why } => Error::Uncertain { database, doing, why },
            error => error,
        })
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
        self.commit_beside(tx, doing).await?;
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
        for force in &forces {
            let (began, held) = (force.begin(), force.held());
            let next = step.as_ref().zip(held).and_then(|(step, held)| held.after(step));
            let offered = next.map(|next| force.offer(&began, Arc::new(next)));
            if matches!(offered, None | Some(Offered::Late)) && self.bring(force).await.is_err() {
                // The watcher does it when it can.
                return;
            }
        }
    }

    /// Brings lookups to what the database says now, unless they are there.
    pub(crate) async fn bring(&self, force: &Force) -> Result<(), Error> {
        loop {
            let began = force.begin();
            if force.is_at(&began, &self.moment_now().await?) {
                return Ok(());
            }
            match force.offer(&began, Arc::new(self.snapshot().await?)) {
                Offered::Late => {}
                Offered::Taken | Offered::NotNewer => return Ok(()),
            }
        }
    }
}
