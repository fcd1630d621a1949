//! Nobody gets further than they may: logins, roles, tokens, headers, bad input.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use plugo_admin::{Auth, Role, SessionUse};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::site::{PASSWORD, Site, encoded, registry, run};

/// What the code routes, as method and path.
fn routes() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for entry in
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugo-admin/src/pages")).unwrap()
    {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for part in text.split(".route(").skip(1) {
            let path = part.split('"').nth(1).unwrap();
            // As far as the next route, or the end of the function.
            let rest = part.split("\n}").next().unwrap();
            for method in ["get", "post", "put", "patch", "delete"] {
                if rest.contains(&format!("{method}(")) {
                    found.insert((method.to_uppercase(), path.to_owned()));
                }
            }
        }
    }
    for entry in
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugo-admin/src/api")).unwrap()
    {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for part in text.split("#[utoipa::path(").skip(1) {
            let mut lines = part.lines().map(str::trim).filter(|line| !line.is_empty());
            let method = lines.next().unwrap().trim_end_matches(',').to_uppercase();
            let path = lines.next().unwrap().split('"').nth(1).unwrap();
            found.insert((method, format!("/api/v1{path}")));
        }
    }
    found.insert(("GET".into(), "/api/v1/openapi.json".into()));
    assert!(found.len() > 35, "{found:?}");
    found
}

/// What is for everybody: the login, and how it looks.
fn is_open(method: &str, path: &str) -> bool {
    path == "/login"
        || (method == "GET" && path.starts_with("/assets/"))
        || (method == "POST" && path == "/api/v1/session")
}

/// What somebody changes about themselves.
const OWN: [&str; 4] =
    ["/logout", "/account/password", "/api/v1/session", "/api/v1/session/password"];

