//! What somebody can do to secrets who writes the database and has no key.

use plugo_admin::{
    Change, EditError, ItemQuery, KeyRing, RegisteredItem, RegisteredType, Registry, RevealError,
    Store, StoreOptions, SyncMode,
};
use serde_json::{Value, json};

use crate::databases::{Database, ann, run};

fn registry(schema: Value) -> Registry {
    let item = |name: &str| RegisteredItem::new(name).schema(schema.clone());
    let of = RegisteredType::new("Sms", "shop").with_item(item("twilio")).with_item(item("other"));
    Registry::by_hand().with_type(of)
}

fn schema(key: Value) -> Value {
    json!({ "type": "object", "properties": { "sender": { "type": "string" }, "token": key } })
}

async fn open(database: &Database, schema: &Value) -> Store {
    // The same for each test: what is laid is never a matter of the key.
    let keys = KeyRing::parse("k:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=").unwrap();
    let store = StoreOptions::new().keys(keys).open(&database.url()).await.unwrap();
    store.sync(&ann(), &registry(schema.clone()), SyncMode::Create).await.unwrap();
    store
}

/// What the app would get.
async fn settings(store: &Store) -> Result<Value, RevealError> {
    let snapshot = store.snapshot().await.unwrap();
    let mut all = snapshot.types.iter().flat_map(|of| &of.items).flat_map(|item| &item.instances);
    let settings = all.next().unwrap().settings.reveal()?;
    Ok(settings.reveal().clone())
}

#[test]
fn a_secret_is_read_in_its_place_alone() {
    let secret = schema(json!({ "type": "string", "writeOnly": true }));
    for database in Database::each() {
        run(async {
            let store = open(&database, &secret).await;
            let items = store.items(&ItemQuery::default()).await.unwrap().rows;
            let id = |name: &str| items.iter().find(|item| item.name == name).unwrap().id;
            let posted = json!({ "sender": "ann", "token": "s3cret" });
            let twilio = id("twilio");
            let made = store.create_instance(&ann(), twilio, "main", &posted).await.unwrap();
            assert_eq!(settings(&store).await.unwrap(), posted);
            let stored = database.ask("SELECT settings FROM plugo_instances").await.unwrap();
            let stored: Value = serde_json::from_str(&stored[0]).unwrap();
            let damaged = RevealError::Damaged { key: "k".to_owned() };
            // In an ordinary field of its own row, where the app shows it.
            let laid = json!({ "sender": stored["token"], "token": stored["token"] });
            let set =
                |settings: &Value| format!("UPDATE plugo_instances SET settings = '{settings}'");
            database.by_hand(&set(&laid)).await.unwrap();
            assert_eq!(settings(&store).await.unwrap_err(), damaged);
            // Saving does not help: it has to be typed again.
            let again = Change::Settings(json!({ "sender": "", "token": "" }));
            let refused = store.edit(&ann(), &[(made, None)], &again).await.unwrap_err();
            let EditError::Settings(problems) = &refused else { panic!("{refused}") };
            assert_eq!(problems.iter().next().unwrap().pointer(), "/sender");
            assert!(refused.to_string().contains("type it again"), "{refused}");
            let lost = store.rekey(&ann()).await.unwrap_err().to_string();
            assert!(lost.contains("/sender: a secret field does not decrypt"), "{lost}");
            let typed = Change::Settings(json!({ "sender": "ann", "token": "" }));
            store.edit(&ann(), &[(made, None)], &typed).await.unwrap();
            assert_eq!(settings(&store).await.unwrap(), posted);
            // In an instance of another item, which may show what stands there.
            let other = format!("UPDATE plugo_instances SET item_id = '{}'", id("other"));
            database.by_hand(&other).await.unwrap();
            assert_eq!(settings(&store).await.unwrap_err(), damaged);
            let back = format!("UPDATE plugo_instances SET item_id = '{twilio}'");
            database.by_hand(&back).await.unwrap();
            assert_eq!(store.rekey(&ann()).await.unwrap().secrets, 1);
            assert_eq!(settings(&store).await.unwrap(), posted);
        });
    }
}

#[test]
fn a_field_that_is_no_secret_any_more_is_not_shown_until_it_is_typed() {
    let secret = schema(json!({ "type": "string", "writeOnly": true }));
    for database in Database::each() {
        run(async {
            let store = open(&database, &secret).await;
            let query = ItemQuery { search: Some("twilio".into()), ..ItemQuery::default() };
            let twilio = store.items(&query).await.unwrap().rows[0].id;
            let posted = json!({ "sender": "ann", "token": "s3cret" });
            let made = store.create_instance(&ann(), twilio, "main", &posted).await.unwrap();
            // The next version of the program wants a number.
            let store = open(&database, &schema(json!({ "type": "integer" }))).await;
            let shown = store.instance(made).await.unwrap().unwrap();
            assert_eq!(shown.settings, json!({ "sender": "ann", "token": "" }));
            assert_eq!(shown.secrets, ["/token"]);
            let again = Change::Settings(shown.settings);
            let refused = store.edit(&ann(), &[(made, None)], &again).await.unwrap_err();
            let said = "/token is not what it should be, where a whole number is wanted";
            assert!(refused.to_string().ends_with(said), "{refused}");
            let typed = json!({ "sender": "ann", "token": 7 });
            let change = Change::Settings(typed.clone());
            store.edit(&ann(), &[(made, None)], &change).await.unwrap();
            assert_eq!(store.instance(made).await.unwrap().unwrap().settings, typed);
            let secrets = store.rekey(&ann()).await.map(|done| done.secrets);
            assert!(matches!(secrets, Ok(0)), "{secrets:?}");
            let log = store.audit(&Default::default()).await.unwrap().rows;
            assert!(!format!("{log:?}").contains("s3cret"), "{log:?}");
        });
    }
}
