//! What operators see and do in the admin pages.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use plugo_admin::{
    Actor, Auth, Change, Identity, InstanceQuery, Pages, RegisteredItem, RegisteredType, Registry,
    Role, SyncMode, Via,
};
use plugo_core::Status;

use crate::site::{MARKUP, Site, nested, registry, run};

fn target(row: &plugo_admin::InstanceRow) -> String {
    format!("{}:{}", row.id, row.version)
}

fn selected(site: &Site) -> String {
    let snapshot = site.following.as_ref().unwrap().snapshot().unwrap();
    let ranked = snapshot.ranked(&registry(), "Otp", "shop");
    let first = ranked.iter().find(|ranked| ranked.status != Status::Disabled).unwrap();
    first.item.to_string()
}

#[test]
fn django_d31_a_page_tells_what_is_not_compiled_in() {
    run(async {
        let site = Site::new().await;
        let more = registry().with_type(
            RegisteredType::new("Otp", "shop").with_item(RegisteredItem::new("elsewhere")),
        );
        site.store.sync(&Actor::of_program(), &more, SyncMode::Create).await.unwrap();
        let mut ann = site.login("ann").await;
        let elsewhere = site.row("elsewhere").await;
        let page = ann.get(&format!("/instances/{}", elsewhere.id)).await.text;
        assert!(page.contains(">not in this client<"), "{page}");
        site.store.sync(&Actor::of_program(), &registry(), SyncMode::Create).await.unwrap();
        let page = ann.get(&format!("/instances/{}", elsewhere.id)).await.text;
        assert!(page.contains(">absent<"), "{page}");
        let page = ann.get("/plugins?search=elsewhere").await.text;
        assert!(page.contains(">absent<") && !page.contains(">compiled in<"), "{page}");
        let page = ann.get("/plugins?search=sms").await.text;
        assert!(page.contains(">compiled in<") && !page.contains(">absent<"), "{page}");
        // It is in the list, and its constructor cannot be called.
        let path = format!("/instances/{}/construct", elsewhere.id);
        let page = ann.post(&path, &[]).await.text;
        assert!(
            page.contains("does not construct") && page.contains("not in this program"),
            "{page}"
        );
    });
}

#[test]
fn django_d32_x14_rows_that_are_chosen_change_at_once_and_lookups_go_by_it() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        for (action, status) in [
            ("active", Some(Status::Active)),
            ("reserve", Some(Status::Reserve)),
            ("disabled", Some(Status::Disabled)),
            ("status-of-code", None),
        ] {
            let (sms, mail) = (site.row("sms").await, site.row("mail").await);
            let fields = [("id", &*target(&sms)), ("id", &*target(&mail)), ("action", action)];
            let answer = ann.post("/instances/bulk", &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
            assert!(
                answer.location().contains("done=saved&n=2")
                    || answer.location().contains("n=2&done=saved"),
                "{}",
                answer.location()
            );
            assert_eq!(site.row("sms").await.status, status);
            assert_eq!(site.row("mail").await.status, status);
            let expected = match status {
                Some(Status::Reserve | Status::Disabled) => "push",
                _ => "sms",
            };
            assert_eq!(selected(&site), expected, "{action}");
        }
        let lines = site.store.audit(&Default::default()).await.unwrap().rows;
        let of_ann = lines.iter().filter(|line| line.actor == "ann" && line.via == Via::Page);
        assert_eq!(of_ann.count(), 8);
    });
}

#[test]
fn django_d33_a_priority_is_raised_and_lowered_in_the_page() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let path = format!("/instances/{}", sms.id);
        let nudge = |nudge: &'static str, version: i64| (nudge, version.to_string());
        for ((by, version), expected) in
            [(nudge("-1", 1), 9), (nudge("1", 2), 10), (nudge("1", 3), 11)]
        {
            let answer = ann.post(&path, &[("nudge", by), ("version", &version)]).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
            assert_eq!(site.row("sms").await.priority, Some(expected));
        }
        site.edit(&sms, Change::Priority(Some(i32::MAX))).await;
        let row = site.row("sms").await;
        let fields = [("id", &*target(&row)), ("action", "last")];
        let answer = ann.post("/instances/bulk", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(site.row("sms").await.priority, Some(i32::MAX));
    });
}

