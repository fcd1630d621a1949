use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{DOCTYPE, Markup, html};
use notify_channel::{Notifier, Outbox};
use plugo_admin::{Following, IdError, InstanceId, instances};
use serde::Deserialize;

use crate::choices::{Choices, USERS};
use crate::sending::{order, send, why};

/// For how long a browser waits for a change before it asks again.
const WAIT: Duration = Duration::from_secs(20);

/// What the page is about.
pub(crate) struct Front {
    pub(crate) outbox: Outbox,
    pub(crate) choices: Choices,
    pub(crate) following: Arc<Following>,
}

pub(crate) fn routes(front: Front) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/changed", get(changed))
        .route("/send", post(sending))
        .route("/choose", post(choosing))
        .route("/live.js", get(|| file("text/javascript", include_str!("front/live.js"))))
        .route("/style.css", get(|| file("text/css", include_str!("front/style.css"))))
        .layer(from_fn(guarded))
        .with_state(Arc::new(front))
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], text)
}

/// No other site may send a form here, and nothing comes from elsewhere.
async fn guarded(request: Request, next: Next) -> Response {
    let from = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_ours = matches!(from, None | Some("same-origin" | "none"));
    if request.method() == axum::http::Method::POST && !is_ours {
        return (StatusCode::FORBIDDEN, "another site sent this form").into_response();
    }
    let mut response = next.run(request).await;
    let policy = HeaderValue::from_static(
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    );
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// What went wrong, as a page.
struct Refusal(StatusCode, String);

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Refusal(StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = html! { p.warning { (self.1) } p { a href="/" { "Back" } } };
        (self.0, around("Not done", &text)).into_response()
    }
}

fn around(title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // There is none, and browsers ask for one otherwise.
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
                script src="/live.js" defer {}
            }
            body {
                header { a href="/" { "Notify" } nav { a href="/admin" { "Admin pages" } } }
                main { (main) }
            }
        }
    }
}

async fn page(State(front): State<Arc<Front>>) -> Result<Markup, Refusal> {
    let status = front.following.status();
    // While the database is away, nobody waits for it.
    let read = match status.away_since {
        None => front.choices.all().await.map_err(|error| format!("{error:#}")),
        Some(_) => Err("the database does not answer".to_owned()),
    };
    let (chosen, trouble) = match read {
        Ok(chosen) => (chosen, None),
        Err(why) => (front.choices.known(), Some(why)),
    };
    let main = html! {
        h1 { "Notifications" }
        section #now data-live data-revision=(status.revision) {
            @if let Some(since) = status.away_since {
                p.warning {
                    "The database has not answered for " (since.elapsed().as_secs())
                    " seconds. What was known before goes on to hold."
                }
            }
            (now())
        }
        section {
            h2 { "Send one" }
            form method="post" action="/send" {
                label { "To " select name="to" { @for user in USERS { option { (user) } } } }
                label.wide {
                    "Text "
                    input name="text" required maxlength="200" value="Your parcel is on its way";
                }
                button { "Send" }
            }
        }
        section #people data-live {
            h2 { "What people chose" }
            @if let Some(why) = &trouble {
                p.warning { "Their choices cannot be read now, and are those of before: " (why) }
            }
            (people(&chosen))
        }
        section {
            h2 { "Sent" }
            @let messages = front.outbox.messages();
            @if messages.is_empty() { p { "Nothing yet. This example keeps messages and sends none." } }
            ol #sent reversed { @for message in &messages { li { (message) } } }
        }
    };
    Ok(around("Notify", &main))
}

/// Which instance is used, and why, and which come after it.
fn now() -> Markup {
    let all = instances::<dyn Notifier>();
    let (order, _) = order(None);
    html! {
        h2 { "Used now" }
        @match (all.select(), order.first()) {
            (Ok(selected), Some(_)) => p.used {
                strong #used { (selected.full_name()) } " " span.why { (why(&selected)) }
            },
            (Err(error), _) => p.warning { (error.to_string()) },
            (Ok(_), None) => p.warning { "there is none" },
        }
        div.scrolls {
            table {
                thead { tr { th { "Instance" } th { "Status" } th { "Priority" } } }
                tbody {
                    @for one in all.all() {
                        tr.selected[order.first().is_some_and(|first| first.id() == one.id())] {
                            td { (one.full_name()) }
                            td { span class={ "status " (one.status()) } { (one.status()) } }
                            td.number { (one.priority()) }
                        }
                    }
                }
            }
        }
    }
}

