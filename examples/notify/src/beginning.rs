use std::env;

use plugo::Status;
use plugo_admin::{
    Actor, Change, EditError, InstanceQuery, ItemQuery, Role, Store, UserError, Via,
};
use serde_json::json;

/// Letters and digits that are not taken for others.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// At the first start, makes two gateways and a user. The password, where it was made
/// by chance.
pub(crate) async fn prepare(store: &Store) -> anyhow::Result<Option<String>> {
    if !store.list_users().await?.is_empty() {
        return Ok(None);
    }
    let app = Actor::new("notify", Via::App);
    gateways(store, &app).await?;
    let given = env::var("NOTIFY_ADMIN_PASSWORD").ok().filter(|password| !password.is_empty());
    let password = match &given {
        Some(password) => password.clone(),
        None => by_chance()?,
    };
    match store.add_user(&app, "admin", &password, Role::Edit).await {
        Ok(_) if given.is_none() => Ok(Some(password)),
        // Another process may have been faster.
        Ok(_) | Err(UserError::NameTaken(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn gateways(store: &Store, app: &Actor) -> anyhow::Result<()> {
    let wanted =
        ItemQuery { search: Some("sms".into()), present: Some(true), ..ItemQuery::default() };
    let items = store.items(&wanted).await?;
    // A client may have no text messages.
    let Some(sms) = items.rows.into_iter().find(|item| item.name == "sms") else { return Ok(()) };
    let all = InstanceQuery { type_id: Some(sms.of.id), ..InstanceQuery::default() };
    if store.instances(&all).await?.rows.iter().any(|row| row.item.id == sms.id) {
        return Ok(());
    }
    for (name, sender, status) in
        [("Main gateway", "Shop", None), ("Test gateway", "Shop test", Some(Status::Disabled))]
    {
        let settings = json!({ "sender": sender, "api_token": "let-me-in" });
        match store.create_instance(app, sms.id, name, &settings).await {
            Ok(id) => drop(store.edit(app, &[(id, None)], &Change::Status(status)).await?),
            Err(EditError::NameTaken(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn by_chance() -> anyhow::Result<String> {
    let mut password = String::new();
    while password.len() < 20 {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        // A byte beyond the letters is thrown away, so that each is as likely.
        if let Some(letter) = LETTERS.get(usize::from(byte[0] & 63)) {
            password.push(char::from(*letter));
        }
    }
    Ok(password)
}
