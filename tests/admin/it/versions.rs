//! Databases that earlier versions wrote, as they were shipped. What each holds is
//! in `tests/admin/versions`; a new version of the tables adds its own.

use plugo_admin::{Actor, AuditQuery, KeyRing, PluginQuery, Store, StoreOptions, SyncMode};
use plugo_core::Status;
use serde_json::json;

use crate::databases::{Database, registry, row, rows, run};

/// Each version with what SQLite and PostgreSQL print of it.
const VERSIONS: [(i64, &str, &str); 1] =
    [(1, include_str!("../versions/1.sqlite.sql"), include_str!("../versions/1.postgres.sql"))];

const KEY: &str = "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// The tables with their columns, the indexes and the triggers.
const SQLITE: &str = "SELECT m.type || ' ' || m.name || ' ' || COALESCE((SELECT group_concat(\
    c.name || ' ' || c.type || ' ' || c.\"notnull\", ', ') FROM (SELECT * FROM \
    pragma_table_info(m.name) ORDER BY name) c), '') FROM sqlite_master m ORDER BY 1";
const POSTGRES: &str = "SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || \
    is_nullable || ' ' || COALESCE(collation_name, '') AS what FROM information_schema.columns \
    WHERE table_schema = 'public' UNION ALL SELECT 'trigger ' || tgname || ' ' || \
    tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT 'index ' || \
    indexname FROM pg_indexes WHERE schemaname = 'public' UNION ALL SELECT 'constraint ' || \
    conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY what";

async fn open(database: &Database) -> Store {
    let keys = KeyRing::parse(KEY).unwrap();
    StoreOptions::new().keys(keys).open(&database.url()).await.unwrap()
}

#[test]
fn a_database_of_each_version_opens_with_all_that_it_holds() {
    for (version, sqlite, postgres) in VERSIONS {
        for database in Database::each() {
            run(async {
                let (sql, shape) = match database.is_postgres() {
                    true => (postgres, POSTGRES),
                    false => (sqlite, SQLITE),
                };
                database.by_hand(sql).await.unwrap();
                let written = ["SELECT CAST(MAX(version) AS TEXT) FROM plugo_schema", shape];
                let before = [
                    database.ask(written[0]).await.unwrap(),
                    database.ask(written[1]).await.unwrap(),
                ];
                assert_eq!(before[0], [version.to_string()]);
                let store = open(&database).await;
                let (found, known) = store.versions().await.unwrap();
                assert_eq!(found, known);
                // With the tables of an empty database that was migrated now.
                let new = match database.is_postgres() {
                    true => Database::postgres().unwrap(),
                    false => Database::sqlite(),
                };
                open(&new).await.close().await;
                let tables = database.ask(shape).await.unwrap();
                assert_eq!(tables, new.ask(shape).await.unwrap());
                assert!(tables.len() > 30, "{tables:?}");
                if version == known {
                    assert_eq!(tables, before[1]);
                }
                // SQLite counts rows, and PostgreSQL statements.
                let revision = if database.is_postgres() { 7 } else { 15 };
                assert_eq!(store.revision().await.unwrap(), revision);
                check(&store, version).await;
                store.close().await;
            });
        }
    }
}

/// What operators said holds, and what is secret is read with its key.
async fn check(store: &Store, version: i64) {
    assert_eq!(version, 1, "say what a database of this version holds");
    let rows = rows(store).await;
    let said = rows.iter().map(|row| (&*row.name, row.status, row.priority, row.version.0));
    let disabled = Some(Status::Disabled);
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            ("Stripe production", None, Some(-5), 2),
            ("mail", None, None, 1),
            ("Stripe “sandbox”", disabled, None, 2),
            ("sms", disabled, None, 2),
        ]
    );
    let snapshot = store.snapshot().await.unwrap();
    let ranked = snapshot.ranked(&registry(), "Payment", "shop");
    let settings = |at: usize| ranked[at].instance.settings.reveal().unwrap().reveal().clone();
    assert_eq!(settings(0), json!({ "account": "acme", "key": "sk_live_1" }));
    assert_eq!(settings(1), json!({ "account": "it's <b>" }));
    let lines = store.audit(&AuditQuery::default()).await.unwrap();
    assert_eq!(lines.total, 16);
    assert_eq!((&*lines.rows[3].actor, &*lines.rows[3].subject), ("ann", "sms"));
    let blog = &store.plugins(&PluginQuery::default()).await.unwrap().rows[0];
    assert_eq!((&*blog.name, blog.present), ("blog", false));
    let bob = store.verify_password("bob", "correct horse battery").await.unwrap();
    assert_eq!(bob.unwrap().name, "bob");
    // Sync goes on from there.
    let synced = store.sync(&Actor::of_program(), &registry(), SyncMode::Update).await.unwrap();
    assert!(!synced.is_unchanged(), "`blog` is back");
    assert!(
        store
            .sync(&Actor::of_program(), &registry(), SyncMode::Update)
            .await
            .unwrap()
            .is_unchanged()
    );
    assert_eq!(row(store, "sms").await.status, disabled);
}
