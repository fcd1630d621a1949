//! Where an app has the admin pages, and who it says somebody is.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use plugo_admin::{Auth, Identity, Role};
use plugo_core::Status;

use crate::site::{Site, registry, run, target};

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
