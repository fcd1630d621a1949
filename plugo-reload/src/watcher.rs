use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::filesystem::is_deaf;
use crate::gate::Gate;
use crate::notifications::{Notifications, folders};
use crate::snapshot::{Changes, Filter, Snapshot};
use crate::switch::is_enabled;

/// Tells when files change, until it is dropped or stopped.
///
/// What counts is what files hold: to read one, to touch one, or to save one as
/// it was is no change. `target`, the folders of version control, what Git
/// ignores and editors' temporary files are not looked at. A path may be a file
/// or a folder, may be reached through links, and may not exist yet. A burst of
/// changes is told of once, and what changes while it is told of, once more.
///
/// ```no_run
/// use plugo_reload::PluginWatcher;
///
/// let watcher = PluginWatcher::builder()
///     .path("plugins")
///     .path("plugins_config.json")
///     .start(|changes| println!("changed: {changes}"))?;
/// println!("{}", watcher.mode());
/// # Ok::<(), plugo_reload::WatchError>(())
/// ```
#[derive(Debug)]
pub struct PluginWatcher {
    mode: Mode,
    /// What became of it, where the system stopped telling.
    fallen_back: Arc<OnceLock<Mode>>,
    gate: Arc<Gate>,
    hints: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

/// How a [`PluginWatcher`] learns of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The system tells it.
    Notifications,
    /// It looks every so often.
    Polling {
        /// How often.
        every: Duration,
        /// Why the system does not tell it.
        reason: String,
    },
    /// It does not: `ENABLE_PLUGIN_HOT_RELOAD` says so.
    Off,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Notifications => f.write_str("watching"),
            Mode::Polling { every, reason } => {
                write!(f, "looking every {} ms, since {reason}", every.as_millis())
            }
            Mode::Off => f.write_str("not watching: ENABLE_PLUGIN_HOT_RELOAD says no"),
        }
    }
}

/// Why nothing can be watched.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchError {
    /// No path was given.
    NoPath,
    /// The current folder is gone, and a path is relative to it.
    NoCurrentFolder(std::io::Error),
    /// No thread could be started.
    NoThread(std::io::Error),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchError::NoPath => f.write_str("nothing is watched: no path was given"),
            WatchError::NoCurrentFolder(error) => {
                write!(f, "a path to watch is relative, and there is no current folder: {error}")
            }
            WatchError::NoThread(error) => {
                write!(f, "no thread to watch could be started: {error}")
            }
        }
    }
}

impl std::error::Error for WatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WatchError::NoPath => None,
            WatchError::NoCurrentFolder(error) | WatchError::NoThread(error) => Some(error),
        }
    }
}

/// Says what a [`PluginWatcher`] watches, and how.
#[must_use = "nothing is watched before `start`"]
pub struct WatchBuilder {
    paths: Vec<PathBuf>,
    debounce: Duration,
    poll: Option<Duration>,
    filter: Option<Filter>,
}

impl fmt::Debug for WatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchBuilder")
            .field("paths", &self.paths)
            .field("debounce", &self.debounce)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

