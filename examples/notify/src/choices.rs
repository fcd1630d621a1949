use std::collections::BTreeMap;

use anyhow::Context as _;
use plugo_admin::InstanceId;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Row};

/// The users of this example.
pub(crate) const USERS: [&str; 3] = ["Ann", "Ben", "Cem"];

/// Which instance each user wants, in a table of the app's own beside those of plugo.
/// Ids of instances never change, so other tables can refer to them: an instance that
/// is deleted takes the choice with it, and nothing else does.
#[derive(Clone)]
pub(crate) struct Choices(AnyPool);

impl Choices {
    /// Connects to the database that the store has made.
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let pool = AnyPoolOptions::new().max_connections(4).connect(url).await;
        let pool = pool.context("the table of choices is out of reach")?;
        let table = "CREATE TABLE IF NOT EXISTS notify_choices (\
            user_name TEXT PRIMARY KEY, \
            instance_id TEXT REFERENCES plugo_instances (id) ON DELETE SET NULL)";
        // Two processes that start at once may both make it, and PostgreSQL tells one of them.
        if sqlx::query(table).execute(&pool).await.is_err() {
            sqlx::query(table).execute(&pool).await.context("there is no table of choices")?;
        }
        Ok(Choices(pool))
    }

    /// Closes the connections.
    pub(crate) async fn close(&self) {
        self.0.close().await;
    }

    /// What each user chose, as far as they did.
    pub(crate) async fn all(&self) -> anyhow::Result<BTreeMap<String, InstanceId>> {
        let sql = "SELECT user_name, instance_id FROM notify_choices WHERE instance_id IS NOT NULL";
        let rows = sqlx::query(sql).fetch_all(&self.0).await?;
        let chosen = rows.iter().map(|row| {
            let id: String = row.try_get("instance_id")?;
            Ok((row.try_get("user_name")?, id.parse().map_err(anyhow::Error::msg)?))
        });
        chosen.collect()
    }

    /// Keeps what a user chose; `None` is whatever is selected.
    pub(crate) async fn set(&self, user: &str, chosen: Option<InstanceId>) -> anyhow::Result<()> {
        let sql = "INSERT INTO notify_choices (user_name, instance_id) VALUES ($1, $2) \
            ON CONFLICT (user_name) DO UPDATE SET instance_id = excluded.instance_id";
        let chosen = chosen.map(|id| id.to_string());
        sqlx::query(sql).bind(user).bind(chosen).execute(&self.0).await?;
        Ok(())
    }
}
