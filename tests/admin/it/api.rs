//! The JSON API of plugo-admin: the same as the pages, for programs.

use std::collections::BTreeSet;
use std::fs;

use axum::http::StatusCode;
use plugo_admin::{Actor, Change, RegisteredItem, RegisteredType, Registry, SyncMode, Via};
use plugo_core::Status;
use serde_json::{Value, json};

use crate::site::{MARKUP, PASSWORD, Site, run, schema};

/// A program that is logged in.
async fn program(site: &Site, name: &str) -> crate::site::Browser {
    let mut program = site.browser();
    let answer =
        program.api("POST", "/session", &[], &json!({ "name": name, "password": PASSWORD })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    program.more = vec![("authorization", format!("Bearer {token}"))];
    program
}

#[test]
fn the_document_is_made_of_the_routes() {
    run(async {
        let site = Site::new().await;
        let mut ann = program(&site, "ann").await;
        let document = ann.api("GET", "/openapi.json", &[], &Value::Null).await.json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
        let mut documented = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                documented.insert(format!("{method} {path}"));
                // Each is there.
                let path = path.replace("{id}", "0190a000-0000-7000-8000-000000000000");
                let path = path.replace("{name}", "nobody");
                let answer =
                    ann.api(&method.to_uppercase(), &path, &[("if-match", "*")], &json!({})).await;
                let is_there = answer.status != StatusCode::METHOD_NOT_ALLOWED
                    && !answer.text.contains("address of the API");
                assert!(is_there, "{method} {path}: {}", answer.text);
                if method == "delete" && path == "/session" {
                    ann = program(&site, "ann").await;
                }
            }
        }
        // And each that is there is documented.
        let mut written = BTreeSet::new();
        for entry in
            fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugo-admin/src/api")).unwrap()
        {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for part in text.split("#[utoipa::path(").skip(1) {
                let mut lines = part.lines().map(str::trim).filter(|line| !line.is_empty());
                let method = lines.next().unwrap().trim_end_matches(',').to_owned();
                let path = lines.next().unwrap().split('"').nth(1).unwrap().to_owned();
                written.insert(format!("{method} {path}"));
            }
            let by_hand = text.matches(".route(").count();
            assert_eq!(by_hand, 0, "routes of the API are made by `routes!`: {text}");
        }
        assert_eq!(documented, written);
        assert!(documented.len() > 15, "{documented:?}");
    });
}

#[test]
fn x23_what_the_api_does_is_in_the_audit_log() {
    run(async {
        let site = Site::new().await;
        let mut ann = program(&site, "ann").await;
        let sms = site.row("sms").await;
        let path = format!("/instances/{}", sms.id);
        let answer = ann
            .api("PATCH", &path, &[("if-match", "\"1\"")], &json!({ "status": "disabled" }))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.headers["etag"], "\"2\"");
        let body = answer.json();
        assert_eq!(
            (&body["status"], &body["effective_status"], &body["version"]),
            (&json!("disabled"), &json!("disabled"), &json!(2))
        );
        let line = site.store.audit(&Default::default()).await.unwrap().rows.remove(0);
        assert_eq!((&*line.actor, line.via), ("ann", Via::Api));
        let audit = ann.api("GET", "/audit?actor=ann", &[], &Value::Null).await.json();
        assert_eq!(audit["rows"][0]["after"], "disabled");
        assert_eq!(audit["rows"][0]["before"], Value::Null);
        assert_eq!(audit["rows"][0]["revision"], json!(line.revision));
    });
}

#[test]
fn everything_that_the_page_edits_the_api_edits() {
    run(async {
        let site = Site::new().await;
        let mut ann = program(&site, "ann").await;
        let sms = site.row("sms").await;
        let path = format!("/instances/{}", sms.id);
        for (change, status, priority) in [
            (json!({ "status": "reserve", "priority": 5 }), Some(Status::Reserve), Some(5)),
            (json!({ "nudge": -2 }), Some(Status::Reserve), Some(3)),
            (json!({ "status": null }), None, Some(3)),
            (json!({ "priority": null }), None, None),
        ] {
            let answer = ann.api("PATCH", &path, &[("if-match", "*")], &change).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            let row = site.row("sms").await;
            assert_eq!((row.status, row.priority), (status, priority), "{change}");
        }
        let mail = site.row("mail").await;
        let targets = json!([{ "id": sms.id, "version": 5 }, { "id": mail.id }]);
        let bulk = json!({ "targets": targets, "change": { "status": "disabled" } });
        let answer = ann.api("POST", "/instances/bulk", &[], &bulk).await;
        assert_eq!(answer.json()["changed"].as_array().unwrap().len(), 2, "{}", answer.text);
        // The version is an old one now: neither is changed.
        let bulk = json!({ "targets": targets, "change": { "status": "active" } });
        let answer = ann.api("POST", "/instances/bulk", &[], &bulk).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(site.row("mail").await.status, Some(Status::Disabled));
    });
}

