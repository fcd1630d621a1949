//! What the audit log says of secrets.

use plugo_admin::Change;
use serde_json::json;

use crate::site::{Site, run};

#[test]
fn a_secret_that_changed_is_not_said_to_have_been_nothing() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let settings = json!({
            "account": "acme", "api_key": "sk_live_2", "retries": 3,
            "hooks": [{ "url": "https://a.example", "key": "hook_key_1" }]
        });
        site.edit(&stripe, Change::Settings(settings)).await;
        let lines = site.store.audit(&Default::default()).await.unwrap().rows;
        assert_eq!(lines[0].field.as_deref(), Some("settings.api_key"));
        for path in [format!("/instances/{}", stripe.id), "/audit".to_owned()] {
            let page = ann.get(&path).await.text;
            let (_, rest) = page.split_once("settings.api_key").unwrap();
            let line = &rest[..rest.find("</tr>").or_else(|| rest.find("</li>")).unwrap()];
            assert!(line.contains(">changed<"), "{line}");
            assert!(!line.contains("nothing") && !line.contains('→'), "{line}");
        }
        // A text that is "changed" is no secret.
        let text = json!({ "account": "changed", "api_key": "", "retries": 3, "hooks": [] });
        site.edit(&stripe, Change::Settings(text)).await;
        let page = ann.get("/audit").await.text;
        assert!(page.contains("&#34;acme&#34;") && page.contains("&#34;changed&#34;"), "{page}");
    });
}

#[test]
fn secrets_within_a_list_are_said_to_have_changed_or_not() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let hook = |url: &str, key: &str| json!({ "url": url, "key": key });
        let settings = |hooks| json!({ "account": "acme", "api_key": "", "hooks": [hooks] });
        site.edit(&stripe, Change::Settings(settings(hook("https://b.example", "hook_2")))).await;
        let lines = site.store.audit(&Default::default()).await.unwrap().rows;
        let line = lines.iter().find(|line| line.field.as_deref() == Some("settings.hooks"));
        let line = line.unwrap();
        let told = |text: &Option<String>| -> serde_json::Value {
            serde_json::from_str(text.as_deref().unwrap()).unwrap()
        };
        assert_eq!(told(&line.before), json!([hook("https://a.example", "…")]));
        assert_eq!(told(&line.after), json!([hook("https://b.example", "changed")]));
        // Only the secret: there is nothing else to tell.
        site.edit(&stripe, Change::Settings(settings(hook("https://b.example", "hook_3")))).await;
        let line = site.store.audit(&Default::default()).await.unwrap().rows.remove(0);
        assert_eq!((line.before, line.after.as_deref()), (None, Some("changed")));
    });
}
