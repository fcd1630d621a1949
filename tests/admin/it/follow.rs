//! How changes reach lookups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plugo_admin::{
    Change, Error, Following, InstanceId, ItemQuery, RegisteredItem, RegisteredType, Registry,
    Snapshot, SnapshotInstance, Store, StoreOptions, SyncMode,
};
use plugo_core::Status;
use serde_json::json;

use crate::databases::{Database, Server, ann, registry, row, run, until};

async fn followed(database: &Database) -> (Store, Following) {
    let store = Store::open(&database.url()).await.unwrap();
    store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
    let following = store.follow(&registry()).await.unwrap();
    (store, following)
}

/// The names of the items of `Otp` that may be selected, in order.
fn candidates(following: &Following) -> Vec<String> {
    let snapshot = following.snapshot().unwrap();
    let ranked = snapshot.ranked(following.registry(), "Otp", "shop");
    let candidates = ranked.iter().filter(|ranked| ranked.status != Status::Disabled);
    candidates.map(|ranked| ranked.item.to_string()).collect()
}

#[test]
fn x14_after_a_bulk_edit_the_next_lookup_of_the_process_goes_by_it() {
    for database in Database::each() {
        run(async {
            let (store, following) = followed(&database).await;
            assert_eq!(candidates(&following), ["sms", "mail"]);
            let (sms, mail) = (row(&store, "sms").await.id, row(&store, "mail").await.id);
            let both = [(sms, None), (mail, None)];
            store.edit(&ann(), &both[..1], &Change::Status(Some(Status::Disabled))).await.unwrap();
            assert_eq!(candidates(&following), ["mail"]);
            store.edit(&ann(), &both, &Change::Status(Some(Status::Disabled))).await.unwrap();
            assert!(candidates(&following).is_empty());
            store.edit(&ann(), &both, &Change::Status(None)).await.unwrap();
            store.edit(&ann(), &both[..1], &Change::Priority(Some(30))).await.unwrap();
            assert_eq!(candidates(&following), ["mail", "sms"]);
        });
    }
}

#[test]
fn after_each_edit_lookups_go_by_the_snapshot_that_the_database_would_give() {
    for database in Database::each() {
        run(async {
            let (store, following) = followed(&database).await;
            let items = store.items(&ItemQuery::default()).await.unwrap().rows;
            let stripe = items.iter().find(|item| item.name == "stripe").unwrap().id;
            let make = async |name: &str| {
                store.create_instance(&ann(), stripe, name, &json!({ "account": name })).await
            };
            let is_held = async |what: &str| {
                let (held, read) = (following.snapshot().unwrap(), store.snapshot().await.unwrap());
                assert_eq!(held.revision, read.revision, "{what}");
                assert_eq!(all(&held), all(&read), "{what}");
                assert_eq!(names(&held), names(&read), "{what}");
            };
            // The first one brings its item and its type.
            let c = make("c").await.unwrap();
            is_held("the first one").await;
            let b = make("b").await.unwrap();
            is_held("one that comes before it").await;
            let sms = row(&store, "sms").await.id;
            let other = Store::open(&database.url()).await.unwrap();
            let disabled = Change::Status(Some(Status::Disabled));
            let edits: [(&[InstanceId], Change); 7] = [
                (&[sms], Change::Priority(Some(3))),
                (&[c, sms], disabled.clone()),
                (&[c], Change::Rename("a".into())),
                (&[c], Change::Settings(json!({ "account": "changed" }))),
                (&[b], Change::Rename("d".into())),
                (&[b, c, sms], Change::Nudge(-1)),
                (&[sms], disabled),
            ];
            for (ids, change) in edits {
                let targets: Vec<_> = ids.iter().map(|id| (*id, None)).collect();
                let edited = store.edit(&ann(), &targets, &change).await.unwrap();
                let held = following.snapshot().unwrap();
                assert_eq!(held.revision, edited.revision, "{change:?}");
                let (held, read) = (all(&held), all(&store.snapshot().await.unwrap()));
                assert_eq!(held, read, "{change:?}");
                // And an edit over what another one changed meanwhile.
                other.edit(&ann(), &[(b, None)], &Change::Nudge(1)).await.unwrap();
                store.edit(&ann(), &[(c, None)], &Change::Nudge(1)).await.unwrap();
                let held = all(&following.snapshot().unwrap());
                assert_eq!(held, all(&store.snapshot().await.unwrap()), "{change:?}");
            }
            store.delete_instance(&ann(), c, None).await.unwrap();
            is_held("one is deleted").await;
            store.delete_instance(&ann(), b, None).await.unwrap();
            is_held("the last one of its type is deleted").await;
        });
    }
}

