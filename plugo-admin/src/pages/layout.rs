use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::fields::Fields;
use crate::auth::{Mount, Viewer};
use crate::site::Site;

/// What stands around a page.
pub(super) struct Shell {
    pub(super) app: String,
    pub(super) title: String,
    /// Which part of the menu it belongs to.
    pub(super) part: &'static str,
    pub(super) prefix: String,
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) may_edit: bool,
    pub(super) is_built_in: bool,
    pub(super) csrf: String,
    /// The path of this page, to come back to.
    pub(super) here: String,
    /// The revision that holds while the page is made.
    pub(super) revision: i64,
    /// What the database does not do.
    pub(super) away: Option<String>,
    /// What was done before.
    pub(super) done: Option<String>,
    /// Whether something was.
    pub(super) is_done: bool,
}

impl Shell {
    pub(super) fn new(
        site: &Site,
        viewer: &Viewer,
        part: &'static str,
        title: impl Into<String>,
        query: &Fields,
    ) -> Self {
        let status = site.following.as_ref().map(|following| following.status());
        let away = status.as_ref().and_then(|status| {
            status.away_since?;
            Some(status.last_error.clone().unwrap_or_else(|| "it does not answer".to_owned()))
        });
        Shell {
            app: site.title.clone(),
            title: title.into(),
            part,
            prefix: viewer.mount().prefix.clone(),
            name: viewer.name().to_owned(),
            role: viewer.role().as_str(),
            may_edit: viewer.may_edit(),
            is_built_in: site.guard.is_built_in(),
            csrf: viewer.csrf().to_owned(),
            here: viewer.mount().here.clone(),
            revision: status.map_or(0, |status| status.revision),
            away,
            done: done(query),
            is_done: query.get("done") != "none" && query.get("n") != "0",
        }
    }

    pub(super) fn current(&self, part: &str) -> &'static str {
        if self.part == part { "page" } else { "false" }
    }
}

/// What a redirect tells of what was done: words that we know, so that nobody makes
/// a page say anything else.
fn done(query: &Fields) -> Option<String> {
    let count = query.parsed::<u32>("n");
    let text = match (query.get("done"), count) {
        ("saved", Some(0)) => "Nothing was to be changed.",
        ("saved", Some(1) | None) => "Saved.",
        ("saved", Some(n)) => return Some(format!("{n} instances were changed.")),
        ("created", _) => "Created.",
        ("created-disabled", _) => {
            "Created. It is disabled: see whether it constructs, then say a status and a priority."
        }
        ("deleted", _) => "Deleted.",
        ("user", _) => "The user was saved.",
        ("password", _) => "Your password was changed, and your other sessions are ended.",
        ("none", _) => "No instance was chosen, so nothing was changed.",
        _ => return None,
    };
    Some(text.to_owned())
}

/// A page, or what stands in its place when it cannot be written.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be written.").into_response()
        }
    }
}

/// On to another page, which is asked for anew.
pub(super) fn go(mount: &Mount, path: &str) -> Response {
    let to = mount.at(path);
    match axum::http::HeaderValue::from_str(&to) {
        Ok(to) => (StatusCode::SEE_OTHER, [("location", to)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A path of ours from a form or a query, and nothing that leads elsewhere.
pub(super) fn local(path: &str) -> Option<&str> {
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() < 2000
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    is_ours.then_some(path)
}

/// A path with something more in its query.
pub(super) fn with(path: &str, name: &str, value: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut text = form_urlencoded::Serializer::new(String::new());
    let kept = form_urlencoded::parse(query.as_bytes());
    for (found, value) in kept.filter(|(found, _)| found != name) {
        text.append_pair(&found, &value);
    }
    if !value.is_empty() {
        text.append_pair(name, value);
    }
    match text.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        for path in ["/", "/types", "/instances?search=a%20b&page=2"] {
            assert_eq!(local(path), Some(path));
        }
        for path in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/ü"]
        {
            assert_eq!(local(path), None, "{path}");
        }
        assert_eq!(with("/a?page=2&b=c", "page", "3"), "/a?b=c&page=3");
        assert_eq!(with("/a?page=2", "page", ""), "/a");
    }
}