fn people(chosen: &BTreeMap<String, InstanceId>) -> Markup {
    let all = instances::<dyn Notifier>().all();
    html! {
        @for user in USERS {
            @let choice = chosen.get(user).copied();
            @let (order, why_not) = order(choice);
            form.person method="post" action="/choose" {
                input type="hidden" name="user" value=(user);
                label {
                    (user) " wants "
                    select name="instance" {
                        option value="" { "whatever is selected" }
                        @for one in &all {
                            option value=(one.id()) selected[choice == Some(one.id())] {
                                (one.full_name())
                            }
                        }
                    }
                }
                button { "Save" }
                span.gets {
                    "and gets "
                    strong { (order.first().map_or("nothing".to_owned(), |first| first.full_name())) }
                    @if let Some(why_not) = &why_not { span.why { " since " (why_not) } }
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct After {
    revision: i64,
}

/// Answers when another revision holds, or after a while.
async fn changed(State(front): State<Arc<Front>>, Query(after): Query<After>) -> String {
    let mut changes = front.following.changes();
    let waited = changes.wait_for(|revision| *revision != after.revision);
    let _ = tokio::time::timeout(WAIT, waited).await;
    front.following.status().revision.to_string()
}

#[derive(Deserialize)]
struct Message {
    to: String,
    text: String,
}

async fn sending(
    State(front): State<Arc<Front>>,
    Form(message): Form<Message>,
) -> Result<Response, Refusal> {
    let to = known(&message.to)?;
    // While the database is away, what was known holds.
    let chosen = match front.following.status().away_since {
        None => front.choices.all().await.ok(),
        Some(_) => None,
    };
    let choice = chosen.unwrap_or_else(|| front.choices.known()).get(to).copied();
    let text: String = message.text.chars().filter(|c| !c.is_control()).take(200).collect();
    let sent = send(&front.outbox, choice, to, &text);
    if sent.through.is_some() && sent.passed_over.is_empty() {
        return Ok(Redirect::to("/#sent").into_response());
    }
    let main = html! {
        h1 { @if sent.through.is_some() { "Sent by other means" } @else { "Not sent" } }
        p {
            @match &sent.through {
                Some(through) => { "It went through " strong #used { (through) } "." },
                None if sent.passed_over.is_empty() => {
                    "No provider took it: "
                    (instances::<dyn Notifier>().select().map_or_else(
                        |why| why.to_string(),
                        |_| "there was none".to_owned(),
                    ))
                    "."
                },
                None => { "No provider took it." },
            }
        }
        @if !sent.passed_over.is_empty() {
            p { @if sent.through.is_some() { "Before that:" } @else { "What each of them said:" } }
            ul { @for why in &sent.passed_over { li { (why) } } }
        }
        p { a href="/" { "Back" } }
    };
    Ok(around("Notify", &main).into_response())
}

#[derive(Deserialize)]
struct Choice {
    user: String,
    instance: String,
}

async fn choosing(
    State(front): State<Arc<Front>>,
    Form(choice): Form<Choice>,
) -> Result<Redirect, Refusal> {
    let user = known(&choice.user)?;
    let chosen = match &*choice.instance {
        "" => None,
        id => {
            let id = id
                .parse()
                .map_err(|why: IdError| Refusal(StatusCode::BAD_REQUEST, why.to_string()))?;
            let found = instances::<dyn Notifier>().allow_disabled().by_id(id);
            found.map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.to_string()))?;
            Some(id)
        }
    };
    front.choices.set(user, chosen).await?;
    Ok(Redirect::to("/#people"))
}

fn known(name: &str) -> Result<&'static str, Refusal> {
    let user = USERS.into_iter().find(|user| *user == name);
    user.ok_or_else(|| Refusal(StatusCode::BAD_REQUEST, format!("nobody is called `{name}`")))
}