#[test]
fn the_second_of_two_programs_is_told_what_changed() {
    run(async {
        let site = Site::new().await;
        let mut ann = program(&site, "ann").await;
        let sms = site.row("sms").await;
        site.edit(&sms, Change::Priority(Some(99))).await;
        let path = format!("/instances/{}", sms.id);
        let change = json!({ "status": "disabled" });
        let answer = ann.api("PATCH", &path, &[], &change).await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_REQUIRED, "{}", answer.text);
        let answer = ann.api("PATCH", &path, &[("if-match", "\"1\"")], &change).await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let problem = answer.json();
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&json!("urn:plugo:conflict"), &json!(412))
        );
        let conflict = &problem["conflict"];
        assert_eq!((&conflict["by"], &conflict["now"]), (&json!("bob"), &json!(2)));
        assert_eq!(conflict["changes"], json!(["priority from as the code says to 99"]));
        assert!(conflict["at"].as_i64().unwrap() > 1_700_000_000_000);
        assert_eq!(site.row("sms").await.status, None);
        let answer = ann.api("DELETE", &path, &[("if-match", "\"1\"")], &Value::Null).await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
    });
}

#[test]
fn x24_settings_go_in_and_secrets_do_not_come_out() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = program(&site, "ann").await;
        let path = format!("/instances/{}", stripe.id);
        let answer = ann.api("GET", &path, &[], &Value::Null).await;
        let body = answer.json();
        assert_eq!(body["settings"]["api_key"], "");
        assert_eq!(body["secrets"], json!(["/api_key", "/hooks/0/key"]));
        // What came out and goes in again changes nothing.
        let mut settings = body["settings"].clone();
        let same = ann
            .api("PATCH", &path, &[("if-match", "\"1\"")], &json!({ "settings": settings }))
            .await;
        assert_eq!(same.headers["etag"], "\"1\"", "{}", same.text);
        settings["account"] = json!("other");
        settings["hooks"] = json!([{ "url": "https://b.example", "key": "hook_key_2" }]);
        let answer = ann
            .api("PATCH", &path, &[("if-match", "\"1\"")], &json!({ "settings": settings }))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let stored = site.settings("production");
        assert_eq!(
            (&stored["api_key"], &stored["hooks"][0]["key"]),
            (&json!("sk_live_1"), &json!("hook_key_2"))
        );
        // What does not fit is told with its place.
        settings["retries"] = json!(300);
        settings["accuont"] = json!(1);
        let wrong =
            ann.api("PATCH", &path, &[("if-match", "*")], &json!({ "settings": settings })).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let errors = wrong.json()["errors"].clone();
        let places: Vec<&str> =
            errors.as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/accuont", "/retries"], "{errors}");
        let audit = ann.api("GET", "/audit", &[], &Value::Null).await;
        for text in [&answer.text, &same.text, &wrong.text, &audit.text] {
            assert!(!text.contains("sk_live") && !text.contains("hook_key"), "{text}");
        }
        // A new one.
        let new = json!({ "item": stripe.item.id, "name": "sandbox", "settings": { "account": "a", "api_key": "k" } });
        let made = ann.api("POST", "/instances", &[], &new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.location(), format!("instances/{}", made.json()["id"].as_str().unwrap()));
        let again = ann.api("POST", "/instances", &[], &new).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        let path = format!("/instances/{}", made.json()["id"].as_str().unwrap());
        let gone = ann.api("DELETE", &path, &[("if-match", "\"1\"")], &Value::Null).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        assert_eq!(ann.api("GET", &path, &[], &Value::Null).await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn x24_a_secret_that_was_stored_as_one_stays_hidden_when_its_field_is_none_any_more() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut unmarked = schema();
        unmarked["properties"]["api_key"] = json!({ "type": "string" });
        let mut removed = schema();
        removed["properties"].as_object_mut().unwrap().remove("api_key");
        for schema in [unmarked, removed] {
            let item = RegisteredItem::new("stripe").schema(schema);
            let payment = RegisteredType::new("Payment", "shop").with_item(item);
            let registry = Registry::by_hand().with_type(payment);
            site.store.sync(&Actor::of_program(), &registry, SyncMode::Update).await.unwrap();
            let path = format!("/instances/{}", stripe.id);
            let mut victor = program(&site, "victor").await;
            let body = victor.api("GET", &path, &[], &Value::Null).await.json();
            assert_eq!(body["settings"]["api_key"], "", "{body}");
            assert_eq!(body["secrets"], json!(["/api_key", "/hooks/0/key"]));
            let page = site.login("victor").await.get(&path).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(!page.text.contains("sk_live"), "{}", page.text);
        }
    });
}

