//! Somebody who may change things is always left.

use axum::http::StatusCode;
use plugo_admin::{Role, Store, UserError};
use serde_json::json;

use crate::databases::{Database, ann, run};
use crate::site::{PASSWORD, Site};

#[test]
fn nobody_takes_anything_from_themselves_however_they_write_their_name() {
    run(async {
        let site = Site::new().await;
        site.store.add_user(&ann(), "eva", PASSWORD, Role::Edit).await.unwrap();
        let mut ann = site.login("ann").await;
        for name in ["ann", " ann ", "ann\t"] {
            for (path, field, value) in
                [("/users/role", "role", "view"), ("/users/disable", "disabled", "yes")]
            {
                let answer = ann.post(path, &[("name", name), (field, value)]).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?} {path}");
                assert!(answer.text.contains("another editor can"), "{}", answer.text);
            }
        }
        for name in ["ann", "%20ann", "ann%09"] {
            for patch in [json!({ "role": "view" }), json!({ "disabled": true })] {
                let answer = ann.api("PATCH", &format!("/users/{name}"), &[], &patch).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name} {patch}");
                assert!(answer.text.contains("another editor can"), "{}", answer.text);
            }
        }
        let same = ann.post("/users/role", &[("name", " ann "), ("role", "edit")]).await;
        assert_eq!(same.status, StatusCode::SEE_OTHER);
        let answer = ann.post("/users/role", &[("name", " eva "), ("role", "view")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    });
}

#[test]
fn the_last_editor_who_may_log_in_stays_one() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            for (name, role) in [("a", Role::Edit), ("b", Role::Edit), ("v", Role::View)] {
                store.add_user(&ann(), name, PASSWORD, role).await.unwrap();
            }
            store.disable_user(&ann(), "b").await.unwrap();
            for done in [
                store.set_role(&ann(), "a", Role::View).await,
                store.disable_user(&ann(), " a ").await,
            ] {
                assert!(matches!(done, Err(UserError::LastEditor)), "{done:?}");
            }
            // What takes no editor away is done.
            store.set_role(&ann(), "b", Role::View).await.unwrap();
            store.disable_user(&ann(), "v").await.unwrap();
            store.set_role(&ann(), "b", Role::Edit).await.unwrap();
            store.enable_user(&ann(), "b").await.unwrap();
            store.disable_user(&ann(), "a").await.unwrap();
        });
    }
}

#[test]
fn of_two_editors_who_take_the_role_from_each_other_one_stays() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            for name in ["a", "b"] {
                store.add_user(&ann(), name, PASSWORD, Role::Edit).await.unwrap();
            }
            for _ in 0..20 {
                let other = Store::open(&database.url()).await.unwrap();
                let by_b =
                    tokio::spawn(async move { other.set_role(&ann(), "a", Role::View).await });
                let by_a = store.disable_user(&ann(), "b").await;
                let done = [by_a, by_b.await.unwrap()];
                let is_refused = |done: &Result<_, _>| matches!(done, Err(UserError::LastEditor));
                assert_eq!(done.iter().filter(|done| is_refused(done)).count(), 1, "{done:?}");
                assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1, "{done:?}");
                store.set_role(&ann(), "a", Role::Edit).await.unwrap();
                store.enable_user(&ann(), "b").await.unwrap();
            }
        });
    }
}

#[test]
fn who_lost_the_role_meanwhile_takes_it_from_nobody_else() {
    run(async {
        let site = Site::new().await;
        // A third one is left, whatever the two do.
        for name in ["eva", "eve"] {
            site.store.add_user(&ann(), name, PASSWORD, Role::Edit).await.unwrap();
        }
        let (mut ann, mut eva) = (site.login("ann").await, site.login("eva").await);
        for _ in 0..10 {
            let patch = json!({ "role": "view" });
            let answers = tokio::join!(
                ann.api("PATCH", "/users/eva", &[], &patch),
                eva.api("PATCH", "/users/ann", &[], &patch),
            );
            let mut statuses = [answers.0.status, answers.1.status];
            statuses.sort();
            assert_eq!(statuses, [StatusCode::NO_CONTENT, StatusCode::FORBIDDEN]);
            for name in ["ann", "eva"] {
                site.store.set_role(&crate::databases::ann(), name, Role::Edit).await.unwrap();
            }
        }
    });
}
