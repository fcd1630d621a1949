//! Forms that are not saved tell everything that is wrong, in the form it is about.

use axum::http::StatusCode;

use crate::site::{Site, run};

#[test]
fn what_cannot_be_read_does_not_hide_what_does_not_fit() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        let mut ann = site.login("ann").await;
        for (path, missing) in [
            (format!("/instances/{}/settings", stripe.id), false),
            (format!("/items/{}/new", stripe.item.id), true),
        ] {
            let fields = [
                ("name", "other"),
                ("version", "1"),
                ("s:/account", "acme"),
                ("s:/api_key", ""),
                ("s:/retries", "99"),
                ("n:/hooks", "1"),
                ("s:/hooks/0/url", "https://a.example"),
                ("s:/hooks/0/key", ""),
                ("s:/fees", "{oops"),
                ("s:/mode", "\"z\""),
            ];
            let answer = ann.post(&path, &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            let text = &answer.text;
            for wrong in ["is no JSON", "must be at most 9", "{oops", "value=\"99\""] {
                assert!(text.contains(wrong), "{path} {wrong}: {text}");
            }
            // A secret that is kept is none that is missing.
            assert_eq!(text.contains("is missing"), missing, "{text}");
            let count = if missing { "4 fields do not fit." } else { "3 fields do not fit." };
            assert!(text.contains(count), "{text}");
            assert!(text.contains("typed again"), "{text}");
        }
    });
}

#[test]
fn a_role_that_is_refused_is_no_user_to_add() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        ann.get("/users").await;
        for (path, more) in [
            ("/users/role", ("role", "view")),
            ("/users/password", ("password", "short")),
            ("/users/disable", ("disabled", "yes")),
        ] {
            let answer = ann.post(path, &[("name", "ann"), more]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
            assert!(
                answer.text.contains("id=\"name\" name=\"name\" value=\"\""),
                "{}",
                answer.text
            );
        }
        let fields = [("name", "newcomer"), ("role", "view"), ("password", "short")];
        let answer = ann.post("/users/add", &fields).await;
        assert!(answer.text.contains("name=\"name\" value=\"newcomer\""), "{}", answer.text);
    });
}
