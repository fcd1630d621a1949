use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::failure::{self, Answer};
use super::fields::{Query, query};
use super::instance::presence;
use super::layout::{Shell, page};
use super::text;
use crate::auth::Viewer;
use crate::model::{ItemQuery, PluginQuery, full_name};
use crate::site::Site;

/// So many rows are on a page, of items and of plugins each.
const PER_PAGE: u32 = 100;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/plugins", get(list))
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct List {
    shell: Shell,
    search: String,
    present: String,
    rows: Vec<Row>,
    total: u64,
    number: u32,
    pages: u32,
    unsynced: Vec<String>,
}

struct Row {
    name: String,
    description: String,
    package: String,
    version: String,
    /// The version in this program, where it is another one.
    here: String,
    of: Option<(String, String)>,
    presence: &'static str,
}

impl List {
    fn link(&self, page: u32) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let pairs = [("search", &*self.search), ("present", &self.present), ("page", &page)];
        format!("/plugins{}", query(&pairs))
    }
}

/// Items come first, then plugins that are no items.
async fn list(State(site): State<Arc<Site>>, viewer: Viewer, Query(fields): Query) -> Answer {
    let number = fields.parsed("page").unwrap_or(1).max(1);
    let present = match fields.get("present") {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let search = fields.text("search");
    let items = ItemQuery {
        search: search.clone(),
        present,
        page: number,
        per_page: PER_PAGE,
        ..ItemQuery::default()
    };
    let items = site.store.items(&items).await.map_err(failure::store(&viewer))?;
    let plugins = PluginQuery { search, present, page: number, per_page: PER_PAGE };
    let plugins = site.store.plugins(&plugins).await.map_err(failure::store(&viewer))?;
    let total = items.total + plugins.total;
    let pages = items.pages().max(plugins.pages());
    let differs = |here: &str, stored: &str| {
        if here == stored { String::new() } else { here.to_owned() }
    };
    let mut rows = Vec::new();
    for item in items.rows {
        let of = site.registry.find_type(&item.of.name, &item.of.package);
        let known = of.and_then(|of| of.item(&item.namespace, &item.name));
        rows.push(Row {
            name: item.full_name(),
            here: known.map_or_else(String::new, |known| differs(&known.version, &item.version)),
            of: Some((item.of.id.to_string(), item.of.name)),
            presence: presence(known.is_some(), item.present),
            description: item.description,
            package: item.package,
            version: item.version,
        });
    }
    for plugin in plugins.rows {
        let mut all = site.registry.plugins().iter();
        let known =
            all.find(|known| known.namespace == plugin.namespace && known.name == plugin.name);
        let name = full_name(&plugin.namespace, &plugin.name);
        rows.push(Row {
            name,
            here: known.map_or_else(String::new, |known| differs(&known.version, &plugin.version)),
            of: None,
            presence: presence(known.is_some(), plugin.present),
            description: plugin.description,
            package: plugin.package,
            version: plugin.version,
        });
    }
    let unsynced = unsynced(&site).await.map_err(failure::store(&viewer))?;
    let shell = Shell::new(&site, &viewer, "plugins", "Compiled in", &fields);
    let search = fields.get("search").trim().to_owned();
    let present = fields.get("present").to_owned();
    Ok(page(StatusCode::OK, &List { shell, search, present, rows, total, number, pages, unsynced }))
}

/// Types of this program that the database does not have: it was not synced.
async fn unsynced(site: &Site) -> Result<Vec<String>, crate::error::Error> {
    let stored = site.store.overview().await?;
    let missing = site.registry.types().iter().filter(|known| {
        !stored.iter().any(|of| of.name == known.name && of.package == known.package)
    });
    Ok(missing.map(|known| known.name.clone()).collect())
}