#[test]
fn django_d34_the_list_is_searched_filtered_sorted_and_edited_in_place() {
    run(async {
        let site = Site::new().await;
        site.stripe().await;
        let mut ann = site.login("ann").await;
        let mail = site.row("mail").await;
        site.edit(&mail, Change::Status(Some(Status::Disabled))).await;
        let names = ["sms", "mail", "push", "stripe: production"];
        let of = mail.item.of.id;
        for (query, expected) in [
            ("", "push sms stripe: production mail"),
            ("search=MAI", "mail"),
            ("search=production", "stripe: production"),
            ("search=%25", ""),
            ("status=disabled", "mail"),
            ("status=active&search=s", "push sms stripe: production"),
            ("package=sms", "sms"),
            ("present=no", ""),
            ("sort=name", "mail push sms stripe: production"),
            ("sort=name&order=down", "stripe: production sms push mail"),
            (
                "sort=nonsense&order=sideways&status=?&type=7&page=x&per=-1",
                "push sms stripe: production mail",
            ),
        ] {
            let page = ann.get(&format!("/instances?{query}")).await;
            assert_eq!(page.status, StatusCode::OK);
            let mut found: Vec<(usize, &str)> = names
                .iter()
                .filter_map(|name| Some((page.text.find(&format!(">{name}</a>"))?, *name)))
                .collect();
            found.sort_unstable();
            let mut found: Vec<&str> = found.into_iter().map(|(_, name)| name).collect();
            if !query.contains("sort=name") {
                // By priority; the two orders of the first rows are told apart elsewhere.
                let mut expected: Vec<&str> =
                    names.iter().copied().filter(|name| expected.contains(name)).collect();
                expected.sort_unstable();
                found.sort_unstable();
                assert_eq!(found, expected, "{query}");
            } else {
                assert_eq!(found.join(" "), expected, "{query}");
            }
        }
        let page = ann.get(&format!("/instances?type={of}")).await.text;
        assert!(page.contains(">sms</a>") && !page.contains("production"), "{page}");
        // In place.
        let sms = site.row("sms").await;
        let fields = [
            ("status", "reserve"),
            ("priority", "7"),
            ("version", "1"),
            ("back", "/instances?search=s"),
        ];
        let answer = ann.post(&format!("/instances/{}", sms.id), &fields).await;
        assert_eq!(answer.location(), "/admin/instances?search=s&n=1&done=saved");
        let sms = site.row("sms").await;
        assert_eq!((sms.status, sms.priority), (Some(Status::Reserve), Some(7)));
        let fields = [("status", ""), ("priority", ""), ("version", "2")];
        ann.post(&format!("/instances/{}", sms.id), &fields).await;
        let sms = site.row("sms").await;
        assert_eq!((sms.status, sms.priority), (None, None), "as the code says");
    });
}

