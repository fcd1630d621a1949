//! A script that logs in at each call does not lock itself out.

use axum::http::StatusCode;
use plugo_admin::Auth;
use serde_json::json;

use crate::site::{PASSWORD, Site, registry, run};

#[test]
fn a_right_password_is_no_guess() {
    run(async {
        for proxy in [false, true] {
            let of = Site::of(
                registry(),
                Auth::built_in(),
                |pages| if proxy { pages.trust_proxy() } else { pages },
                "/admin",
            );
            let site = of.await;
            let mut ann = site.browser();
            if proxy {
                ann.more = vec![("x-forwarded-for", "7.7.7.1".to_owned())];
            }
            let right = json!({ "name": "ann", "password": PASSWORD });
            let wrong = json!({ "name": "ann", "password": "wrong" });
            for i in 0..40 {
                let answer = ann.api("POST", "/session", &[], &right).await;
                assert_eq!(answer.status, StatusCode::OK, "{i}: {}", answer.text);
            }
            // A wrong one is, and then the right one waits too.
            let mut refused = 0;
            while ann.api("POST", "/session", &[], &wrong).await.status == StatusCode::UNAUTHORIZED
            {
                refused += 1;
                assert!(refused <= 6);
                let answer = ann.api("POST", "/session", &[], &right).await;
                let fits = if refused < 6 { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
                assert_eq!(answer.status, fits, "after {refused}");
            }
            assert_eq!(refused, 6);
        }
    });
}
