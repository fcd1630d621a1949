use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

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
        let began = force.begin();
        let first = async {
            watcher.changed(self).await?;
            self.snapshot().await
        };
        match first.await {
            Ok(snapshot) => drop(force.offer(began, Arc::new(snapshot))),
            Err(error) => {
                watcher.close().await;
                return Err(error);
            }
        }
        self.tell(force);
        let status = Arc::new(Mutex::new(FollowStatus::default()));
        let task =
            Task { store: self.clone(), force: Arc::clone(force), status: Arc::clone(&status) };
        let (ends, dropped) = oneshot::channel();
        tokio::spawn(task.run(watcher, dropped, closed));
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

struct Task {
    store: Store,
    force: Arc<Force>,
    status: Arc<Mutex<FollowStatus>>,
}

impl Task {
    /// Follows until nobody wants it any more, and closes its connection, which whoever
    /// closes the store waits for.
    async fn run(self, watcher: Watcher, dropped: oneshot::Receiver<()>, mut closed: UntilClosed) {
        let mut watcher = Some(watcher);
        tokio::select! {
            _ = dropped => {}
            () = closed.wait() => {}
            () = self.follow(&mut watcher) => {}
        }
        if let Some(watcher) = watcher {
            watcher.close().await;
        }
    }

    async fn follow(&self, watcher: &mut Option<Watcher>) {
        loop {
            let failed = match watcher {
                Some(watcher) => self.watch(watcher).await,
                None => match self.connect(watcher).await {
                    Ok(()) => {
                        self.is_back();
                        continue;
                    }
                    Err(error) => error,
                },
            };
            if let Some(lost) = watcher.take() {
                lost.close().await;
            }
            self.is_away(&failed);
            tokio::time::sleep(self.store.options().poll).await;
        }
    }

    /// A new connection, with what the database says now.
    async fn connect(&self, watcher: &mut Option<Watcher>) -> Result<(), Error> {
        let watcher = watcher.insert(Watcher::connect(&self.store).await?);
        watcher.changed(&self.store).await?;
        let began = self.force.reconnected();
        self.force.offer(began, Arc::new(self.store.snapshot().await?));
        Ok(())
    }

    /// Follows until something is wrong.
    async fn watch(&self, watcher: &mut Watcher) -> Error {
        loop {
            if let Err(error) = watcher.wait(&self.store).await {
                return error;
            }
            match watcher.changed(&self.store).await {
                Ok(true) => {
                    let began = self.force.begin();
                    // What this process changed is there already.
                    match self.store.revision().await {
                        Ok(revision) if self.force.is_at(began, revision) => continue,
                        Ok(_) => {}
                        Err(error) => return error,
                    }
                    match self.store.snapshot().await {
                        Ok(snapshot) => drop(self.force.offer(began, Arc::new(snapshot))),
                        Err(error) => return error,
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
