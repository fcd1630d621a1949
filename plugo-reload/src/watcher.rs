use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::filesystem::is_deaf;
use crate::snapshot::{Changes, Filter, Snapshot, identity};
use crate::switch::is_enabled;

/// Tells when files change, until it is dropped.
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
    hints: Sender<Hint>,
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
    /// ten times that.
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
        self.filter = Some(std::sync::Arc::new(filter));
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
        if self.paths.is_empty() {
            return Err(WatchError::NoPath);
        }
        let (hints, receiver) = channel();
        if !is_enabled() {
            return Ok(PluginWatcher { mode: Mode::Off, hints, thread: None });
        }
        let absolute = self.paths.iter().map(std::path::absolute).collect::<Result<Vec<_>, _>>();
        let roots = absolute.map_err(WatchError::NoCurrentFolder)?;
        let before = Snapshot::take(&roots, self.filter.as_ref(), &Snapshot::default());
        let (source, mode) = self.source(&roots, &before, &hints);
        let debounce = self.debounce;
        let mut work = Work { roots, filter: self.filter, before, source };
        let thread = std::thread::Builder::new()
            .name("plugo-watch".to_owned())
            .spawn(move || work.run(&receiver, debounce, tell))
            .map_err(WatchError::NoThread)?;
        announce(&mode);
        Ok(PluginWatcher { mode, hints, thread: Some(thread) })
    }

    /// Where hints come from.
    fn source(&self, roots: &[PathBuf], before: &Snapshot, hints: &Sender<Hint>) -> (Source, Mode) {
        let polling = |every: Duration, reason: String| {
            (Source::Polling(every), Mode::Polling { every, reason })
        };
        if let Some(every) = self.poll {
            return polling(every, "it was told to".to_owned());
        }
        if let Some(reason) = roots.iter().find_map(|root| is_deaf(root)) {
            return polling(POLL, reason);
        }
        match Notifications::new(hints.clone()).and_then(|mut source| {
            source.follow(&folders(roots, before))?;
            Ok(source)
        }) {
            Ok(source) => (Source::Notifications(source), Mode::Notifications),
            Err(error) => polling(POLL, format!("the system gives no notifications: {error}")),
        }
    }
}

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
        &self.mode
    }

    /// Whether it watches.
    pub fn is_active(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Looks now, whether or not anything was noticed.
    pub fn look(&self) {
        let _ = self.hints.send(Hint::Look);
    }

    /// Stops it, and waits until what it tells of is done.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for PluginWatcher {
    fn drop(&mut self) {
        let _ = self.hints.send(Hint::Stop);
        if let Some(thread) = self.thread.take() {
            // It may be what drops this.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// Something may have changed.
enum Hint {
    Look,
    Stop,
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
}

impl Work {
    fn run(&mut self, hints: &Receiver<Hint>, debounce: Duration, mut tell: impl FnMut(&Changes)) {
        while self.wait(hints, debounce) {
            let now = self.look();
            let changes = now.changes_since(&self.before);
            self.before = now;
            if !changes.is_empty() {
                // A callback that panics is the caller's to mend; the next change is told of.
                let call = std::panic::AssertUnwindSafe(|| tell(&changes));
                let _ = std::panic::catch_unwind(call);
            }
        }
    }

    /// What files hold now. Folders that were not there before are followed,
    /// and looked into again: what was written into them meanwhile was not told of.
    fn look(&mut self) -> Snapshot {
        let mut now = Snapshot::take(&self.roots, self.filter.as_ref(), &self.before);
        for _ in 0..8 {
            self.follow(&now);
            let again = Snapshot::take(&self.roots, self.filter.as_ref(), &now);
            let is_settled = again.folders == now.folders;
            now = again;
            if is_settled {
                break;
            }
        }
        now
    }

    /// Waits until something may have changed and it is quiet again. False
    /// when it is to stop.
    fn wait(&self, hints: &Receiver<Hint>, debounce: Duration) -> bool {
        let first = match self.source {
            Source::Notifications(_) => hints.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Source::Polling(every) => hints.recv_timeout(every),
        };
        match first {
            Ok(Hint::Look) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Hint::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
        let begun = Instant::now();
        loop {
            match hints.recv_timeout(debounce) {
                Ok(Hint::Look) if begun.elapsed() < debounce * 10 => {}
                Ok(Hint::Look) | Err(RecvTimeoutError::Timeout) => return true,
                Ok(Hint::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Follows the folders that there are now.
    fn follow(&mut self, now: &Snapshot) {
        let Source::Notifications(source) = &mut self.source else { return };
        if let Err(error) = source.follow(&folders(&self.roots, now)) {
            let reason = format!("the system gives no more notifications: {error}");
            announce(&Mode::Polling { every: POLL, reason });
            self.source = Source::Polling(POLL);
        }
    }
}

/// The folders whose changes matter: those that are looked into, the ones
/// around each path, and those that links lead to. A path that does not exist
/// may begin to in the nearest folder that does.
fn folders(roots: &[PathBuf], snapshot: &Snapshot) -> BTreeSet<PathBuf> {
    let mut folders: BTreeSet<PathBuf> = snapshot.folders.iter().cloned().collect();
    for root in roots {
        let mut path = root.clone();
        // Each link on the way: `config.json -> ..data/config.json`, `..data -> ..2026`.
        for _ in 0..40 {
            folders.extend(nearest_folder(&path));
            let link = path.ancestors().find_map(|part| {
                let target = std::fs::read_link(part).ok()?;
                let rest = path.strip_prefix(part).ok()?.to_owned();
                folders.extend(nearest_folder(part));
                let target = part.parent().unwrap_or(part).join(target);
                Some(if rest.as_os_str().is_empty() { target } else { target.join(rest) })
            });
            match link {
                Some(target) => path = target,
                None => break,
            }
        }
    }
    folders
}

/// The folder that a path is in, or the nearest one above it that exists.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|dir| dir.is_dir()).map(Path::to_owned)
}

/// What the system tells of.
struct Notifications {
    watcher: RecommendedWatcher,
    /// The folders, each with what tells it from another one of its name.
    followed: BTreeMap<PathBuf, u64>,
}

impl Notifications {
    fn new(hints: Sender<Hint>) -> notify::Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // That a file is read is told of too: by this thread, again and again.
            let is_read = |event: &notify::Event| matches!(event.kind, EventKind::Access(_));
            if !event.as_ref().is_ok_and(is_read) {
                let _ = hints.send(Hint::Look);
            }
        })?;
        Ok(Notifications { watcher, followed: BTreeMap::new() })
    }

    /// Follows these folders, and no others.
    fn follow(&mut self, folders: &BTreeSet<PathBuf>) -> notify::Result<()> {
        let there: BTreeMap<PathBuf, u64> = folders
            .iter()
            .filter_map(|dir| Some((dir.clone(), identity(&std::fs::metadata(dir).ok()?))))
            .collect();
        for (dir, identity) in std::mem::take(&mut self.followed) {
            if there.get(&dir) == Some(&identity) {
                self.followed.insert(dir, identity);
            } else {
                // It is gone, or another one of its name is there.
                let _ = self.watcher.unwatch(&dir);
            }
        }
        for (dir, identity) in there {
            if self.followed.contains_key(&dir) {
                continue;
            }
            match self.watcher.watch(&dir, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.followed.insert(dir, identity)),
                Err(_) if !dir.exists() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
