use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use plugo_admin::InstanceId;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Row};

/// So long the table is waited for.
const WAIT: Duration = Duration::from_secs(1);

/// The users of this example.
pub(crate) const USERS: [&str; 3] = ["Ann", "Ben", "Cem"];

/// Which instance each user wants, in a table of the app's own beside those of plugo.
/// Ids of instances never change, so other tables can refer to them: an instance that
/// is deleted takes the choice with it, and nothing else does.
#[derive(Clone)]
pub(crate) struct Choices {
    pool: AnyPool,
    /// What was read last: that goes on to hold while the database is away.
    known: Arc<Mutex<BTreeMap<String, InstanceId>>>,
}

impl Choices {
    /// Connects to the database that the store has made.
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        // The page does not wait for long.
        let pool = AnyPoolOptions::new().max_connections(4).acquire_timeout(WAIT);
        let pool = pool.connect(url).await;
        let pool = pool.context("the table of choices is out of reach")?;
        let table = "CREATE TABLE IF NOT EXISTS notify_choices (\
            user_name TEXT PRIMARY KEY, \
            instance_id TEXT REFERENCES plugo_instances (id) ON DELETE SET NULL)";
        // Two processes that start at once may both make it, and PostgreSQL tells one of them.
        if sqlx::query(table).execute(&pool).await.is_err() {
            sqlx::query(table).execute(&pool).await.context("there is no table of choices")?;
        }
        Ok(Choices { pool, known: Arc::default() })
    }

    /// Closes the connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// What each user chose, as far as they did.
    pub(crate) async fn all(&self) -> anyhow::Result<BTreeMap<String, InstanceId>> {
        let sql = "SELECT user_name, instance_id FROM notify_choices WHERE instance_id IS NOT NULL";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        let chosen = rows.iter().map(|row| {
            let id: String = row.try_get("instance_id")?;
            Ok((row.try_get("user_name")?, id.parse().map_err(anyhow::Error::msg)?))
        });
        let chosen: BTreeMap<String, InstanceId> = chosen.collect::<anyhow::Result<_>>()?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&chosen);
        Ok(chosen)
    }

    /// What each user chose when that was last read.
    pub(crate) fn known(&self) -> BTreeMap<String, InstanceId> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what a user chose; `None` is whatever is selected.
    pub(crate) async fn set(&self, user: &str, chosen: Option<InstanceId>) -> anyhow::Result<()> {
        let sql = "INSERT INTO notify_choices (user_name, instance_id) VALUES ($1, $2) \
            ON CONFLICT (user_name) DO UPDATE SET instance_id = excluded.instance_id";
        let chosen = chosen.map(|id| id.to_string());
        sqlx::query(sql).bind(user).bind(chosen).execute(&self.pool).await?;
        Ok(())
    }
}
