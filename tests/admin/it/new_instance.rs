//! What a new instance takes part in.

use axum::http::StatusCode;
use plugo_core::Status;
use serde_json::json;

use crate::site::{Site, run};

#[test]
fn a_new_instance_is_disabled_unless_its_editor_says_otherwise() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let path = format!("/items/{}/new", stripe.item.id);
        let form = ann.get(&path).await.text;
        assert!(form.contains("<option value=\"disabled\" selected>"), "{form}");
        assert!(form.contains("may be selected as soon as it is made"), "{form}");
        for (said, name, status, told) in [
            (None, "first", Some(Status::Disabled), "It is disabled"),
            (Some("disabled"), "second", Some(Status::Disabled), "It is disabled"),
            (Some("reserve"), "third", Some(Status::Reserve), "Created."),
            (Some(""), "fourth", None, "Created."),
        ] {
            let mut fields = vec![("name", name), ("s:/account", "a"), ("s:/api_key", "sk_test")];
            fields.extend(said.map(|said| ("status", said)));
            let answer = ann.post(&path, &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
            assert_eq!(site.row(name).await.status, status, "{said:?}");
            let page = ann.get(answer.location().strip_prefix("/admin").unwrap()).await.text;
            assert!(page.contains(told), "{page}");
        }
        // What is no status makes nothing, and what was chosen stays chosen.
        let fields = [("name", "x"), ("status", "on"), ("s:/account", "a"), ("s:/api_key", "k")];
        let answer = ann.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("is no status"), "{}", answer.text);
        let fields = [("name", "first"), ("status", "reserve"), ("s:/account", "a")];
        let answer = ann.post(&path, &fields).await;
        assert!(answer.text.contains("<option value=\"reserve\" selected>"), "{}", answer.text);
        // The log says with which status it was made.
        let log = site.store.audit(&Default::default()).await.unwrap().rows;
        let line = log.iter().find(|line| {
            line.subject == "stripe: third" && line.field.as_deref() == Some("status")
        });
        assert_eq!(line.unwrap().after.as_deref(), Some("reserve"));
    });
}

#[test]
fn the_api_makes_disabled_instances_where_no_status_is_said() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let new = |name: &str| {
            let settings = json!({ "account": "a", "api_key": "k" });
            json!({ "item": stripe.item.id, "name": name, "settings": settings })
        };
        let mut said = vec![(new("first"), json!("disabled"))];
        for status in [json!("active"), json!("reserve"), json!("disabled"), json!(null)] {
            let mut body = new(&format!("{status}"));
            body["status"] = status.clone();
            said.push((body, status));
        }
        for (body, status) in said {
            let made = ann.api("POST", "/instances", &[], &body).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
            assert_eq!(made.json()["status"], status, "{}", made.text);
        }
        let mut wrong = new("wrong");
        wrong["status"] = json!("on");
        let refused = ann.api("POST", "/instances", &[], &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("is no status"), "{}", refused.text);
    });
}
