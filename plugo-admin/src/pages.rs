//! The admin pages: HTML that works without scripts, and better with them.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use plugo_core::Kwargs;
use tokio::sync::Semaphore;

use crate::auth::{Auth, Guard, LARGEST_BODY, Place, guard};
use crate::follow::Following;
use crate::registry::Registry;
use crate::site::{Arguments, Site};
use crate::store::Store;

/// What is sent to a browser as it is.
mod assets;
/// Fields of a query and of a form.
mod fields;
/// How values are written.
mod text;
/// What stands around every page.
mod layout;
/// Pages that say what went wrong.
mod failure;
/// Logging in and out.
mod login;
/// Plugin types.
mod types;
/// Lists of instances.
mod instances;
/// What the second of two editors is told.
mod conflict;
/// One instance.
mod instance;
/// A form for settings, from their schema.
mod form;
/// Settings of an instance, and new instances.
mod settings;
/// The audit log.
mod audit;
/// What is compiled in.
mod plugins;
/// The state of the database.
mod database;
/// Who may log in.
mod users;
/// The password of whoever is logged in.
mod account;

/// The admin pages and the JSON API, as a router that an app nests under any path.
///
/// ```no_run
/// # async fn app() -> Result<axum::Router, plugo_admin::Error> {
/// use std::sync::Arc;
/// use plugo_admin::{Actor, Auth, KeyRing, Pages, Registry, StoreOptions, SyncMode};
/// let registry = Registry::of_program();
/// let options = StoreOptions::new().keys(KeyRing::from_env()?);
/// let store = options.open("sqlite:///var/lib/shop/plugo.sqlite3").await?;
/// store.sync(&Actor::of_program(), &registry, SyncMode::Create).await?;
/// let following = Arc::new(store.follow(&registry).await?);
/// let pages = Pages::new(store, registry, Auth::built_in()).following(following);
/// let app = axum::Router::new().nest("/admin", pages.router());
/// # Ok(app)
/// # }
/// ```
pub struct Pages {
    title: String,
    store: Store,
    registry: Registry,
    auth: Auth,
    place: Place,
    following: Option<Arc<Following>>,
    arguments: Arguments,
}

impl Pages {
    /// Pages of this store, for a program that has these plugins.
    pub fn new(store: Store, registry: Registry, auth: Auth) -> Self {
        Pages {
            title: "Plugins".to_owned(),
            store,
            registry,
            auth,
            place: Place::default(),
            following: None,
            arguments: Arguments::none(),
        }
    }

    /// The name of the app, which every page shows.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// What keeps the lookups of this process up to date: the pages tell how it is,
    /// and what is selected by it.
    #[must_use]
    pub fn following(mut self, following: Arc<Following>) -> Self {
        self.following = Some(following);
        self
    }

    /// The arguments that the app gives to its plugins, with which the pages try
    /// whether an instance can be constructed. The function calls what it gets, once.
    ///
    /// ```no_run
    /// # fn with(pages: plugo_admin::Pages) -> plugo_admin::Pages {
    /// let url = String::from("https://gateway.example");
    /// pages.arguments(move |call| call(plugo_core::kwargs! { url: &url }))
    /// # }
    /// ```
    #[must_use]
    pub fn arguments(
        mut self,
        give: impl Fn(&mut dyn FnMut(Kwargs<'_>)) + Send + Sync + 'static,
    ) -> Self {
        self.arguments = Arguments(Arc::new(give));
        self
    }

    /// Says that browsers reach the pages through TLS, and nothing else: cookies are
    /// `Secure`, and of this host alone.
    #[must_use]
    pub fn behind_tls(mut self) -> Self {
        self.place.tls = true;
        self
    }

    /// Believes `X-Forwarded-Proto`, `X-Forwarded-Host` and the last address of
    /// `X-Forwarded-For`. Only for a program that nobody reaches but through a proxy
    /// which sets them.
    #[must_use]
    pub fn trust_proxy(mut self) -> Self {
        self.place.trusts_proxy = true;
        self
    }

    /// The path of the pages as a browser sees it, for a proxy that takes a part of it
    /// away. Otherwise it is known from the request.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        let path = path.trim_matches('/');
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        self.place.prefix = Some(prefix);
        self
    }

    /// The router.
    pub fn router(self) -> Router {
        let guarded = Guard::new(
            self.store.clone(),
            self.auth,
            self.place,
            self.following.clone(),
            failure::refused,
        );
        let guarded = Arc::new(guarded);
        let site = Arc::new(Site {
            title: self.title,
            store: self.store,
            registry: self.registry,
            following: self.following,
            arguments: self.arguments,
            guard: Arc::clone(&guarded),
            probes: Arc::new(Semaphore::new(4)),
            own: ArcSwapOption::empty(),
        });
        let pages = Router::new()
            .merge(assets::routes())
            .merge(login::routes())
            .merge(types::routes())
            .merge(instances::routes())
            .merge(instance::routes())
            .merge(settings::routes())
            .merge(audit::routes())
            .merge(plugins::routes())
            .merge(database::routes())
            .merge(users::routes())
            .merge(account::routes());
        Router::new()
            .nest("/api/v1", crate::api::router())
            .merge(pages)
            .fallback(failure::not_found)
            .method_not_allowed_fallback(failure::wrong_method)
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            // The guard stands around everything, what does not exist too.
            .layer(from_fn_with_state(guarded, guard))
            .with_state(site)
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({:?}, {:?})", self.store, self.auth)
    }
}