#[test]
fn x22_whoever_may_only_look_changes_nothing() {
    run(async {
        let site = Site::new().await;
        let mut victor = site.login("victor").await;
        let sms = site.row("sms").await;
        let page = victor.get("/instances").await.text;
        assert!(
            page.contains(">sms</a>") && !page.contains("<select name=\"status\" form"),
            "{page}"
        );
        let before = site.store.revision().await.unwrap();
        let fields = [("id", &*target(&sms)), ("action", "disabled")];
        let answer = victor.post("/instances/bulk", &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(
            answer.text.contains("Nothing was changed")
                || answer.text.contains("nothing was changed")
        );
        assert_eq!(site.store.revision().await.unwrap(), before);
        assert_eq!(site.row("sms").await, sms);
        // A role that is taken away is gone at once.
        let mut ann = site.login("ann").await;
        site.store.set_role(&Actor::new("x", Via::Command), "ann", Role::View).await.unwrap();
        assert_eq!(ann.post("/instances/bulk", &fields).await.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn x23_what_the_page_does_is_in_the_audit_log() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let fields = [("status", "disabled"), ("priority", ""), ("version", "1")];
        ann.post(&format!("/instances/{}", sms.id), &fields).await;
        let line = site.store.audit(&Default::default()).await.unwrap().rows.remove(0);
        assert_eq!((&*line.actor, line.via, &*line.subject), ("ann", Via::Page, "sms"));
        assert_eq!(
            (line.field.as_deref(), line.before, line.after.as_deref()),
            (Some("status"), None, Some("disabled"))
        );
        let page = ann.get("/audit?actor=ann").await.text;
        for text in [">ann</a>", ">sms</a>", "status", "as the code says", "disabled"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(ann.get("/audit?search=nothing-like-it").await.text.contains("Nothing fits"));
    });
}

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
        assert!(again.text.contains("called `sandbox` already"), "{}", again.text);
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

/// Where a page leads, with entities taken back.
fn links(page: &str) -> BTreeSet<String> {
    let all = page.split("href=\"").skip(1).chain(page.split("action=\"").skip(1));
    let all = all.chain(page.split("src=\"").skip(1));
    let all = all.map(|rest| rest.split('"').next().unwrap());
    all.map(|link| link.replace("&amp;", "&").replace("&#38;", "&")).collect()
}

#[test]
fn links_work_under_every_prefix() {
    run(async {
        for prefix in ["", "/admin", "/a/b/c"] {
            let site = Site::of(registry(), Auth::built_in(), |pages| pages, prefix).await;
            site.stripe().await;
            let mut ann = site.browser_at(prefix);
            ann.log_in("ann").await;
            let mut open = BTreeSet::from([format!("{prefix}/types")]);
            let mut seen = BTreeSet::new();
            while let Some(link) = open.pop_first() {
                if !seen.insert(link.clone()) {
                    continue;
                }
                let path = link.strip_prefix(prefix).unwrap_or_else(|| panic!("{link}"));
                let path = path.split('#').next().unwrap();
                let answer = ann.get(path).await;
                let is_action = answer.status == StatusCode::METHOD_NOT_ALLOWED;
                assert!(is_action || answer.status == StatusCode::OK, "{link}: {}", answer.status);
                if path.starts_with("/assets/") {
                    continue;
                }
                for link in links(&answer.text) {
                    assert!(
                        link.starts_with(&format!("{prefix}/")) || link.starts_with('#'),
                        "{path}: {link}"
                    );
                    if link.starts_with('/') {
                        open.insert(link);
                    }
                }
                assert!(seen.len() < 400, "{seen:?}");
            }
            assert!(seen.len() > 30, "{seen:?}");
            // Its first page has no slash at its end where it is nested.
            if !prefix.is_empty() {
                assert_eq!(ann.get("").await.status, StatusCode::OK);
            }
            let out = ann.post("/logout", &[]).await;
            assert_eq!(out.location(), format!("{prefix}/login?out=1"));
            let in_again = ann.get("/instances?page=2").await;
            assert_eq!(in_again.location(), format!("{prefix}/login?next=%2Finstances%3Fpage%3D2"));
        }
    });
}

#[test]
fn the_app_may_know_by_itself_who_is_who() {
    run(async {
        let auth = Auth::custom(|request| async move {
            let (name, role) = request.headers.get("x-user")?.to_str().ok()?.split_once(':')?;
            Some(Identity::new(name, role.parse().ok()?))
        });
        let site = Site::of(registry(), auth, |pages| pages, "/admin").await;
        let sms = site.row("sms").await;
        let mut nobody = site.browser();
        assert_eq!(nobody.get("/types").await.status, StatusCode::UNAUTHORIZED);
        let mut cleo = site.browser();
        cleo.more = vec![("x-user", "cleo:edit".into())];
        assert!(cleo.get("/instances").await.text.contains("cleo"));
        let fields = [("id", &*target(&sms)), ("action", "disabled")];
        // Whoever else sends a form has not got the cookie, or not the token.
        let mut foreign = cleo.clone();
        foreign.cookies.clear();
        assert_eq!(foreign.post("/instances/bulk", &fields).await.status, StatusCode::FORBIDDEN);
        assert_eq!(cleo.post_as_is("/instances/bulk", &fields).await.status, StatusCode::FORBIDDEN);
        assert_eq!(cleo.post("/instances/bulk", &fields).await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.row("sms").await.status, Some(Status::Disabled));
        cleo.more = vec![("x-user", "cleo:view".into())];
        assert_eq!(cleo.post("/instances/bulk", &fields).await.status, StatusCode::FORBIDDEN);
        assert_eq!(cleo.get("/users").await.status, StatusCode::NOT_FOUND);
        let lines = site.store.audit(&Default::default()).await.unwrap().rows;
        assert_eq!(lines[0].actor, "cleo");
    });
}

#[test]
fn a_layer_may_say_who_is_who() {
    run(async {
        let mut site = Site::of(registry(), Auth::by_layer(), |pages| pages, "/admin").await;
        assert_eq!(site.browser().get("/types").await.status, StatusCode::UNAUTHORIZED);
        let who = Identity::new("dora", Role::View);
        site.app = site.app.layer(axum::Extension(who));
        assert!(site.browser().get("/types").await.text.contains("dora"));
    });
}

#[test]
fn what_is_selected_now_is_told_with_the_reason() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let path = format!("/types/{}", sms.item.of.id);
        let page = ann.get(&path).await.text;
        assert!(page.contains("active, with the lowest priority, 10"), "{page}");
        let rev = ann.get("/revision").await.text;
        site.edit(&sms, Change::Status(Some(Status::Disabled))).await;
        assert_ne!(ann.get("/revision").await.text, rev);
        let page = ann.get(&path).await.text;
        assert!(page.contains("with the lowest priority, 20"), "{page}");
        assert!(page.contains("disabled by an operator"), "{page}");
        for name in ["mail", "push"] {
            site.edit(
                &site.row(name).await,
                Change::StatusAndPriority(Some(Status::Reserve), Some(1)),
            )
            .await;
        }
        let page = ann.get(&path).await.text;
        assert!(page.contains("none is active; of those in reserve, first by name"), "{page}");
        for name in ["mail", "push"] {
            site.edit(&site.row(name).await, Change::Status(Some(Status::Disabled))).await;
        }
        let page = ann.get(&path).await.text;
        assert!(page.contains("None of its instances can be selected"), "{page}");
    });
}

