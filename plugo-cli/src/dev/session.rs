use std::collections::BTreeSet;
use std::process::ExitStatus;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use plugo_reload::PluginWatcher;

use super::Settings;
use super::build::Build;
use super::event::Event;
use super::folder::{Folder, Kept};
use super::keys::{self, Key};
use super::live::Live;
use super::notices::Notices;
use super::patch::{self, Patcher};
use super::process::Process;
use super::sockets::Sockets;
use super::watched::Watched;
use crate::app::App;
use crate::args::SelectionArgs;
use crate::building::{Options, Output};
use crate::child::Line;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::interrupt;

/// What is watched, and what changes.
mod files;
/// What Cargo is asked for, and what comes of it.
mod builds;
/// Patches in place of builds.
mod patching;
/// From one process of the app to the next.
mod processes;

/// How long it is waited for something to happen; and while something is about
/// to.
const TICK: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_millis(2);
/// How long processes may take to end when all ends.
const END: Duration = Duration::from_secs(3);

/// Runs the app until somebody wants it to end.
pub(crate) fn run(
    context: &Context,
    app: &App,
    options: &Options,
    settings: Settings,
) -> Result<(), Error> {
    interrupt::listen()?;
    let folder = Folder::open(app)?;
    let sockets = Sockets::open(&settings.listen)?;
    let live = settings.livereload.as_deref().map(Live::open).transpose()?;
    let notices = Notices::open(folder.dir())?;
    let (sender, events) = channel();
    let refused = settings.patches.then(patch::refused).flatten();
    if let Some(why) = &refused {
        context.shell.warn(format_args!("nothing is patched, and every change restarts: {why}"));
    }
    let patcher = match settings.patches && refused.is_none() {
        true => Some(Patcher::open(context, app, &settings.program, sender.clone())?),
        false => None,
    };
    let asked = sender.clone();
    interrupt::on_ask(move || drop(asked.send(Event::Woken)));
    let mut session = Session {
        context,
        app,
        options,
        client: settings.client.clone(),
        settings,
        folder,
        sockets,
        live,
        notices,
        sender,
        output: Output::new(&context.shell),
        patcher,
        patches: 0,
        watched: Watched::app(app),
        watcher: None,
        is_watching: plugo_reload::is_enabled(),
        is_followed: false,
        size: None,
        builds: 0,
        begun: SystemTime::now(),
        build: None,
        looks: false,
        saved: None,
        took: None,
        next: None,
        starting: None,
        running: None,
        good: None,
        starts: 0,
        ending: Vec::new(),
        reload: None,
        has_said: false,
        told: BTreeSet::new(),
        untaken: None,
    };
    let result = session.work(&events);
    session.end();
    result
}

struct Session<'c> {
    context: &'c Context,
    app: &'c App,
    options: &'c Options,
    settings: Settings,
    client: Option<String>,
    // It is in the folder, which is another one's when that is dropped.
    notices: Notices,
    folder: Folder,
    sockets: Sockets,
    live: Option<Live>,
    sender: Sender<Event>,
    output: Output<'c>,
    patcher: Option<Patcher>,
    /// How many patches the app took in.
    patches: u32,
    watched: Watched,
    watcher: Option<PluginWatcher>,
    /// Otherwise it is built and run once.
    is_watching: bool,
    /// What is to be watched is.
    is_followed: bool,
    /// The plugins and crates of the build.
    size: Option<(usize, usize)>,
    builds: u32,
    /// When the last build began.
    begun: SystemTime,
    build: Option<Build<'c>>,
    /// After the build, it is found out again what to watch.
    looks: bool,
    /// When a file was saved that no process has yet.
    saved: Option<SystemTime>,
    /// How long the last build took.
    took: Option<Duration>,
    /// A program that starts when the old process has ended.
    next: Option<Rc<Kept>>,
    starting: Option<Process>,
    running: Option<Process>,
    /// The program that served last.
    good: Option<Rc<Kept>>,
    starts: u32,
    /// Processes that were asked to end, and when they are ended.
    ending: Vec<(Process, Instant)>,
    /// Pages load again when the old process has ended, or then.
    reload: Option<Instant>,
    /// The app is known to say when it is ready.
    has_said: bool,
    /// What is told once.
    told: BTreeSet<&'static str>,
    /// Since when a connection waits.
    untaken: Option<Instant>,
}

