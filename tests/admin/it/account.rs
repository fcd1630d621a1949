//! What everybody changes about themselves, whatever their role.

use axum::http::StatusCode;
use plugo_admin::{Actor, AuditQuery, Auth, Identity, Role, Via};
use serde_json::json;

use crate::site::{Browser, PASSWORD, Site, registry, run};

const NEW: &str = "a new horse battery";

/// What the form of the page sends.
async fn change(browser: &mut Browser, old: &str, new: &str) -> crate::site::Answer {
    let fields = [("old", old), ("password", new), ("again", new)];
    browser.post("/account/password", &fields).await
}

#[test]
fn everybody_changes_their_own_password_and_their_other_sessions_end() {
    run(async {
        let site = Site::new().await;
        for (name, new) in [("victor", NEW), ("ann", "another new battery")] {
            let (mut here, mut elsewhere) = (site.login(name).await, site.login(name).await);
            let mut other = site.login(if name == "ann" { "victor" } else { "ann" }).await;
            let types = here.get("/types").await.text;
            assert!(types.contains("href=\"/admin/account\""), "{types}");
            let page = here.get("/account").await;
            assert_eq!(page.status, StatusCode::OK);
            let role = if name == "ann" { "edit" } else { "view" };
            assert!(page.text.contains(&format!("Your role is “{role}”")), "{}", page.text);

            for (old, new, again, told) in [
                ("wrong horse battery", new, new, "The old password is not right"),
                (PASSWORD, new, "something else here", "These are two passwords"),
                (PASSWORD, "short", "short", "a password has at least 12 characters"),
            ] {
                let fields = [("old", old), ("password", new), ("again", again)];
                let answer = here.post("/account/password", &fields).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
                assert!(answer.text.contains(told), "{told}: {}", answer.text);
                assert!(!answer.text.contains(new) || new == "short", "{}", answer.text);
            }
            assert_eq!(elsewhere.get("/types").await.status, StatusCode::OK);

            let answer = change(&mut here, PASSWORD, new).await;
            assert_eq!(answer.location(), "/admin/account?done=password", "{}", answer.text);
            let page = here.get("/account?done=password").await;
            assert!(page.text.contains("your other sessions are ended"), "{}", page.text);
            assert_eq!(elsewhere.get("/types").await.status, StatusCode::SEE_OTHER);
            assert_eq!(other.get("/types").await.status, StatusCode::OK);
            let verify = async |password| site.store.verify_password(name, password).await.unwrap();
            assert!(verify(new).await.is_some() && verify(PASSWORD).await.is_none());
            let line = site.store.audit(&AuditQuery::default()).await.unwrap().rows.remove(0);
            assert_eq!((&*line.actor, &*line.subject, line.via), (name, name, Via::Page));
            assert_eq!(line.field.as_deref(), Some("password"));
            assert_eq!((line.before.as_deref(), line.after.as_deref()), (None, Some("changed")));
            let setup = Actor::new("setup", Via::Command);
            site.store.set_password(&setup, name, PASSWORD).await.unwrap();
        }
    });
}

#[test]
fn a_program_changes_its_own_password_too() {
    run(async {
        let site = Site::new().await;
        let mut elsewhere = site.login("victor").await;
        let mut program = site.browser();
        let login = json!({ "name": "victor", "password": PASSWORD });
        let json = [("content-type", "application/json")];
        let session = program.send("POST", "/api/v1/session", &json, login.to_string()).await;
        let token = session.json()["token"].as_str().unwrap().to_owned();
        program.more = vec![("authorization", format!("Bearer {token}"))];
        let path = "/session/password";
        for (old, new, told) in [
            ("wrong horse battery", NEW, "the old password is not right"),
            (PASSWORD, "short", "at least 12 characters"),
        ] {
            let body = json!({ "old": old, "new": new });
            let answer = program.api("PUT", path, &[], &body).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
            assert!(answer.text.contains(told), "{told}: {}", answer.text);
        }
        let body = json!({ "old": PASSWORD, "new": NEW });
        let answer = program.api("PUT", path, &[], &body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
        assert_eq!(program.get("/api/v1/types").await.status, StatusCode::OK);
        assert_eq!(elsewhere.get("/types").await.status, StatusCode::SEE_OTHER);
        assert!(site.store.verify_password("victor", NEW).await.unwrap().is_some());
        let line = site.store.audit(&AuditQuery::default()).await.unwrap().rows.remove(0);
        assert_eq!((&*line.actor, &*line.subject, line.via), ("victor", "victor", Via::Api));
    });
}

#[test]
fn nobody_guesses_the_password_of_a_session_that_they_took() {
    run(async {
        let site = Site::new().await;
        let mut taken = site.login("victor").await;
        let mut last = None;
        for _ in 0..8 {
            last = Some(change(&mut taken, "wrong horse battery", NEW).await);
        }
        let last = last.unwrap();
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS, "{}", last.text);
        let wait: u64 = last.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
        // The right one comes too late, and the login is as slow.
        let late = change(&mut taken, PASSWORD, NEW).await;
        assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS);
        let mut login = site.browser();
        login.get("/login").await;
        let answer = login.post("/login", &[("name", "victor"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(site.store.verify_password("victor", PASSWORD).await.unwrap().is_some());
    });
}

#[test]
fn where_the_app_knows_who_is_who_there_is_no_password() {
    run(async {
        let auth = Auth::custom(|_| async { Some(Identity::new("ann", Role::Edit)) });
        let site = Site::of(registry(), auth, |pages| pages, "/admin").await;
        let mut ann = site.browser();
        let types = ann.get("/types").await.text;
        assert!(types.contains("ann") && !types.contains("/account"), "{types}");
        assert_eq!(ann.get("/account").await.status, StatusCode::NOT_FOUND);
        ann.get("/instances").await;
        let answer = change(&mut ann, PASSWORD, NEW).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
        assert!(site.store.verify_password("ann", PASSWORD).await.unwrap().is_some());
    });
}
