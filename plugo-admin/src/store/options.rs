use std::time::Duration;

use crate::secrets::KeyRing;

/// How a database is opened.
///
/// ```no_run
/// use std::time::Duration;
/// use plugo_admin::StoreOptions;
/// # async fn open() -> Result<(), plugo_admin::Error> {
/// let options = StoreOptions::new().max_connections(4).wait(Duration::from_secs(2));
/// let store = options.open("sqlite:///var/lib/app/plugo.sqlite3").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub(super) max_connections: u32,
    pub(super) keys: KeyRing,
    pub(super) migrate: bool,
    pub(super) wait: Duration,
    pub(crate) poll: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions::new()
    }
}

impl StoreOptions {
    /// Eight connections, no key, migrations, five seconds of waiting, and a look
    /// at the revision twice a second.
    pub fn new() -> Self {
        StoreOptions {
            max_connections: 8,
            keys: KeyRing::none(),
            migrate: true,
            wait: Duration::from_secs(5),
            poll: Duration::from_millis(500),
        }
    }

    /// So many connections at most, beside the one that each
    /// [`Following`](crate::Following) has.
    #[must_use]
    pub fn max_connections(mut self, number: u32) -> Self {
        self.max_connections = number.max(1);
        self
    }

    /// The keys for the secret fields of settings.
    #[must_use]
    pub fn keys(mut self, keys: KeyRing) -> Self {
        self.keys = keys;
        self
    }

    /// Whether there are keys for the secret fields.
    #[cfg(feature = "command")]
    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Refuses a database without tables, or with old ones, instead of migrating
    /// it.
    #[must_use]
    pub fn no_migrate(mut self) -> Self {
        self.migrate = false;
        self
    }

    /// How long to wait for a connection, and for a lock that another process
    /// holds.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    pub(crate) fn wait_time(&self) -> Duration {
        self.wait
    }

    /// How often a [`Following`](crate::Following) looks whether the revision has
    /// changed. PostgreSQL tells of changes at once, and this catches what was
    /// not heard.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll.max(Duration::from_millis(10));
        self
    }
}
