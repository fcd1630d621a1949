use super::Store;
use super::read::json;
use super::sql::{Bound, statement};
use crate::error::Error;
use crate::model::InstanceId;
use crate::secrets::{RevealError, Settings};

impl Store {
    /// The settings of an instance with their secrets, or why they cannot be had: to
    /// make the instance, and to show what is no secret.
    pub(crate) async fn revealed(
        &self,
        id: InstanceId,
    ) -> Result<Option<Result<Settings, RevealError>>, Error> {
        let doing = "read the settings of an instance";
        let mut connection = self.connection(doing).await?;
        let sql = "SELECT settings FROM plugo_instances WHERE id = $1";
        let row = statement(sql, [Bound::Text(id.to_string())])
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| {
                let stored = row.map(|row| json(&row, "settings"));
                Ok(stored.transpose()?.map(Option::unwrap_or_default))
            })
            .map_err(|e| self.error(doing, e))?;
        Ok(row.map(|stored| self.keys().reveal(stored, &id.to_string())))
    }
}
