use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A status, and `{ "error": "…" }`.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    pub fn not_found(id: u64) -> Self {
        Refusal {
            status: StatusCode::NOT_FOUND,
            error: format!("there is no entry {id}"),
        }
    }

    pub fn wrong(error: &str) -> Self {
        Refusal {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            error: error.to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Refusal {
            status: rejection.status(),
            error: rejection.body_text(),
        }
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        Refusal {
            status: rejection.status(),
            error: rejection.body_text(),
        }
    }
}
