//! Somebody holds a lock, and what goes on meanwhile.

use std::time::{Duration, Instant};

use plugo_admin::{Change, EditError, Error, Role, SessionUse, Store, StoreOptions, SyncMode};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::databases::{Database, LONG, ann, registry, row, run, until};

const PASSWORD: &str = "correct horse battery";

async fn opened(database: &Database, wait: u64) -> Store {
    let options = StoreOptions::new().wait(Duration::from_secs(wait)).max_connections(4);
    let store = options.open(&database.url()).await.unwrap();
    store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
    store
}

#[test]
fn while_an_edit_by_hand_is_open_people_log_in_and_edits_say_what_they_wait_for() {
    let Some(database) = Database::postgres() else { return };
    run(async {
        let store = opened(&database, 2).await;
        let bob = store.add_user(&ann(), "bob", PASSWORD, Role::Edit).await.unwrap();
        let sms = row(&store, "sms").await.id;
        let by_hand = "BEGIN; UPDATE plugo_instances SET status = 'disabled'; \
            SELECT pg_sleep(600)";
        let holds = database.hold(by_hand);
        let is_held = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' \
            AND state = 'active' AND wait_event = 'PgSleep'";
        while database.ask(is_held).await.unwrap() != ["1"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // More edits than connections: each says that a lock is held.
        let edits: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(
                    async move { store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await },
                )
            })
            .collect();
        let session = store.open_session(bob, Duration::from_secs(60)).await.unwrap();
        assert!(store.session(&session.token).await.unwrap().is_some());
        store.add_user(&ann(), "eva", PASSWORD, Role::View).await.unwrap();
        store.set_password(&ann(), "eva", "another password").await.unwrap();
        store.disable_user(&ann(), "eva").await.unwrap();
        store.close_session(&session.token).await.unwrap();
        for edit in edits {
            let refused = edit.await.unwrap().unwrap_err();
            assert!(matches!(refused, EditError::Store(Error::Busy { .. })), "{refused}");
        }
        drop(holds);
        let edited = async || store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await.is_ok();
        let start = Instant::now();
        while !edited().await {
            assert!(start.elapsed() < LONG, "the lock is free");
        }
    });
}

#[test]
fn while_somebody_writes_the_use_of_a_session_is_noted_later_and_nobody_waits_for_it() {
    let database = Database::sqlite();
    run(async {
        // Longer than the test waits for any of it.
        let store = opened(&database, 2 * LONG.as_secs()).await;
        let bob = store.add_user(&ann(), "bob", PASSWORD, Role::Edit).await.unwrap();
        let session = store.open_session(bob, Duration::from_secs(3600)).await.unwrap();
        let ago = "UPDATE plugo_sessions SET last_seen = last_seen - 600000";
        database.by_hand(ago).await.unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database.file());
        let mut writer = options.connect().await.unwrap();
        writer.execute("BEGIN IMMEDIATE").await.unwrap();
        let (idle, used) = (Duration::from_secs(3600), SessionUse::Used);
        for _ in 0..10 {
            let read = store.session_within(&session.token, idle, used);
            let read = tokio::time::timeout(LONG, read).await.expect("nobody waits");
            assert!(read.unwrap().is_some());
        }
        // An edit waits as long as it may, and not twice.
        let sms = row(&store, "sms").await.id;
        let (hurried, who, target) = (opened(&database, 5).await, ann(), [(sms, None)]);
        let edit = hurried.edit(&who, &target, &Change::Nudge(1));
        let refused = tokio::time::timeout(Duration::from_secs(10), edit).await.expect("not twice");
        let refused = refused.unwrap_err();
        assert!(matches!(refused, EditError::Store(Error::Busy { .. })), "{refused}");
        writer.execute("ROLLBACK").await.unwrap();
        writer.close().await.unwrap();

        // Where nobody writes it is noted.
        let again = opened(&database, 5).await;
        again.session_within(&session.token, idle, used).await.unwrap().unwrap();
        let seen = Duration::from_secs(60);
        let is_seen = || {
            let looked = again.session_within(&session.token, seen, SessionUse::Looked);
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(looked).unwrap().is_some()
            })
        };
        until("it is noted", is_seen).await;
    });
}
