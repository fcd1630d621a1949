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
//! Within what is in the build, the program can follow a config file while it
//! runs: a plugin that the file disables is stopped when its last request has
//! ended, and one that it enables comes back. In the root of the repository:
//!
//! ```text
//! cargo run -p web-plugins --features reload -- --reload examples/web-plugins/plugins_config.json
//! ```
//!
//! The port is the first argument, or else the variable `PORT`, or else 3000;
//! 0 is any that is free. Under `plugo dev`, it is reached where that says. The
//! variable `CURRENCY` changes what prices are in.

#![forbid(unsafe_code)]

use std::env;
use std::io::{Write as _, stdout};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use axum::Router;
use web_site::Site;

use crate::front::{Entry, around};

/// What the app serves without any plugin.
mod front;
/// Follows a config file.
#[cfg(feature = "reload")]
mod reloading;
/// Where it is reached, and how it ends.
mod listen;

plugo::plugins!();

const GREETING: &str = "Good to see you.";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { port, reload } = Arguments::read()?;
    match reload {
        None => {
            let (app, report) = load().await;
            serve(app, &report, port).await
        }
        #[cfg(feature = "reload")]
        Some(config) => {
            let reloading = reloading::Reloading::start(&config, GREETING)?;
            serve(reloading.routes(), &reloading.report(), port).await?;
            reloading.end().await
        }
        #[cfg(not(feature = "reload"))]
        Some(_) => bail!("`--reload` needs a build with `--features reload`"),
    }
}

/// Loads everything that is in this build.
async fn load() -> (Router, plugo::Report) {
    let currency = env::var("CURRENCY").ok();
    let mut site = Site::default();
    let mut arguments = plugo::kwargs! { site: &mut site, greeting: GREETING };
    if let Some(currency) = &currency {
        arguments = arguments.with("currency", currency);
    }
    // A plugin that fails is told of in the report, and the others are served.
    let report = plugo::load_plugins_async(arguments).await;
    let entries = report.plugins().map(|entry| Entry::new(entry.plugin(), entry.state()));
    (around(site.into_router(), entries.collect()), report)
}

async fn serve(app: Router, report: &plugo::Report, port: u16) -> anyhow::Result<()> {
    writeln!(stdout(), "{report}")?;
    let listener = listen::listener(port).await?;
    writeln!(stdout(), "listening on http://{}", listener.local_addr()?)?;
    stdout().flush()?;

    listen::serve(listener, app).await
}

/// `[port] [--reload <config>]`.
struct Arguments {
    port: u16,
    reload: Option<PathBuf>,
}

impl Arguments {
    fn read() -> anyhow::Result<Self> {
        let (mut port, mut reload) = (None, None);
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            if argument == "--reload" {
                let config = arguments.next().context("`--reload` takes a config file")?;
                reload = Some(PathBuf::from(config));
            } else if port.replace(argument.clone()).is_some() {
                bail!("{argument:?} is one argument too many");
            }
        }
        let port = match port.or_else(|| env::var("PORT").ok()) {
            None => 3000,
            Some(port) => port
                .parse()
                .with_context(|| format!("the port is a number up to 65535, and not {port:?}"))?,
        };
        Ok(Arguments { port, reload })
    }
}
