use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plugo_reload::Changes;

use super::event::Event;
use super::patch::Patcher;
use crate::app::App;
use crate::building::{Messages, Options, Output, Progress};
use crate::child::{self, Group, Line};
use crate::context::Context;
use crate::error::Error;

/// What Cargo is asked for.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) client: Option<&'r str>,
    pub(super) program: &'r str,
    pub(super) features: &'r [String],
    /// What makes patches of what it builds.
    pub(super) patcher: Option<&'r Patcher>,
    /// What the build is known to have: its plugins, its crates.
    pub(super) size: Option<(usize, usize)>,
}

/// A build that is under way. It ends with the value, and so do the compilers
/// that it started.
#[derive(Debug)]
pub(super) struct Build<'s> {
    number: u32,
    group: Option<Group>,
    messages: Messages,
    progress: Progress<'s>,
    program: String,
    /// How many streams are open.
    open: u8,
    started: Instant,
    /// When Cargo went on to download or to compile.
    compiles: Option<SystemTime>,
}

/// A build that came to its end.
#[derive(Debug)]
pub(super) struct Built {
    /// The program, when all went well.
    pub(super) program: Option<PathBuf>,
    pub(super) took: Duration,
}

impl<'s> Build<'s> {
    pub(super) fn start(
        context: &'s Context,
        app: &App,
        options: &Options,
        request: &Request<'_>,
        number: u32,
        sender: &Sender<Event>,
    ) -> Result<Self, Error> {
        let command = if request.patcher.is_some() { "rustc" } else { "build" };
        let mut cargo = options.cargo(context, app, command, request.client);
        cargo.args(["--bin", request.program, "--message-format", "json-render-diagnostics"]);
        if let Some(profile) = &options.profile {
            cargo.args(["--profile", profile]);
        }
        for feature in request.features {
            cargo.args(["--features", feature]);
        }
        if let Some(patcher) = request.patcher {
            patcher.prepare(&mut cargo);
        }
        cargo.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut progress = Progress::new(&context.shell, 1);
        let name = request.client.unwrap_or(&app.name);
        match request.size {
            Some((plugins, crates)) => progress.begin(name, crates, plugins),
            None => context.shell.status("Building", name),
        }
        let mut group = Group::start_apart(&mut cargo)?;
        let (out, err) = group.streams();
        let open = u8::from(out.is_some()) + u8::from(err.is_some());
        if let Some(out) = out {
            let sender = sender.clone();
            std::thread::spawn(move || {
                child::lines(out, |l| sender.send(Event::Cargo(number, Line::Out(l))).is_ok());
                let _ = sender.send(Event::Closed(number));
            });
        }
        if let Some(err) = err {
            let sender = sender.clone();
            std::thread::spawn(move || {
                child::lines(err, |l| sender.send(Event::Cargo(number, Line::Err(l))).is_ok());
                let _ = sender.send(Event::Closed(number));
            });
        }
        let messages = Messages::new(app.manifest());
        let (program, started) = (request.program.to_owned(), Instant::now());
        let group = Some(group);
        let compiles = None;
        Ok(Build { number, group, messages, progress, program, open, started, compiles })
    }

    /// Hears what its Cargo says; another one's is left alone.
    pub(super) fn hear(&mut self, number: u32, line: Line, output: &mut Output<'_>) {
        if number != self.number {
            return;
        }
        let compiles = match &line {
            Line::Out(_) => true,
            Line::Err(line) => ["Compiling", "Downloading"].iter().any(|verb| line.contains(verb)),
            Line::Nothing => false,
        };
        if compiles {
            self.compiles.get_or_insert_with(SystemTime::now);
        }
        match line {
            Line::Out(line) => {
                output.goes_on();
                if let Some(krate) = self.messages.read(&line) {
                    self.progress.done(krate);
                }
            }
            Line::Err(line) => output.line(line, &mut self.progress),
            Line::Nothing => {
                output.tell(&mut self.progress);
                self.progress.tell();
            }
        }
    }

    /// Whether its Cargo may have written these files: it writes the lock file
    /// before it downloads or compiles anything.
    pub(super) fn may_have_written(&self, changes: &Changes) -> bool {
        let Some(compiles) = self.compiles else { return true };
        let written = changes.paths().filter_map(|path| Some(changed(&path.metadata().ok()?)));
        written.max().is_some_and(|written| written <= compiles)
    }

    /// One of its streams is at its end.
    pub(super) fn close(&mut self, number: u32) {
        if number == self.number {
            self.open = self.open.saturating_sub(1);
        }
    }

    /// Whether it is about to end.
    pub(super) fn is_closing(&self) -> bool {
        self.open == 0
    }

    /// What became of it, if it came to its end.
    pub(super) fn built(&mut self, output: &mut Output<'_>) -> Result<Option<Built>, Error> {
        let Some(group) = &mut self.group else { return Ok(None) };
        let ended = group.try_wait();
        let lost = |error| Error::environment(format!("Cargo cannot be waited for: {error}"));
        let Some(status) = ended.map_err(lost)? else { return Ok(None) };
        if !self.is_closing() && !was_ended(status) {
            // What it said last is on its way.
            return Ok(None);
        }
        self.group = None;
        output.end(&mut self.progress);
        self.progress.clear();
        let programs = &self.messages.compiled.programs;
        let found = programs.iter().find(|(name, _)| *name == self.program);
        let program = found.filter(|_| status.success()).map(|(_, path)| path.clone());
        Ok(Some(Built { program, took: self.started.elapsed() }))
    }
}

/// When a file came to be what it is; one that came by a rename may have been
/// written long before.
fn changed(metadata: &Metadata) -> SystemTime {
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
}

fn was_ended(status: ExitStatus) -> bool {
    status.code().is_none()
}

impl Drop for Build<'_> {
    fn drop(&mut self) {
        if let Some(group) = &mut self.group {
            self.progress.clear();
            group.end();
        }
    }
}
