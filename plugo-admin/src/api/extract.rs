use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Error;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::problem::Problem;
use crate::auth::is_json;
use crate::model::Version;

/// A body of JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Problem::new(status, "about:blank", "the answer could not be written")
                    .into_response()
            }
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "urn:plugo:media", "send application/json"));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let detail = "the body cannot be read, or is larger than what is read here";
            Problem::new(rejection.status(), "urn:plugo:body", detail)
        })?;
        let mut from = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut from);
        let no_json = |error: &Error| {
            Problem::new(StatusCode::BAD_REQUEST, "urn:plugo:json", error.to_string())
        };
        let read = read.map_err(|error| match error.inner().classify() {
            Category::Data => Problem::of_body(pointer(error.path()), unplaced(error.inner())),
            _ => no_json(error.inner()),
        })?;
        from.end().map_err(|error| no_json(&error))?;
        Ok(Json(read))
    }
}

/// The place as a JSON pointer.
fn pointer(path: &Path) -> String {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// What is wrong, without the line and the column, which say less than the pointer.
fn unplaced(error: &Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The query, of which every field is known.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Query(query)),
            Err(error) => {
                let detail = error.body_text();
                Err(Problem::new(StatusCode::BAD_REQUEST, "urn:plugo:query", detail))
            }
        }
    }
}

/// A part of the path. What is no id names nothing.
pub(super) struct Id<T>(pub(super) T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|path| path.0.parse().ok());
        id.map(Id).ok_or_else(|| Problem::not_found("resource"))
    }
}

/// For which version a change was made: `If-Match: "3"`, or `*` for any. A proxy that
/// compresses answers makes weak tags of strong ones, `W/"3"`. RFC 9110 lets none of
/// those match, since it compares bytes; the version of a row is the same whatever the
/// bytes, so it counts.
pub(super) struct IfMatch(pub(super) Option<Version>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if_match(&parts.headers).map(IfMatch)
    }
}

fn if_match(headers: &HeaderMap) -> Result<Option<Version>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        let status = StatusCode::PRECONDITION_REQUIRED;
        let detail = "say with If-Match for which version this was made: the ETag that you were \
            given, or * for any";
        return Err(Problem::new(status, "urn:plugo:if-match", detail));
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let number = tag.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match number.and_then(|number| number.parse().ok()) {
        Some(version) => Ok(Some(Version(version))),
        None => {
            let detail = "If-Match is the ETag that you were given, as \"3\", or *";
            Err(Problem::new(StatusCode::BAD_REQUEST, "urn:plugo:if-match", detail))
        }
    }
}

/// Tells `null` from what is not there.
pub(super) fn given<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}