impl Session<'_> {
    fn work(&mut self, events: &Receiver<Event>) -> Result<(), Error> {
        self.look(true)?;
        if self.is_watching {
            let keys = keys::listen(self.sender.clone());
            let keys = if keys { format!(" ({})", keys::HELP) } else { String::new() };
            self.say("Watching", format!("{}{keys}", self.watched.summary()));
        } else {
            self.context.shell.note(
                "ENABLE_PLUGIN_HOT_RELOAD says no: the app is built and run once, and nothing is \
                 watched",
            );
        }
        if let Some(live) = &self.live {
            let tag = format!("<script src=\"{}\"></script>", live.script());
            self.say("Reloading", format!("pages that have {tag}"));
        }
        self.build()?;
        loop {
            interrupt::check()?;
            let event = match self.is_idle() {
                true => events.recv().ok(),
                false => events.recv_timeout(if self.is_hurried() { SOON } else { TICK }).ok(),
            };
            match event {
                Some(Event::Key(Key::Quit)) => return Ok(()),
                Some(event) => self.handle(event)?,
                None => {}
            }
            if let Some(status) = self.tick()?
                && !self.is_watching
            {
                return if status.success() { Ok(()) } else { Err(Error::Said(code(status))) };
            }
            let is_over = self.build.is_none() && self.starting.is_none() && self.next.is_none();
            if !self.is_watching && is_over && self.running.is_none() {
                return Err(Error::Said(exit::NO));
            }
        }
    }

    /// Whether all that can happen is told of: then nothing is done until it is.
    fn is_idle(&self) -> bool {
        // Of a connection that nobody takes, nothing tells.
        self.running.as_ref().is_none_or(|process| process.has_said)
            && self.build.is_none()
            && self.starting.is_none()
            && self.next.is_none()
            && self.ending.is_empty()
            && self.reload.is_none()
    }

    /// Whether something is about to happen that nothing tells of.
    fn is_hurried(&self) -> bool {
        let is_ending = self.settings.is_sequential || self.reload.is_some();
        self.starting.is_some()
            || self.build.as_ref().is_some_and(Build::is_closing)
            || (is_ending && !self.ending.is_empty())
    }

    fn handle(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Changed(changes) => self.changed(&changes),
            Event::Cargo(number, line) => {
                if let Some(build) = &mut self.build {
                    build.hear(number, line, &mut self.output);
                }
                Ok(())
            }
            Event::Closed(number) => {
                if let Some(build) = &mut self.build {
                    build.close(number);
                }
                Ok(())
            }
            Event::Made(number, made) => self.made(number, made),
            Event::App(process, said) => self.heard(process, said),
            Event::Woken => Ok(()),
            Event::Key(key) => self.key(key),
        }
    }

    fn key(&mut self, key: Key) -> Result<(), Error> {
        match key {
            Key::Rebuild => {
                self.saved = None;
                self.build()
            }
            Key::AskClient => {
                let names = match self.context.project(self.app, &SelectionArgs::default()) {
                    Ok(project) => project.client_names().collect::<Vec<_>>().join(", "),
                    Err(error) => {
                        self.tell_error(&error);
                        String::new()
                    }
                };
                let asked = "which client? (nothing for the default selection)";
                self.context.shell.note(format_args!("{asked} {names}"));
                Ok(())
            }
            Key::Client(name) => {
                let client = Some(name).filter(|name| !name.is_empty());
                let selection = self.selection(&client);
                if let Err(error) = self.context.project(self.app, &selection) {
                    self.tell_error(&error);
                    return Ok(());
                }
                self.client = client;
                self.saved = None;
                self.say("Switching", self.client.as_deref().unwrap_or("the default selection"));
                self.look(false)?;
                self.build()
            }
            Key::Help => {
                self.context.shell.note(keys::HELP);
                Ok(())
            }
            Key::Quit => Ok(()),
        }
    }

    fn selection(&self, client: &Option<String>) -> SelectionArgs {
        let features = self.settings.features.clone();
        SelectionArgs { client: client.clone(), features, ..Default::default() }
    }

    /// Looks at everything that tells nothing by itself. How the app ended, if
    /// it did by itself.
    fn tick(&mut self) -> Result<Option<ExitStatus>, Error> {
        if let Some(build) = &mut self.build {
            build.hear(self.builds, Line::Nothing, &mut self.output);
            if let Some(built) = build.built(&mut self.output)? {
                self.build = None;
                // A signal that a child got too is why the child failed.
                interrupt::check()?;
                self.built(built);
                if std::mem::take(&mut self.looks) {
                    self.look_again()?;
                }
            }
        }
        self.tick_patch()?;
        self.tick_ending();
        let ended = self.tick_starting();
        Ok(self.tick_running().or(ended))
    }

    fn tell_error(&self, error: &Error) {
        if let Error::Refused(problems) = error {
            self.context.shell.problems(problems);
        }
        self.context.shell.error(error);
    }

    fn say(&self, verb: &str, what: impl std::fmt::Display) {
        self.context.shell.status(verb, what);
    }

    /// Ends everything that was started.
    fn end(&mut self) {
        self.watcher = None;
        let all = [self.starting.take(), self.running.take()];
        let mut all: Vec<Process> = all.into_iter().flatten().collect();
        all.iter().for_each(Process::ask);
        drop(self.build.take());
        all.extend(self.ending.drain(..).map(|(process, _)| process));
        let begun = Instant::now();
        while begun.elapsed() < END && !interrupt::is_urgent() {
            all.retain_mut(|process| process.ended().is_none());
            if all.is_empty() {
                return;
            }
            std::thread::sleep(SOON);
        }
        // What is left ends with the value.
    }
}

fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::NO)
}