#[test]
fn the_api_tells_what_the_pages_tell() {
    run(async {
        let site = Site::new().await;
        let mut victor = program(&site, "victor").await;
        let types = victor.api("GET", "/types", &[], &Value::Null).await.json();
        assert_eq!(types[0]["name"], "Otp");
        assert_eq!(types[0]["description"], MARKUP);
        let path = format!("/types/{}/selection", types[0]["id"].as_str().unwrap());
        let selection = victor.api("GET", &path, &[], &Value::Null).await.json();
        assert_eq!(selection["candidates"][0]["subject"], "sms");
        assert_eq!(selection["selected"], selection["candidates"][0]["id"]);
        assert_eq!(selection["in_force"], true);
        let rows =
            victor.api("GET", "/instances?search=sms&per_page=1", &[], &Value::Null).await.json();
        assert_eq!(
            (&rows["total"], &rows["rows"][0]["item"]["compiled_in"]),
            (&json!(1), &json!(true))
        );
        let status = victor.api("GET", "/status", &[], &Value::Null).await.json();
        assert_eq!(status["revision"], status["following"]["revision"]);
        let users = victor.api("GET", "/users", &[], &Value::Null).await.json();
        assert_eq!(users[0]["name"], "ann");
        assert!(!users.to_string().contains("argon2"));
        for query in [
            "/instances?colour=red",
            "/instances?page=x",
            "/instances?status=on",
            "/instances?sort=x",
            "/instances?type=x",
        ] {
            let answer = victor.api("GET", query, &[], &Value::Null).await;
            assert!(answer.status.is_client_error(), "{query}: {}", answer.status);
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
        // Its session ends.
        let out = victor.api("DELETE", "/session", &[], &Value::Null).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT);
        let answer = victor.api("GET", "/types", &[], &Value::Null).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    });
}

#[test]
fn users_are_added_and_changed_and_nobody_locks_themselves_out() {
    run(async {
        let site = Site::new().await;
        let mut ann = program(&site, "ann").await;
        let new = json!({ "name": "eve", "password": PASSWORD, "role": "view" });
        assert_eq!(ann.api("POST", "/users", &[], &new).await.status, StatusCode::CREATED);
        assert_eq!(ann.api("POST", "/users", &[], &new).await.status, StatusCode::CONFLICT);
        let mut eve = program(&site, "eve").await;
        assert_eq!(eve.api("POST", "/users", &[], &new).await.status, StatusCode::FORBIDDEN);
        let role = json!({ "role": "edit" });
        assert_eq!(ann.api("PATCH", "/users/eve", &[], &role).await.status, StatusCode::NO_CONTENT);
        let other = json!({ "name": "f", "password": "short", "role": "view" });
        assert_eq!(
            eve.api("POST", "/users", &[], &other).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        for own in [json!({ "role": "view" }), json!({ "disabled": true })] {
            let answer = ann.api("PATCH", "/users/ann", &[], &own).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{own}");
        }
        let answer = ann.api("PATCH", "/users/eve", &[], &json!({ "disabled": true })).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(
            eve.api("GET", "/types", &[], &Value::Null).await.status,
            StatusCode::UNAUTHORIZED
        );
        let answer = ann.api("PATCH", "/users/nobody", &[], &role).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    });
}
