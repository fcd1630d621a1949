//! Code that is patched into the running app.
//!
//! ```text
//! Cargo builds the app with a wrapper around the compiler   record: how each crate is compiled
//! a file changes            leaf: whether that is code of a plugin that only the app depends on
//! the crate is compiled     job: as Cargo did it; library: what came of it, and what it needs
//! it is linked              stub: against the running process, whose program base has read
//! the app takes it in       channel: and says what became of it
//! ```
//!
//! Whatever does not fit is built and handed over as without patching, with the
//! reason.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use toml::Table;

use super::event::Event;
use super::watched::Watched;
use crate::app::App;
use crate::cargo;
use crate::context::Context;
use crate::error::Error;

/// How the compiler was called.
mod record;
/// What a running program has.
mod base;
/// What a compiled crate has.
mod library;
/// How a patch reaches what the process has.
mod stub;
/// Compiles and links.
mod job;
/// What is known of crates that may be patched.
mod leaf;
/// What the app is told, and what it says.
mod channel;

pub(crate) use self::channel::{Said, listen};
pub(crate) use self::job::{Made, Patch};
pub(crate) use self::record::record;

use self::base::Base;
use self::job::Job;
use self::leaf::Leaves;

/// How long the app may take to take a patch in: inits are part of it.
const ANSWER: Duration = Duration::from_secs(60);

/// Makes patches, and knows when that can be done.
#[derive(Debug)]
pub(crate) struct Patcher {
    app: App,
    program: String,
    /// `<target>/plugo/.dev/<app>/patch`: `calls` are those of the compiler,
    /// `target` is Cargo's, and `process-3` has the patches of a process.
    dir: PathBuf,
    feature: String,
    lld: Option<PathBuf>,
    color: bool,
    sender: Sender<Event>,
    connections: BTreeMap<u32, Connection>,
    running: Option<Running>,
    /// What Cargo compiled last is what runs.
    is_current: bool,
    /// Files that changed, and are not in what runs: since which patch.
    unserved: BTreeMap<PathBuf, u32>,
    number: u32,
    /// The patch that is made now.
    making: Option<(Target, Arc<AtomicBool>)>,
    taking: Option<Taking>,
}

#[derive(Debug)]
struct Connection {
    stream: UnixStream,
    main: u64,
}

/// The process that serves.
#[derive(Debug)]
struct Running {
    process: u32,
    program: PathBuf,
    base: Arc<OnceLock<Result<Base, String>>>,
    leaves: Leaves,
    is_patched: bool,
}

/// What is patched.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    number: u32,
    /// Its folder.
    dir: PathBuf,
}

/// A patch that the app is taking in.
#[derive(Debug)]
struct Taking {
    number: u32,
    times: String,
    since: Instant,
}

impl Patcher {
    pub(crate) fn open(
        context: &Context,
        app: &App,
        program: &str,
        sender: Sender<Event>,
    ) -> Result<Self, Error> {
        let feature = feature(app)?;
        let dir = app.target_dir.join("plugo/.dev").join(&app.name).join("patch");
        let calls = dir.join("calls");
        fs::create_dir_all(&calls).map_err(|error| Error::io("made", &calls, &error))?;
        let patcher = Patcher {
            app: app.clone(),
            program: program.to_owned(),
            dir,
            feature,
            lld: lld(),
            color: context.shell.has_color(),
            sender,
            connections: BTreeMap::new(),
            running: None,
            is_current: false,
            unserved: BTreeMap::new(),
            number: 0,
            making: None,
            taking: None,
        };
        patcher.clear();
        patcher.write_wrapper()?;
        Ok(patcher)
    }

