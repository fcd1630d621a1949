//! Services that are plugins, and a supervisor for them. `cargo run -p services` prints:
//!
//! ```text
//!
//! -- known
//! 0 of 7 plugins loaded
//!   dynamodb    0.1.0  resolved
//!   legacy-api  0.1.0  disabled by a filter: name `legacy-*` is excluded
//!   mailer      0.1.0  resolved
//!   newsletter  0.1.0  resolved
//!   s3          0.1.0  resolved
//!   api         0.1.0  resolved
//!   translate   0.1.0  resolved
//!
//! -- start: the mailer needs the network, which is away
//!   -> dynamodb starts
//!   ok dynamodb runs
//!   -> mailer starts
//!   !! mailer failed in load
//!   -> s3 starts
//!   ok s3 runs
//!   -> api starts
//!      (`api` is initialised while it loads)
//!   ok api runs
//! 3 of 7 plugins loaded
//!   dynamodb    0.1.0  loaded
//!   legacy-api  0.1.0  disabled by a filter: name `legacy-*` is excluded
//!   mailer      0.1.0  failed: the network is unreachable
//!   newsletter  0.1.0  skipped: it depends on `mailer`, which did not load
//!   s3          0.1.0  loaded
//!   api         0.1.0  loaded
//!   translate   0.1.0  disabled by the plugin itself: Load condition for plugin was false
//!
//! -- the network is back: retry the mailer, then load what needs it
//! without a retry: plugin `mailer` failed in load: the network is unreachable
//!   -> mailer starts
//!   ok mailer runs
//!   -> newsletter starts
//!   ok newsletter runs
//! the newsletter goes to ["ada@example.org", "grace@example.org"]
//!
//! -- maintenance of s3: what depends on it stops first
//!   .. api is stopped
//!   .. s3 is stopped
//! meanwhile: plugin `api` is skipped, since it depends on `s3`: plugin `s3` in namespace `plugins` is disabled by the app: maintenance until noon
//! 3 of 7 plugins loaded
//!   dynamodb    0.1.0  loaded
//!   legacy-api  0.1.0  disabled by a filter: name `legacy-*` is excluded
//!   mailer      0.1.0  loaded
//!   newsletter  0.1.0  loaded
//!   s3          0.1.0  disabled by the app: maintenance until noon
//!   api         0.1.0  skipped: it depends on `s3`, which is disabled
//!   translate   0.1.0  disabled by the plugin itself: Load condition for plugin was false
//!
//! -- s3 is back
//!   -> s3 starts
//!   ok s3 runs
//! s3 is at s3.south.example
//! it runs: Some(true)
//!   -> api starts
//!      (`api` is initialised while it loads)
//!   ok api runs
//!
//! -- end: in reverse order
//!   .. api is stopped
//!   .. s3 is stopped
//!   .. newsletter is stopped
//!   .. mailer is stopped
//!   .. dynamodb is stopped
//! 0 of 7 plugins loaded
//!   dynamodb    0.1.0  stopped
//!   legacy-api  0.1.0  disabled by a filter: name `legacy-*` is excluded
//!   mailer      0.1.0  stopped
//!   newsletter  0.1.0  stopped
//!   s3          0.1.0  stopped
//!   api         0.1.0  stopped
//!   translate   0.1.0  disabled by the plugin itself: Load condition for plugin was false
//! ```

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use plugo::{Event, Moment, Phase, PluginManager, Report, Rule, Veto};
use services_cloud::{Region, ServicePlugin};
use services_mail::Network;

plugo::plugins!();

/// The app's own service. It looks at itself while it loads.
#[plugo::plugin(name = "api")]
fn api(manager: &PluginManager) -> anyhow::Result<&'static str> {
    println!("     (`api` is {} while it loads)", manager.state("api")?);
    Ok("https://api.example")
}

/// The app keeps it for old clients; this supervisor leaves it out.
#[plugo::plugin(name = "legacy-api")]
fn legacy() {}

fn main() -> anyhow::Result<()> {
    pollster::block_on(supervise())
}

async fn supervise() -> anyhow::Result<()> {
    let network = Network::default();
    let manager = PluginManager::builder("plugins")
        .provide("region", Region("south"))
        .provide("network", network.clone())
        .exclude(Rule::name("legacy-*"))
        .listener(tell)
        .build()?;

    heading("known");
    show(&manager.report());

    heading("start: the mailer needs the network, which is away");
    let report = manager.load_all_async().await;
    show(&report);

    heading("the network is back: retry the mailer, then load what needs it");
    println!("without a retry: {}", error(manager.load_async("mailer").await));
    network.repair();
    manager.retry_async("mailer").await?;
    let newsletter = manager.load_async("newsletter").await?;
    println!("the newsletter goes to {:?}", newsletter.value::<Vec<&str>>().unwrap_or(&Vec::new()));

    heading("maintenance of s3: what depends on it stops first");
    manager.disable_async("s3", "maintenance until noon").await?;
    println!("meanwhile: {}", error(manager.load_async("api").await));
    show(&manager.report());

    heading("s3 is back");
    let s3 = manager.enable_async("s3").await?;
    println!("s3 is at {}", s3.value::<String>().map_or("-", String::as_str));
    println!("it runs: {:?}", s3.instance::<ServicePlugin>().map(ServicePlugin::is_running));
    manager.load_async("api").await?;

    heading("end: in reverse order");
    manager.stop_all_async().await?;
    show(&manager.report());
    Ok(())
}

/// Hears of everything, and vetoes nothing.
fn tell(event: &Event<'_>) -> Result<(), Veto> {
    let name = event.plugin().name();
    match (event.phase(), event.moment()) {
        (Phase::Load, Moment::Before) => println!("  -> {name} starts"),
        (Phase::Load, Moment::After) => println!("  ok {name} runs"),
        (Phase::Stop, Moment::After) => println!("  .. {name} is stopped"),
        (phase, Moment::Failed) => println!("  !! {name} failed in {phase}"),
        _ => {}
    }
    Ok(())
}

fn show(report: &Report) {
    println!("{report}");
}

fn error<T>(result: Result<T, plugo::PluginError>) -> String {
    result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string())
}

fn heading(text: &str) {
    println!("\n-- {text}");
}
