use axum::http::{HeaderMap, HeaderValue};

use super::mount::Mount;

/// The name of a cookie: behind TLS, one that no other host of the domain can set.
fn name(base: &str, mount: &Mount) -> String {
    if mount.is_secure { format!("__Host-{base}") } else { base.to_owned() }
}

/// What the browser sends under that name.
pub(super) fn read<'h>(headers: &'h HeaderMap, base: &str, mount: &Mount) -> Option<&'h str> {
    let name = name(base, mount);
    let all = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    });
    pairs.next().filter(|value| !value.is_empty() && value.len() <= 200)
}

/// The header that sets a cookie until the browser is closed, or takes it away.
pub(super) fn set(base: &str, value: Option<&str>, mount: &Mount) -> HeaderValue {
    let (name, path) = (name(base, mount), mount.cookie_path());
    let mut text = format!("{name}={}; Path={path}; HttpOnly; SameSite=Lax", value.unwrap_or(""));
    if mount.is_secure {
        text.push_str("; Secure");
    }
    if value.is_none() {
        text.push_str("; Max-Age=0");
    }
    // A path that no header can hold came from the request, which gets nothing.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("plugo=; Max-Age=0"))
}
