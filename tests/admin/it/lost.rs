//! What the second of two editors sends again, and what they are told would be lost.

use axum::http::StatusCode;
use plugo_admin::Change;
use plugo_core::Status;
use serde_json::json;

use crate::site::{Site, run};

#[test]
fn what_an_editor_did_not_touch_is_not_sent_again() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let path = format!("/instances/{}", sms.id);
        site.edit(&sms, Change::Priority(Some(99))).await;
        let form = |version: &'static str, priority: &'static str| {
            [
                ("version", version),
                ("status", "reserve"),
                ("was-status", ""),
                ("priority", priority),
                ("was-priority", priority),
            ]
        };
        let answer = ann.post(&path, &form("1", "")).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        let text = &answer.text;
        for told in [
            "<li>priority from as the code says to 99</li>",
            "<li>status: as the code says becomes reserve</li>",
            "<option value=\"reserve\" selected>",
            "name=\"priority\" inputmode=\"numeric\" value=\"99\"",
            "name=\"was-priority\" value=\"99\"",
            "name=\"was-status\" value=\"\"",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(!text.contains("<li>priority: "), "{text}");
        assert_eq!(ann.post(&path, &form("2", "99")).await.status, StatusCode::SEE_OTHER);
        let now = site.row("sms").await;
        assert_eq!((now.status, now.priority), (Some(Status::Reserve), Some(99)));
        // What would be lost is named.
        let fields = [
            ("version", "2"),
            ("status", "reserve"),
            ("was-status", "reserve"),
            ("priority", "4"),
            ("was-priority", "99"),
        ];
        site.edit(&sms, Change::Priority(Some(7))).await;
        let text = ann.post(&path, &fields).await.text;
        assert!(text.contains("<li>priority: 7 becomes 4</li>"), "{text}");
        // Nothing was touched, so there is nothing to refuse.
        let fields = [
            ("version", "2"),
            ("status", ""),
            ("was-status", ""),
            ("priority", ""),
            ("was-priority", ""),
        ];
        let answer = ann.post(&path, &fields).await;
        assert!(answer.location().contains("n=0"), "{} {}", answer.location(), answer.text);
        assert_eq!(site.row("sms").await.priority, Some(7));
    });
}

#[test]
fn settings_that_an_editor_did_not_touch_become_what_holds_now() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let page = ann.get(&format!("/instances/{}", stripe.id)).await.text;
        let (_, rest) = page.split_once("name=\"was\" value=\"").unwrap();
        let was = rest.split_once('"').unwrap().0.replace("&#34;", "\"");
        assert!(!was.contains("sk_live") && !was.contains("hook_key"), "{was}");
        let theirs = json!({
            "account": "theirs", "api_key": "sk_theirs", "retries": 7,
            "hooks": [{ "url": "https://a.example", "key": "hook_key_1" }]
        });
        site.edit(&stripe, Change::Settings(theirs)).await;
        let path = format!("/instances/{}/settings", stripe.id);
        let form = |version: &'static str, was: &str, account: &str, retries: &str| {
            [
                ("version", version),
                ("was", was),
                ("s:/account", account),
                ("s:/api_key", ""),
                ("s:/retries", retries),
                ("b:/live", ""),
                ("n:/hooks", "1"),
                ("s:/hooks/0/url", "https://a.example"),
                ("s:/hooks/0/key", ""),
            ]
            .map(|(name, value)| (name, value.to_owned()))
        };
        let mut post = async |fields: &[(&'static str, String)]| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
            ann.post(&path, &fields).await
        };
        let answer = post(&form("1", &was, "mine", "3")).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        let text = &answer.text;
        let lost = "<li>settings.account: &#34;theirs&#34; becomes &#34;mine&#34;</li>";
        assert!(text.contains(lost), "{text}");
        assert!(!text.contains("<li>settings.retries: ") && !text.contains("<li>settings.live"));
        assert!(text.contains("name=\"s:/retries\" type=\"text\" value=\"7\""), "{text}");
        assert!(text.contains("value=\"mine\"") && !text.contains("sk_theirs"), "{text}");
        let answer = post(&form("2", "", "mine", "7")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let now = site.settings("production");
        assert_eq!((&now["account"], &now["retries"]), (&json!("mine"), &json!(7)));
        assert_eq!(now["api_key"], "sk_theirs");
    });
}

#[test]
fn a_form_that_is_refused_keeps_the_version_that_its_editor_saw() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        site.edit(&stripe, Change::Priority(Some(9))).await;
        let path = format!("/instances/{}", stripe.id);
        let wrong = [("version", "1"), ("status", "reserve"), ("priority", "many")];
        let text = ann.post(&path, &wrong).await.text;
        assert!(text.contains("is no priority") && text.contains("name=\"version\" value=\"1\""));
        let wrong = [("version", "1"), ("s:/account", "a"), ("s:/fees", "{oops")];
        let text = ann.post(&format!("{path}/settings"), &wrong).await.text;
        assert!(text.contains("is no JSON") && text.contains("name=\"version\" value=\"1\""));
    });
}
