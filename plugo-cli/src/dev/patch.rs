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

use std::collections::{BTreeMap, VecDeque};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock};

use super::event::Event;
use super::watched::Watched;
use crate::app::App;
use crate::context::Context;
use crate::error::Error;

/// How the compiler was called.
mod record;
/// How Cargo builds what can be patched.
mod setup;
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
/// Patches that the app was given, and what became of them.
mod given;

pub(crate) use self::channel::{Said, listen};
pub(crate) use self::given::Outcome;
pub(crate) use self::job::Made;
pub(crate) use self::record::record;
pub(crate) use self::setup::refused;

use self::base::Base;
use self::given::Taking;
use self::job::Job;
use self::leaf::Leaves;
use self::setup::Setup;

/// Makes patches, and knows when that can be done.
#[derive(Debug)]
pub(crate) struct Patcher {
    app: App,
    program: String,
    setup: Setup,
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
    turn: Arc<Mutex<()>>,
    /// Patches that the app is taking in, one after the other.
    taking: VecDeque<Taking>,
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

impl Patcher {
    pub(crate) fn open(
        context: &Context,
        app: &App,
        program: &str,
        sender: Sender<Event>,
    ) -> Result<Self, Error> {
        let patcher = Patcher {
            app: app.clone(),
            program: program.to_owned(),
            setup: Setup::open(app)?,
            color: context.shell.has_color(),
            sender,
            connections: BTreeMap::new(),
            running: None,
            is_current: false,
            unserved: BTreeMap::new(),
            number: 0,
            making: None,
            turn: Arc::default(),
            taking: VecDeque::new(),
        };
        Ok(patcher)
    }

    /// Has Cargo build the program so that it can be patched.
    pub(crate) fn prepare(&self, cargo: &mut Command) {
        self.setup.prepare(cargo);
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
        self.taking.clear();
        self.connections.retain(|&number, _| number >= process);
        if is_newest {
            self.is_unchanged();
        }
        let base = Arc::default();
        let leaves = Leaves::read(&self.setup.calls(), &self.app, &self.program, program);
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
        self.taking.clear();
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
            dir: self.setup.dir_of(running.process, self.number),
            shared: self.setup.dir.clone(),
            turn: Arc::clone(&self.turn),
            lld: self.setup.lld.clone(),
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

    fn cancel(&mut self) {
        if let Some((_, is_cancelled)) = self.making.take() {
            is_cancelled.store(true, Ordering::Relaxed);
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
        // The compiler does not outlive this program.
        drop(self.turn.lock());
        self.setup.clear();
    }
}
