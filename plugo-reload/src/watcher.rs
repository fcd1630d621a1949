use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::filesystem::is_deaf;
use crate::gate::Gate;
use crate::mode::{Mode, WatchError};
use crate::notifications::{Notifications, folders};
use crate::nudge::Nudge;
use crate::seen::Seen;
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
    /// What it told of last.
    seen: Arc<Mutex<Seen>>,
    hints: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

/// Says what a [`PluginWatcher`] watches, and how.
#[must_use = "nothing is watched before `start`"]
pub struct WatchBuilder {
    paths: Vec<PathBuf>,
    debounce: Duration,
    poll: Option<Duration>,
    filter: Option<Filter>,
    earlier: Option<PluginWatcher>,
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

    /// Does not rely on notifications, and looks this often, at most a hundred
    /// times a second.
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = Some(every.max(Duration::from_millis(10)));
        self
    }

    /// Takes the place of another watcher, which ends when this one is started.
    /// What changed and that one has not told of yet is told of by this one, as far as
    /// it is among what both look at.
    pub fn after(mut self, earlier: PluginWatcher) -> Self {
        self.earlier = Some(earlier);
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
        self.start_with(None, Arc::default(), tell)
    }

    /// Tells of what changed since a snapshot too, and when it is nudged.
    pub(crate) fn start_with(
        mut self,
        since: Option<Snapshot>,
        nudge: Arc<Nudge>,
        tell: impl FnMut(&Changes) + Send + 'static,
    ) -> Result<PluginWatcher, WatchError> {
        if self.paths.is_empty() {
            return Err(WatchError::NoPath);
        }
        let (hints, receiver) = sync_channel(64);
        nudge.wakes(hints.clone());
        let fallen_back = Arc::default();
        let gate = Arc::default();
        if !is_enabled() {
            announce(&Mode::Off);
            let (mode, seen) = (Mode::Off, Arc::default());
            return Ok(PluginWatcher { mode, fallen_back, gate, seen, hints, thread: None });
        }
        let roots = absolute(&self.paths).map_err(WatchError::NoCurrentFolder)?;
        let filter = self.filter.take();
        let before =
            since.unwrap_or_else(|| Snapshot::take(&roots, filter.as_ref(), &Snapshot::default()));
        let before = match self.earlier.take() {
            Some(earlier) => earlier.replaced().before(before, &roots, filter.as_ref()),
            None => before,
        };
        let (source, mode) = self.source(&roots, &before, &hints);
        let debounce = self.debounce;
        let seen = Seen { roots, filter, snapshot: Arc::new(before) };
        let seen = Arc::new(Mutex::new(seen));
        let mut work = Work {
            seen: Arc::clone(&seen),
            nudge,
            source,
            gate: Arc::clone(&gate),
            fallen_back: Arc::clone(&fallen_back),
        };
        let thread = std::thread::Builder::new()
            .name("plugo-watch".to_owned())
            .spawn(move || work.run(&receiver, debounce, tell))
            .map_err(WatchError::NoThread)?;
        announce(&mode);
        let watcher = PluginWatcher { mode, fallen_back, gate, seen, hints, thread: Some(thread) };
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
            earlier: None,
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

    /// Ends it, and gives what it told of last.
    fn replaced(self) -> Seen {
        // Nothing is told of from here on.
        self.gate.close();
        seen(&self.seen).clone()
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

fn seen(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread's work.
struct Work {
    seen: Arc<Mutex<Seen>>,
    nudge: Arc<Nudge>,
    source: Source,
    gate: Arc<Gate>,
    fallen_back: Arc<OnceLock<Mode>>,
}

impl Work {
    fn run(&mut self, hints: &Receiver<()>, debounce: Duration, mut tell: impl FnMut(&Changes)) {
        while self.wait(hints, debounce) {
            let before = seen(&self.seen).clone();
            let mut now = self.look(&before);
            let begun = Instant::now();
            let most = debounce.saturating_mul(MOST);
            // Its content is on its way, unless it is to be empty.
            while now.has_emptied(&before.snapshot) && begun.elapsed() < most {
                if !self.quiet(hints, debounce, hints.recv_timeout(debounce)) {
                    return;
                }
                now = self.look(&before);
            }
            let changes = now.changes_since(&before.snapshot);
            let is_written =
                self.nudge.does_any_write_count() && now.is_written_since(&before.snapshot);
            let is_told = self.nudge.is_due() || is_written || !changes.is_empty();
            let now = Arc::new(now);
            // What is told of, and only that, has been seen.
            let is_seen = || seen(&self.seen).snapshot = now;
            if is_told {
                self.gate.pass(is_seen, || tell(&changes));
            } else {
                is_seen();
            }
        }
    }

    /// What files hold now. Folders that were not there before are followed,
    /// and looked into again: what was written into them meanwhile was not told of.
    fn look(&mut self, before: &Seen) -> Snapshot {
        let Seen { roots, filter, snapshot } = before;
        let mut now = Snapshot::take(roots, filter.as_ref(), snapshot);
        for _ in 0..8 {
            if !self.follow(roots, &now) {
                break;
            }
            now = Snapshot::take(roots, filter.as_ref(), &now);
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
                Ok(()) if begun.elapsed() > debounce.saturating_mul(MOST) => return true,
                Ok(()) => next = hints.recv_timeout(debounce),
            }
        }
    }

    /// Follows the folders that there are now. Whether there are new ones.
    fn follow(&mut self, roots: &[PathBuf], now: &Snapshot) -> bool {
        let Source::Notifications(source) = &mut self.source else { return false };
        match source.follow(&folders(roots, now)) {
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