impl WatchBuilder {
    /// Watches this too: a file, or a folder with all that is in it.
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.paths.push(path.into());
        self
    }

    /// How long it has to be quiet before changes are told of: 100 ms, unless
    /// this says otherwise. Where it never gets quiet, they are told of after
    /// ten times that. That a file is emptied is told of then, too: most that
    /// write a file anew empty it first.
    pub fn debounce(mut self, quiet: Duration) -> Self {
        self.debounce = quiet;
        self
    }

    /// Does not rely on notifications, and looks this often.
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = Some(every);
        self
    }

    /// Looks only at files in folders for which this is true. A file that is
    /// watched by its own path is always looked at.
    pub fn filter(mut self, filter: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(filter));
        self
    }

    /// Starts a thread that watches, and calls this with what changed. While it
    /// runs nothing else is told of; a panic in it ends neither the thread nor
    /// the program.
    ///
    /// Where the system gives no notifications (its limit of watches is
    /// reached, or a path is on a network drive), the files are looked at every
    /// second; [`PluginWatcher::mode`] says so.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoPath`] when no path was given;
    /// [`WatchError::NoCurrentFolder`] and [`WatchError::NoThread`] when the
    /// system refuses.
    pub fn start(
        self,
        tell: impl FnMut(&Changes) + Send + 'static,
    ) -> Result<PluginWatcher, WatchError> {
        self.start_since(None, tell)
    }

    /// Tells of what changed since a snapshot too.
    pub(crate) fn start_since(
        self,
        since: Option<Snapshot>,
        tell: impl FnMut(&Changes) + Send + 'static,
    ) -> Result<PluginWatcher, WatchError> {
        if self.paths.is_empty() {
            return Err(WatchError::NoPath);
        }
        let (hints, receiver) = sync_channel(64);
        let fallen_back = Arc::default();
        let gate = Arc::default();
        if !is_enabled() {
            announce(&Mode::Off);
            return Ok(PluginWatcher { mode: Mode::Off, fallen_back, gate, hints, thread: None });
        }
        let roots = absolute(&self.paths).map_err(WatchError::NoCurrentFolder)?;
        let before = since
            .unwrap_or_else(|| Snapshot::take(&roots, self.filter.as_ref(), &Snapshot::default()));
        let (source, mode) = self.source(&roots, &before, &hints);
        let debounce = self.debounce;
        let mut work = Work {
            roots,
            filter: self.filter,
            before,
            source,
            gate: Arc::clone(&gate),
            fallen_back: Arc::clone(&fallen_back),
        };
        let thread = std::thread::Builder::new()
            .name("plugo-watch".to_owned())
            .spawn(move || work.run(&receiver, debounce, tell))
            .map_err(WatchError::NoThread)?;
        announce(&mode);
        let watcher = PluginWatcher { mode, fallen_back, gate, hints, thread: Some(thread) };
        // What changed before the system began to tell.
        watcher.look();
        Ok(watcher)
    }

    /// Where hints come from.
    fn source(
        &self,
        roots: &[PathBuf],
        before: &Snapshot,
        hints: &SyncSender<()>,
    ) -> (Source, Mode) {
        let polling = |every: Duration, reason: String| {
            (Source::Polling(every), Mode::Polling { every, reason })
        };
        if let Some(every) = self.poll {
            return polling(every, "it was told to".to_owned());
        }
        if let Some(reason) = roots.iter().find_map(|root| is_deaf(root)) {
            return polling(POLL, reason);
        }
        let hints = hints.clone();
        // Where no more fit in, the thread looks anyway.
        let hint = move || {
            let _ = hints.try_send(());
        };
        match Notifications::new(hint).and_then(|mut source| {
            source.follow(&folders(roots, before))?;
            Ok(source)
        }) {
            Ok(source) => (Source::Notifications(source), Mode::Notifications),
            Err(error) => polling(POLL, format!("the system gives no notifications: {error}")),
        }
    }
}

/// Paths that stay the same when the current folder changes.
pub(crate) fn absolute(paths: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    paths.iter().map(std::path::absolute).collect()
}

/// Where it does not get quiet, changes are told of after so many times the time
/// that it should be quiet.
const MOST: u32 = 10;
/// How often files are looked at where the system tells nothing.
const POLL: Duration = Duration::from_secs(1);

#[cfg(feature = "tracing")]
fn announce(mode: &Mode) {
    match mode {
        Mode::Notifications => tracing::debug!("{mode}"),
        _ => tracing::warn!("{mode}"),
    }
}

#[cfg(not(feature = "tracing"))]
fn announce(_: &Mode) {}

