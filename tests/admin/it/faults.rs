//! Databases that are slow, full, locked, read-only, newer or no database, and
//! processes that are killed.

use std::collections::HashSet;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use plugo_admin::{
    Actor, AuditQuery, Change, EditError, Error, InstanceRow, RegisteredItem, RegisteredType,
    Registry, Store, StoreOptions, SyncMode, Via,
};
use plugo_core::Status;

use crate::databases::{Database, ann, registry, row, rows, run, skipped, until};

async fn synced(url: &str) -> Store {
    let store = Store::open(url).await.unwrap();
    store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
    store
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    for database in Database::each() {
        run(async {
            synced(&database.url()).await.close().await;
            let newer = "INSERT INTO plugo_schema (version, name, migrated) VALUES (999, 'new', 0)";
            database.by_hand(newer).await.unwrap();
            let error = Store::open(&database.url()).await.unwrap_err();
            assert!(matches!(error, Error::Newer { found: 999, .. }), "{error}");
            assert!(error.to_string().contains("run a newer build of the app"), "{error}");
        });
    }
}

#[test]
fn what_is_no_database_is_told_and_not_overwritten() {
    let database = Database::sqlite();
    run(async {
        fs::write(database.file(), "a letter to nobody, and longer than a header. ".repeat(20))
            .unwrap();
        let before = fs::read(database.file()).unwrap();
        let error = Store::open(&database.url()).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert_eq!(fs::read(database.file()).unwrap(), before);
        let folder = format!("sqlite://{}/none/db", database.file().display());
        let error = Store::open(&folder).await.unwrap_err();
        assert!(error.to_string().contains("there is no folder"), "{error}");
    });
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::sqlite();
    run(async {
        let _store = synced(&database.url()).await;
        for end in ["sqlite3", "sqlite3-wal"] {
            let metadata = fs::metadata(database.file().with_extension(end)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{end}");
        }
    });
}

#[test]
fn a_read_only_database_is_read_and_says_that_nothing_was_changed() {
    for database in Database::each() {
        run(async {
            synced(&database.url()).await.close().await;
            let mut url = database.url();
            if database.is_postgres() {
                let read_only = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
                    default_transaction_read_only = on', current_database()); END $$";
                database.by_hand(read_only).await.unwrap();
            } else {
                url.push_str("?mode=ro");
            }
            let store = Store::open(&url).await.unwrap();
            let sms = row(&store, "sms").await;
            let following = store.follow(&registry()).await.unwrap();
            assert!(
                store.sync(&ann(), &registry(), SyncMode::Update).await.unwrap().is_unchanged()
            );
            let edit = store.edit(&ann(), &[(sms.id, None)], &Change::Nudge(1)).await.unwrap_err();
            assert!(matches!(&edit, EditError::Store(Error::ReadOnly { .. })), "{edit}");
            assert!(edit.to_string().contains("nothing was changed"), "{edit}");
            let sync =
                store.sync(&ann(), &Registry::by_hand(), SyncMode::Create).await.unwrap_err();
            assert!(matches!(sync, Error::ReadOnly { .. }), "{sync}");
            assert_eq!(row(&store, "sms").await, sms);
            assert!(following.status().away_since.is_none());
        });
    }
}

#[test]
fn a_full_disk_changes_nothing_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(folder.path())
        .output();
    if !mounted.is_ok_and(|said| said.status.success()) {
        skipped("with a full disk: a small file system cannot be mounted here");
        return;
    }
    struct Unmounted<'p>(&'p std::path::Path);
    impl Drop for Unmounted<'_> {
        fn drop(&mut self) {
            // The last connection may still be closing.
            for _ in 0..200 {
                if Command::new("umount").arg(self.0).output().unwrap().status.success() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
    let _unmounted = Unmounted(folder.path());
    run(async {
        let url = format!("sqlite://{}", folder.path().join("db").display());
        let store = synced(&url).await;
        let mut of = RegisteredType::new("Otp", "shop");
        for number in 0..3000 {
            of = of.with_item(
                RegisteredItem::new(format!("item{number}")).description("x".repeat(300)),
            );
        }
        let before = (rows(&store).await, store.revision().await.unwrap());
        let many = Registry::by_hand().with_type(of);
        let error = store.sync(&ann(), &many, SyncMode::Create).await.unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{error}");
        assert!(error.to_string().contains("no room"), "{error}");
        assert_eq!((rows(&store).await, store.revision().await.unwrap()), before);
        let sms = row(&store, "sms").await.id;
        store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_database_that_another_process_locks_is_waited_for_and_then_told() {
    for database in Database::each() {
        run(async {
            synced(&database.url()).await.close().await;
            let options = StoreOptions::new().wait(Duration::from_millis(300));
            let store = options.open(&database.url()).await.unwrap();
            let following = store.follow(&registry()).await.unwrap();
            let sms = row(&store, "sms").await.id;
            let lock = Lock::take(&database).await;
            let error = store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await.unwrap_err();
            assert!(matches!(&error, EditError::Store(Error::Busy { .. })), "{error}");
            assert!(error.to_string().contains("another process holds the lock"), "{error}");
            assert!(following.snapshot().is_some());
            lock.give_back().await;
            store.edit(&ann(), &[(sms, None)], &Change::Nudge(1)).await.unwrap();
            until("it is there", || following.status().away_since.is_none()).await;
            assert_eq!(row(&store, "sms").await.priority, Some(11));
        });
    }
}

/// What another process may hold for long.
enum Lock {
    Sqlite(sqlx::SqliteConnection),
    Postgres(
        std::thread::JoinHandle<Result<(), String>>,
        std::sync::Arc<crate::databases::Server>,
        String,
    ),
}

impl Lock {
    async fn take(database: &Database) -> Self {
        match database {
            Database::Sqlite(_) => {
                use sqlx::{ConnectOptions, Executor};
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database.file());
                let mut connection = options.connect().await.unwrap();
                connection.execute("BEGIN EXCLUSIVE").await.unwrap();
                Lock::Sqlite(connection)
            }
            Database::Postgres(server, name) => {
                let (server, name) = (server.clone(), name.clone());
                let psql = {
                    let (server, name) = (server.clone(), name.clone());
                    let sql = "BEGIN; LOCK TABLE plugo_revision IN ACCESS EXCLUSIVE MODE; \
                        SELECT pg_advisory_lock(1); SELECT pg_sleep(600)";
                    std::thread::spawn(move || server.psql(&name, sql).map(drop))
                };
                // It is held when this lock is.
                let held = "DO $$ BEGIN IF pg_try_advisory_lock(1) THEN \
                    PERFORM pg_advisory_unlock(1); RAISE 'free'; END IF; END $$";
                until("the lock", || server.psql(&name, held).is_ok()).await;
                Lock::Postgres(psql, server, name)
            }
        }
    }

    async fn give_back(self) {
        match self {
            Lock::Sqlite(connection) => sqlx::Connection::close(connection).await.unwrap(),
            Lock::Postgres(psql, server, name) => {
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' \
                    AND pid <> pg_backend_pid()";
                server.psql(&name, end).unwrap();
                assert!(psql.join().unwrap().is_err());
            }
        }
    }
}

#[test]
fn a_database_that_is_too_slow_is_away_until_it_answers() {
    let Some(database) = Database::postgres() else { return };
    run(async {
        synced(&database.url()).await.close().await;
        let wait = Duration::from_millis(300);
        let store = StoreOptions::new().wait(wait).open(&database.url()).await.unwrap();
        let following = store.follow(&registry()).await.unwrap();
        // Not even the revision can be read.
        let lock = Lock::take(&database).await;
        until("it is away", || following.status().away_since.is_some()).await;
        assert_eq!(following.snapshot().unwrap().ranked(&registry(), "Otp", "shop").len(), 2);
        lock.give_back().await;
        until("it is back", || following.status().away_since.is_none()).await;
    });
}

#[test]
fn nothing_goes_by_the_clock() {
    for database in Database::each() {
        run(async {
            let store = synced(&database.url()).await;
            let sms = row(&store, "sms").await;
            // A line from a machine whose clock is a century ahead.
            let ahead = format!(
                "INSERT INTO plugo_audit (at, actor, via, action, subject_kind, subject_id, subject, \
                 revision) VALUES (4900000000000, 'eve', 'page', 'changed', 'instance', '{}', 'sms', 1)",
                sms.id
            );
            database.by_hand(&ahead).await.unwrap();
            store.edit(&ann(), &[(sms.id, None)], &Change::Nudge(1)).await.unwrap();
            let lines = store.audit(&AuditQuery::default()).await.unwrap().rows;
            assert_eq!((&*lines[0].actor, &*lines[1].actor), ("ann", "eve"), "the latest first");
            let seen = [(sms.id, Some(sms.version))];
            let error = store.edit(&ann(), &seen, &Change::Nudge(1)).await.unwrap_err();
            let EditError::Conflict(conflict) = error else { panic!("{error}") };
            assert_eq!(conflict.by.as_deref(), Some("ann"));
        });
    }
}

/// So many items have one status at a time.
const ITEMS: usize = 450;

fn many() -> Registry {
    let mut of = RegisteredType::new("Otp", "shop");
    for number in 0..ITEMS {
        of = of.with_item(RegisteredItem::new(format!("item{number:03}")));
    }
    Registry::by_hand().with_type(of)
}

fn half() -> Registry {
    let mut of = RegisteredType::new("Otp", "shop");
    for item in many().types()[0].items().iter().step_by(2) {
        of = of.with_item(item.clone());
    }
    Registry::by_hand().with_type(of.with_item(RegisteredItem::new("new")))
}

/// Edits and syncs in turn. Whatever of it is cut off, all of it is done or
/// nothing.
async fn churn(store: &Store, round: usize) {
    let actor = Actor::new("churn", Via::App);
    let status = [Some(Status::Disabled), Some(Status::Reserve), None][round % 3];
    let old = rows(store).await.into_iter().filter(|row| row.item.name != "new");
    let targets: Vec<_> = old.map(|row| (row.id, None)).collect();
    let _ = store.edit(&actor, &targets, &Change::Status(status)).await;
    let registry = if round.is_multiple_of(2) { half() } else { many() };
    let _ = store.sync(&ann(), &registry, SyncMode::Update).await;
}

/// What is never half-done. What was cut off may be saved after all, while this
/// looks: then it looks again.
async fn check(store: &Store) {
    loop {
        let before = store.revision().await.unwrap();
        let rows = rows(store).await;
        let query = AuditQuery { actor: Some("churn".into()), ..AuditQuery::default() };
        let lines = store.audit(&query).await.unwrap().total;
        if store.revision().await.unwrap() == before {
            return check_rows(&rows, lines);
        }
    }
}

fn check_rows(rows: &[InstanceRow], lines: u64) {
    let present = rows.iter().filter(|row| row.item.present).count();
    let all = [ITEMS, ITEMS + 1].contains(&rows.len());
    assert!(rows.is_empty() || all, "{} instances", rows.len());
    assert!([0, ITEMS, ITEMS / 2 + 1].contains(&present), "{present} present");
    // An edit is of all rows, but for the new one.
    let old = rows.iter().filter(|row| row.item.name != "new");
    let statuses: HashSet<_> = old.map(|row| row.status).collect();
    assert!(statuses.len() <= 1, "{statuses:?}");
    let changes: i64 = rows.iter().map(|row| row.version.0 - 1).sum();
    assert_eq!(lines, u64::try_from(changes).unwrap(), "a line for each change");
}

#[test]
fn an_edit_or_a_sync_that_is_dropped_halfway_is_not_done_at_all() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &many(), SyncMode::Create).await.unwrap();
            for round in 0..60 {
                // From before the first statement to after the last one.
                let limit = Duration::from_micros(u64::try_from(round).unwrap() * 1500);
                let _ = tokio::time::timeout(limit, churn(&store, round)).await;
                check(&store).await;
            }
            churn(&store, 0).await;
            churn(&store, 1).await;
            check(&store).await;
            assert!(store.sync(&ann(), &many(), SyncMode::Update).await.unwrap().is_unchanged());
        });
    }
}