    /// What Cargo calls in place of the compiler. It takes no arguments there, so
    /// a script has them. Cargo looks at its time, so it stays as it is.
    fn write_wrapper(&self) -> Result<(), Error> {
        use std::os::unix::fs::PermissionsExt as _;
        let own = std::env::current_exe();
        let own =
            own.map_err(|error| Error::environment(format!("no path to `plugo`: {error}")))?;
        let quoted = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"));
        let (own, calls) = (quoted(&own), quoted(&self.dir.join("calls")));
        let script = format!("#!/bin/sh\nexec {own} dev --record {calls} -- \"$@\"\n");
        let path = self.wrapper();
        let written = plugo_build::write(&path, &script);
        written
            .and_then(|_| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| Error::io("written", &path, &error))
    }

    fn wrapper(&self) -> PathBuf {
        self.dir.join("rustc")
    }

    /// Has Cargo build the program so that it can be patched: with all code of
    /// all crates, and `main` to be found in it.
    pub(crate) fn prepare(&self, cargo: &mut Command) {
        cargo.args(["--features", &self.feature]);
        cargo.arg("--target-dir").arg(self.dir.join("target"));
        cargo.env("RUSTC_WORKSPACE_WRAPPER", self.wrapper());
        cargo.args(["--", "-Clink-dead-code", "-Clink-arg=-Wl,--export-dynamic-symbol=main"]);
        if self.lld.is_some() {
            cargo.args([
                "-Clink-arg=-Wl,--undefined-glob=_ZN*",
                "-Clink-arg=-Wl,--undefined-glob=_R*",
            ]);
        }
    }

    /// Cargo begins to build.
    pub(crate) fn builds(&mut self) {
        self.cancel();
        self.is_current = false;
    }

    /// What Cargo built is what runs already.
    pub(crate) fn is_unchanged(&mut self) {
        self.is_current = true;
        self.unserved.clear();
    }

