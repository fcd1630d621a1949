use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::away::Recent;
use super::cookies;
use super::mount::{Mount, Place};
use super::origin::{is_foreign, same_token};
use super::throttle::Throttle;
use super::who::{Editor, Oneself, Viewer};
use super::{Auth, Identity, Kind};
use crate::error::Error;
use crate::follow::Following;
use crate::model::{Role, UserId, Via};
use crate::secrets::random;
use crate::store::{Session, SessionUse, Store};

/// The largest body that is read, in bytes.
pub(crate) const LARGEST_BODY: usize = 512 * 1024;

/// The cookie with a session's token.
pub(super) const SESSION: &str = "plugo_session";

/// The cookie with the token of forms, where no session has it.
const FORMS: &str = "plugo_forms";

/// What everybody may ask for: the login and how it looks. Every other path needs
/// somebody who is known, and every method that changes something needs an editor.
fn is_open(method: &Method, path: &str) -> bool {
    match path {
        "/login" => true,
        "/api/v1/session" => method == Method::POST,
        "/assets/admin.css" | "/assets/admin.js" => !changes(method),
        _ => false,
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What changes something, and is for viewers too: it is about themselves.
const OWN: [&str; 4] =
    ["/logout", "/account/password", "/api/v1/session", "/api/v1/session/password"];

/// What a page does by itself, which is no use of a session.
const BY_ITSELF: &str = "/revision";

/// What holds requests to the rules.
pub(crate) struct Guard {
    pub(super) store: Store,
    pub(super) auth: Auth,
    pub(super) throttle: Throttle,
    /// Each password that is checked takes 19 MiB for a while.
    pub(super) checks: Semaphore,
    place: Place,
    pub(super) recent: Recent,
    following: Option<Arc<Following>>,
    /// How a refusal looks like.
    refuse: fn(Refusal, &Mount, bool) -> Response,
}

/// The session of whoever sends a request.
struct InSession {
    token: String,
    csrf: String,
    user: UserId,
}

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody is known, and there is a login page, or there is none.
    Unknown { login: bool, changes: bool },
    /// The role does not do.
    NotEditor,
    /// It does not come from a page of ours, or from one of another login.
    Foreign,
    /// The body is larger than what is read.
    TooLarge,
    /// The database does not say who it is.
    Store(Box<Unanswered>),
}

/// A database that does not say who somebody is.
#[derive(Debug)]
pub(crate) struct Unanswered {
    pub(crate) error: Error,
    /// Whether somebody was known by the same token a while ago.
    pub(crate) was_known: bool,
    /// For how long it has been away, as far as this process follows it.
    pub(crate) away: Option<Duration>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Store(Box::new(Unanswered { error, was_known: false, away: None }))
    }
}

/// How long a database that is known to be away is waited for: it may be back.
const AWAY: Duration = Duration::from_millis(500);

impl Guard {
    pub(crate) fn new(
        store: Store,
        auth: Auth,
        place: Place,
        following: Option<Arc<Following>>,
        refuse: fn(Refusal, &Mount, bool) -> Response,
    ) -> Self {
        let (throttle, checks, recent) = (Throttle::new(), Semaphore::new(2), Recent::default());
        Guard { store, auth, throttle, checks, place, recent, following, refuse }
    }

    /// For how long the database has been away, as far as this process follows it.
    fn away(&self) -> Option<Duration> {
        let status = self.following.as_ref()?.status();
        status.away_since.map(|since| since.elapsed())
    }

    /// The session of a token.
    async fn session(
        &self,
        token: &str,
        idle: Duration,
        what: SessionUse,
    ) -> Result<Option<Session>, Refusal> {
        let away = self.away();
        let lookup = self.store.session_within(token, idle, what);
        let found = match away {
            None => lookup.await,
            Some(_) => timeout(AWAY, lookup).await.unwrap_or_else(|_| {
                let status = self.following.as_ref().map(|following| following.status());
                let why = status.and_then(|status| status.last_error);
                Err(Error::Away {
                    database: self.store.shown().to_owned(),
                    doing: "look up who is logged in",
                    why: why.unwrap_or_else(|| "it did not before".to_owned()),
                })
            }),
        };
        match found {
            Ok(session) => {
                match &session {
                    Some(_) => self.recent.seen(token),
                    None => self.recent.forget(token),
                }
                Ok(session)
            }
            Err(error) => {
                let was_known = self.recent.was_seen(token, idle);
                Err(Refusal::Store(Box::new(Unanswered { error, was_known, away })))
            }
        }
    }

    pub(crate) fn is_built_in(&self) -> bool {
        self.auth.is_built_in()
    }

    /// Who sends this, with the token of the session.
    async fn identify(
        &self,
        request: &mut Request,
        mount: &Mount,
    ) -> Result<Option<(Identity, Option<InSession>)>, Refusal> {
        match &self.auth.0 {
            Kind::Extension => {
                let found = request.extensions().get::<Identity>().cloned();
                Ok(found.map(|identity| (identity, None)))
            }
            Kind::Custom(identify) => {
                let mut copy = Request::new(Body::empty());
                *copy.method_mut() = request.method().clone();
                *copy.uri_mut() = request.uri().clone();
                *copy.headers_mut() = request.headers().clone();
                *copy.extensions_mut() = request.extensions().clone();
                let found = identify(copy.into_parts().0).await;
                Ok(found.map(|identity| (identity, None)))
            }
            Kind::BuiltIn { idle, .. } => {
                let headers = request.headers();
                let token = bearer(headers).or_else(|| cookies::read(headers, SESSION, mount));
                let Some(token) = token.map(str::to_owned) else { return Ok(None) };
                let what = match request.uri().path() {
                    BY_ITSELF => SessionUse::Looked,
                    _ => SessionUse::Used,
                };
                let session = self.session(&token, *idle, what).await?;
                Ok(session.map(|session| {
                    let identity = Identity::new(session.user.name, session.user.role);
                    let (csrf, user) = (session.csrf, session.user.id);
                    (identity, Some(InSession { token, csrf, user }))
                }))
            }
        }
    }