#[test]
fn x22_every_route_is_closed_without_a_login_to_viewers_and_to_foreign_forms() {
    run(async {
        let site = Site::new().await;
        let sms = site.row("sms").await;
        let before = (site.store.revision().await.unwrap(), site.store.list_users().await.unwrap());
        let (mut nobody, mut victor, mut ann) =
            (site.browser(), site.login("victor").await, site.login("ann").await);
        for (method, path) in routes() {
            let shown = format!("{method} {path}");
            let path = path.replace("{id}", &sms.id.to_string()).replace("{name}", "victor");
            let (open, changes) = (is_open(&method, &path), method != "GET");
            let is_own = OWN.contains(&&*path);
            let form = encoded(&[
                ("status", "disabled"),
                ("version", "1"),
                ("name", "victor"),
                ("disabled", "yes"),
            ]);
            let kinds = [
                ("application/json", json!({ "status": "disabled" }).to_string()),
                ("application/x-www-form-urlencoded", form),
                ("text/plain", "{}".into()),
            ];
            for (kind, body) in kinds {
                let headers = [("content-type", kind), ("if-match", "*")];
                if !open && path != "/" {
                    let answer = nobody.send(&method, &path, &headers, body.clone()).await;
                    let goes_to_login = answer.status == StatusCode::SEE_OTHER
                        && answer.location().starts_with("/admin/login");
                    assert!(
                        answer.status == StatusCode::UNAUTHORIZED || goes_to_login,
                        "{shown}: {}",
                        answer.status
                    );
                }
                if !changes || open {
                    continue;
                }
                // A viewer with a right token.
                if !is_own {
                    let token = victor.csrf.clone();
                    let all = [headers[0], headers[1], ("x-csrf-token", &token)];
                    let answer = victor.send(&method, &path, &all, body.clone()).await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{shown}");
                }
                // An editor without a token, with another one's, and from another site.
                let (own, foreign) = (ann.csrf.clone(), victor.csrf.clone());
                for more in [
                    vec![],
                    vec![("x-csrf-token", "")],
                    vec![("x-csrf-token", &*foreign)],
                    vec![("x-csrf-token", &own), ("origin", "https://evil.example")],
                    vec![("x-csrf-token", &own), ("sec-fetch-site", "cross-site")],
                    vec![("x-csrf-token", &own), ("sec-fetch-site", "same-site")],
                    vec![("x-csrf-token", &own), ("origin", "http://app.example:8080")],
                ] {
                    let all: Vec<_> = headers.iter().copied().chain(more).collect();
                    let answer = ann.send(&method, &path, &all, body.clone()).await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{shown} {all:?}");
                }
            }
        }
        let after = (site.store.revision().await.unwrap(), site.store.list_users().await.unwrap());
        assert_eq!(before, after);
        // A token that is right, from our own page, gets through.
        let own = ann.csrf.clone();
        for more in [
            ("origin", "https://app.example"),
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
        ] {
            let headers = [
                ("content-type", "application/json"),
                ("if-match", "*"),
                ("x-csrf-token", &own),
                more,
            ];
            let path = format!("/api/v1/instances/{}", sms.id);
            let answer =
                ann.send("PATCH", &path, &headers, json!({ "nudge": 1 }).to_string()).await;
            assert_eq!(answer.status, StatusCode::OK, "{more:?}: {}", answer.text);
        }
        // And what does not exist is closed, too.
        assert_eq!(nobody.get("/nothing").await.status, StatusCode::SEE_OTHER);
        assert_eq!(nobody.get("/api/v1/nothing").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(ann.get("/nothing").await.status, StatusCode::NOT_FOUND);
        assert_eq!(
            ann.get("/api/v1/nothing").await.headers["content-type"],
            "application/problem+json"
        );
    });
}

#[test]
fn every_answer_tells_browsers_to_be_careful() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        for path in
            ["/types", "/login", "/nothing", "/api/v1/types", "/api/v1/nothing", "/assets/admin.js"]
        {
            let answer = ann.get(path).await;
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{path}");
            assert!(
                policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
                "{path}"
            );
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["referrer-policy"], "no-referrer");
            let cache = if path.starts_with("/assets/") { "no-cache" } else { "no-store" };
            assert_eq!(answer.headers["cache-control"], cache, "{path}");
            // What the policy forbids is not in the page.
            let inline = ["<style", " style=", "onclick", "javascript:", "<script>"];
            for text in inline.iter().filter(|_| !path.starts_with("/a")) {
                assert!(!answer.text.contains(text), "{path}: {text}");
            }
        }
    });
}

#[test]
fn sessions_are_new_at_each_login_and_end() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.browser();
        ann.get("/login").await;
        let login = [("name", "ann"), ("password", PASSWORD), ("next", "/audit")];
        let answer = ann.post("/login", &login).await;
        assert_eq!(answer.location(), "/admin/audit");
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["plugo_session=", "HttpOnly", "SameSite=Lax", "Path=/admin"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let first = ann.cookies["plugo_session"].clone();
        ann.get("/types").await;
        let (mut before, token) = (ann.clone(), ann.csrf.clone());
        // Logged in again, the first session is over.
        ann.cookies.remove("plugo_session");
        ann.get("/login").await;
        ann.cookies.insert("plugo_session".into(), first.clone());
        ann.post("/login", &login).await;
        assert_ne!(ann.cookies["plugo_session"], first);
        ann.get("/types").await;
        assert_ne!(ann.csrf, token);
        assert_eq!(before.get("/types").await.status, StatusCode::SEE_OTHER);
        let mut after = ann.clone();
        ann.post("/logout", &[]).await;
        assert!(!ann.cookies.contains_key("plugo_session"));
        assert_eq!(
            after.get("/types").await.status,
            StatusCode::SEE_OTHER,
            "it is over in the store"
        );
        // The database knows no token.
        let again = site.login("ann").await;
        let session = &again.cookies["plugo_session"];
        assert!(site.store.session(session).await.unwrap().is_some());
        tokio::time::sleep(Duration::from_millis(5)).await;
        let idle =
            site.store.session_within(session, Duration::ZERO, SessionUse::Looked).await.unwrap();
        assert!(idle.is_none(), "it was not used in the last millisecond");
        // A place to go on that is another site's is not gone to.
        let site = Site::new().await;
        for next in
            ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
        {
            let mut eve = site.browser();
            eve.get("/login").await;
            let answer = eve
                .post("/login", &[("name", "ann"), ("password", PASSWORD), ("next", next)])
                .await;
            assert_eq!(answer.location(), "/admin", "{next}");
        }
    });
}