#[test]
fn ten_thousand_items_take_as_many_statements_as_three() {
    // Statements are counted over the whole process, so it is one of its own.
    const AGAIN: &str = "PLUGO_TEST_COUNTS_STATEMENTS";
    if std::env::var_os(AGAIN).is_none() {
        let name = "pages::ten_thousand_items_take_as_many_statements_as_three";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(AGAIN, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
        return;
    }
    let counted = counting::start();
    run(async {
        let mut counts = Vec::new();
        for items in [3, 10_000] {
            let mut otp = RegisteredType::new("Otp", "shop");
            for i in 0..items {
                otp = otp.with_item(RegisteredItem::new(format!("item{i:05}")).priority(i % 100));
            }
            let registry = Registry::by_hand().with_type(otp);
            let mut site =
                Site::of(registry.clone(), Auth::built_in(), |pages| pages, "/admin").await;
            // What follows the database reads it whenever it likes.
            let pages = Pages::new(site.store.clone(), registry, Auth::built_in());
            site.app = nested(pages, "/admin");
            site.unfollow().await;
            let mut ann = site.login("ann").await;
            let id = site.row("item00001").await;
            let of = id.item.of.id;
            let mut per_page = Vec::new();
            for path in [
                "/types".to_owned(),
                "/instances?per=200".into(),
                format!("/types/{of}"),
                format!("/instances/{}", id.id),
                "/plugins".into(),
                "/audit".into(),
                "/api/v1/instances?per_page=1000".into(),
                format!("/api/v1/types/{of}/selection"),
            ] {
                counted.take();
                let answer = ann.get(&path).await;
                assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
                assert!(answer.text.len() < 1_500_000, "{path}: {} bytes", answer.text.len());
                per_page.push((
                    path.replace(&of.to_string(), "").replace(&id.id.to_string(), ""),
                    counted.take(),
                ));
            }
            counts.push(per_page);
        }
        for ((path, few), (_, many)) in counts[0].iter().zip(&counts[1]) {
            assert_eq!(few.len(), many.len(), "{path}: {few:#?} {many:#?}");
            assert!((1..=8).contains(&few.len()), "{path}: {few:#?}");
        }
    });
}

/// Counts the statements that reach SQLite.
mod counting {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    #[derive(Clone)]
    pub(super) struct Counted(Arc<Mutex<Vec<String>>>);

    impl Counted {
        /// Those since the last call.
        pub(super) fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    pub(super) fn start() -> Counted {
        let counted = Counted(Arc::default());
        tracing::subscriber::set_global_default(counted.clone()).unwrap();
        counted
    }

    /// What an event says.
    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.push_str(&format!("{field}={value:?} "));
        }
    }

    impl Subscriber for Counted {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "sqlx::query"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut text = Text(String::new());
            event.record(&mut text);
            // A connection is set up when it is first needed.
            if !text.0.contains("PRAGMA") {
                self.0.lock().unwrap().push(text.0);
            }
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }
}

