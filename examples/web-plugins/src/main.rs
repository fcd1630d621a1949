//! A site that is built for several clients. `cargo run -p web-plugins` prints:
//!
//! ```text
//! 5 of 5 plugins loaded
//!   blog     0.3.0  loaded
//!   auth     1.0.0  loaded
//!   catalog  1.2.0  loaded
//!   clock    0.2.0  loaded
//!   shop     2.1.0  loaded
//! listening on http://127.0.0.1:3000
//! ```
//!
//! `plugins_config.json` enables `blog`, `clock` and `shop`; `shop` depends on
//! `auth` and `catalog`. `semver` is disabled: it is not in the binary, and
//! `/semver` is a 404. What is in a build can be changed in three ways:
//!
//! ```text
//! edit plugins_config.json
//! ENABLED_PLUGINS=semver cargo run -p web-plugins
//! cargo run -p web-plugins --no-default-features --features client-acme
//! ```
//!
//! The third takes `clients/acme.json` in place of the config file, and
//! compiles only the crates that this client needs. When the program starts,
//! `DISABLED_PLUGINS=clock` takes away; nothing can add.
//!
//! The port is the first argument, or else the variable `PORT`, or else 3000;
//! 0 is any that is free. Under `plugo dev`, it is reached where that says. The variable `CURRENCY` changes what prices are in.

#![forbid(unsafe_code)]

use std::env;
use std::io::{Write as _, stdout};

use anyhow::Context as _;
use axum::extract::DefaultBodyLimit;
use web_site::Site;

/// What the app serves without any plugin.
mod front;
/// Where it is reached, and how it ends.
mod listen;

plugo::plugins!();

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = port()?;
    let currency = env::var("CURRENCY").ok();

    let mut site = Site::default();
    let mut arguments = plugo::kwargs! { site: &mut site, greeting: "Good to see you." };
    if let Some(currency) = &currency {
        arguments = arguments.with("currency", currency);
    }
    // A plugin that fails is told of in the report, and the others are served.
    let report = plugo::load_plugins_async(arguments).await;
    writeln!(stdout(), "{report}")?;

    let app = site
        .into_router()
        .merge(front::routes(&report))
        .fallback(front::nothing)
        .method_not_allowed_fallback(front::not_so)
        .layer(DefaultBodyLimit::max(16 * 1024));
    let listener = listen::listener(port).await?;
    writeln!(stdout(), "listening on http://{}", listener.local_addr()?)?;
    stdout().flush()?;

    listen::serve(listener, app).await
}

fn port() -> anyhow::Result<u16> {
    let Some(port) = env::args().nth(1).or_else(|| env::var("PORT").ok()) else { return Ok(3000) };
    port.parse().with_context(|| format!("the port is a number up to 65535, and not {port:?}"))
}
