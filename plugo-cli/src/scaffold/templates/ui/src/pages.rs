use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use crate::routes::ROOT;
use crate::store::Entry;

/// What every page has. Values in `html!` are escaped.
fn page(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – {{title}}" }
                link rel="stylesheet" href={ (ROOT) "/static/style.css" };
            }
            body {
                header { nav { a href="/" { "Home" } " / " a href=(ROOT) { "{{title}}" } } }
                main { (body) }
            }
        }
    }
}

pub fn index(entries: &[(u64, Entry)]) -> Markup {
    page(
        "All entries",
        html! {
            div .bar {
                h1 { "{{title}}" }
                a .button href={ (ROOT) "/new" } { "New entry" }
            }
            @if entries.is_empty() {
                p .empty { "There is nothing here yet." }
            } @else {
                ul .list {
                    @for (id, entry) in entries {
                        li {
                            a href={ (ROOT) "/" (id) } { (entry.name) }
                            span .details { (entry.details) }
                        }
                    }
                }
            }
        },
    )
}

pub fn show(id: u64, entry: &Entry) -> Markup {
    page(
        &entry.name,
        html! {
            div .bar {
                h1 { (entry.name) }
                a .button href={ (ROOT) "/" (id) "/edit" } { "Edit" }
            }
            @if entry.details.is_empty() {
                p .empty { "No details." }
            } @else {
                p .text { (entry.details) }
            }
            form method="post" action={ (ROOT) "/" (id) "/delete" } {
                button .danger { "Delete" }
            }
        },
    )
}

pub fn create(entry: &Entry, problem: Option<&str>) -> Markup {
    page(
        "New entry",
        html! { h1 { "New entry" } (form(ROOT, entry, problem, ROOT)) },
    )
}

pub fn edit(id: u64, entry: &Entry, problem: Option<&str>) -> Markup {
    let action = format!("{ROOT}/{id}");
    page(
        "Edit",
        html! { h1 { "Edit" } (form(&action, entry, problem, &action)) },
    )
}

fn form(action: &str, entry: &Entry, problem: Option<&str>, back: &str) -> Markup {
    html! {
        form .stack method="post" action=(action) {
            @if let Some(problem) = problem {
                p .problem role="alert" { (problem) }
            }
            label for="name" { "Name" }
            input #name name="name" value=(entry.name) maxlength="100" required autofocus;
            label for="details" { "Details" }
            // The line break is HTML's: browsers drop the first one.
            textarea #details name="details" rows="5" { "\n" (entry.details) }
            div .actions {
                button { "Save" }
                a href=(back) { "Cancel" }
            }
        }
    }
}

pub fn not_found() -> (StatusCode, Markup) {
    let body = html! {
        h1 { "There is no such entry" }
        p { a href=(ROOT) { "All entries" } }
    };
    (StatusCode::NOT_FOUND, page("Not found", body))
}