    /// Lets a request through, or says why not. What it gives is to be set as a
    /// cookie.
    async fn admit(
        &self,
        mut request: Request,
        mount: &Mount,
    ) -> Result<(Request, Option<HeaderValue>), Refusal> {
        let path = request.uri().path().to_owned();
        let changes = changes(request.method());
        let (mut set, given) = self.token_of_forms(request.headers(), mount)?;
        // A browser sends no `Authorization: Bearer` that a page of another site has
        // written, unless it is allowed to, which we never say.
        let by_bearer = bearer(request.headers()).is_some();
        let is_open = is_open(request.method(), &path);
        let identified = match &*path {
            // These are the same for everybody.
            path if path.starts_with("/assets/") && is_open => None,
            // Somebody who cannot be recognized sees the form.
            "/login" => self.identify(&mut request, mount).await.ok().flatten(),
            _ => self.identify(&mut request, mount).await?,
        };
        let is_own = OWN.contains(&path.as_str());
        let csrf = match &identified {
            Some((_, Some(session))) if !is_open => {
                set = None;
                session.csrf.clone()
            }
            _ => given,
        };
        match &identified {
            None if !is_open => {
                return Err(Refusal::Unknown { login: self.is_built_in(), changes });
            }
            Some((identity, _))
                if changes && !is_open && !is_own && identity.role != Role::Edit =>
            {
                return Err(Refusal::NotEditor);
            }
            _ => {}
        }
        if changes {
            if is_foreign(request.headers(), mount) {
                return Err(Refusal::Foreign);
            }
            // A program that logs in has no token yet, and no browser sends JSON to
            // another site unless it is allowed to.
            let is_first = is_open && path != "/login" && is_json(request.headers());
            if !by_bearer && !is_first {
                request = hold_to_token(request, &csrf).await?;
            }
        }
        if let Some((identity, session)) = identified {
            // The pages' own scripts use the API, with the token of the page.
            let via = if path.starts_with("/api/") && by_bearer { Via::Api } else { Via::Page };
            if changes && identity.role == Role::Edit {
                let user = session.as_ref().map(|session| session.user);
                let editor = Editor { name: identity.name.clone(), user, via };
                request.extensions_mut().insert(editor);
            }
            let token = session.map(|session| session.token);
            if changes && is_own {
                let (name, token) = (identity.name.clone(), token.clone());
                request.extensions_mut().insert(Oneself { name, via, token });
            }
            let viewer = Viewer { identity, csrf: csrf.clone(), token, mount: mount.clone() };
            request.extensions_mut().insert(viewer);
        }
        request.extensions_mut().insert(FormToken(csrf));
        Ok((request, set))
    }

    /// The token that forms carry where no session has one: the same is in a cookie.
    fn token_of_forms(
        &self,
        headers: &HeaderMap,
        mount: &Mount,
    ) -> Result<(Option<HeaderValue>, String), Refusal> {
        if let Some(token) = cookies::read(headers, FORMS, mount) {
            return Ok((None, token.to_owned()));
        }
        let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
        Ok((Some(cookies::set(FORMS, Some(&token), mount)), token))
    }
}

/// What the login form carries.
#[derive(Clone, Debug)]
pub(crate) struct FormToken(pub(crate) String);

/// Every request goes through this, whatever its route.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let mount = guard.place.of(request.uri(), request.headers(), request.extensions());
    // What somebody around us put there under our names counts nothing.
    request.extensions_mut().remove::<Viewer>();
    request.extensions_mut().remove::<Editor>();
    request.extensions_mut().remove::<Oneself>();
    request.extensions_mut().insert(mount.clone());
    let is_api = request.uri().path().starts_with("/api/");
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut response = match guard.admit(request, &mount).await {
        Ok((request, set)) => {
            let mut response = next.run(request).await;
            if let Some(set) = set.filter(|_| !is_asset && !is_api) {
                response.headers_mut().append(header::SET_COOKIE, set);
            }
            response
        }
        Err(refusal) => (guard.refuse)(refusal, &mount, is_api),
    };
    protect(response.headers_mut(), is_asset);
    response
}

/// What every answer says to the browser.
fn protect(headers: &mut HeaderMap, is_asset: bool) {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
        img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
        base-uri 'none'";
    let cache = if is_asset { "no-cache" } else { "no-store" };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, cache),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}

/// Whether a body says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    has_type(headers, "application/json")
}

/// The token stands in a header, or in a field of the form.
async fn hold_to_token(request: Request, token: &str) -> Result<Request, Refusal> {
    if let Some(given) = request.headers().get("x-csrf-token") {
        let fits = given.to_str().is_ok_and(|given| same_token(given, token));
        return if fits { Ok(request) } else { Err(Refusal::Foreign) };
    }
    if !has_type(request.headers(), "application/x-www-form-urlencoded") {
        return Err(Refusal::Foreign);
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(|_| Refusal::TooLarge)?;
    let mut fields = form_urlencoded::parse(&body);
    let given = fields.find(|(name, _)| name == "_csrf").map(|(_, value)| value.into_owned());
    if !given.is_some_and(|given| same_token(&given, token)) {
        return Err(Refusal::Foreign);
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}