#[test]
fn what_is_made_or_deleted_is_all_that_is_read_anew() {
    for database in Database::each() {
        run(async {
            let (store, following) = followed(&database).await;
            let items = store.items(&ItemQuery::default()).await.unwrap().rows;
            let stripe = items.iter().find(|item| item.name == "stripe").unwrap().id;
            let sms = || {
                let snapshot = following.snapshot().unwrap();
                let mut items = snapshot.types.iter().flat_map(|of| &of.items);
                Arc::clone(&items.find(|item| item.name == "sms").unwrap().instances[0])
            };
            // The task that waits for changes may be faster, but hardly each time.
            let (mut is_made, mut is_deleted) = (false, false);
            for number in 0..20 {
                let (before, name) = (sms(), format!("{number}"));
                let settings = json!({ "account": "ours" });
                let id = store.create_instance(&ann(), stripe, &name, &settings).await.unwrap();
                let made = sms();
                store.delete_instance(&ann(), id, None).await.unwrap();
                is_made |= Arc::ptr_eq(&before, &made);
                is_deleted |= Arc::ptr_eq(&made, &sms());
            }
            assert!(is_made && is_deleted, "{is_made} {is_deleted}");
        });
    }
}

/// The types and items of a snapshot.
fn names(snapshot: &Snapshot) -> Vec<String> {
    let items = snapshot.types.iter().flat_map(|of| of.items.iter().map(move |item| (of, item)));
    items.map(|(of, item)| format!("{} {}: {} {}", of.id, of.name, item.id, item.name)).collect()
}

/// All that a snapshot says.
fn all(snapshot: &Snapshot) -> Vec<String> {
    let items = snapshot.types.iter().flat_map(|of| &of.items);
    let instances = items.flat_map(|item| item.instances.iter().map(move |of| (item, of)));
    let settings = |of: &SnapshotInstance| of.settings.reveal().unwrap().reveal().to_string();
    let all = instances.map(|(item, of)| format!("{} {of:?} {}", item.name, settings(of)));
    all.collect()
}

#[test]
fn x15_changes_by_another_machine_and_by_hand_reach_a_follower() {
    for database in Database::each() {
        run(async {
            let (store, _) = followed(&database).await;
            let (_, following) = followed(&database).await;
            let sms = row(&store, "sms").await.id;
            let disabled = Change::Status(Some(Status::Disabled));
            store.edit(&ann(), &[(sms, None)], &disabled).await.unwrap();
            until("the other store's change", || candidates(&following) == ["mail"]).await;
            database
                .by_hand("UPDATE plugo_instances SET status = NULL, priority = 7")
                .await
                .unwrap();
            until("the change by hand", || candidates(&following) == ["mail", "sms"]).await;
            database.by_hand("UPDATE plugo_instances SET status = 'disabled'").await.unwrap();
            until("the second change by hand", || candidates(&following).is_empty()).await;
            assert_eq!(following.status().revision, store.revision().await.unwrap());
        });
    }
}

