//! What only looks changes nothing, whoever's file it is.

use std::fs;

use plugo_admin::{Error, Store, StoreOptions, SyncMode};

use crate::databases::{Database, ann, registry, run};

async fn journal(database: &Database) -> String {
    database.ask("PRAGMA journal_mode").await.unwrap().remove(0)
}

#[test]
fn another_programs_file_keeps_its_journal() {
    let database = Database::sqlite();
    run(async {
        database.by_hand("PRAGMA journal_mode = DELETE; CREATE TABLE letters (a)").await.unwrap();
        let before = fs::read(database.file()).unwrap();
        let look = StoreOptions::new().no_migrate();
        let error = look.clone().open(&database.url()).await.unwrap_err();
        assert!(matches!(error, Error::Unmigrated { found: 0, .. }), "{error}");
        assert_eq!(fs::read(database.file()).unwrap(), before);
        assert_eq!(journal(&database).await, "delete");

        // One of a newer version is not touched either.
        let newer = "CREATE TABLE plugo_schema (version INTEGER); \
            INSERT INTO plugo_schema VALUES (999)";
        database.by_hand(newer).await.unwrap();
        let error = Store::open(&database.url()).await.unwrap_err();
        assert!(matches!(error, Error::Newer { .. }), "{error}");
        assert_eq!(journal(&database).await, "delete");
    });
}

#[test]
fn a_file_that_is_not_there_is_not_made() {
    let database = Database::sqlite();
    run(async {
        let look = StoreOptions::new().no_migrate();
        let error = look.open(&database.url()).await.unwrap_err();
        assert!(matches!(error, Error::Unmigrated { found: 0, .. }), "{error}");
        assert!(!database.file().exists());
    });
}

#[test]
fn a_file_of_ours_has_a_write_ahead_log_again_after_a_backup() {
    let (database, backup) = (Database::sqlite(), Database::sqlite());
    run(async {
        let store = Store::open(&database.url()).await.unwrap();
        store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
        store.close().await;
        let into = format!("VACUUM INTO '{}'", backup.file().display());
        database.by_hand(&into).await.unwrap();
        assert_eq!(journal(&backup).await, "delete");
        let look = StoreOptions::new().no_migrate();
        look.open(&backup.url()).await.unwrap().close().await;
        assert_eq!(journal(&backup).await, "wal");
    });
}
