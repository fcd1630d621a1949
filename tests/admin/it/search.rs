//! What is searched for is found, however it is written.

use axum::http::StatusCode;
use plugo_admin::{AuditQuery, Error, InstanceQuery, ItemQuery, Store, SyncMode};
use serde_json::json;

use crate::databases::{Database, ann, registry, run};
use crate::site::Site;

pub(crate) async fn with_names(database: &Database, names: &[&str]) -> Store {
    let store = Store::open(&database.url()).await.unwrap();
    store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
    let query = ItemQuery { search: Some("STRIPE".into()), ..ItemQuery::default() };
    let stripe = store.items(&query).await.unwrap().rows[0].id;
    for name in names {
        let settings = json!({ "account": "ours" });
        store.create_instance(&ann(), stripe, name, &settings).await.unwrap();
    }
    store
}

#[test]
fn names_are_found_in_any_case_beyond_ascii_too() {
    const NAMES: [&str; 6] =
        ["ÄRGER Größe", "ΣΊΣΥΦΟΣ", "İstanbul", "ılık 100%_", "Приве́т", "it's \\ “x”"];
    for database in Database::each() {
        run(async {
            let store = with_names(&database, &NAMES).await;
            let found = async |text: &str| {
                let query = InstanceQuery { search: Some(text.into()), ..InstanceQuery::default() };
                let rows = store.instances(&query).await.unwrap().rows;
                rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
            };
            for name in NAMES {
                assert_eq!(found(name).await, [name]);
            }
            for (text, name) in [
                ("ärger", NAMES[0]),
                ("GRÖßE", NAMES[0]),
                ("Ärger gröSSe".split(' ').next().unwrap(), NAMES[0]),
                ("σίσυφ", NAMES[1]),
                ("STANBUL", NAMES[2]),
                ("ILIK 100%_".trim_start_matches("ILIK "), NAMES[3]),
                ("ПРИВЕ", NAMES[4]),
                ("привЕ", NAMES[4]),
                ("IT'S \\", NAMES[5]),
            ] {
                assert_eq!(found(text).await, [name], "{text}");
            }
            for nothing in ["xrger", "100%x", "%", "_x"] {
                let wanted: &[&str] = if nothing == "%" { &[NAMES[3]] } else { &[] };
                assert_eq!(found(nothing).await, wanted, "{nothing}");
            }
            for text in ["ÄRGER", "ärger GRÖ"] {
                let query = AuditQuery { search: Some(text.into()), ..AuditQuery::default() };
                let lines = store.audit(&query).await.unwrap().rows;
                assert!(lines.iter().all(|line| line.subject == "stripe: ÄRGER Größe"));
                assert_eq!(lines.len(), 2, "{text}");
            }
        });
    }
}

#[test]
fn what_is_too_long_to_be_searched_for_is_refused() {
    for database in Database::each() {
        run(async {
            let store = with_names(&database, &[]).await;
            let longest: String = ('\u{100}'..).take(500).collect();
            let query = AuditQuery { search: Some(longest.clone()), ..AuditQuery::default() };
            assert_eq!(store.audit(&query).await.unwrap().total, 0);
            let query = AuditQuery { search: Some(longest + "x"), ..AuditQuery::default() };
            let refused = store.audit(&query).await.unwrap_err();
            assert!(matches!(refused, Error::Search { longest: 500 }), "{refused}");
        });
    }
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let long = "a".repeat(60_000);
        for path in ["/instances", "/audit", "/plugins", "/api/v1/instances", "/api/v1/audit"] {
            let answer = ann.get(&format!("{path}?search={long}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert!(answer.text.contains("up to 500 characters"), "{}", answer.text);
        }
    });
}