#[test]
fn x16_a_snapshot_never_takes_the_place_of_a_newer_one() {
    for database in Database::each() {
        run(async {
            let (store, following) = followed(&database).await;
            let following = Arc::new(following);
            let (sms, mail) = (row(&store, "sms").await.id, row(&store, "mail").await.id);
            // Somebody else's changes are read anew in the background, while those of this
            // process hold at once.
            let other = Store::open(&database.url()).await.unwrap();
            let others = tokio::spawn(async move {
                for _ in 0..30 {
                    other.edit(&ann(), &[(mail, None)], &Change::Nudge(1)).await.unwrap();
                }
            });
            let done = Arc::new(AtomicBool::new(false));
            let (seen, ends) = (Arc::clone(&following), Arc::clone(&done));
            let watches = tokio::spawn(async move {
                let mut before = 0;
                while !ends.load(Ordering::Relaxed) {
                    let now = seen.status().revision;
                    assert!(now >= before, "{now} after {before}");
                    before = now;
                    tokio::task::yield_now().await;
                }
            });
            for priority in 0..30 {
                let change = Change::Priority(Some(priority));
                let edited = store.edit(&ann(), &[(sms, None)], &change).await.unwrap();
                let held = following.snapshot().unwrap();
                assert!(held.revision >= edited.revision);
                let ranked = held.ranked(&registry(), "Otp", "shop");
                let sms = ranked.iter().find(|ranked| &*ranked.item == "sms").unwrap();
                assert_eq!(sms.priority, priority, "what was saved holds");
            }
            others.await.unwrap();
            done.store(true, Ordering::Relaxed);
            watches.await.unwrap();
            let last = store.revision().await.unwrap();
            until("the last change", || following.status().revision == last).await;
        });
    }
}

#[test]
fn x17_what_is_rolled_back_is_never_seen() {
    for database in Database::each() {
        run(async {
            let (_, following) = followed(&database).await;
            let sms = "UPDATE plugo_instances SET status = 'disabled' WHERE name = 'sms'";
            let mail = "UPDATE plugo_instances SET priority = 99 WHERE name = 'mail'";
            for _ in 0..5 {
                database.by_hand(&format!("BEGIN; {sms}; ROLLBACK")).await.unwrap();
            }
            let revision = following.status().revision;
            let mut changes = following.changes();
            database.by_hand(mail).await.unwrap();
            changes.wait_for(|now| *now > revision).await.unwrap();
            assert_eq!(candidates(&following), ["sms", "mail"]);
        });
    }
}

#[test]
fn x21_a_tie_is_always_broken_in_the_same_way() {
    for database in Database::each() {
        run(async {
            let of = RegisteredType::new("Otp", "shop")
                .with_item(RegisteredItem::new("b").priority(5))
                .with_item(RegisteredItem::new("a").priority(5).namespace("other"))
                .with_item(RegisteredItem::new("a").priority(5));
            let registry = Registry::by_hand().with_type(of);
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry, SyncMode::Create).await.unwrap();
            let following = store.follow(&registry).await.unwrap();
            for priority in 0..20 {
                let sql = format!("UPDATE plugo_instances SET priority = {priority}");
                database.by_hand(&sql).await.unwrap();
                let revision = store.revision().await.unwrap();
                until("the change", || following.status().revision >= revision).await;
                let ranked = following.snapshot().unwrap().ranked(&registry, "Otp", "shop");
                let names: Vec<_> = ranked.iter().map(|r| (&*r.item, &*r.namespace)).collect();
                assert_eq!(names, [("a", "other"), ("a", "plugins"), ("b", "plugins")]);
            }
        });
    }
}

#[test]
fn x19_a_row_whose_item_is_not_in_this_program_is_no_candidate() {
    for database in Database::each() {
        run(async {
            let (store, _) = followed(&database).await;
            let mail = registry().types()[0].item("plugins", "mail").unwrap().clone();
            let smaller =
                Registry::by_hand().with_type(RegisteredType::new("Otp", "shop").with_item(mail));
            // Whether or not it has synced, and whatever the rows say.
            let following = store.follow(&smaller).await.unwrap();
            assert!(row(&store, "sms").await.item.present);
            assert_eq!(candidates(&following), ["mail"]);
        });
    }
}

