use sqlx::Row;
use sqlx::any::AnyRow;

use super::Store;
use super::sql::{Bound, statement};
use crate::error::Error;
use crate::model::InstanceId;
use crate::secrets::{RevealError, SealedSettings, Settings, owner};

impl Store {
    /// The settings of an instance with their secrets, or why they cannot be had: to
    /// make the instance, and to show what is no secret.
    pub(crate) async fn revealed(
        &self,
        id: InstanceId,
    ) -> Result<Option<Result<Settings, RevealError>>, Error> {
        let doing = "read the settings of an instance";
        let mut connection = self.connection(doing).await?;
        let sql = "SELECT n.settings, i.namespace, i.name AS item FROM plugo_instances n \
            JOIN plugo_items i ON i.id = n.item_id WHERE n.id = $1";
        let sealed = |row: AnyRow| {
            let (namespace, item): (String, String) =
                (row.try_get("namespace")?, row.try_get("item")?);
            let owner = owner(id, &namespace, &item);
            Ok(SealedSettings::new(row.try_get("settings")?, owner, self.keys().clone()))
        };
        let row = statement(sql, [Bound::Text(id.to_string())])
            .fetch_optional(&mut *connection)
            .await
            .and_then(|row| row.map(sealed).transpose())
            .map_err(|e| self.error(doing, e))?;
        Ok(row.map(|sealed| sealed.reveal()))
    }
}
