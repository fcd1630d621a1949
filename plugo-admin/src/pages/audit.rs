use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::failure::{self, Answer};
use super::fields::{Query, query};
use super::layout::{Shell, go, page};
use super::text;
use crate::auth::Viewer;
use crate::model::{AuditQuery, AuditRow, Page};
use crate::site::Site;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/audit", get(list))
}

#[derive(Template)]
#[template(path = "audit.html")]
struct List {
    shell: Shell,
    wanted: Wanted,
    page: Page<AuditRow>,
}

struct Wanted {
    search: String,
    actor: String,
    subject: String,
}

impl Wanted {
    fn link(&self, page: u32) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let pairs = [
            ("search", &*self.search),
            ("actor", &self.actor),
            ("subject", &self.subject),
            ("page", &page),
        ];
        format!("/audit{}", query(&pairs))
    }

    fn is_filtered(&self) -> bool {
        [&self.search, &self.actor, &self.subject].iter().any(|filter| !filter.is_empty())
    }
}

impl List {
    fn is_instance(&self, row: &AuditRow) -> bool {
        row.subject_kind == "instance"
    }
}

async fn list(State(site): State<Arc<Site>>, viewer: Viewer, Query(fields): Query) -> Answer {
    let text = |name: &str| fields.text(name).unwrap_or_default();
    let wanted = Wanted { search: text("search"), actor: text("actor"), subject: text("subject") };
    let rows = AuditQuery {
        subject_id: fields.text("subject"),
        actor: fields.text("actor"),
        search: fields.text("search"),
        page: fields.parsed("page").unwrap_or(1),
        per_page: 100,
    };
    let rows = site.store.audit(&rows).await.map_err(failure::store(&viewer))?;
    if rows.page > rows.pages() {
        return Ok(go(viewer.mount(), &wanted.link(rows.pages())));
    }
    let shell = Shell::new(&site, &viewer, "audit", "Audit log", &fields);
    Ok(page(StatusCode::OK, &List { shell, wanted, page: rows }))
}
