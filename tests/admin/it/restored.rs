//! A backup that is restored into the open database.

use plugo_admin::{Change, Store, SyncMode};
use plugo_core::Status;

use crate::databases::{Database, ann, registry, row, run, until};

/// The priority of `sms` that lookups go by.
fn priority(following: &plugo_admin::Following) -> i32 {
    let ranked = following.snapshot().unwrap().ranked(following.registry(), "Otp", "shop");
    ranked.iter().find(|ranked| &*ranked.item == "sms").unwrap().priority
}

/// What holds after a backup of priority 1 was restored, and statements were run.
fn restored(then: &str, wanted: i32, check: impl AsyncFn(&Store, &plugo_admin::Following)) {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let following = store.follow(&registry()).await.unwrap();
            let sms = row(&store, "sms").await.id;
            let set = async |priority| {
                let change = Change::Priority(Some(priority));
                store.edit(&ann(), &[(sms, None)], &change).await.unwrap();
            };
            set(1).await;
            let Some(backup) = database.backup() else { return };
            for priority in 2..9 {
                set(priority).await;
            }
            assert_eq!(priority(&following), 8);
            let revision = following.status().revision;
            backup.restore(then);
            until("what was restored", || priority(&following) == wanted).await;
            assert!(following.status().revision <= revision);
            check(&store, &following).await;
        });
    }
}

#[test]
fn a_backup_restored_into_the_open_database_holds_and_so_do_later_edits() {
    restored("", 1, async |store, following| {
        let sms = row(store, "sms").await.id;
        for priority in 50..55 {
            let change = Change::Priority(Some(priority));
            let edited = store.edit(&ann(), &[(sms, None)], &change).await.unwrap();
            assert_eq!(self::priority(following), priority, "what was saved holds");
            assert_eq!(following.status().revision, edited.revision);
        }
    });
}

#[test]
fn an_edit_at_once_after_a_restore_holds_when_it_returns() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let following = store.follow(&registry()).await.unwrap();
            let (sms, mail) = (row(&store, "sms").await.id, row(&store, "mail").await.id);
            let Some(backup) = database.backup() else { return };
            for _ in 0..5 {
                let disabled = Change::Status(Some(Status::Disabled));
                for change in [disabled, Change::Nudge(1), Change::Nudge(1)] {
                    store.edit(&ann(), &[(sms, None)], &change).await.unwrap();
                }
                backup.restore("");
                let change = Change::Priority(Some(77));
                let edited = store.edit(&ann(), &[(mail, None)], &change).await.unwrap();
                let held = following.snapshot().unwrap();
                assert_eq!(held.revision, edited.revision);
                let ranked = held.ranked(&registry(), "Otp", "shop");
                let all: Vec<_> = ranked.iter().map(|of| (&*of.item, of.status)).collect();
                assert_eq!(all, [("sms", Status::Active), ("mail", Status::Active)]);
            }
        });
    }
}

#[test]
fn a_backup_of_the_same_revision_holds() {
    // As many changes as the backup is behind, before anybody looks.
    let change = "UPDATE plugo_instances SET priority = 33 WHERE name = 'sms';";
    restored(&change.repeat(7), 33, async |_, _| {});
}

#[test]
fn a_backup_of_another_database_holds_whatever_its_revision_is() {
    let then = "UPDATE plugo_revision SET database = 'another', revision = revision + 7;";
    restored(then, 1, async |store, following| {
        let again = store.follow(following.registry()).await.unwrap();
        assert_eq!(priority(&again), 1);
    });
}
