//! Generates the contenders, runs them, and reports.
//!
//! ```text
//! cargo run --release -p benches               # everything
//! cargo run --release -p benches -- --quick    # without 10,000 plugins
//! cargo run --release -p benches -- --write    # also writes docs/benchmarks.md
//! cargo run --release -p benches -- reload     # hot reload, on Linux; see `reload.rs`
//! ```
//!
//! It reads no network: what the workspace needs has to be there, as after
//! `cargo fetch`. What it generates stays in the target folder, so that a
//! second run compiles only what has changed.
//!
//! Modules stand in the order in which data flows: a module imports only from
//! those above it.

/// What the caller wants.
mod options;
/// What is going on.
mod status;
/// Where things are.
mod places;
/// Generated files.
mod tree;
/// Calls of Cargo.
mod cargo;
/// Stands in for Cargo, to tell its time from plugo's.
mod stand_in;
/// Programs that have plugins, one way each.
mod contenders;
/// Programs that choose one of several implementations at run time.
mod run_time_contenders;
/// An app with plugin folders.
mod folders;
/// Counts instructions.
mod callgrind;
/// Measures contenders.
mod start;
/// Measures contenders that choose at run time.
mod choosing;
/// Times, and how far they spread.
mod spread;
/// Measures build scripts.
mod script;
/// Tables of text, and numbers in them.
mod table;
/// Whether the aims are met.
mod aims;
/// What the measurements of choosing say.
mod choosing_report;
/// What the measurements say.
mod report;
/// Measures hot reload.
#[cfg(target_os = "linux")]
mod reload;

use anyhow::Context as _;

use self::options::Options;
use self::places::Places;
use self::report::Report;

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn main() -> anyhow::Result<()> {
    if let Some(answer) = stand_in::answer() {
        return answer;
    }
    if std::env::args().nth(1).is_some_and(|argument| argument == "reload") {
        #[cfg(target_os = "linux")]
        return reload::run(std::env::args().skip(2));
        #[cfg(not(target_os = "linux"))]
        anyhow::bail!("what processes cost is read from /proc, so hot reload is measured on Linux");
    }
    let options = Options::parse(std::env::args().skip(1))?;
    let places = Places::find()?;
    let start = start::measure(&places, &options)?;
    let choosing = choosing::measure(&places, &options)?;
    let scripts = script::measure(&places, &options)?;
    let report = Report::new(&places, &options, start, choosing, scripts)?.to_string();
    if options.write {
        let file = places.checkout.join("docs/benchmarks.md");
        std::fs::write(&file, &report)
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    println!("{report}");
    Ok(())
}