#[test]
fn x25_what_a_listener_missed_is_seen_when_it_is_back_and_without_a_notification() {
    let Some(database) = Database::postgres() else { return };
    run(async {
        let (store, following) = followed(&database).await;
        // All connections end, and the change comes while nobody listens.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid(); \
            UPDATE plugo_instances SET status = 'disabled' WHERE name = 'sms'";
        database.by_hand(end).await.unwrap();
        until("the change that was missed", || candidates(&following) == ["mail"]).await;
        // Without triggers nobody is notified.
        let silent = "SET session_replication_role = replica; \
            UPDATE plugo_instances SET status = NULL; \
            UPDATE plugo_revision SET revision = revision + 1";
        database.by_hand(silent).await.unwrap();
        until("the silent change", || candidates(&following) == ["sms", "mail"]).await;
        until("no trouble", || following.status().away_since.is_none()).await;
        assert_eq!(following.status().revision, store.revision().await.unwrap());
    });
}

#[test]
fn while_the_server_is_stopped_lookups_go_by_what_was_known() {
    let Some(server) = Server::start_new().map(Arc::new) else { return };
    let name = server.create();
    let database = Database::Postgres(Arc::clone(&server), name);
    run(async {
        let (store, following) = followed(&database).await;
        let sms = row(&store, "sms").await.id;
        server.stop();
        until("it is away", || following.status().away_since.is_some()).await;
        assert_eq!(candidates(&following), ["sms", "mail"]);
        let error = store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await.unwrap_err();
        let said = following.status().last_error.unwrap();
        for text in [said, error.to_string()] {
            assert!(text.contains("does not answer"), "{text}");
        }
        server.start();
        database.by_hand("UPDATE plugo_instances SET status = 'disabled'").await.unwrap();
        until("the change", || candidates(&following).is_empty()).await;
        until("it is back", || following.status().away_since.is_none()).await;
        assert!(following.status().last_error.is_none());
        store.edit(&ann(), &[(sms, None)], &Change::Status(None)).await.unwrap();
        assert_eq!(candidates(&following), ["sms"]);
    });
}

#[test]
fn a_file_that_is_removed_or_restored_from_a_backup_is_noticed() {
    let database = Database::sqlite();
    run(async {
        let (store, following) = followed(&database).await;
        let sms = row(&store, "sms").await.id;
        let backup = database.file().with_extension("backup");
        database.by_hand(&format!("VACUUM INTO '{}'", backup.display())).await.unwrap();
        for priority in 30..40 {
            let change = Change::Priority(Some(priority));
            store.edit(&ann(), &[(sms, None)], &change).await.unwrap();
        }
        assert_eq!(candidates(&following), ["mail", "sms"]);
        for end in ["sqlite3", "sqlite3-wal", "sqlite3-shm"] {
            std::fs::remove_file(database.file().with_extension(end)).unwrap();
        }
        until("it is away", || following.status().away_since.is_some()).await;
        assert_eq!(candidates(&following), ["mail", "sms"]);
        let error = store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await.unwrap_err();
        assert!(error.to_string().contains("the file was removed"), "{error}");
        let again = StoreOptions::new().open(&format!("{}?mode=ro", database.url())).await;
        assert!(matches!(again, Err(Error::Away { .. })), "{again:?}");
        // By now the watcher has tried to connect.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert!(!database.file().exists(), "no empty file takes its place");

        // The backup is older, and is what holds now.
        std::fs::rename(&backup, database.file()).unwrap();
        until("the backup", || candidates(&following) == ["sms", "mail"]).await;
        until("it is back", || following.status().away_since.is_none()).await;
        store.edit(&ann(), &[(sms, None)], &Change::Priority(Some(50))).await.unwrap();
        assert_eq!(candidates(&following), ["mail", "sms"]);
    });
}