#[test]
fn behind_tls_cookies_are_of_this_host_alone() {
    run(async {
        let site =
            Site::of(registry(), Auth::built_in(), |pages| pages.behind_tls(), "/admin").await;
        let mut ann = site.browser();
        ann.get("/login").await;
        let answer = ann.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(
            cookie.starts_with("__Host-plugo_session=") && cookie.contains("; Secure"),
            "{cookie}"
        );
        assert!(cookie.contains("Path=/;"), "{cookie}");
        assert_eq!(ann.get("/types").await.status, StatusCode::OK);
        // A proxy is believed only by who says so.
        let proto = [("x-forwarded-proto", "https")];
        let plain = Site::new().await;
        let answer = plain.browser().send("GET", "/login", &proto, Body::empty()).await;
        assert!(!answer.headers["set-cookie"].to_str().unwrap().contains("Secure"));
        let trusting =
            Site::of(registry(), Auth::built_in(), |pages| pages.trust_proxy(), "/admin").await;
        let answer = trusting.browser().send("GET", "/login", &proto, Body::empty()).await;
        assert!(answer.headers["set-cookie"].to_str().unwrap().contains("Secure"));
    });
}

#[test]
fn a_login_tells_nothing_and_gets_slow() {
    run(async {
        let site = Site::new().await;
        let mut eve = site.browser();
        eve.get("/login").await;
        let mut texts = BTreeSet::new();
        for (name, password) in [("ann", "wrong"), ("nobody", "wrong"), ("nobody2", PASSWORD)] {
            let answer = eve.post("/login", &[("name", name), ("password", password)]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            texts.insert(answer.text.replace(&format!("value=\"{name}\""), ""));
        }
        assert_eq!(texts.len(), 1, "{texts:?}");
        let mut last = None;
        for _ in 0..8 {
            last = Some(eve.post("/login", &[("name", "ann"), ("password", "wrong")]).await);
        }
        let last = last.unwrap();
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = last.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
        // Another name is not kept out, and the login form needs its token, too.
        let answer = eve.post("/login", &[("name", "victor"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let mut foreign = site.browser();
        let answer =
            foreign.post_as_is("/login", &[("name", "victor"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn whoever_is_not_known_is_told_nothing_of_the_database() {
    run(async {
        let site = Site::new().await;
        let mut nobody = site.browser();
        nobody.get("/login").await;
        site.store.clone().close().await;
        let session = json!({ "name": "ann", "password": PASSWORD });
        let mut answers = vec![
            nobody.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await,
            nobody.api("POST", "/session", &[], &session).await,
        ];
        nobody.cookies.insert("plugo_session".into(), "made-up".into());
        answers.push(nobody.get("/types").await);
        nobody.more = vec![("authorization", "Bearer made-up".into())];
        answers.push(nobody.get("/api/v1/types").await);
        for answer in answers {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
            assert!(answer.text.contains("atabase did not answer"), "{}", answer.text);
            assert!(!answer.text.contains("sqlite"), "{}", answer.text);
        }
    });
}

#[test]
fn large_bodies_are_refused() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let large = "x".repeat(600 * 1024);
        let answer = ann.post(&format!("/instances/{}", sms.id), &[("status", &large)]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        let path = format!("/instances/{}", sms.id);
        let answer = ann.api("PATCH", &path, &[("if-match", "*")], &json!({ "name": large })).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        let answer = site
            .browser()
            .send("POST", "/login", &[("content-type", "application/x-www-form-urlencoded")], large)
            .await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    });
}

/// Texts that have broken programs before.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{202e}",
        "\u{feff}",
        "💥",
        "ß",
        "İ",
        "'",
        "\"",
        "''; DROP TABLE plugo_users; --",
        "%",
        "_",
        "\\",
        "{{7*7}}",
        "${x}",
        "<script>",
        "]]>",
        "&amp;",
        "../../etc/passwd",
        "\r\nSet-Cookie: a=b",
        "-1",
        "0",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9223372036854775808",
        "1e400",
        "NaN",
        "0x10",
        "1.5",
        "null",
        "true",
        "[]",
        "{}",
        "{\"$secret\":\"1.k.x\"}",
        "[[[[[[",
        "\"\\ud800\"",
        "active",
        "edit",
        "0190a000-0000-7000-8000-000000000000",
        "0190a000-0000-7000-8000-000000000000:1",
        ":",
        "x:y",
    ]
    .map(str::to_owned)
    .into();
    texts.push("a".repeat(70_000));
    texts.push("[".repeat(5_000));
    texts
}

#[test]
fn no_field_of_a_form_breaks_a_page() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let forms = [
            (
                format!("/instances/{}", sms.id),
                vec!["status", "priority", "version", "nudge", "back"],
            ),
            (format!("/instances/{}", stripe.id), vec!["status", "priority", "version"]),
            (format!("/instances/{}/name", stripe.id), vec!["name", "version"]),
            (format!("/instances/{}/name", sms.id), vec!["name"]),
            (format!("/instances/{}/delete", sms.id), vec!["version"]),
            ("/instances/bulk".into(), vec!["id", "action", "back"]),
            (
                format!("/items/{}/new", stripe.item.id),
                vec!["name", "s:/account", "s:/api_key", "add:"],
            ),
            (format!("/items/{}/new", sms.item.id), vec!["name"]),
            (
                format!("/instances/{}/settings", stripe.id),
                vec![
                    "version",
                    "s:/account",
                    "s:/api_key",
                    "clear:/api_key",
                    "s:/retries",
                    "s:/live",
                    "b:/live",
                    "s:/mode",
                    "n:/hooks",
                    "s:/hooks/0/url",
                    "s:/hooks/0/key",
                    "remove:/hooks/0",
                    "add:",
                    "s:/fees",
                    "s:",
                    "s:/",
                ],
            ),
            (format!("/instances/{}/settings", sms.id), vec!["version", "s:/account"]),
            ("/users/role".into(), vec!["name", "role"]),
            ("/users/disable".into(), vec!["name", "disabled"]),
        ];
        for (path, names) in &forms {
            for text in hostile() {
                // Each field by itself, and all of them.
                let mut tries: Vec<Vec<(&str, &str)>> = names
                    .iter()
                    .map(|name| {
                        let others = names.iter().filter(|other| *other != name);
                        let usual = |name: &&'static str| match *name {
                            "version" => ("version", "1"),
                            "action" => ("action", "active"),
                            "n:/hooks" => ("n:/hooks", "1"),
                            name => (name, "1"),
                        };
                        std::iter::once((*name, &*text)).chain(others.map(usual)).collect()
                    })
                    .collect();
                tries.push(names.iter().map(|name| (*name, &*text)).collect());
                for fields in tries {
                    let answer = ann.post(path, &fields).await;
                    let short: Vec<_> = fields
                        .iter()
                        .map(|(n, v)| (*n, v.chars().take(60).collect::<String>()))
                        .collect();
                    assert!(!answer.status.is_server_error(), "{path} {short:?}: {}", answer.text);
                    assert!(!answer.text.contains("sk_live_1"), "{path} {short:?}");
                    assert!(
                        answer.headers.get_all("set-cookie").iter().next().is_none(),
                        "{path} {short:?}"
                    );
                }
            }
        }
        // Queries and paths, too.
        for text in hostile().iter().filter(|text| text.len() < 3000) {
            let value = encoded(&[("", text)]).split_off(1);
            for path in [
                format!(
                    "/instances?search={value}&type={value}&status={value}&package={value}&present={value}&sort={value}&order={value}&per={value}&page={value}"
                ),
                format!("/audit?search={value}&actor={value}&subject={value}&page={value}"),
                format!("/plugins?search={value}&present={value}&page={value}"),
                format!("/instances/{value}"),
                format!("/types/{value}"),
                format!("/items/{value}/new"),
                format!("/api/v1/instances/{value}"),
                format!("/api/v1/instances?search={value}&page={value}"),
                format!("/api/v1/types/{value}/selection"),
                format!("/login?next={value}&out={value}"),
                format!("/types?done={value}&n={value}"),
            ] {
                let answer = ann.get(&path).await;
                assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
            }
        }
        for path in [
            "/instances?page=4294967295",
            "/audit?page=4294967295",
            "/plugins?page=4294967295",
            "/api/v1/instances?page=4294967295&per_page=4294967295",
        ] {
            let answer = ann.get(path).await;
            assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
        }
        assert_eq!(
            site.store
                .list_users()
                .await
                .unwrap()
                .iter()
                .filter(|user| user.role == Role::Edit)
                .count(),
            1
        );
    });
}

/// Any JSON, of which much looks like what is asked for.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "status", "priority", "nudge", "name", "settings", "targets", "change", "id", "version",
        "item", "role", "password", "disabled", "account", "api_key", "hooks", "url", "key",
        "$secret", "fees", "\0",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(hostile().into_iter().filter(|t| t.len() < 100).collect::<Vec<_>>())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn no_body_breaks_the_api() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        let mut runner = TestRunner::deterministic();
        let bodies = any_json();
        let instance = format!("/instances/{}", stripe.id);
        let routes = [
            ("POST", "/instances"),
            ("PATCH", &*instance),
            ("POST", "/instances/bulk"),
            ("PATCH", "/users/victor"),
            ("POST", "/users"),
        ];
        for _ in 0..300 {
            let mut body = bodies.new_tree(&mut runner).unwrap().current();
            for (method, path) in routes {
                let answer = ann.api(method, path, &[("if-match", "*")], &body).await;
                assert!(
                    !answer.status.is_server_error(),
                    "{method} {path} {body}: {}",
                    answer.text
                );
                assert!(
                    answer.status.is_success()
                        || answer.headers["content-type"] == "application/problem+json"
                );
            }
            // Deeper in.
            body = json!({ "settings": body });
            let answer = ann.api("PATCH", &instance, &[("if-match", "*")], &body).await;
            assert!(!answer.status.is_server_error(), "{body}: {}", answer.text);
            body = json!({ "item": stripe.item.id, "name": "x", "settings": body["settings"] });
            let answer = ann.api("POST", "/instances", &[], &body).await;
            assert!(!answer.status.is_server_error(), "{body}: {}", answer.text);
        }
        // What is no JSON at all, and headers that are none.
        let token = ann.csrf.clone();
        for bytes in [&b"\xff\xfe"[..], b"{", b"", b"{\"status\":\"\\ud800\"}", &[b'['; 5000]] {
            let headers =
                [("content-type", "application/json"), ("x-csrf-token", &token), ("if-match", "*")];
            let answer =
                ann.send("PATCH", &format!("/api/v1{instance}"), &headers, bytes.to_vec()).await;
            assert!(answer.status.is_client_error(), "{bytes:?}: {}", answer.status);
        }
        for value in ["", "\"", "3", "\"x\"", "W/\"1\"", "\"99999999999999999999\"", "\"1\", \"2\""]
        {
            let answer =
                ann.api("PATCH", &instance, &[("if-match", value)], &json!({ "nudge": 1 })).await;
            assert!(answer.status.is_client_error(), "{value}: {}", answer.status);
        }
    });
}
