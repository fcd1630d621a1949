//! Two who edit the same in the admin pages.

use axum::http::StatusCode;
use plugo_admin::Change;

use crate::site::{Site, run, target};

#[test]
fn the_second_of_two_editors_is_told_and_keeps_what_they_typed() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        site.edit(&sms, Change::Priority(Some(99))).await;
        let path = format!("/instances/{}", sms.id);
        let fields = [("status", "reserve"), ("priority", "4711"), ("version", "1")];
        let answer = ann.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        for text in [
            "bob changed this",
            "UTC",
            "priority from as the code says to 99",
            "value=\"4711\"",
            "<option value=\"reserve\" selected>",
            "name=\"version\" value=\"2\"",
        ] {
            assert!(answer.text.contains(text), "{text}: {}", answer.text);
        }
        assert_eq!(site.row("sms").await.priority, Some(99));
        // Knowing that, they save it.
        let fields = [("status", "reserve"), ("priority", "4711"), ("version", "2")];
        assert_eq!(ann.post(&path, &fields).await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.row("sms").await.priority, Some(4711));
        // The same for settings, and for many at once.
        site.edit(&stripe, Change::Rename("live".into())).await;
        let fields = [("version", "1"), ("s:/account", "typed account"), ("s:/api_key", "")];
        let answer = ann.post(&format!("/instances/{}/settings", stripe.id), &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.text.contains("value=\"typed account\""), "{}", answer.text);
        let fields = [("id", &*target(&sms)), ("action", "disabled")];
        let answer = ann.post("/instances/bulk", &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.text.contains("was changed meanwhile"), "{}", answer.text);
    });
}

#[test]
fn a_form_without_a_version_changes_nothing() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let path = format!("/instances/{}", stripe.id);
        let before = (site.row("production").await, site.settings("production"));
        for (path, fields) in [
            (path.clone(), [("status", "disabled"), ("priority", "1")].as_slice()),
            (format!("{path}/name"), &[("name", "other")]),
            (format!("{path}/settings"), &[("s:/account", "other"), ("s:/api_key", "")]),
            (format!("{path}/delete"), &[]),
        ] {
            for version in [None, Some(""), Some("1x"), Some("99999999999999999999")] {
                let mut fields = fields.to_vec();
                fields.extend(version.map(|version| ("version", version)));
                let answer = ann.post(&path, &fields).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {version:?}");
                assert!(answer.text.contains("has no version"), "{}", answer.text);
            }
        }
        assert_eq!((site.row("production").await, site.settings("production")), before);
    });
}

#[test]
fn a_change_by_hand_is_not_said_to_be_somebody_elses() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let path = format!("/instances/{}", sms.id);
        let fields = [("status", "reserve"), ("priority", ""), ("version", "1")];
        let if_match = [("if-match", "\"1\"")];
        let change = serde_json::json!({ "status": "reserve" });
        // Only bob, so far.
        site.edit(&sms, Change::Priority(Some(99))).await;
        let page = ann.post(&path, &fields).await.text;
        assert!(page.contains("bob changed this") && !page.contains("by hand"), "{page}");
        let problem = ann.api("PATCH", &path, &if_match, &change).await.json();
        assert_eq!(problem["conflict"]["by_hand"], false, "{problem}");
        // Then somebody by hand.
        site.by_hand("UPDATE plugo_instances SET priority = 5 WHERE priority = 99").await;
        let page = ann.post(&path, &fields).await.text;
        assert!(page.contains("Somebody changed this by hand in the database, or"), "{page}");
        assert!(!page.contains("bob changed this"), "{page}");
        let problem = ann.api("PATCH", &path, &if_match, &change).await.json();
        assert_eq!(problem["conflict"]["by_hand"], true, "{problem}");
    });
}
