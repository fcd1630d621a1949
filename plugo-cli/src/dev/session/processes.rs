use std::path::Path;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Session;
use crate::dev::folder::Kept;
use crate::dev::live::Live;
use crate::dev::patch;
use crate::dev::process::{Process, Start};
use crate::error::Error;

/// After this time a process that has not said that it is ready is taken to
/// be, unless its app is known to say it.
const TAKEN: Duration = Duration::from_secs(1);
/// How long a process may take to say that it is ready.
const START: Duration = Duration::from_secs(30);
/// How long a process may take to end when another one has taken over.
const DRAIN: Duration = Duration::from_secs(10);
/// For how long nobody takes a connection before that is told of.
const UNTAKEN: Duration = Duration::from_secs(3);
/// How long a page waits for the old process to end before it loads again.
const PAGE: Duration = Duration::from_secs(2);

/// What an app says that opens the address itself.
const IN_USE: &str = "if it says \"Address already in use\"";

impl Session<'_> {
    pub(super) fn start(&mut self, program: &Path) {
        match self.folder.keep(program) {
            Ok(kept) => self.start_kept(Rc::new(kept)),
            Err(error) => self.failed(None, &cannot_be_started(&error)),
        }
    }

    fn start_kept(&mut self, kept: Rc<Kept>) {
        self.starts += 1;
        let patches = self.patcher.as_ref().and_then(|_| {
            let path = self.notices.patches(self.starts);
            // Without it every change restarts the app.
            patch::listen(path.clone(), self.starts, self.sender.clone()).ok().map(|()| path)
        });
        let start = Start {
            sockets: &self.sockets,
            arguments: &self.settings.arguments,
            script: self.live.as_ref().map(Live::script),
            notices: &self.notices,
            sender: &self.sender,
            number: self.starts,
            patches,
        };
        match Process::start(&start, Rc::clone(&kept)) {
            Ok(process) => self.starting = Some(process),
            Err(error) => self.failed(Some(&kept), &cannot_be_started(&error)),
        }
    }

    pub(super) fn retire(&mut self, process: Process) {
        process.ask();
        self.ending.push((process, Instant::now() + DRAIN));
    }

    pub(super) fn tick_ending(&mut self) {
        let shell = &self.context.shell;
        self.ending.retain_mut(|(process, until)| {
            let is_late = Instant::now() >= *until;
            if is_late {
                let seconds = DRAIN.as_secs();
                shell.warn(format_args!(
                    "the old process did not end within {seconds} s, and was ended"
                ));
                process.kill();
            }
            !is_late && process.ended().is_none()
        });
        if self.ending.is_empty()
            && let Some(program) = self.next.take()
        {
            self.start(&program);
        }
        if let (Some(until), Some(live)) = (self.reload, &self.live)
            && (self.ending.is_empty() || Instant::now() >= until)
        {
            live.tell(self.builds);
            self.reload = None;
        }
    }

    pub(super) fn tick_starting(&mut self) {
        let Some(mut process) = self.starting.take() else { return };
        process.hear();
        let age = process.started.elapsed();
        if process.ready.is_none() && !self.has_said && age >= TAKEN {
            process.ready = Some(age);
        }
        if let Some(status) = process.ended() {
            self.failed(Some(process.kept()), &format!("ended before it was ready: {status}"));
            if !status.success() {
                self.tell_how_to_listen(IN_USE);
            }
        } else if process.ready.is_some() {
            self.hand_over(process);
        } else if age >= START {
            process.kill();
            let seconds = START.as_secs();
            let why = format!("was not ready after {seconds} s, and was ended");
            self.failed(Some(process.kept()), &why);
        } else {
            self.starting = Some(process);
        }
    }

    /// The new program replaces nothing. Where the old process had to end before
    /// it, its program starts again.
    fn failed(&mut self, kept: Option<&Rc<Kept>>, why: &str) {
        let again = self.good.clone().filter(|good| {
            let is_it = kept.is_some_and(|kept| Rc::ptr_eq(good, kept));
            self.settings.is_sequential && self.running.is_none() && !is_it
        });
        let next = match (&self.running, &again) {
            (Some(_), _) => "the last good build keeps serving",
            (None, Some(_)) => "the last good build starts again",
            (None, None) => "the next change is waited for",
        };
        self.took = None;
        self.context.shell.error(format_args!("the new build {why}; {next}"));
        if let Some(good) = again {
            self.start_kept(good);
        }
    }

    fn hand_over(&mut self, process: Process) {
        self.has_said |= process.has_said;
        let ready = process.ready.filter(|_| process.has_said);
        let says_nothing = !process.has_said;
        self.good = Some(Rc::clone(process.kept()));
        if let Some(patcher) = &mut self.patcher {
            patcher.serves(process.number, &process.kept().program, self.build.is_none());
        }
        // From here on the old one takes no more connections.
        if let Some(old) = self.running.replace(process) {
            self.retire(old);
        }
        let mut text = format!("on {}", self.sockets.urls());
        let saved = self.saved.take().and_then(|saved| saved.elapsed().ok());
        if let Some(saved) = saved {
            text.push_str(&format!(", {} ms after the save", saved.as_millis()));
        }
        let built = self.took.take().map(|took| format!("build {} ms", took.as_millis()));
        let started = ready.map(|ready| format!("start {} ms", ready.as_millis()));
        let parts: Vec<String> = built.into_iter().chain(started).collect();
        if !parts.is_empty() {
            text.push_str(&format!(" ({})", parts.join(", ")));
        }
        self.say("Serving", text);
        if says_nothing && self.told.insert("ready") {
            self.context.shell.note(
                "the app did not say that it is ready, so it is taken to be after a second; with \
                 READY=1 to NOTIFY_SOCKET it would be at once (docs/dev.md)",
            );
        }
        if self.live.is_some() {
            self.reload = Some(Instant::now() + PAGE);
        }
    }

    pub(super) fn tick_running(&mut self) -> Result<Option<ExitStatus>, Error> {
        let Some(running) = &mut self.running else { return Ok(None) };
        running.hear();
        self.has_said |= running.has_said;
        if let Some(status) = running.ended() {
            self.running = None;
            if let Some(patcher) = &mut self.patcher {
                patcher.has_ended();
            }
            let next = "it starts again with the next change";
            self.context.shell.error(format_args!("the app ended by itself: {status}; {next}"));
            if !status.success() {
                self.tell_how_to_listen(IN_USE);
            }
            return Ok(Some(status));
        }
        let is_untaken = !running.has_said && self.sockets.has_waiting();
        let since = is_untaken.then(|| *self.untaken.get_or_insert_with(Instant::now));
        self.untaken = since;
        if since.is_some_and(|since| since.elapsed() >= UNTAKEN) {
            self.tell_how_to_listen("somebody has connected, and the app does not take it");
        }
        Ok(None)
    }

    /// What an app needs that does not take the sockets; nothing when it says
    /// that it is ready, since it knows of them then.
    fn tell_how_to_listen(&mut self, why: &str) {
        if self.has_said || !self.told.insert("listen") {
            return;
        }
        let urls = self.sockets.urls();
        self.context.shell.note(format_args!(
            "{why}: `plugo dev` listens on {urls} itself, and passes the socket to the app, which \
             takes it in place of one of its own with\n    \
             let socket = listenfd::ListenFd::from_env().take_tcp_listener(0)?;\n\
             docs/dev.md has the whole. An app that cannot has an address of its own and \
             `--handover sequential`"
        ));
    }
}

fn cannot_be_started(error: &Error) -> String {
    format!("cannot be started: {error}")
}
