use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Refusal;
use crate::error::{Conflict, EditError, Error, UserError};
use crate::model::{At, IdError, WordError};

/// Why a request was not done, as RFC 9457 has it (`application/problem+json`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem it is; it does not change.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// What is wrong here, for people.
    detail: String,
    /// What is wrong with which field, as JSON pointers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// What somebody else changed meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<Box<ConflictBody>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    pointer: String,
    detail: String,
}

/// What somebody else changed meanwhile.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConflictBody {
    /// The instance.
    id: String,
    /// The version that the request was made for.
    seen: i64,
    /// The version that there is now.
    now: i64,
    /// Who changed it, where the audit log knows.
    by: Option<String>,
    /// When, in milliseconds since 1970 (UTC).
    at: Option<i64>,
    /// Whether it was ever changed by hand in the database, which the audit log does
    /// not know: then the last change may be that one.
    by_hand: bool,
    /// What was changed, in words.
    changes: Vec<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            kind,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            conflict: None,
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        let detail = format!("there is no such {what} (any more)");
        Problem::new(StatusCode::NOT_FOUND, "urn:plugo:not-found", detail)
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "urn:plugo:invalid", detail)
    }

    /// What the database did not do for somebody who is not known yet. What it says
    /// has its host, user and path in it, so that is in the log alone.
    pub(super) fn of_unknown(error: &Error) -> Self {
        tracing::warn!(%error, "who sent a request could not be looked up");
        let detail = "the database did not answer, so nobody can log in or be recognized now; try \
            again later";
        Problem::new(status_of(error), "urn:plugo:database", detail)
    }

    /// A body that does not fit, with the place.
    pub(super) fn of_body(pointer: String, detail: String) -> Self {
        let whole = match &*pointer {
            "" => format!("the body does not fit: {detail}"),
            pointer => format!("the body does not fit at {pointer}: {detail}"),
        };
        let errors = vec![FieldError { pointer, detail }];
        Problem { errors, ..Problem::invalid(whole) }
    }

    /// Settings that do not fit, each with its place.
    fn of_fields(
        detail: impl Into<String>,
        problems: impl IntoIterator<Item = plugo_settings::Problem>,
    ) -> Self {
        let field = |problem: plugo_settings::Problem| FieldError {
            pointer: problem.pointer().to_owned(),
            detail: problem.message().to_owned(),
        };
        let errors = problems.into_iter().map(field).collect();
        Problem { errors, ..Problem::invalid(detail) }
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.title = status.canonical_reason().unwrap_or("Error");
        self.status = status.as_u16();
        self
    }

    fn with_conflict(mut self, conflict: Conflict) -> Self {
        self.conflict = Some(Box::new(ConflictBody {
            id: conflict.id.to_string(),
            seen: conflict.seen.0,
            now: conflict.now.0,
            by: conflict.by,
            at: conflict.at.map(|At(at)| at),
            by_hand: conflict.by_hand,
            changes: conflict.changes,
        }));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if matches!(error, Error::NoKey | Error::Secret(_) | Error::Search { .. }) {
            return Problem::invalid(error.to_string());
        }
        tracing::warn!(%error, "a request was not done");
        Problem::new(status_of(&error), "urn:plugo:database", error.to_string())
    }
}

/// The status that an error of the database means.
pub(crate) fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NoKey | Error::Secret(_) | Error::Search { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Away { .. }
        | Error::Busy { .. }
        | Error::ReadOnly { .. }
        | Error::Full { .. }
        | Error::Uncertain { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        let text = error.to_string();
        match error {
            EditError::NotFound(_) => Problem::not_found("instance"),
            EditError::Conflict(conflict) => {
                let status = StatusCode::PRECONDITION_FAILED;
                Problem::new(status, "urn:plugo:conflict", text).with_conflict(*conflict)
            }
            EditError::Invalid(why) => Problem::invalid(why),
            EditError::Settings(problems) => {
                let detail = match problems.iter().len() {
                    1 => "one of the settings does not fit; nothing was saved".to_owned(),
                    count => format!("{count} settings do not fit; nothing was saved"),
                };
                Problem::of_fields(detail, problems)
            }
            EditError::NameTaken(_) => {
                Problem::new(StatusCode::CONFLICT, "urn:plugo:name-taken", text)
            }
            EditError::Store(error) => error.into(),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let text = error.to_string();
        match error {
            UserError::NotFound(_) => Problem::not_found("user"),
            UserError::NameTaken(_) => {
                Problem::new(StatusCode::CONFLICT, "urn:plugo:name-taken", text)
            }
            UserError::Invalid(why) => Problem::invalid(why),
            UserError::NoEditor => Problem::new(StatusCode::FORBIDDEN, "urn:plugo:role", text),
            UserError::Oneself | UserError::LastEditor => Problem::invalid(error.to_string()),
            UserError::Store(error) => error.into(),
        }
    }
}

impl From<IdError> for Problem {
    fn from(error: IdError) -> Self {
        Problem::invalid(error.to_string())
    }
}

impl From<WordError> for Problem {
    fn from(error: WordError) -> Self {
        Problem::invalid(error.to_string())
    }
}

/// How the guard's refusals look like.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let (status, kind, detail) = match refusal {
        Refusal::Unknown { .. } => (
            StatusCode::UNAUTHORIZED,
            "urn:plugo:not-logged-in",
            "nobody is known here: log in, or send a token".to_owned(),
        ),
        Refusal::NotEditor => (
            StatusCode::FORBIDDEN,
            "urn:plugo:role",
            "this needs the role edit; nothing was changed".to_owned(),
        ),
        Refusal::Foreign => (
            StatusCode::FORBIDDEN,
            "urn:plugo:foreign",
            "this needs the token of the session in X-CSRF-Token, from a page of ours, or a bearer \
             token; nothing was changed"
                .to_owned(),
        ),
        Refusal::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:plugo:too-large",
            "the body is larger than what is read here".to_owned(),
        ),
        Refusal::Store(unanswered) => {
            let error = &unanswered.error;
            if !unanswered.was_known {
                return Problem::of_unknown(error).into_response();
            }
            tracing::warn!(%error, "who sent a request could not be looked up");
            (status_of(error), "urn:plugo:database", error.to_string())
        }
    };
    Problem::new(status, kind, detail).into_response()
}
