//! Rows that somebody typed by hand, and what becomes of them.

use axum::http::StatusCode;
use plugo_admin::{Change, Store, StoreOptions, SyncMode};
use plugo_core::Status;
use serde_json::json;

use crate::databases::{Database, ann, registry, rows, run};
use crate::site::Site;

/// JSON that databases take, and that is nested deeper than it is read here.
fn deep() -> String {
    format!(r#"{{"account":{}1{}}}"#, "[".repeat(200), "]".repeat(200))
}

#[test]
fn settings_that_cannot_be_read_are_shown_as_such_and_their_instance_is_switched_and_deleted() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let row = site.stripe().await;
        site.by_hand(&format!(
            "UPDATE plugo_instances SET settings = '{}' WHERE is_default = 0",
            deep()
        ))
        .await;
        let why = "no JSON that can be read";
        let page = ann.get(&format!("/instances/{}", row.id)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(why), "{}", page.text);
        let shown = ann.get(&format!("/api/v1/instances/{}", row.id)).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
        let body = shown.json();
        assert_eq!(body["settings"], json!({}));
        assert!(body["unusable"].as_str().unwrap().contains(why), "{body}");
        let any = [("if-match", "*")];
        let path = format!("/instances/{}", row.id);
        let off = ann.api("PATCH", &path, &any, &json!({ "status": "disabled" })).await;
        assert_eq!(off.status, StatusCode::OK, "{}", off.text);
        let renamed = ann.api("PATCH", &path, &any, &json!({ "name": "other" })).await;
        assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.text);
        // It can be set anew, with all of its secrets.
        let kept = json!({ "settings": { "account": "x" } });
        let refused = ann.api("PATCH", &path, &any, &kept).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        let typed = json!({ "settings": { "account": "x", "api_key": "sk_2" } });
        let saved = ann.api("PATCH", &path, &any, &typed).await;
        assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
        assert_eq!(saved.json()["unusable"], json!(null));
        site.by_hand(&format!(
            "UPDATE plugo_instances SET settings = '{}' WHERE is_default = 0",
            deep()
        ))
        .await;
        let deleted = ann.api("DELETE", &path, &any, &json!(null)).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text);
    });
}

#[test]
fn of_unreadable_settings_the_others_are_not_affected() {
    for database in Database::each() {
        run(async {
            let store = StoreOptions::new().open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let items = store.items(&Default::default()).await.unwrap().rows;
            let stripe = items.iter().find(|item| item.name == "stripe").unwrap().id;
            let settings = json!({ "account": "ours" });
            let id = store.create_instance(&ann(), stripe, "deep", &settings).await.unwrap();
            let following = store.follow(&registry()).await.unwrap();
            let set =
                format!("UPDATE plugo_instances SET settings = '{}' WHERE name = 'deep'", deep());
            database.by_hand(&set).await.unwrap();
            let detail = store.instance(id).await.unwrap().unwrap();
            assert!(detail.unreadable.unwrap().contains("no JSON that can be read"));
            let off = Change::Status(Some(Status::Disabled));
            let all: Vec<_> = rows(&store).await.iter().map(|row| (row.id, None)).collect();
            assert_eq!(store.edit(&ann(), &all, &off).await.unwrap().changed.len(), 3);
            let unusable = following.status().unusable;
            assert!(
                unusable.len() == 1 && unusable[0].starts_with("stripe: deep: "),
                "{unusable:?}"
            );
            store.delete_instance(&ann(), id, None).await.unwrap();
        });
    }
}

#[test]
fn a_type_stays_in_the_snapshot_without_instances() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let following = store.follow(&registry()).await.unwrap();
            let names = |snapshot: &plugo_admin::Snapshot| {
                let types = snapshot.types.iter();
                types.map(|of| (of.name.clone(), of.items.len())).collect::<Vec<_>>()
            };
            let both = [("Otp".to_owned(), 2), ("Payment".to_owned(), 1)];
            assert_eq!(names(&following.snapshot().unwrap()), both);
            database.by_hand("DELETE FROM plugo_instances").await.unwrap();
            let revision = store.revision().await.unwrap();
            let mut changes = following.changes();
            changes.wait_for(|held| *held == revision).await.unwrap();
            let held = following.snapshot().unwrap();
            assert_eq!(names(&held), both);
            assert!(held.ranked(&registry(), "Otp", "shop").is_empty());
        });
    }
}