#[test]
fn names_with_markup_are_shown_as_they_are() {
    run(async {
        let registry = registry().with_type(
            RegisteredType::new(MARKUP, MARKUP)
                .description(MARKUP)
                .with_item(RegisteredItem::new(MARKUP).description(MARKUP).namespace(MARKUP)),
        );
        let site =
            Site::of(registry, Auth::built_in(), |pages| pages.title(MARKUP), "/admin").await;
        let setup = Actor::new(MARKUP, Via::Command);
        site.store.add_user(&setup, MARKUP, crate::site::PASSWORD, Role::Edit).await.unwrap();
        let mut ann = site.login(MARKUP).await;
        let query = InstanceQuery { per_page: 100, ..InstanceQuery::default() };
        let rows = site.store.instances(&query).await.unwrap().rows;
        let row = rows.iter().find(|row| row.item.name == MARKUP).unwrap();
        let escaped = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%26";
        for path in [
            "/types".to_owned(),
            "/instances".into(),
            format!("/types/{}", row.item.of.id),
            format!("/instances/{}", row.id),
            "/plugins".into(),
            "/audit".into(),
            "/users".into(),
            format!(
                "/instances?search={escaped}&package={escaped}&sort={escaped}&order={escaped}&per={escaped}"
            ),
            format!("/audit?search={escaped}&actor={escaped}&subject={escaped}"),
            format!("/plugins?search={escaped}&present={escaped}"),
            format!("/login?next={escaped}"),
            format!("/types?done={escaped}&n={escaped}"),
        ] {
            let page = ann.get(&path).await.text;
            assert!(!page.contains("<script>") && !page.contains("\"'&\""), "{path}: {page}");
        }
        let page = ann.get("/instances").await.text;
        assert!(page.contains("&#60;script&#62;"), "{page}");
    });
}
