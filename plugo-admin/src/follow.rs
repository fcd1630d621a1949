use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::force::{Followed, Force};
use crate::registry::Registry;
use crate::snapshot::Snapshot;
use crate::store::Store;

/// Waits until the database may have changed.
mod watcher;

use self::watcher::Watcher;

/// Keeps the lookups of this process at what the database says, until it is
/// dropped. What holds then goes on to hold.
pub struct Following {
    followed: Arc<Followed>,
    status: Arc<Mutex<FollowStatus>>,
    task: JoinHandle<()>,
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
        // It listens before it reads, so that nothing falls between the two.
        let mut watcher = Watcher::connect(self).await?;
        watcher.changed(self).await?;
        self.bring(force).await?;
        self.tell(force);
        let status = Arc::new(Mutex::new(FollowStatus::default()));
        let task =
            Task { store: self.clone(), force: Arc::clone(force), status: Arc::clone(&status) };
        let task = tokio::spawn(task.run(watcher));
        Ok(Following { followed, status, task })
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

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Following({:?})", self.status())
    }
}

/// So long at most until a database that is away is asked again.
const AGAIN: Duration = Duration::from_millis(500);

struct Task {
    store: Store,
    force: Arc<Force>,
    status: Arc<Mutex<FollowStatus>>,
}

impl Task {
    async fn run(self, watcher: Watcher) {
        let mut watcher = Some(watcher);
        loop {
            let failed = match &mut watcher {
                Some(watcher) => self.watch(watcher).await,
                None => match self.connect().await {
                    Ok(new) => {
                        watcher = Some(new);
                        self.is_back();
                        continue;
                    }
                    Err(error) => error,
                },
            };
            watcher = None;
            self.is_away(&failed);
            tokio::time::sleep(self.store.options().poll.min(AGAIN)).await;
        }
    }

    /// A new connection, with what the database says now.
    async fn connect(&self) -> Result<Watcher, Error> {
        let mut watcher = Watcher::connect(&self.store).await?;
        watcher.changed(&self.store).await?;
        self.force.reconnected();
        self.store.bring(&self.force).await?;
        Ok(watcher)
    }

    /// Follows until something is wrong.
    async fn watch(&self, watcher: &mut Watcher) -> Error {
        loop {
            if let Err(error) = watcher.wait(&self.store).await {
                return error;
            }
            match watcher.changed(&self.store).await {
                Ok(true) => {
                    if let Err(error) = self.store.bring(&self.force).await {
                        return error;
                    }
                }
                Ok(false) => {}
                Err(error) => return error,
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
