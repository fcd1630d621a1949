use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Executor;

use super::sql::{Bound, statement};
use super::{Store, Tx};
use crate::url::Database;

/// How far `last_seen` may be behind, in milliseconds: not every request writes.
const SEEN: i64 = 60_000;

/// So long nobody tries again to note the use of a session.
const AGAIN: Duration = Duration::from_secs(20);

/// Since when the use of which sessions is being noted, or was tried to be.
#[derive(Default)]
pub(super) struct Noted(Mutex<HashMap<String, Instant>>);

impl Noted {
    /// Whether it is time to note the use of a session.
    fn is_due(&self, hash: &str) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.retain(|_, at| at.elapsed() < AGAIN);
        let is_due = !tried.contains_key(hash);
        if is_due {
            tried.insert(hash.to_owned(), Instant::now());
        }
        is_due
    }
}

impl Store {
    /// Notes that a session was used, unless it was seen a short while ago. Whoever uses
    /// it does not wait for that, and it waits for no lock: a database that is only read at
    /// the moment keeps nobody from reading.
    pub(super) fn note_use(&self, hash: String, last_seen: i64, now: i64) {
        if now.saturating_sub(last_seen) <= SEEN || !self.0.noted.is_due(&hash) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            if let Err(error) = store.write_use(hash, now).await {
                tracing::debug!(database = store.shown(), %error, "could not note a session's use");
            }
        });
    }

    async fn write_use(&self, hash: String, now: i64) -> sqlx::Result<()> {
        let pool = self.pool().1.clone();
        let mut tx = Tx::on(pool.acquire().await?);
        let (no_waiting, again) = match self.database() {
            Database::Sqlite { .. } => {
                let wait = self.options().wait_time().as_millis();
                ("PRAGMA busy_timeout = 0", format!("PRAGMA busy_timeout = {wait}"))
            }
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => ("SET LOCAL lock_timeout = 1", String::new()),
        };
        // Unless all of it is done, the connection is closed.
        tx.execute("BEGIN").await?;
        tx.execute(no_waiting).await?;
        let sql = "UPDATE plugo_sessions SET last_seen = $1 WHERE token_hash = $2";
        statement(sql, [Bound::Number(now), Bound::Text(hash)]).execute(&mut *tx).await?;
        if !again.is_empty() {
            tx.execute(&*again).await?;
        }
        tx.commit().await
    }
}
