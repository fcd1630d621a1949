use serde_json::Value;
use sqlx::Row;

use super::Store;
use super::read::json;
use super::sql::{Bound, statement};
use crate::error::Error;
use crate::model::{InstanceId, Version};
use crate::secrets::Settings;

impl Store {
    /// The settings of an instance with their secrets, or why they cannot be had, and
    /// the version that they are of: to make the instance, and to check what an
    /// operator changes about them. Nobody shows them.
    pub(crate) async fn revealed(
        &self,
        id: InstanceId,
    ) -> Result<Option<(Version, Result<Settings, String>)>, Error> {
        let doing = "read the settings of an instance";
        let mut connection = self.connection(doing).await?;
        let sql = "SELECT version, settings FROM plugo_instances WHERE id = $1";
        let row = statement(sql, [Bound::Text(id.to_string())])
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| {
                row.map(|row| {
                    let stored: Value = json(&row, "settings")?.unwrap_or_default();
                    Ok((Version(row.try_get("version")?), stored))
                })
                .transpose()
            })
            .map_err(|e| self.error(doing, e))?;
        Ok(row.map(|(version, stored)| (version, self.keys().reveal(stored, &id.to_string()))))
    }
}
