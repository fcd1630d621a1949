//! An app and its own commands have the same keys when both go by the variable.

use std::env;
use std::process::Command;

use plugo_admin::{Commands, Error, KeyRing, RegisteredItem, RegisteredType, Registry};
use plugo_admin::{EditError, ItemQuery, Store, StoreOptions, SyncMode};
use serde_json::json;

use crate::databases::{Database, ann, run};

const URL: &str = "PLUGO_TEST_DATABASE";

fn registry() -> Registry {
    let schema = json!({ "type": "object", "properties": {
        "key": { "type": "string", "format": "password", "writeOnly": true }
    } });
    let item = RegisteredItem::new("sms").schema(schema);
    Registry::by_hand().with_type(RegisteredType::new("Otp", "shop").with_item(item))
}

async fn create(store: &Store) -> Result<(), EditError> {
    store.sync(&ann(), &registry(), SyncMode::Create).await?;
    let item = store.items(&ItemQuery::default()).await?.rows.remove(0).id;
    store.create_instance(&ann(), item, "main", &json!({ "key": "sk" })).await.map(drop)
}

#[test]
#[ignore = "a process of another test"]
fn process_that_saves_a_secret() {
    run(async {
        let url = env::var(URL).unwrap();
        let options = StoreOptions::new().keys(KeyRing::from_env().unwrap());
        create(&options.open(&url).await.unwrap()).await.unwrap();
        // A command reads it, and encrypts it anew.
        let arguments = ["shop", "db", "--database", &url, "rekey"].map(Into::into);
        let code = Commands::new(registry()).run(arguments).await.unwrap();
        assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    });
}

fn process(test: &str) -> Command {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args([&*format!("keys::{test}"), "--exact", "--ignored", "--nocapture"]);
    process
}

#[test]
fn what_an_app_encrypts_with_the_variable_its_commands_read() {
    for database in Database::each() {
        let mut process = process("process_that_saves_a_secret");
        process.env(URL, database.url());
        let keys = KeyRing::generate("a").unwrap();
        let said = process.env("PLUGO_SECRET_KEYS", keys).output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success() && text.contains("1 passed"), "{text}");
    }
}

#[test]
#[ignore = "a process of another test"]
fn process_with_a_wrong_variable() {
    let error = KeyRing::from_env().unwrap_err().to_string();
    assert!(error.starts_with("PLUGO_SECRET_KEYS: ") && !error.contains("hunter2"), "{error}");
}

#[test]
fn what_is_wrong_in_the_variable_is_told_with_its_name() {
    let mut process = process("process_with_a_wrong_variable");
    let said = process.env("PLUGO_SECRET_KEYS", "a:hunter2").output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_store_without_keys_says_where_they_are_given_and_reads_no_variable() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            let error = create(&store).await.unwrap_err();
            assert!(matches!(error, EditError::Store(Error::NoKey)), "{error}");
            assert!(error.to_string().contains("`StoreOptions::keys`"), "{error}");
        });
    }
}
