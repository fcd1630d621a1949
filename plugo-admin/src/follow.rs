use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use crate::error::Error;
use crate::force::{Followed, Force};
use crate::registry::Registry;
use crate::snapshot::Snapshot;
use crate::store::{Store, UntilClosed};

/// Waits until the database may have changed.
mod watcher;

use self::watcher::Watcher;

/// Keeps the lookups of this process at what the database says, until it is
/// dropped or the store is closed. What holds then goes on to hold.
pub struct Following {
    followed: Arc<Followed>,
    status: Arc<Mutex<FollowStatus>>,
    /// With it, the task ends.
    _ends: oneshot::Sender<()>,
}

/// How a [`Following`] is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FollowStatus {
    /// The revision that lookups go by.
    pub revision: i64,
    /// Since when the database does not answer; `None` while it does. Lookups go by
    /// what was known before.
    pub away_since: Option<Instant>,
    /// What went wrong last, if it still does.
    pub last_error: Option<String>,
    /// Instances whose settings cannot be used, with the reason, as far as that shows
    /// before they are made: a key that is missing, for example.
    pub unusable: Vec<String>,
}

impl Store {
    /// Brings what operators say to the lookups of this process, and keeps it up.
    ///
    /// The first snapshot holds before this returns. A task then waits for changes:
    /// by the page, by the API, by hand in the database, by other machines. While the
    /// database does not answer, lookups go by what was known before, and
    /// [`Following::status`] says so.
    ///
    /// A registry by hand leaves the lookups of the program alone; its snapshot is
    /// asked from the `Following`.
    ///
    /// # Errors
    ///
    /// Those of the database; [`Error::Followed`] where the program follows another
    /// one.
    pub async fn follow(&self, registry: &Registry) -> Result<Following, Error> {
        let identity = self.identity().await?;
        let followed = Force::of(&identity, self.shown(), registry)?;
        let force = &followed.0;
        let closed = self.until_closed("look for changes")?;
        // It listens before it reads, so that nothing falls between the two.
        let mut watcher = Watcher::connect(self).await?;
        let first = async {
            watcher.changed(self).await?;
            self.bring(force).await
        };
        if let Err(error) = first.await {
            watcher.close().await;
            return Err(error);
        }
        self.tell(force);
        let status = Arc::new(Mutex::new(FollowStatus::default()));
        let task =
            Task { store: self.clone(), force: Arc::clone(force), status: Arc::clone(&status) };
        let (ends, dropped) = oneshot::channel();
        tokio::spawn(task.run(watcher, Ends { dropped, closed, is_over: false }));
        Ok(Following { followed, status, _ends: ends })
    }
}

impl Following {
    /// How it is.
    pub fn status(&self) -> FollowStatus {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(held) = self.followed.0.held() {
            status.revision = held.revision;
            status.unusable = held.unusable().to_vec();
        }
        status
    }

    /// What holds.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.followed.0.held()
    }

    /// The registry that it follows for.
    pub fn registry(&self) -> &Registry {
        &self.followed.0.registry
    }

    /// The revision that holds, each time that it changes.
    pub fn changes(&self) -> watch::Receiver<i64> {
        self.followed.0.watch()
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Following({:?})", self.status())
    }
}

/// So long at most until a database that is away is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// When a task ends: between two things that it does, since who gives up a connection
/// that is being made does not know when it is closed.
struct Ends {
    /// Nobody has the `Following` any more.
    dropped: oneshot::Receiver<()>,
    closed: UntilClosed,
    is_over: bool,
}

impl Ends {
    /// Waits for something that may be given up; `None` when it is the end.
    async fn or<T>(&mut self, waiting: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            _ = &mut self.dropped => {}
            () = self.closed.wait() => {}
            done = waiting => return Some(done),
        }
        self.is_over = true;
        None
    }

    fn is_over(&self) -> bool {
        self.is_over || self.closed.is_so()
    }
}

struct Task {
    store: Store,
    force: Arc<Force>,
    status: Arc<Mutex<FollowStatus>>,
}

impl Task {
    /// Follows until nobody wants it any more, and closes its connection, which whoever
    /// closes the store waits for.
    async fn run(self, watcher: Watcher, mut ends: Ends) {
        let mut watcher = Some(watcher);
        loop {
            let failed = match &mut watcher {
                Some(watcher) => self.watch(watcher, &mut ends).await,
                None => self.connect(&mut watcher).await.map_or_else(Some, |()| {
                    self.is_back();
                    None
                }),
            };
            match failed {
                _ if ends.is_over() => break,
                // It is connected again.
                None => continue,
                Some(error) => self.is_away(&error),
            }
            if let Some(lost) = watcher.take() {
                lost.close().await;
            }
            if ends.or(tokio::time::sleep(self.store.options().poll.min(AGAIN))).await.is_none() {
                break;
            }
        }
        if let Some(watcher) = watcher {
            watcher.close().await;
        }
    }

    /// A new connection, with what the database says now.
    async fn connect(&self, watcher: &mut Option<Watcher>) -> Result<(), Error> {
        let watcher = watcher.insert(Watcher::connect(&self.store).await?);
        watcher.changed(&self.store).await?;
        self.force.reconnected();
        self.store.bring(&self.force).await
    }

    /// Follows until something is wrong, or until it ends.
    async fn watch(&self, watcher: &mut Watcher, ends: &mut Ends) -> Option<Error> {
        loop {
            match ends.or(watcher.wait(&self.store)).await {
                Some(Ok(())) => {}
                Some(Err(error)) => return Some(error),
                None => return None,
            }
            match watcher.changed(&self.store).await {
                Ok(true) => {
                    if let Err(error) = self.store.bring(&self.force).await {
                        return Some(error);
                    }
                }
                Ok(false) => {}
                Err(error) => return Some(error),
            }
        }
    }

    fn is_away(&self, error: &Error) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.away_since.is_none() {
            tracing::warn!(database = self.store.shown(), %error, "lookups go by what was known before");
            status.away_since = Some(Instant::now());
        }
        status.last_error = Some(error.to_string());
    }

    fn is_back(&self) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.away_since.take().is_some() {
            let revision = self.force.revision();
            tracing::info!(database = self.store.shown(), revision, "the database answers again");
        }
        status.last_error = None;
    }
}
