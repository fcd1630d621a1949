//! Loads the plugins of this build, which add their routes, and serves them.

use std::net::Ipv4Addr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;

plugo::plugins!();

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut app = Router::new();
    // A plugin that fails is told of in the report, and the others are served.
    let report = plugo::load_plugins_async(plugo::kwargs! { app: &mut app }).await;
    println!("{report}");

    let home = Html(home(&report));
    let app = app.route("/", get(|| async { home }));
    let port = match std::env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|error| format!("PORT is `{port}`: {error}"))?,
        Err(_) => 3000,
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// The first page: the plugins that loaded, with links to those that returned
/// the path of a page.
fn home(report: &plugo::Report) -> String {
    let mut list = String::new();
    for name in report.loaded() {
        list.push_str(&match report.value::<&'static str>(name) {
            Some(path) => format!("<li><a href=\"{path}\">{name}</a></li>\n"),
            None => format!("<li>{name}</li>\n"),
        });
    }
    include_str!("home.html")
        .replace("{{app}}", PLUGINS.app())
        .replace("{{plugins}}", &list)
}
