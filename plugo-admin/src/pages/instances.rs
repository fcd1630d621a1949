use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use plugo_core::Status;

use super::failure::{self, Answer};
use super::fields::{Fields, Form, Query, query};
use super::layout::{Shell, go, local, page, with};
use super::text;
use crate::auth::{Editor, Viewer};
use crate::model::{
    Change, InstanceId, InstanceQuery, InstanceRow, ItemId, Page, Sort, TypeId, TypeRow, Version,
    status_from_word,
};
use crate::site::Site;

/// The most instances that are changed at once.
const MOST: usize = 1000;

/// By what can be sorted where the heads of the columns are not shown.
const SORTS: [(&str, &str); 6] = [
    ("", "Selection"),
    ("name", "Instance"),
    ("type", "Type"),
    ("status", "Status"),
    ("priority", "Priority"),
    ("package", "Package"),
];

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/instances", get(list)).route("/instances/bulk", post(bulk))
}

#[derive(Template)]
#[template(path = "instances.html")]
struct List {
    shell: Shell,
    wanted: Wanted,
    types: Vec<TypeRow>,
    page: Page<InstanceRow>,
    columns: Vec<Column>,
    sorts: [(&'static str, &'static str); 6],
    /// Parts of the query that mean nothing.
    not_read: Vec<String>,
    /// Items that this program has.
    here: HashSet<ItemId>,
}

/// What was asked for, as it stands in the fields.
struct Wanted {
    search: String,
    type_id: String,
    status: String,
    package: String,
    present: String,
    sort: String,
    order: String,
    per: String,
}

/// The head of a column by which the list can be sorted.
struct Column {
    name: &'static str,
    link: String,
    sorted: &'static str,
}

impl Wanted {
    fn of(fields: &Fields) -> Self {
        let field = |name: &str| fields.get(name).trim().to_owned();
        Wanted {
            search: field("search"),
            type_id: field("type"),
            status: field("status"),
            package: field("package"),
            present: field("present"),
            sort: field("sort"),
            order: field("order"),
            per: field("per"),
        }
    }

    fn query(&self, page: u32) -> InstanceQuery {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        InstanceQuery {
            search: text(&self.search),
            type_id: self.type_id.parse().ok(),
            status: status_from_word(&self.status).ok(),
            package: text(&self.package),
            present: match &*self.present {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            sort: match &*self.sort {
                "name" => Sort::Name,
                "type" => Sort::Type,
                "status" => Sort::Status,
                "priority" => Sort::Priority,
                "package" => Sort::Package,
                _ => Sort::Selection,
            },
            descending: self.order == "down",
            page,
            per_page: self.per.parse().unwrap_or(0).min(200),
        }
    }

    /// The list with this sorting and page.
    fn link(&self, sort: &str, order: &str, page: u32) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let pairs = [
            ("search", &*self.search),
            ("type", &self.type_id),
            ("status", &self.status),
            ("package", &self.package),
            ("present", &self.present),
            ("sort", sort),
            ("order", order),
            ("per", &self.per),
            ("page", &page),
        ];
        format!("/instances{}", query(&pairs))
    }

    /// What is no filter, in words.
    fn not_read(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.status.is_empty()
            && let Err(why) = status_from_word(&text::short(&self.status, 40))
        {
            wrong.push(format!("{why}. Instances of every status are shown."));
        }
        if !self.type_id.is_empty() && self.type_id.parse::<TypeId>().is_err() {
            let type_id = text::short(&self.type_id, 40);
            wrong.push(format!("“{type_id}” is no plugin type. Instances of all types are shown."));
        }
        if !matches!(&*self.present, "" | "yes" | "no") {
            let present = text::short(&self.present, 40);
            wrong.push(format!("Present is yes or no, and not “{present}”. All are shown."));
        }
        if !matches!(&*self.sort, "selection") && !SORTS.iter().any(|(sort, _)| *sort == self.sort)
        {
            let sort = text::short(&self.sort, 40);
            wrong.push(format!("Nothing is sorted by “{sort}”; this is the order of selection."));
        }
        wrong
    }

    fn page(&self, page: u32) -> String {
        self.link(&self.sort, &self.order, page)
    }

    fn columns(&self) -> Vec<Column> {
        let columns = [
            ("Instance", "name"),
            ("Type", "type"),
            ("Status", "status"),
            ("Priority", "priority"),
            ("Package", "package"),
        ];
        let column = |(name, sort)| {
            let is_sorted = self.sort == sort;
            let is_down = is_sorted && self.order == "down";
            let order = if is_sorted && !is_down { "down" } else { "" };
            let sorted = match (is_sorted, is_down) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            };
            Column { name, link: self.link(sort, order, 1), sorted }
        };
        columns.map(column).into()
    }

    fn is_filtered(&self) -> bool {
        let filters = [&self.search, &self.type_id, &self.status, &self.package, &self.present];
        filters.iter().any(|filter| !filter.is_empty())
    }
}

