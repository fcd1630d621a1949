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

/// What the program of an app has in it that takes sockets.
const TAKES: &[u8] = b"LISTEN_FDS";

impl Session<'_> {
    /// Starts what was built: beside the old process, or when that has ended.
    pub(super) fn start(&mut self, program: &Path) {
        let kept = match self.folder.keep(program) {
            Ok(kept) => Rc::new(kept),
            Err(error) => return self.failed(None, &cannot_be_started(&error)),
        };
        if self.settings.is_sequential
            && let Some(running) = self.running.take()
        {
            self.retire(running);
        }
        self.start_in_turn(kept);
    }

    fn start_in_turn(&mut self, kept: Rc<Kept>) {
        if self.settings.is_sequential && !self.ending.is_empty() {
            self.next = Some(kept);
            self.say("Waiting", "for the old process to end");
        } else {
            self.start_kept(kept);
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
            && let Some(kept) = self.next.take()
        {
            self.start_kept(kept);
        }
        if let (Some(until), Some(live)) = (self.reload, &self.live)
            && (self.ending.is_empty() || Instant::now() >= until)
        {
            live.tell(self.builds);
            self.reload = None;
        }
    }

    /// How the process ended that starts, if it did.
    pub(super) fn tick_starting(&mut self) -> Option<ExitStatus> {
        let mut process = self.starting.take()?;
        process.hear();
        let age = process.started.elapsed();
        if let Some(status) = process.ended() {
            match self.is_watching {
                true => {
                    let why = format!("ended before it was ready: {status}");
                    self.failed(Some(process.kept()), &why);
                }
                false => self.has_ended(&process, status),
            }
            self.tell_if_it_cannot_listen(&process, status);
            return Some(status);
        }
        if process.has_said || (!self.has_said && age >= TAKEN) {
            self.hand_over(process);
        } else if age >= START {
            process.kill();
            let seconds = START.as_secs();
            let why = format!(
                "did not send READY=1 to NOTIFY_SOCKET within {seconds} s, as an earlier one did, \
                 and was ended"
            );
            self.failed(Some(process.kept()), &why);
        } else {
            self.starting = Some(process);
        }
        None
    }

    /// The new program replaces nothing. Where the old process had to end before
    /// it, its program starts again.
    fn failed(&mut self, kept: Option<&Rc<Kept>>, why: &str) {
        let again = self.good.clone().filter(|good| {
            let is_it = kept.is_some_and(|kept| Rc::ptr_eq(good, kept));
            self.settings.is_sequential && self.running.is_none() && self.next.is_none() && !is_it
        });
        let next = match (&self.running, &again) {
            (Some(_), _) => "the last good build keeps serving",
            (None, Some(_)) => "the last good build starts again",
            (None, None) if self.next.is_some() => "the one before it starts",
            (None, None) if self.is_watching => "the next change is waited for",
            (None, None) => "nothing is watched",
        };
        (self.took, self.saved) = (None, None);
        self.context.shell.error(format_args!("the new build {why}; {next}"));
        if let Some(good) = again {
            self.start_in_turn(good);
        }
    }

    fn hand_over(&mut self, process: Process) {
        self.has_said |= process.has_said;
        let (ready, says_nothing) = (process.ready, !process.has_said);
        // Where nothing served before, nothing has to be taken over.
        let is_first = self.running.is_none();
        self.good = Some(Rc::clone(process.kept()));
        if let Some(patcher) = &mut self.patcher {
            patcher.serves(process.number, &process.kept().program, self.build.is_none());
        }
        // The old one is asked to take no more connections; until it has ended it may take one yet.
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
        if says_nothing && is_first {
            self.say("Started", format!("{text}; it has not said that it is ready"));
        } else {
            self.say("Serving", text);
        }
        if says_nothing && !is_first && self.told.insert("ready") {
            self.context.shell.note(
                "the app did not say that it is ready, so it is taken to be after a second; if it \
                 sends READY=1 to the Unix socket that NOTIFY_SOCKET names, it is at once",
            );
        }
        self.reload_pages();
    }

    fn reload_pages(&mut self) {
        if self.live.is_some() {
            self.reload = Some(Instant::now() + PAGE);
        }
    }

    /// How the process ended that serves, if it did.
    pub(super) fn tick_running(&mut self) -> Option<ExitStatus> {
        let mut running = self.running.take()?;
        let was_ready = running.has_said;
        running.hear();
        if let Some(status) = running.ended() {
            if let Some(patcher) = &mut self.patcher {
                patcher.has_ended();
            }
            self.has_ended(&running, status);
            self.tell_if_it_cannot_listen(&running, status);
            return Some(status);
        }
        let is_untaken = !running.has_said && self.sockets.has_waiting();
        if let Some(ready) = running.ready.filter(|_| !was_ready) {
            // It was taken to be before.
            self.has_said = true;
            let (urls, ready) = (self.sockets.urls(), ready.as_millis());
            self.say("Serving", format!("on {urls} (start {ready} ms)"));
            self.reload_pages();
        }
        self.running = Some(running);
        let since = is_untaken.then(|| *self.untaken.get_or_insert_with(Instant::now));
        self.untaken = since;
        if since.is_some_and(|since| since.elapsed() >= UNTAKEN) {
            self.tell_how_to_listen(
                "somebody has connected, and the app has not taken it; if it is not still starting",
            );
        }
        None
    }

    /// Says that a process ended which nobody asked to.
    fn has_ended(&self, process: &Process, status: ExitStatus) {
        let again = match self.is_watching {
            true => "; it starts again with the next change",
            // That is how programs end that have done their work.
            false if status.success() => return,
            false => "",
        };
        let early = match self.has_said && !process.has_said {
            true => " before it was ready",
            false => "",
        };
        self.context.shell.error(format_args!("the app ended by itself{early}: {status}{again}"));
    }

    /// An app that opens an address itself may find it in use.
    fn tell_if_it_cannot_listen(&mut self, process: &Process, status: ExitStatus) {
        if !status.success() && !self.has_said && !process.kept().has(TAKES) {
            self.tell_how_to_listen(
                "the app knows nothing of LISTEN_FDS, so it seems to open an address itself",
            );
        }
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
             An app that cannot has an address of its own, and `--handover sequential`"
        ));
    }
}

fn cannot_be_started(error: &Error) -> String {
    format!("cannot be started: {error}")
}
