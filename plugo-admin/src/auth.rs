//! Who may see and change what. Nothing of the pages and of the API is open to
//! somebody who is not known, and one place holds every request to that.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;

use crate::model::Role;

/// Where the pages are, and whether TLS is in front of them.
mod mount;
/// Small texts that a browser sends back.
mod cookies;
/// How often somebody may try to log in.
mod throttle;
/// That a request comes from a page of ours.
mod origin;
/// Who a handler deals with.
mod who;
/// What is told while the database is away, and whom.
mod away;
/// Every request, before anything else sees it.
mod guard;
/// Logging in and out, and passwords.
mod login;

pub(crate) use self::guard::{FormToken, Guard, LARGEST_BODY, Refusal, Unanswered, guard, is_json};
pub(crate) use self::login::{LoginError, PasswordError, session_cookie};
pub(crate) use self::mount::{Mount, Place};
pub(crate) use self::who::{Editor, Oneself, Viewer};

/// Who somebody is, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name, which the audit log shows.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Identity {
    /// Somebody of this name.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Identity { name: name.into(), role }
    }
}

type Found = Pin<Box<dyn Future<Output = Option<Identity>> + Send>>;

/// How the pages know who somebody is.
#[derive(Clone)]
pub struct Auth(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    BuiltIn { lifetime: Duration, idle: Duration },
    Custom(Arc<dyn Fn(Parts) -> Found + Send + Sync>),
    Extension,
}

impl Auth {
    /// A login page, with users in the store. Sessions end twelve hours after the
    /// login, and after one hour without use: [`lifetime`](Auth::lifetime),
    /// [`idle`](Auth::idle).
    pub fn built_in() -> Self {
        let hour = Duration::from_secs(60 * 60);
        Auth(Kind::BuiltIn { lifetime: 12 * hour, idle: hour })
    }

    /// The app's own authentication: it is asked about each request, and `None` means
    /// that nobody is known.
    ///
    /// ```
    /// use plugo_admin::{Auth, Identity, Role};
    /// let auth = Auth::custom(|request| async move {
    ///     let name = request.headers.get("x-user")?.to_str().ok()?;
    ///     Some(Identity::new(name, Role::View))
    /// });
    /// ```
    pub fn custom<F, R>(identify: F) -> Self
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Identity>> + Send + 'static,
    {
        Auth(Kind::Custom(Arc::new(move |parts| Box::pin(identify(parts)))))
    }

    /// A layer of the app around the pages puts an [`Identity`] into the extensions of
    /// each request of somebody who is known.
    pub fn by_layer() -> Self {
        Auth(Kind::Extension)
    }

    /// How long after the login a session of [`built_in`](Auth::built_in) ends. The
    /// app's own authentication knows that itself.
    #[must_use]
    pub fn lifetime(mut self, new: Duration) -> Self {
        if let Kind::BuiltIn { lifetime, .. } = &mut self.0 {
            *lifetime = new;
        }
        self
    }

    /// How long a session of [`built_in`](Auth::built_in) may be without use, at least
    /// two minutes: use is noted once a minute.
    #[must_use]
    pub fn idle(mut self, new: Duration) -> Self {
        if let Kind::BuiltIn { idle, .. } = &mut self.0 {
            *idle = new.max(Duration::from_secs(120));
        }
        self
    }

    pub(crate) fn is_built_in(&self) -> bool {
        matches!(self.0, Kind::BuiltIn { .. })
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::BuiltIn { .. } => "Auth::built_in()",
            Kind::Custom(_) => "Auth::custom(…)",
            Kind::Extension => "Auth::by_layer()",
        })
    }
}