impl List {
    fn priority_of(&self, row: &InstanceRow) -> String {
        row.priority.map(|priority| priority.to_string()).unwrap_or_default()
    }

    fn is(&self, row: &InstanceRow, word: &str) -> bool {
        row.status.is_some_and(|status| status.as_str() == word)
    }

    fn status_of(&self, row: &InstanceRow) -> &'static str {
        row.status.map_or("", Status::as_str)
    }

    fn is_here(&self, row: &InstanceRow) -> bool {
        self.here.contains(&row.item.id)
    }

    /// Whether the item is in this program, in another one, or in none.
    fn where_it_is(&self, row: &InstanceRow) -> &'static str {
        match (row.item.present, self.is_here(row)) {
            (true, true) => "yes",
            (true, false) => "not in this client",
            (false, true) => "here, not synced",
            (false, false) => "absent",
        }
    }

    fn colspan(&self) -> usize {
        if self.shell.may_edit { 8 } else { 6 }
    }
}

async fn list(State(site): State<Arc<Site>>, viewer: Viewer, Query(fields): Query) -> Answer {
    // Before what is shown is read, so that no change is missed.
    let revision = site.revision().await.map_err(failure::store(&viewer))?;
    let types = site.overview_at(revision).await.map_err(failure::store(&viewer))?;
    let wanted = Wanted::of(&fields);
    let number = fields.parsed("page").unwrap_or(1);
    let rows = site.instances(&wanted.query(number)).await;
    let rows = rows.map_err(failure::store(&viewer))?;
    // A page behind the last one: there was more when the link was made.
    if rows.page > rows.pages() {
        return Ok(go(viewer.mount(), &wanted.page(rows.pages())));
    }
    let mut shell = Shell::new(&site, &viewer, "instances", "Instances", &fields);
    shell.here = wanted.page(rows.page);
    shell.revision = revision;
    let (columns, not_read) = (wanted.columns(), wanted.not_read());
    let here = rows.rows.iter().filter(|row| site.has(&row.item)).map(|row| row.item.id).collect();
    let list = List { shell, wanted, types, page: rows, columns, sorts: SORTS, not_read, here };
    Ok(page(StatusCode::OK, &list))
}

/// Changes those that are chosen, all or none.
async fn bulk(
    State(site): State<Arc<Site>>,
    viewer: Viewer,
    editor: Editor,
    Form(fields): Form,
) -> Answer {
    let back = local(fields.get("back")).unwrap_or("/instances");
    let targets: Option<Vec<_>> = fields.all("id").map(target).collect();
    let (Some(targets), Some(change)) = (targets, change(fields.get("action"))) else {
        return Err(wrong(&viewer, "Choose what is to be done from the list."));
    };
    if targets.len() > MOST {
        return Err(wrong(&viewer, "More than 1,000 instances cannot be changed at once."));
    }
    if targets.is_empty() {
        return Ok(go(viewer.mount(), &with(&with(back, "n", ""), "done", "none")));
    }
    match site.store.edit(&editor.actor(), &targets, &change).await {
        Ok(edited) => {
            let count = edited.changed.len().to_string();
            Ok(go(viewer.mount(), &with(&with(back, "n", &count), "done", "saved")))
        }
        Err(error) => Err(failure::edit(&viewer, error)),
    }
}

fn wrong(viewer: &Viewer, text: &str) -> failure::Failure {
    failure::tell(viewer.mount(), StatusCode::UNPROCESSABLE_ENTITY, "Nothing was changed", text)
}

/// `id:version`.
pub(super) fn target(text: &str) -> Option<(InstanceId, Option<Version>)> {
    let (id, version) = text.split_once(':')?;
    Some((id.parse().ok()?, Some(Version(version.parse().ok()?))))
}

/// What an action of the page means.
fn change(action: &str) -> Option<Change> {
    Some(match action {
        "active" => Change::Status(Some(Status::Active)),
        "reserve" => Change::Status(Some(Status::Reserve)),
        "disabled" => Change::Status(Some(Status::Disabled)),
        "status-of-code" => Change::Status(None),
        "first" => Change::Nudge(-1),
        "last" => Change::Nudge(1),
        "priority-of-code" => Change::Priority(None),
        "of-code" => Change::StatusAndPriority(None, None),
        _ => return None,
    })
}
