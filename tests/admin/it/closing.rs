//! A store that is closed leaves nothing behind: one file is the whole database.

use std::fs;

use plugo_admin::{Change, Error, Following, Store, SyncMode};

use crate::databases::{Database, ann, registry, row, rows, run};

/// A database with a change, and somebody who follows it.
async fn followed(database: &Database) -> (Store, Following) {
    let store = Store::open(&database.url()).await.unwrap();
    store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
    let following = store.follow(&registry()).await.unwrap();
    let sms = row(&store, "sms").await;
    store.edit(&ann(), &[(sms.id, None)], &Change::Priority(Some(7))).await.unwrap();
    (store, following)
}

/// The file alone, elsewhere, has all of it.
async fn file_is_all(database: &Database) {
    for end in ["sqlite3-wal", "sqlite3-shm"] {
        assert!(!database.file().with_extension(end).exists(), "{end} was left");
    }
    let copy = Database::sqlite();
    fs::copy(database.file(), copy.file()).unwrap();
    let copied = Store::open(&copy.url()).await.unwrap();
    assert_eq!(row(&copied, "sms").await.priority, Some(7));
    copied.close().await;
}

#[test]
fn a_closed_store_is_one_file_whoever_follows_it() {
    for _ in 0..5 {
        let database = Database::sqlite();
        run(async {
            let (store, following) = followed(&database).await;
            let other = store.follow(&registry()).await.unwrap();
            store.close().await;
            file_is_all(&database).await;
            drop((following, other));

            // A following that was dropped a moment ago is waited for as well.
            let database = Database::sqlite();
            let (store, following) = followed(&database).await;
            drop(following);
            store.close().await;
            file_is_all(&database).await;
        });
    }
}

#[test]
fn what_holds_goes_on_to_hold_and_nothing_else_is_done() {
    for database in Database::each() {
        run(async {
            let (store, following) = followed(&database).await;
            let clone = store.clone();
            // Twice is once.
            tokio::join!(store.close(), clone.close());
            store.close().await;
            let held = following.snapshot().unwrap();
            assert_eq!(held.revision, following.status().revision);
            let error = clone.overview().await.unwrap_err();
            assert!(matches!(error, Error::Away { .. }), "{error}");
            assert!(error.to_string().contains("was closed"), "{error}");
            let error = clone.follow(&registry()).await.unwrap_err();
            assert!(matches!(error, Error::Away { .. }), "{error}");
        });
    }
}

#[test]
fn what_is_being_read_is_waited_for() {
    let database = Database::sqlite();
    run(async {
        let (store, _following) = followed(&database).await;
        let reads: Vec<_> = (0..20)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { while store.overview().await.is_ok() {} })
            })
            .collect();
        rows(&store).await;
        store.close().await;
        file_is_all(&database).await;
        for read in reads {
            read.await.unwrap();
        }
    });
}

#[test]
fn what_is_refused_at_the_door_leaves_nothing_either() {
    let database = Database::sqlite();
    run(async {
        followed(&database).await.0.close().await;
        let newer = "INSERT INTO plugo_schema (version, name, migrated) VALUES (999, 'new', 0)";
        database.by_hand(newer).await.unwrap();
        let error = Store::open(&database.url()).await.unwrap_err();
        assert!(matches!(error, Error::Newer { .. }), "{error}");
        assert!(!database.file().with_extension("sqlite3-wal").exists());
    });
}
