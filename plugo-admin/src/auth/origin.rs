use axum::http::HeaderMap;
use subtle::ConstantTimeEq;

use super::mount::Mount;

/// Whether a browser says that a page of another site sent this. What says nothing
/// is held to the token alone.
pub(super) fn is_foreign(headers: &HeaderMap, mount: &Mount) -> bool {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match header("sec-fetch-site") {
        // The browser has compared them, whatever a proxy made of the host.
        Some("same-origin" | "none") => return false,
        Some(_) => return true,
        None => {}
    }
    match header("origin") {
        // Forms of a page that sends no referrer have none.
        None | Some("null") => false,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none() || !same_host(host, mount.host.as_deref())
        }
    }
}

fn same_host(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    }
}

/// Whether two tokens are the same, in a time that tells nothing about where they
/// differ.
pub(super) fn same_token(a: &str, b: &str) -> bool {
    !a.is_empty() && bool::from(a.as_bytes().ct_eq(b.as_bytes()))
}