    /// Whether the running process has more than its program.
    pub(crate) fn is_patched(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.is_patched)
    }

    /// Another process serves, and nothing is built.
    pub(crate) fn serves(&mut self, process: u32, program: &Path, is_newest: bool) {
        self.cancel();
        self.taking = None;
        self.connections.retain(|&number, _| number >= process);
        if is_newest {
            self.is_unchanged();
        }
        let base = Arc::default();
        let leaves = Leaves::read(&self.dir.join("calls"), &self.app, &self.program, program);
        let running = Running {
            process,
            program: program.to_owned(),
            base: Arc::clone(&base),
            leaves,
            is_patched: false,
        };
        self.running = Some(running);
        // It is needed with the first patch.
        let program = program.to_owned();
        std::thread::spawn(move || base.get_or_init(|| Base::read(&program)).is_ok());
    }

    /// Nothing serves any more.
    pub(crate) fn has_ended(&mut self) {
        self.running = None;
        self.taking = None;
    }

    /// Files have changed.
    pub(crate) fn changed<'p>(&mut self, paths: impl Iterator<Item = &'p Path>) {
        let number = self.number;
        self.unserved.extend(paths.map(|path| (path.to_owned(), number)));
    }

    /// Begins to make a patch of all that has changed.
    ///
    /// # Errors
    ///
    /// Why that cannot be.
    pub(crate) fn begin(&mut self, watched: &Watched) -> Result<(), String> {
        self.cancel();
        let Some(running) = &self.running else { return Err("no process serves".to_owned()) };
        if !self.is_current {
            return Err("what was built last is not what runs".to_owned());
        }
        let paths = self.unserved.keys().map(PathBuf::as_path);
        let dir = leaf::crate_of(paths, watched, &self.app)?;
        let record = running.leaves.record(&dir)?;
        let Some(connection) = self.connections.get(&running.process) else {
            return Err("the app has no `Reloader`, or it has not begun yet".to_owned());
        };
        self.number += 1;
        let is_cancelled = Arc::default();
        let job = Job {
            record: record.clone(),
            base: Arc::clone(&running.base),
            program: running.program.clone(),
            main: connection.main,
            dir: self
                .dir
                .join(format!("process-{}", running.process))
                .join(self.number.to_string()),
            lld: self.lld.clone(),
            color: self.color,
            is_cancelled: Arc::clone(&is_cancelled),
        };
        let (number, sender) = (self.number, self.sender.clone());
        std::thread::spawn(move || sender.send(Event::Made(number, job.make())));
        self.making = Some((Target { number, dir }, is_cancelled));
        Ok(())
    }

    /// What is made, when it is this one.
    pub(crate) fn made(&mut self, number: u32) -> Option<Target> {
        let (target, _) = self.making.take_if(|(target, _)| target.number == number)?;
        Some(target)
    }

    /// Gives a patch to the app.
    pub(crate) fn give(&mut self, target: &Target, patch: &Patch) -> Result<(), String> {
        let process = self.running.as_ref().map(|running| running.process);
        let connection = process.and_then(|process| self.connections.get_mut(&process));
        let connection = connection.ok_or("no process serves")?;
        channel::tell(&mut connection.stream, &patch.table)
            .map_err(|error| format!("the app cannot be told: {error}"))?;
        let (rustc, link) = (patch.compiled.as_millis(), patch.linked.as_millis());
        let times = format!("rustc {rustc} ms, link {link} ms");
        self.taking = Some(Taking { number: target.number, times, since: Instant::now() });
        Ok(())
    }

    /// A process of the app says something. What it says of the patch that it
    /// was given is of interest to others.
    pub(crate) fn hear(&mut self, process: u32, said: Said) -> Option<Said> {
        let is_running = self.running.as_ref().is_some_and(|running| running.process == process);
        match said {
            Said::Hello { stream, main } => {
                self.connections.insert(process, Connection { stream, main });
                None
            }
            Said::Gone => {
                self.connections.remove(&process);
                None
            }
            said => (is_running && self.taking.is_some()).then_some(said),
        }
    }

    /// The app runs what it was given: how long that was made.
    pub(crate) fn is_taken(&mut self) -> Option<String> {
        let taking = self.taking.take()?;
        self.unserved.retain(|_, since| *since >= taking.number);
        if let Some(running) = &mut self.running {
            running.is_patched = true;
        }
        Some(taking.times)
    }

    /// The app does not run it.
    pub(crate) fn is_refused(&mut self) {
        self.taking = None;
    }

    /// Whether the app does not answer any more.
    pub(crate) fn is_late(&mut self) -> bool {
        self.taking.take_if(|taking| taking.since.elapsed() >= ANSWER).is_some()
    }

    fn cancel(&mut self) {
        if let Some((_, is_cancelled)) = self.making.take() {
            is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Removes what earlier runs left.
    fn clear(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("process-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Target {
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Patcher {
    fn drop(&mut self) {
        self.cancel();
        self.clear();
    }
}

/// The feature of the app's `plugo` that lets the app be patched.
fn feature(app: &App) -> Result<String, Error> {
    let path = app.manifest();
    let text = fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
    let manifest: Table = text.parse().unwrap_or_default();
    let dependencies = manifest.get("dependencies").and_then(|value| value.as_table());
    let is_plugo = |(name, value): &(&String, &toml::Value)| {
        let package = value.get("package").and_then(|package| package.as_str());
        package.unwrap_or(name) == "plugo"
    };
    let found = dependencies.into_iter().flatten().find(is_plugo);
    found.map(|(name, _)| format!("{name}/reload-patch")).ok_or_else(|| {
        Error::no(format!(
            "`--patch` turns on a feature of `plugo`, which is not among the [dependencies] of \
             `{}`; without `--patch` the app is restarted",
            app.name
        ))
    })
}

/// The folder of the linker that comes with Rust, where it does.
fn lld() -> Option<PathBuf> {
    let host = cargo::host().ok()?;
    let dir = cargo::sysroot().ok()?.join("lib/rustlib").join(host).join("bin/gcc-ld");
    dir.join("ld.lld").is_file().then_some(dir)
}
