//! The admin pages on a store of their own, and a browser that asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use plugo_admin::{
    Actor, Auth, Change, Following, InstanceQuery, InstanceRow, KeyRing, Pages, RegisteredItem,
    RegisteredType, Registry, Role, Store, StoreOptions, SyncMode, Via,
};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// Names and descriptions that would do harm in a page that does not escape them.
pub(crate) const MARKUP: &str = "<script>alert(1)</script>\"'&";

pub(crate) fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["account", "api_key"],
        "properties": {
            "account": { "type": "string" },
            "api_key": { "type": "string", "format": "password", "writeOnly": true },
            "retries": { "type": "integer", "minimum": 0, "maximum": 9 },
            "live": { "type": "boolean" },
            "mode": { "enum": ["a", "b"] },
            "hooks": { "type": "array", "items": {
                "type": "object", "required": ["url"], "properties": {
                    "url": { "type": "string" },
                    "key": { "type": "string", "format": "password", "writeOnly": true }
                }
            } },
            "fees": { "type": "object", "additionalProperties": { "type": "integer" } }
        }
    })
}

pub(crate) fn registry() -> Registry {
    let otp = RegisteredType::new("Otp", "shop")
        .description(MARKUP)
        .with_item(RegisteredItem::new("sms").priority(10).description(MARKUP))
        .with_item(RegisteredItem::new("mail").priority(20))
        .with_item(RegisteredItem::new("push").priority(30));
    let payment = RegisteredType::new("Payment", "shop")
        .with_item(RegisteredItem::new("stripe").schema(schema()));
    Registry::by_hand().with_type(otp).with_type(payment)
}

pub(crate) struct Site {
    pub(crate) store: Store,
    pub(crate) following: Option<Arc<Following>>,
    pub(crate) app: Router,
    folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Site::of(registry(), Auth::built_in(), |pages| pages, "/admin").await
    }

    pub(crate) async fn of(
        registry: Registry,
        auth: Auth,
        with: impl FnOnce(Pages) -> Pages,
        prefix: &str,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("plugo.sqlite3").display());
        let keys = KeyRing::parse(&KeyRing::generate("k").unwrap()).unwrap();
        let store = StoreOptions::new().keys(keys).open(&url).await.unwrap();
        store.sync(&Actor::of_program(), &registry, SyncMode::Create).await.unwrap();
        let setup = Actor::new("setup", Via::Command);
        store.add_user(&setup, "ann", PASSWORD, Role::Edit).await.unwrap();
        store.add_user(&setup, "victor", PASSWORD, Role::View).await.unwrap();
        let following = Arc::new(store.follow(&registry).await.unwrap());
        let pages = Pages::new(store.clone(), registry, auth).following(Arc::clone(&following));
        let app = nested(with(pages), prefix);
        Site { store, following: Some(following), app, folder }
    }

    /// Ends what follows the database, once the pages are others.
    pub(crate) async fn unfollow(&mut self) {
        self.following = None;
        tokio::task::yield_now().await;
    }

    pub(crate) fn browser(&self) -> Browser {
        self.browser_at("/admin")
    }

    pub(crate) fn browser_at(&self, prefix: &str) -> Browser {
        let (app, prefix) = (self.app.clone(), prefix.to_owned());
        Browser { app, prefix, cookies: BTreeMap::new(), csrf: String::new(), more: Vec::new() }
    }

    /// Somebody who is logged in.
    pub(crate) async fn login(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        browser.log_in(name).await;
        browser
    }

    pub(crate) async fn row(&self, name: &str) -> InstanceRow {
        let query = InstanceQuery { per_page: 1000, ..InstanceQuery::default() };
        let rows = self.store.instances(&query).await.unwrap().rows;
        rows.into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// An instance of `stripe` with two secrets.
    pub(crate) async fn stripe(&self) -> InstanceRow {
        let query = plugo_admin::ItemQuery { search: Some("stripe".into()), ..Default::default() };
        let item = self.store.items(&query).await.unwrap().rows.remove(0);
        let settings = json!({
            "account": "acme", "api_key": "sk_live_1", "retries": 3,
            "hooks": [{ "url": "https://a.example", "key": "hook_key_1" }]
        });
        let actor = Actor::new("setup", Via::Command);
        self.store.create_instance(&actor, item.id, "production", &settings).await.unwrap();
        self.row("production").await
    }

    pub(crate) async fn edit(&self, row: &InstanceRow, change: Change) {
        let bob = Actor::new("bob", Via::Command);
        self.store.edit(&bob, &[(row.id, None)], &change).await.unwrap();
    }

    /// What somebody does who is not one of ours.
    pub(crate) async fn by_hand(&self, sql: &str) {
        use sqlx::{ConnectOptions, Connection, Executor};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
        let mut connection = options.connect().await.unwrap();
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The database.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("plugo.sqlite3")
    }

    /// The settings as the program gets them.
    pub(crate) fn settings(&self, name: &str) -> Value {
        let snapshot = self.following.as_ref().unwrap().snapshot().unwrap();
        let items = snapshot.types.iter().flat_map(|of| &of.items);
        let mut instances = items.flat_map(|item| &item.instances);
        let found = instances.find(|instance| instance.name == name).unwrap();
        found.settings.reveal().unwrap().reveal().clone()
    }
}

/// A row that is chosen in a list, as its form sends it.
pub(crate) fn target(row: &InstanceRow) -> String {
    format!("{}:{}", row.id, row.version)
}

/// Both ways in which an app may nest the pages.
pub(crate) fn nested(pages: Pages, prefix: &str) -> Router {
    match prefix {
        "" => pages.router(),
        "/admin" => Router::new().nest(prefix, pages.router()),
        prefix => Router::new().nest_service(prefix, pages.router()),
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get("location").map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// Keeps cookies, and knows the token of the last page.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    pub(crate) prefix: String,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) csrf: String,
    /// Headers that it sends with each request.
    pub(crate) more: Vec<(&'static str, String)>,
}

impl Browser {
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let uri = format!("{}{path}", self.prefix);
        let mut request = Request::builder().method(method).uri(&uri).header("host", "app.example");
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header("cookie", cookies.collect::<Vec<_>>().join("; "));
        }
        for (name, value) in &self.more {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.app.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for value in parts.headers.get_all("set-cookie") {
            let (name, value) =
                value.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        if let Some((_, rest)) = text.split_once("name=\"_csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Asks another router from now on.
    pub(crate) fn asks(&mut self, app: Router) {
        self.app = app;
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    /// A form with the token of the page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf.clone();
        let mut all = vec![("_csrf", token.as_str())];
        all.extend(fields);
        self.post_as_is(path, &all).await
    }

    pub(crate) async fn post_as_is(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &kind, encoded(fields)).await
    }

    /// A request to the API with the token of the session.
    pub(crate) async fn api(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let token = self.csrf.clone();
        let mut all = vec![("content-type", "application/json"), ("x-csrf-token", token.as_str())];
        all.extend(headers);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, &format!("/api/v1{path}"), &all, body).await
    }

    pub(crate) async fn log_in(&mut self, name: &str) {
        self.get("/login").await;
        let answer = self.post("/login", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        self.get("/types").await;
    }
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value)));
    pairs.collect::<Vec<_>>().join("&")
}
