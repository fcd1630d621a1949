//! Code that has changed since the database was synced: "as the code says" is what the
//! code says now, in each program for itself.

use std::env;
use std::process::Command;

use axum::http::StatusCode;
use plugo_admin::{
    Actor, Auth, Commands, Pages, RegisteredItem, RegisteredType, Registry, Store, SyncMode, Via,
};
use plugo_core::Status;
use serde_json::{Value, json};

use crate::databases::{Database, run};
use crate::site::{Site, nested};

const URL: &str = "PLUGO_TEST_DATABASE";

/// What the first version has, with an item that a later one has not.
fn first() -> Registry {
    let otp = RegisteredType::new("Otp", "shop")
        .with_item(RegisteredItem::new("sms").priority(10))
        .with_item(RegisteredItem::new("mail").priority(20))
        .with_item(RegisteredItem::new("elsewhere").priority(5).status(Status::Reserve));
    Registry::by_hand().with_type(otp)
}

fn second() -> Registry {
    let otp = RegisteredType::new("Otp", "shop")
        .with_item(RegisteredItem::new("sms").priority(30).status(Status::Disabled))
        .with_item(RegisteredItem::new("mail").priority(20));
    Registry::by_hand().with_type(otp)
}

fn program() -> Actor {
    Actor::new("shop", Via::Sync)
}

#[test]
fn pages_and_api_say_what_the_code_of_this_program_says() {
    run(async {
        let mut site = Site::of(first(), Auth::built_in(), |pages| pages, "/admin").await;
        site.store.sync(&program(), &second(), SyncMode::Create).await.unwrap();
        site.unfollow().await;
        site.app = nested(Pages::new(site.store.clone(), second(), Auth::built_in()), "/admin");
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let list = ann.get("/instances").await.text;
        assert!(list.contains("<option value=\"\">Disabled (code)</option>"), "{list}");
        assert!(list.contains("placeholder=\"30\"") && !list.contains("placeholder=\"10\""));
        // Another program's item is as that one has left it.
        assert!(list.contains("<option value=\"\">Reserve (code)</option>"), "{list}");
        assert!(list.contains("placeholder=\"5\""), "{list}");
        let page = ann.get(&format!("/instances/{}", sms.id)).await.text;
        assert!(page.contains("disabled, priority 30"), "{page}");
        // By it is filtered, sorted and counted, too.
        let of = ann.get("/api/v1/types").await.json()[0].clone();
        let counts = ["active", "reserve", "disabled"].map(|status| of[status].clone());
        assert_eq!(counts, [json!(1), json!(1), json!(1)]);
        let names = |answer: Value| -> Vec<String> {
            let rows = answer["rows"].as_array().unwrap().iter();
            rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
        };
        let all = ann.get("/api/v1/instances").await.json();
        assert_eq!(names(all.clone()), ["mail", "elsewhere", "sms"]);
        assert_eq!(all["rows"][2]["effective_status"], "disabled");
        assert_eq!(all["rows"][2]["effective_priority"], 30);
        assert_eq!(all["rows"][2]["item"]["code_priority"], 30);
        let disabled = ann.get("/api/v1/instances?status=disabled").await.json();
        assert_eq!(names(disabled), ["sms"]);
        let sorted = ann.get("/api/v1/instances?sort=priority").await.json();
        assert_eq!(names(sorted), ["elsewhere", "mail", "sms"]);
        let detail = ann.get(&format!("/api/v1/instances/{}", sms.id)).await;
        assert_eq!(detail.status, StatusCode::OK);
        assert_eq!(detail.json()["effective_status"], "disabled");
        // What the database has is as it was.
        assert_eq!(site.row("sms").await.effective_priority(), 10);
    });
}

#[test]
#[ignore = "a process of another test"]
fn process_that_lists() {
    run(async {
        let url = env::var(URL).unwrap();
        let arguments = ["shop", "db", "--database", &url, "--format", "json", "list"];
        Commands::new(second()).run(arguments.map(Into::into)).await.unwrap();
    });
}

#[test]
fn the_terminal_says_what_the_code_of_this_program_says() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&program(), &first(), SyncMode::Create).await.unwrap();
            store.sync(&program(), &second(), SyncMode::Create).await.unwrap();
        });
        let mut process = Command::new(env::current_exe().unwrap());
        let test = "code_changed::process_that_lists";
        process.args([test, "--exact", "--ignored", "--nocapture"]).env(URL, database.url());
        let said = process.output().unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        // The harness speaks around it.
        let (start, end) = (text.find("\n[").unwrap(), text.rfind("\n]").unwrap());
        let rows: Value = serde_json::from_str(&text[start..end + 2]).unwrap();
        let rows = rows.as_array().unwrap().iter().map(|row| {
            let status = row["effective_status"].as_str().unwrap();
            format!("{} {status} {}", row["name"].as_str().unwrap(), row["effective_priority"])
        });
        let rows: Vec<String> = rows.collect();
        assert_eq!(rows, ["mail active 20", "elsewhere reserve 5", "sms disabled 30"]);
    }
}

#[test]
fn sync_says_one_thing_and_names_what_differs() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            let synced = store.sync(&program(), &first(), SyncMode::Create).await.unwrap();
            let said = "1 type created, 3 items created, 3 default instances created";
            assert_eq!(synced.to_string(), said);
            let synced = store.sync(&program(), &second(), SyncMode::Create).await.unwrap();
            let differs = "item Otp: sms: status active, here disabled; priority 10, here 30";
            assert_eq!(
                synced.to_string(),
                format!(
                    "1 marked absent, 1 left, which differs from the code; mode update brings it \
                     up to date:\n  {differs}"
                )
            );
            assert_eq!(synced.differing, [differs]);
            let again = store.sync(&program(), &second(), SyncMode::Create).await.unwrap();
            assert!(!again.to_string().contains("nothing to do"), "{again}");
            assert!(again.to_string().contains(differs), "{again}");
            store.sync(&program(), &second(), SyncMode::Update).await.unwrap();
            let last = store.sync(&program(), &second(), SyncMode::Create).await.unwrap();
            assert_eq!(last.to_string(), "the database is up to date; nothing to do");
        });
    }
}
