//! The plugin `auth`: gives a visitor a token, and tells whose token a request
//! has. Other plugins find [`Visitors`] in the site.
//!
//! It asks for no password: a token says that somebody was here before, not
//! who it is.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use web_site::{Refusal, Site};

/// Shares the visitors, and serves `/auth`.
#[plugo::plugin(name = "auth")]
fn init_plugin(site: &mut Site) {
    let visitors = Visitors::default();
    site.share(visitors.clone());
    site.mount("auth", Router::new().route("/", post(enter).get(whoami)).with_state(visitors));
}

/// How many tokens there may be, so that nobody can fill the memory.
const MOST: usize = 1000;
/// The longest name, in bytes.
const LONGEST: usize = 40;

/// The visitors by their tokens.
#[derive(Clone, Debug, Default)]
pub struct Visitors(Arc<Mutex<HashMap<Uuid, String>>>);

impl Visitors {
    /// Who sent a request, by its header `authorization: Bearer <token>`.
    ///
    /// # Errors
    ///
    /// A 401 when there is no such header, or nobody has that token.
    pub fn who(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .and_then(|token| token.parse::<Uuid>().ok());
        token.and_then(|token| self.lock().get(&token).cloned()).ok_or_else(|| {
            let help = "send `authorization: Bearer <token>` with a token from `POST /auth`";
            Refusal::new(StatusCode::UNAUTHORIZED, help)
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, String>> {
        // Nothing that holds the lock can leave the map half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Visitor {
    name: String,
}

#[derive(Serialize)]
struct Ticket {
    token: Uuid,
}

#[derive(Serialize)]
struct Known {
    name: String,
}

async fn enter(
    State(visitors): State<Visitors>,
    body: Result<Json<Visitor>, JsonRejection>,
) -> Result<(StatusCode, Json<Ticket>), Refusal> {
    let Json(Visitor { name }) = body?;
    if name.is_empty() || name.len() > LONGEST {
        let error = format!("`name` has 1 to {LONGEST} bytes");
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error));
    }
    let mut visitors = visitors.lock();
    if visitors.len() >= MOST {
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "there are no tokens left"));
    }
    let token = Uuid::new_v4();
    visitors.insert(token, name);
    Ok((StatusCode::CREATED, Json(Ticket { token })))
}

async fn whoami(
    State(visitors): State<Visitors>,
    headers: HeaderMap,
) -> Result<Json<Known>, Refusal> {
    Ok(Json(Known { name: visitors.who(&headers)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_nobody_was_given_is_refused() {
        let visitors = Visitors::default();
        let token = Uuid::new_v4();
        let mut headers = HeaderMap::new();
        assert!(visitors.who(&headers).is_err());
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        assert!(visitors.who(&headers).is_err());
        visitors.lock().insert(token, "Ada".to_owned());
        assert_eq!(visitors.who(&headers).unwrap(), "Ada");
    }
}