impl PluginWatcher {
    /// Says what to watch.
    pub fn builder() -> WatchBuilder {
        WatchBuilder {
            paths: Vec::new(),
            debounce: Duration::from_millis(100),
            poll: None,
            filter: None,
        }
    }

    /// How it learns of changes.
    pub fn mode(&self) -> &Mode {
        self.fallen_back.get().unwrap_or(&self.mode)
    }

    /// Whether it watches.
    pub fn is_active(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Looks now, whether or not anything was noticed.
    pub fn look(&self) {
        let _ = self.hints.try_send(());
    }

    /// Stops it, and waits until what it tells of is done. To drop it does the
    /// same, without the wait. It may be called by what it calls, which it then
    /// does not wait for.
    pub fn stop(mut self) {
        self.end(true);
    }

    fn end(&mut self, is_patient: bool) {
        let is_inside = self.gate.close();
        self.look();
        if let Some(thread) = self.thread.take() {
            let is_own = thread.thread().id() == std::thread::current().id();
            if !is_own && (is_patient || !is_inside) {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for PluginWatcher {
    fn drop(&mut self) {
        self.end(false);
    }
}

enum Source {
    Notifications(Notifications),
    Polling(Duration),
}

/// The thread's work.
struct Work {
    roots: Vec<PathBuf>,
    filter: Option<Filter>,
    before: Snapshot,
    source: Source,
    gate: Arc<Gate>,
    fallen_back: Arc<OnceLock<Mode>>,
}

impl Work {
    fn run(&mut self, hints: &Receiver<()>, debounce: Duration, mut tell: impl FnMut(&Changes)) {
        while self.wait(hints, debounce) {
            let mut now = self.look();
            let begun = Instant::now();
            // Its content is on its way, unless it is to be empty.
            while now.has_emptied(&self.before) && begun.elapsed() < debounce * MOST {
                if !self.quiet(hints, debounce, hints.recv_timeout(debounce)) {
                    return;
                }
                now = self.look();
            }
            let changes = now.changes_since(&self.before);
            self.before = now;
            if !changes.is_empty() {
                self.gate.pass(|| tell(&changes));
            }
        }
    }

    /// What files hold now. Folders that were not there before are followed,
    /// and looked into again: what was written into them meanwhile was not told of.
    fn look(&mut self) -> Snapshot {
        let mut now = Snapshot::take(&self.roots, self.filter.as_ref(), &self.before);
        for _ in 0..8 {
            if !self.follow(&now) {
                break;
            }
            now = Snapshot::take(&self.roots, self.filter.as_ref(), &now);
        }
        now
    }

    /// Waits until something may have changed and it is quiet again. False
    /// when it is to stop.
    fn wait(&self, hints: &Receiver<()>, debounce: Duration) -> bool {
        let first = match self.source {
            Source::Notifications(_) => hints.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Source::Polling(every) => hints.recv_timeout(every),
        };
        self.quiet(hints, debounce, first)
    }

    /// After this hint, waits until there are no more. False when it is to stop.
    fn quiet(
        &self,
        hints: &Receiver<()>,
        debounce: Duration,
        first: Result<(), RecvTimeoutError>,
    ) -> bool {
        let begun = Instant::now();
        let mut next = first;
        loop {
            match next {
                _ if self.gate.is_closed() => return false,
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(()) if begun.elapsed() > debounce * MOST => return true,
                Ok(()) => next = hints.recv_timeout(debounce),
            }
        }
    }

    /// Follows the folders that there are now. Whether there are new ones.
    fn follow(&mut self, now: &Snapshot) -> bool {
        let Source::Notifications(source) = &mut self.source else { return false };
        match source.follow(&folders(&self.roots, now)) {
            Ok(is_new) => is_new,
            Err(error) => {
                let reason = format!("the system gives no more notifications: {error}");
                let mode = self.fallen_back.get_or_init(|| Mode::Polling { every: POLL, reason });
                announce(mode);
                self.source = Source::Polling(POLL);
                false
            }
        }
    }
}
