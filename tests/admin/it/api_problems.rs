//! What the API says of itself, and of bodies that do not fit.

use axum::http::StatusCode;
use plugo_admin::Auth;
use serde_json::{Value, json};

use crate::site::{Site, registry, run};

#[test]
fn a_wrong_type_is_told_with_its_place() {
    run(async {
        let site = Site::new().await;
        let sms = site.row("sms").await;
        let mut ann = site.login("ann").await;
        let path = format!("/instances/{}", sms.id);
        let any = [("if-match", "*")];
        for (method, path, body, pointer, detail) in [
            ("PATCH", &*path, json!({ "priority": "1" }), "/priority", "invalid type: string"),
            ("PATCH", &*path, json!({ "status": 3 }), "/status", "invalid type: integer"),
            ("PATCH", &*path, json!({ "prio": 3 }), "/prio", "unknown field `prio`"),
            ("PATCH", &*path, json!([]), "", "invalid"),
            (
                "POST",
                "/instances/bulk",
                json!({ "targets": [{ "id": "a" }, { "id": "b", "version": "1" }], "change": {} }),
                "/targets/1/version",
                "invalid type: string",
            ),
            ("POST", "/instances", json!({ "item": "x" }), "", "missing field `name`"),
        ] {
            let answer = ann.api(method, path, &any, &body).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text);
            let problem = answer.json();
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
            let told = problem["errors"][0]["detail"].as_str().unwrap();
            assert!(told.contains(detail) && !told.contains("line"), "{told}");
            assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
        }
        // What is no JSON has no places.
        for body in ["{", "{} {}"] {
            let headers = [("content-type", "application/json"), ("if-match", "*")];
            let mut headers = headers.to_vec();
            let csrf = ann.csrf.clone();
            headers.push(("x-csrf-token", &csrf));
            let answer = ann.send("PATCH", &format!("/api/v1{path}"), &headers, body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
            assert!(answer.json()["errors"].is_null());
        }
    });
}

#[test]
fn the_document_says_where_the_api_is() {
    run(async {
        for prefix in ["", "/admin", "/ops/plugins"] {
            let site = Site::of(registry(), Auth::built_in(), |pages| pages, prefix).await;
            let mut ann = site.browser_at(prefix);
            let refused = ann.api("GET", "/openapi.json", &[], &Value::Null).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
            ann.log_in("ann").await;
            let document = ann.get("/api/v1/openapi.json").await.json();
            assert_eq!(document["servers"], json!([{ "url": format!("{prefix}/api/v1") }]));
        }
        let behind = |pages: plugo_admin::Pages| pages.path("/seen");
        let site = Site::of(registry(), Auth::built_in(), behind, "/admin").await;
        let document = site.login("ann").await.get("/api/v1/openapi.json").await.json();
        assert_eq!(document["servers"][0]["url"], "/seen/api/v1");
    });
}