const URL: &str = "PLUGO_TEST_DATABASE";

fn process(test: &str, database: &Database) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    let module = module_path!().split_once("::").unwrap().1;
    command.arg(format!("{module}::{test}")).args(["--exact", "--ignored", "--nocapture"]);
    command.env(URL, database.url()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    command
}

#[test]
#[ignore = "a process of another test"]
fn process_that_churns() {
    run(async {
        let store = Store::open(&env::var(URL).unwrap()).await.unwrap();
        for round in 0.. {
            churn(&store, round).await;
        }
    });
}

#[test]
fn a_process_that_is_killed_between_two_statements_leaves_nothing_half_done() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &many(), SyncMode::Create).await.unwrap();
            let mut before = store.revision().await.unwrap();
            for round in 0..8u64 {
                let mut process = process("process_that_churns", &database).spawn().unwrap();
                // It is at work, and then somewhere in it.
                let mut at_work = false;
                while !at_work {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    at_work = store.revision().await.unwrap() > before;
                    assert!(process.try_wait().unwrap().is_none(), "it ended by itself");
                }
                tokio::time::sleep(Duration::from_micros(round * 3700)).await;
                process.kill().unwrap();
                process.wait().unwrap();
                check(&store).await;
                before = store.revision().await.unwrap();
            }
            store.sync(&ann(), &many(), SyncMode::Update).await.unwrap();
            check(&store).await;
        });
    }
}

#[test]
#[ignore = "a process of another test"]
fn process_that_starts() {
    run(async {
        let store = Store::open(&env::var(URL).unwrap()).await.unwrap();
        store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
        let following = store.follow(&registry()).await.unwrap();
        assert_eq!(following.snapshot().unwrap().ranked(&registry(), "Otp", "shop").len(), 2);
    });
}

#[test]
fn twenty_processes_that_start_at_once_on_an_empty_database_make_one_set_of_rows() {
    for database in Database::each() {
        let start = |_| process("process_that_starts", &database).spawn().unwrap();
        let processes: Vec<_> = (0..20).map(start).collect();
        for process in processes {
            let said = process.wait_with_output().unwrap();
            let text =
                String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success() && text.contains("1 passed"), "{text}");
        }
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            assert_eq!(rows(&store).await.len(), 2);
            let created = AuditQuery { per_page: 100, ..AuditQuery::default() };
            let lines = store.audit(&created).await.unwrap();
            assert_eq!(lines.total, 6, "each row was made once: {lines:?}");
            assert!(
                store.sync(&ann(), &registry(), SyncMode::Update).await.unwrap().is_unchanged()
            );
        });
    }
}
