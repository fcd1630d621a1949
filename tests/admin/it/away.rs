//! The pages while the database is away.

use axum::http::StatusCode;
use serde_json::Value;

use crate::databases::until;
use crate::site::{PASSWORD, Site, run};

#[test]
fn whoever_was_known_is_told_which_database_is_away_and_nobody_else() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let mut gone = site.login("victor").await;
        let logged_out = gone.cookies.clone();
        gone.get("/types").await;
        gone.post("/logout", &[]).await;
        gone.cookies.extend(logged_out);
        let mut stranger = site.browser();
        stranger.cookies.insert("plugo_session".into(), "nobody has this".into());
        let file = site.file();
        std::fs::remove_file(&file).unwrap();
        let following = site.following.as_ref().unwrap();
        until("it is away", || following.status().away_since.is_some()).await;
        for path in ["/types", "/database", "/instances"] {
            let page = ann.get(path).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
            for told in [&*file.display().to_string(), "the file was removed", "away for"] {
                assert!(page.text.contains(told), "{path} {told}: {}", page.text);
            }
            for somebody in [&mut gone, &mut stranger] {
                let page = somebody.get(path).await;
                assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
                assert!(page.text.contains("Try again later"), "{}", page.text);
                assert!(!page.text.contains("sqlite"), "{}", page.text);
            }
        }
        let told = ann.api("GET", "/types", &[], &Value::Null).await;
        assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(told.text.contains("the file was removed"), "{}", told.text);
        let told = stranger.api("GET", "/types", &[], &Value::Null).await;
        assert!(!told.text.contains("the file was removed"), "{}", told.text);
    });
}

#[test]
fn an_asset_that_is_not_there_is_not_found_by_whoever_is_known() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        assert_eq!(ann.get("/assets/other.css").await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn what_needs_nobody_needs_no_database() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        std::fs::remove_file(site.file()).unwrap();
        for path in ["/assets/admin.css", "/assets/admin.js", "/login"] {
            let answer = ann.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        }
        let answer = ann.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    });
}
