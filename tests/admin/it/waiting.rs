//! Edits at once: who comes second is told, who waits in a circle is done all the same, and nothing is
//! lost.

use std::sync::Arc;

use plugo_admin::{Actor, Change, EditError, ItemQuery, Store, Via};
use plugo_core::Status;
use serde_json::json;

use crate::databases::{Database, ann, row, rows, run};
use crate::sync::synced;

#[test]
fn the_second_of_two_editors_is_told_what_changed() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let seen = row(&store, "sms").await;
            let target = [(seen.id, Some(seen.version))];
            let bob = Actor::new("bob", Via::Api);
            let both = Change::StatusAndPriority(Some(Status::Disabled), Some(3));
            store.edit(&bob, &target, &both).await.unwrap();
            let error = store.edit(&ann(), &target, &Change::Nudge(1)).await.unwrap_err();
            let text = error.to_string();
            for part in ["`sms`", "by bob", "to disabled", "priority from as the code says to 3"] {
                assert!(text.contains(part), "{text}");
            }
            // Every edit since is told, each with its own words, and not what was before.
            let between = row(&store, "sms").await.version;
            let eve = Actor::new("eve", Via::Api);
            store.edit(&eve, &[(seen.id, None)], &Change::Status(None)).await.unwrap();
            store.edit(&bob, &[(seen.id, None)], &Change::Priority(Some(7))).await.unwrap();
            let target = [(seen.id, Some(between))];
            let error = store.edit(&ann(), &target, &Change::Nudge(1)).await.unwrap_err();
            let EditError::Conflict(conflict) = error else { panic!("{error}") };
            assert_eq!(
                conflict.changes,
                ["status from disabled to as the code says by eve", "priority from 3 to 7 by bob"]
            );
            // A change by hand counts as one, too.
            let seen = row(&store, "sms").await;
            database.by_hand("UPDATE plugo_instances SET priority = 4").await.unwrap();
            let target = [(seen.id, Some(seen.version))];
            let error = store.edit(&ann(), &target, &Change::Nudge(1)).await.unwrap_err();
            assert!(error.to_string().contains("by hand in the database or by bob"), "{error}");
            assert_eq!(row(&store, "sms").await.priority, Some(4));
        });
    }
}

#[test]
fn an_edit_that_waits_in_a_circle_with_a_change_by_hand_is_done_all_the_same() {
    let Some(database) = Database::postgres() else { return };
    run(async {
        // The server ends with the last one that holds the database.
        let database = Arc::new(database);
        let store = synced(&database).await;
        let target = [(row(&store, "sms").await.id, None)];
        // It locks the row, and the revision only when the edit waits for the row.
        let sql = "BEGIN; SELECT id FROM plugo_instances FOR UPDATE; SELECT pg_sleep(0.5); \
            UPDATE plugo_instances SET priority = 5; COMMIT";
        let runtime = tokio::runtime::Handle::current();
        let held = Arc::clone(&database);
        let by_hand = tokio::task::spawn_blocking(move || runtime.block_on(held.by_hand(sql)));
        let edit = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            store.edit(&ann(), &target, &Change::Status(Some(Status::Disabled))).await
        };
        // The database may give up either of them, and the edit is tried again.
        let (by_hand, edited) = tokio::join!(by_hand, edit);
        let _ = by_hand.unwrap();
        edited.unwrap();
        assert_eq!(row(&store, "sms").await.status, Some(Status::Disabled));
    });
}

#[test]
fn instances_are_made_and_deleted_whoever_waits_in_a_circle_with_that() {
    let Some(database) = Database::postgres() else { return };
    run(async {
        let database = Arc::new(database);
        let store = synced(&database).await;
        let all = ItemQuery { search: Some("stripe".into()), ..ItemQuery::default() };
        let stripe = store.items(&all).await.unwrap().rows[0].id;
        let settings = json!({ "account": "ours" });
        let goes = store.create_instance(&ann(), stripe, "goes", &settings).await.unwrap();
        let waits = |locked: &str| {
            let sql = format!(
                "BEGIN; SELECT id FROM {locked} FOR UPDATE; SELECT pg_sleep(0.5); \
                 UPDATE plugo_instances SET priority = 5 WHERE name = 'sms'; COMMIT"
            );
            let runtime = tokio::runtime::Handle::current();
            let by_hand = Arc::clone(&database);
            tokio::task::spawn_blocking(move || runtime.block_on(by_hand.by_hand(&sql)))
        };
        let soon = || tokio::time::sleep(std::time::Duration::from_millis(200));
        // A new instance refers to its item, whose row is locked.
        let by_hand = waits("plugo_items");
        soon().await;
        let made = store.create_instance(&ann(), stripe, "made", &settings).await.unwrap();
        let _ = by_hand.await.unwrap();
        let by_hand = waits("plugo_instances");
        soon().await;
        store.delete_instance(&ann(), goes, None).await.unwrap();
        let _ = by_hand.await.unwrap();
        let left = rows(&store).await;
        assert!(left.iter().any(|row| row.id == made) && left.iter().all(|row| row.id != goes));
    });
}

#[test]
fn editors_at_once_lose_nothing() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let (sms, mail) = (row(&store, "sms").await.id, row(&store, "mail").await.id);
            // Each adds to what it finds, in its own order.
            let editors = (0..6).map(|number| {
                let url = database.url();
                tokio::spawn(async move {
                    let store = Store::open(&url).await.unwrap();
                    let mut targets = [(sms, None), (mail, None)];
                    targets.rotate_left(number % 2);
                    for _ in 0..10 {
                        store.edit(&ann(), &targets, &Change::Nudge(1)).await.unwrap();
                    }
                })
            });
            for editor in editors.collect::<Vec<_>>() {
                editor.await.unwrap();
            }
            assert_eq!(row(&store, "sms").await.priority, Some(70));
            assert_eq!(row(&store, "mail").await.priority, Some(80));
        });
    }
}
