//! What the API says of one instance: for which version, and not in bulk.

use axum::http::StatusCode;
use serde_json::json;

use crate::site::{Site, run};

#[test]
fn a_tag_that_a_proxy_weakened_names_the_same_version() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let path = format!("/instances/{}", site.row("sms").await.id);
        for (tag, status) in [
            ("W/\"1\"", StatusCode::OK),
            ("W/\"1\"", StatusCode::PRECONDITION_FAILED),
            ("\"1\"", StatusCode::PRECONDITION_FAILED),
            ("W/\"2\"", StatusCode::OK),
            ("W/*", StatusCode::BAD_REQUEST),
            ("w/\"3\"", StatusCode::BAD_REQUEST),
            ("W/3", StatusCode::BAD_REQUEST),
            ("\"3\"", StatusCode::OK),
        ] {
            let priority = site.row("sms").await.version.0;
            let change = json!({ "priority": priority });
            let answer = ann.api("PATCH", &path, &[("if-match", tag)], &change).await;
            assert_eq!(answer.status, status, "{tag}: {}", answer.text);
        }
    });
}

#[test]
fn names_and_settings_are_not_said_in_bulk() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let row = site.stripe().await;
        for change in [json!({ "name": "other" }), json!({ "settings": { "account": "b" } })] {
            let bulk = json!({ "targets": [{ "id": row.id }], "change": change });
            let answer = ann.api("POST", "/instances/bulk", &[], &bulk).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
            assert!(answer.text.contains("are of one instance"), "{}", answer.text);
        }
        assert_eq!(site.row("production").await.version, row.version);
    });
}
