//! Instances that cannot be made: what pages and API say is what lookups do.

use std::process::Command;

use plugo::settings::schemars::JsonSchema;
use plugo::settings::serde::Deserialize;
use plugo::settings::{Secret, schemars, serde};
use plugo_admin::{Auth, InstanceError, ItemQuery, Registry, instances};
use serde_json::json;

use crate::databases::{ann, until};
use crate::operator::Operator;
use crate::site::{Browser, Site, run};

#[plugo::plugin_type(name = "unreadable-mail")]
trait Mail: Send + Sync {
    fn user(&self) -> String;
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
struct Login {
    user: String,
    key: Secret,
}

#[plugo::plugin(name = "smtp", namespace = "unreadable", of = dyn Mail, settings = Login)]
struct Smtp(String);

impl From<&Login> for Smtp {
    fn from(login: &Login) -> Self {
        Smtp(format!("{} {}", login.user, login.key.expose().len()))
    }
}

impl Mail for Smtp {
    fn user(&self) -> String {
        self.0.clone()
    }
}

plugo::plugins![Smtp];

async fn site() -> Site {
    let site = Site::of(Registry::of_program(), Auth::built_in(), |pages| pages, "/admin").await;
    let query = ItemQuery { search: Some("smtp".into()), ..ItemQuery::default() };
    let item = site.store.items(&query).await.unwrap().rows.remove(0).id;
    for name in ["first", "second"] {
        let settings = json!({ "user": name, "key": "sk" });
        site.store.create_instance(&ann(), item, name, &settings).await.unwrap();
    }
    site
}

/// What the API says is selected, and why each stands where it does.
async fn said(site: &Site, browser: &mut Browser) -> (serde_json::Value, Vec<String>) {
    let of = site.row("first").await.item.of.id;
    let said = browser.get(&format!("/api/v1/types/{of}/selection")).await.json();
    let candidates = said["candidates"].as_array().unwrap();
    let why = candidates.iter().map(|one| one["why"].as_str().unwrap().to_owned());
    (said["selected"].clone(), why.collect())
}

#[test]
fn an_instance_whose_key_is_missing_is_selected_all_the_same_and_everybody_says_so() {
    let _operator = Operator::takes_over();
    run(async {
        let site = site().await;
        let mut ann = site.login("ann").await;
        let first = site.row("first").await;
        let sealed = r#"{"user":"first","key":{"$secret":"1.gone.AAAA"}}"#;
        site.by_hand(&format!(
            "UPDATE plugo_instances SET settings = '{sealed}' WHERE name = 'first'"
        ))
        .await;
        let following = site.following.as_ref().unwrap();
        until("the change by hand", || !following.status().unusable.is_empty()).await;
        assert!(following.status().unusable[0].contains("`gone`"));
        // What the app gets.
        let selected = instances::<dyn Mail>().select().unwrap();
        assert_eq!(selected.id(), first.id);
        let error = selected.shared().err().unwrap();
        assert!(matches!(error, InstanceError::Unreadable { .. }), "{error}");
        let healthy = instances::<dyn Mail>().select_with_fallback(|_| Ok::<_, String>(()));
        assert_eq!(healthy.unwrap().shared.user(), "second 2");
        // What API and pages say.
        let (id, why) = said(&site, &mut ann).await;
        assert_eq!(id, json!(first.id));
        assert!(why[0].contains("its settings cannot be read") && why[0].contains("`gone`"));
        let page = ann.get(&format!("/types/{}", first.item.of.id)).await.text;
        let (_, selected) = page.split_once("<p class=\"big\">").unwrap();
        let (selected, _) = selected.split_once("</p>").unwrap();
        assert!(
            selected.contains("smtp: first") && selected.contains("<code>gone</code>"),
            "{selected}"
        );
    });
}

#[test]
#[ignore = "a process of another test"]
fn process_without_it() {
    let _operator = Operator::takes_over();
    run(async {
        let site = site().await;
        let mut ann = site.login("ann").await;
        let error = instances::<dyn Mail>().select().unwrap_err();
        assert!(matches!(error, InstanceError::AllDisabled { .. }), "{error}");
        let (id, why) = said(&site, &mut ann).await;
        assert!(id.is_null());
        assert!(why[0].contains("DISABLED_PLUGINS takes it away"), "{why:?}");
    });
}

#[test]
fn what_disabled_plugins_takes_away_is_no_instance_to_select() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["unreadable::process_without_it", "--exact", "--ignored", "--nocapture"]);
    let said = process.env("DISABLED_PLUGINS", "unreadable/smtp").output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.contains("1 passed"), "{text}");
}
