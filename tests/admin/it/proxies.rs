//! What proxies write into requests, and what browsers make of paths.

use axum::body::Body;
use axum::http::StatusCode;
use plugo_admin::Auth;

use crate::site::{PASSWORD, Site, registry, run};

/// Tries with a wrong password from one address, until there are too many.
async fn guess(site: &Site, from: &str) {
    let mut eve = site.browser();
    eve.more = vec![("x-forwarded-for", from.to_owned())];
    eve.get("/login").await;
    for _ in 0..8 {
        eve.post("/login", &[("name", "ann"), ("password", "wrong")]).await;
    }
    let last = eve.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS, "{from}");
}

async fn log_in(site: &Site, from: &str) -> StatusCode {
    let mut ann = site.browser();
    ann.more = vec![("x-forwarded-for", from.to_owned())];
    ann.get("/login").await;
    ann.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await.status
}

#[test]
fn clients_behind_a_proxy_are_told_apart_however_it_writes_them() {
    run(async {
        let site = Site::of(registry(), Auth::built_in(), |pages| pages.trust_proxy(), "/admin");
        let site = site.await;
        // The last entry is the proxy's own.
        guess(&site, "7.7.7.9, 7.7.7.1:1234").await;
        assert_eq!(log_in(&site, "7.7.7.1:4321").await, StatusCode::TOO_MANY_REQUESTS, "the same");
        assert_eq!(log_in(&site, "7.7.7.2:1234").await, StatusCode::SEE_OTHER);
        guess(&site, "[2001:db8::1]:443").await;
        for same in ["[2001:db8::1]", "2001:db8::1", "[2001:db8::2]:80"] {
            assert_eq!(log_in(&site, same).await, StatusCode::TOO_MANY_REQUESTS, "{same}");
        }
        assert_eq!(log_in(&site, "[2001:db8:0:1::1]:443").await, StatusCode::SEE_OTHER);
    });
}

#[test]
fn no_location_names_another_host() {
    run(async {
        // Any path may stand before that of the pages.
        let site = Site::of(registry(), Auth::built_in(), |pages| pages, "/{tenant}/admin").await;
        for tenant in ["\\evil.example", "\\\\evil.example", "%5Cevil.example", "evil.example"] {
            let mut eve = site.browser_at(&format!("/{tenant}/admin"));
            let answer = eve.send("GET", "/types", &[], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{tenant}");
            let location = answer.location();
            let second = location.strip_prefix('/').and_then(|rest| rest.chars().next());
            assert!(!matches!(second, None | Some('/' | '\\')), "{location}");
            assert!(location.ends_with("/admin/login?next=%2Ftypes"), "{location}");
        }
    });
}
