//! Settings in the admin pages: forms, and the secrets in them.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use plugo_admin::Change;

use crate::site::{MARKUP, Site, run};

#[test]
fn x24_no_page_shows_a_secret() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let path = format!("/instances/{}", stripe.id);
        let mut all = String::new();
        for path in [&*path, "/audit", "/instances", "/database", "/types", "/plugins"] {
            all.push_str(&ann.get(path).await.text);
        }
        // A form that is refused does not echo what was typed, either.
        let fields = [
            ("version", "1"),
            ("s:/account", "acme"),
            ("s:/api_key", "sk_typed"),
            ("s:/retries", "many"),
            ("n:/hooks", "1"),
            ("s:/hooks/0/url", "u"),
            ("s:/hooks/0/key", "hook_typed"),
        ];
        let answer = ann.post(&format!("{path}/settings"), &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("where a whole number is wanted"), "{}", answer.text);
        all.push_str(&answer.text);
        for secret in ["sk_live_1", "hook_key_1", "sk_typed", "hook_typed"] {
            assert!(!all.contains(secret), "{secret}");
        }
        assert!(all.contains("A value is set"));
    });
}

#[test]
fn settings_are_edited_in_a_form_that_keeps_secrets() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let path = format!("/instances/{}/settings", stripe.id);
        let form = |account: &'static str, key: &'static str, version: &'static str| {
            [
                ("version", version),
                ("s:/account", account),
                ("s:/api_key", key),
                ("s:/retries", "3"),
                ("b:/live", ""),
                ("s:/live", "on"),
                ("s:/mode", "\"b\""),
                ("n:/hooks", "1"),
                ("s:/hooks/0/url", "https://a.example"),
                ("s:/hooks/0/key", ""),
                ("s:/fees", "{\"EUR\": 3}"),
            ]
        };
        let answer = ann.post(&path, &form("other", "", "1")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let expected = serde_json::json!({
            "account": "other", "api_key": "sk_live_1", "retries": 3, "live": true, "mode": "b",
            "hooks": [{ "url": "https://a.example", "key": "hook_key_1" }], "fees": { "EUR": 3 }
        });
        assert_eq!(site.settings("production"), expected);
        let lines = site.store.audit(&Default::default()).await.unwrap().rows;
        let fields = lines.iter().take(4).filter_map(|line| line.field.as_deref());
        let fields: BTreeSet<&str> = fields.collect();
        let changed = ["settings.account", "settings.fees", "settings.live", "settings.mode"];
        assert_eq!(fields, BTreeSet::from(changed), "and no secret");
        // The same again is nothing to do; a new secret is one.
        let answer = ann.post(&path, &form("other", "", "2")).await;
        assert!(answer.location().contains("n=0"), "{}", answer.location());
        let answer = ann.post(&path, &form("other", "sk_new", "2")).await;
        assert!(answer.location().contains("n=1"), "{}", answer.text);
        assert_eq!(site.settings("production")["api_key"], "sk_new");
        // An instance is made, renamed and deleted.
        let item = stripe.item.id;
        ann.get(&format!("/items/{item}/new")).await;
        let fields = [("name", "sandbox"), ("s:/account", "a"), ("s:/api_key", "sk_test")];
        let answer = ann.post(&format!("/items/{item}/new"), &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let again = ann.post(&format!("/items/{item}/new"), &fields).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.text.contains("called <code>sandbox</code> already"), "{}", again.text);
        let sandbox = site.row("sandbox").await;
        let path = format!("/instances/{}", sandbox.id);
        let fields = [("name", MARKUP), ("version", "1")];
        ann.post(&format!("{path}/name"), &fields).await;
        assert_eq!(site.row(MARKUP).await.id, sandbox.id);
        let answer = ann.post(&format!("{path}/delete"), &[("version", "2")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        // What still leads there is told that it was deleted, and by whom.
        let log = ann.get("/audit?search=sandbox").await.text;
        assert!(log.contains(&format!("href=\"/admin{path}\"")), "{log}");
        let gone = ann.get(&path).await;
        assert_eq!(gone.status, StatusCode::GONE);
        let line = site.store.audit(&Default::default()).await.unwrap().rows.remove(0);
        assert_eq!((&*line.action, &*line.subject), ("deleted", &*format!("stripe: {MARKUP}")));
        assert!(gone.text.contains("was deleted by ann at 20"), "{}", gone.text);
        assert!(!gone.text.contains(MARKUP), "{}", gone.text);
        let never = ann.get("/instances/01890000-0000-7000-8000-000000000000").await;
        assert_eq!(never.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn secrets_that_are_not_kept_between_forms_are_said_to_be_typed_again() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        for path in
            [format!("/instances/{}/settings", stripe.id), format!("/items/{}/new", stripe.item.id)]
        {
            for (key, is_told) in [("sk_typed", true), ("", false)] {
                let fields = [
                    ("name", "other"),
                    ("version", "1"),
                    ("s:/account", "typed account"),
                    ("s:/api_key", key),
                    ("n:/hooks", "0"),
                    ("s:/fees", "{oops"),
                    ("add:", "/hooks"),
                ];
                let answer = ann.post(&path, &fields).await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
                let told = answer.text.contains("have to be typed again");
                assert_eq!(told, is_told, "{path} {key}: {}", answer.text);
                assert!(!answer.text.contains("sk_typed"), "{}", answer.text);
                assert!(answer.text.contains("s:/hooks/0/url"), "{}", answer.text);
                assert!(answer.text.contains("{oops") && answer.text.contains("typed account"));
            }
        }
    });
}

#[test]
fn a_list_that_is_longer_than_a_form_keeps_every_element() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let hooks: Vec<_> = (0..201)
            .map(|i| serde_json::json!({ "url": format!("u{i}"), "key": format!("key_{i}") }))
            .collect();
        let long = serde_json::json!({ "account": "acme", "api_key": "sk_1", "hooks": hooks });
        site.edit(&stripe, Change::Settings(long.clone())).await;
        let page = ann.get(&format!("/instances/{}", stripe.id)).await.text;
        assert!(!page.contains("s:/hooks/0/url") && !page.contains("key_"), "{page}");
        let (_, rest) = page.split_once("name=\"s:/hooks\"").unwrap();
        let (text, _) = rest.split_once('>').unwrap().1.split_once("</textarea>").unwrap();
        let text = text.replace("&#34;", "\"");
        let fields =
            [("version", "2"), ("s:/account", "other"), ("s:/api_key", ""), ("s:/hooks", &*text)];
        let answer = ann.post(&format!("/instances/{}/settings", stripe.id), &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let settings = site.settings("production");
        assert_eq!(settings["account"], "other");
        assert_eq!(settings["hooks"], long["hooks"]);
    });
}
