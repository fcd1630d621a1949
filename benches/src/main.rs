//! Generates the contenders, runs them, and reports.
//!
//! ```text
//! cargo run --release -p benches                          # everything
//! cargo run --release -p benches -- --write               # also writes docs/benchmarks.md
//! cargo run --release -p benches -- --build --write       # measures one part, and keeps the others
//! cargo run --release -p benches -- --quick               # holds what has limits against them
//! cargo run --release -p benches -- --write-limits        # writes benches/limits.toml anew
//! cargo run --release -p benches -- --help                # says what else there is
//! cargo run --release -p benches -- reload                # hot reload, on Linux; see `reload.rs`
//! cargo run --release -p benches --features admin -- admin    # databases; see `admin.rs`
//! ```
//!
//! It reads no network, but for the peers in Python, which pip installs: what the workspace needs has to
//! be there, as after `cargo fetch`. What it generates stays in the target folder, so that a second run
//! compiles only what has changed.
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
/// The compiler.
mod compiler;
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
/// What a binary is made of.
mod image;
/// Measures contenders.
mod start;
/// Measures contenders that choose at run time.
mod choosing;
/// Tables of text, and numbers in them.
mod table;
/// Times, and how far they spread.
mod spread;
/// What plugo may cost.
mod limits;
/// Measures build scripts.
mod script;
/// What processes cost.
mod work;
/// What each crate of a build costs.
mod each_crate;
/// Apps whose plugins are crates.
mod crates;
/// Measures what compiling costs.
mod build;
/// Measures builds for many clients.
mod clients;
/// Python, with packages from PyPI.
mod venv;
/// Measures peers in Python.
mod python;
/// Measures what is left of a plugin that is not chosen.
mod not_chosen;
/// Plots.
mod plot;
/// The page, and what stays in it.
mod page;
/// Whether the aims are met.
mod aims;
/// What the measurements of start-up, lookup and size say.
mod start_report;
/// What the measurements of choosing say.
mod choosing_report;
/// What the measurements of build scripts say.
mod script_report;
/// What the measurements of compiling say.
mod build_report;
/// What the measurements of many clients say.
mod clients_report;
/// What the measurements of peers in Python say.
mod python_report;
/// What the measurements say.
mod report;
/// Measures hot reload.
#[cfg(target_os = "linux")]
mod reload;
/// Measures what operators say in a database.
#[cfg(feature = "admin")]
mod admin;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use self::callgrind::Callgrind;
use self::limits::Limits;
use self::options::{HELP, Options, Part};
use self::places::Places;
use self::report::Report;
use self::status::{skip, status};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // In one piece, without the frames that lead here.
            status("Error", &format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    if let Some(answer) = stand_in::answer().or_else(each_crate::answer) {
        return answer;
    }
    let mode = std::env::args().nth(1);
    if mode.as_deref() == Some("reload") {
        #[cfg(target_os = "linux")]
        return reload::run(std::env::args().skip(2));
        #[cfg(not(target_os = "linux"))]
        bail!("what processes cost is read from /proc, so hot reload is measured on Linux");
    }
    if mode.as_deref() == Some("admin") {
        #[cfg(feature = "admin")]
        return admin::run(std::env::args().skip(2));
        #[cfg(not(feature = "admin"))]
        bail!("databases are measured by a build with `--features admin`");
    }
    let options = Options::parse(std::env::args().skip(1))?;
    if options.help {
        return print(&format!("cargo run --release -p benches --\n\n{HELP}"));
    }
    let places = Places::find()?;
    let _alone = places.alone()?;
    match options.quick {
        true => quick(&places, &options),
        false => whole(&places, &options),
    }
}

/// What has limits.
fn quick(places: &Places, options: &Options) -> Result<()> {
    let limits = Limits::read(places, options.write_limits)?;
    let mut report = Report::new(places)?;
    report.begin();
    let start = start::measure(places, options)?;
    report.start(places, options, &start)?;
    report.begin();
    let choosing = choosing::measure(places, options)?;
    report.choosing(options, &choosing)?;
    let printed = print(&report.measured());
    match options.write_limits {
        true => limits.write(&start, &choosing)?,
        false => limits.hold(&start, &choosing)?,
    }
    printed
}

/// What is asked for, part by part. Nothing that was measured is lost to what cannot be.
fn whole(places: &Places, options: &Options) -> Result<()> {
    if options.write {
        report::can_be_written(places)?;
        let counts = [Part::Start, Part::Choosing, Part::Script].map(|part| options.has(part));
        if counts.contains(&true) && Callgrind::find(&places.work).is_none() {
            bail!(
                "instructions are counted with valgrind, which is not installed: numbers in the page would be lost"
            );
        }
    }
    let mut report = Report::new(places)?;
    let mut failed = Vec::new();
    for part in Part::ALL.into_iter().filter(|&part| options.has(part)) {
        let mut done = measure(part, places, options, &mut report);
        if options.write {
            done = done.and_then(|()| report.write(places));
        }
        if let Err(error) = done {
            status("Failed", &format!("`--{}`: {error:#}", part.name()));
            failed.push(part.name());
        }
    }
    print(&report.measured())?;
    if !failed.is_empty() {
        bail!("these parts could not be measured, as told above: {}", failed.join(", "));
    }
    Ok(())
}

fn measure(part: Part, places: &Places, options: &Options, report: &mut Report) -> Result<()> {
    report.begin();
    match part {
        Part::Start => report.start(places, options, &start::measure(places, options)?),
        // One run measures both.
        Part::Times if options.has(Part::Choosing) => Ok(()),
        Part::Choosing | Part::Times => {
            report.choosing(options, &choosing::measure(places, options)?)
        }
        Part::Script => report.script(&script::measure(places, options)?),
        Part::Build => report.build(&build::measure(places)?),
        Part::Clients => report.clients(&not_chosen::measure(places)?, &clients::measure(places)?),
        Part::Python => {
            let python = python::measure(places, options)?;
            match &python {
                Err(why) if options.write => bail!("{why} Numbers in the page would be lost"),
                Err(why) => skip(&format!("peers in Python: {why}"))?,
                Ok(_) => {}
            }
            report.python(&python)
        }
    }
}

/// The report is what the program is for.
fn print(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("the report cannot be printed")
}
