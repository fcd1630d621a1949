use sqlx::{AnyConnection, Connection, Row};
use tokio::time::{sleep, timeout};

use crate::error::Error;
#[cfg(feature = "postgres")]
use crate::snapshot::{Moment, Origin};
use crate::store::{FileId, Store, connect_alone, late};

const DOING: &str = "look for changes";

/// A connection of its own that learns whether the database changed.
pub(super) enum Watcher {
    /// Whether another connection has committed is a number that SQLite keeps for
    /// each connection; reading it costs microseconds, so it is read often.
    Sqlite { connection: AnyConnection, seen: Option<i64>, file: Option<FileId> },
    /// A notification is a hint to look, and what is not heard is seen at the next
    /// look.
    #[cfg(feature = "postgres")]
    Postgres { listener: Box<sqlx::postgres::PgListener>, seen: Option<Moment> },
}

impl Watcher {
    pub(super) async fn connect(store: &Store) -> Result<Self, Error> {
        let connect = async {
            #[cfg(feature = "postgres")]
            if let crate::url::Database::Postgres { url } = store.database() {
                // A listener has a pool of its own, which pauses longer and longer while it is
                // refused: so it is asked for once the server takes connections.
                connect_alone(store).await?.close().await?;
                let mut listener = Box::new(sqlx::postgres::PgListener::connect(url).await?);
                // It says when it loses its connection, rather than mend it silently.
                listener.eager_reconnect(false);
                listener.listen("plugo").await?;
                return Ok(Watcher::Postgres { listener, seen: None });
            }
            let file = store.database().file().and_then(FileId::of);
            let connection = connect_alone(store).await?;
            Ok(Watcher::Sqlite { connection, seen: None, file })
        };
        let connected = timeout(store.options().wait_time(), connect).await;
        connected.unwrap_or_else(|_| Err(late())).map_err(|e| store.error(DOING, e))
    }

    /// Closes the connection. A SQLite file that nobody else has open is whole then.
    pub(super) async fn close(self) {
        match self {
            // What cannot be closed in order is closed all the same.
            Watcher::Sqlite { connection, .. } => drop(connection.close().await),
            #[cfg(feature = "postgres")]
            Watcher::Postgres { .. } => {}
        }
    }

    /// Returns when it is time to look.
    pub(super) async fn wait(&mut self, store: &Store) -> Result<(), Error> {
        let poll = store.options().poll;
        match self {
            Watcher::Sqlite { .. } => sleep(poll.min(SQLITE)).await,
            #[cfg(feature = "postgres")]
            Watcher::Postgres { listener, .. } => match timeout(poll, listener.try_recv()).await {
                Err(_) | Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => {
                    let lost = std::io::Error::other("the connection was lost");
                    return Err(store.error(DOING, sqlx::Error::Io(lost)));
                }
                Ok(Err(error)) => return Err(store.error(DOING, error)),
            },
        }
        Ok(())
    }

    /// Whether something was committed since the last time that this was asked; at
    /// first, yes.
    pub(super) async fn changed(&mut self, store: &Store) -> Result<bool, Error> {
        let wait = store.options().wait_time();
        let away = |why: &str| Error::Away {
            database: store.shown().to_owned(),
            doing: DOING,
            why: why.to_owned(),
        };
        if let (Watcher::Sqlite { file: Some(opened), .. }, Some(path)) =
            (&*self, store.database().file())
        {
            match FileId::of(path) {
                Some(found) if found == *opened => {}
                Some(_) => return Err(away("the file was replaced by another one")),
                None => return Err(away("the file was removed")),
            }
        }
        let look = async {
            match self {
                Watcher::Sqlite { connection, seen, .. } => {
                    let row = sqlx::query("PRAGMA data_version").fetch_one(connection).await?;
                    let now = row.try_get(0)?;
                    Ok(seen.replace(now) != Some(now))
                }
                #[cfg(feature = "postgres")]
                Watcher::Postgres { listener, seen } => {
                    let moment = store.database().moment();
                    let row = sqlx::query(moment).fetch_one(&mut **listener).await?;
                    let (database, mark) = (row.try_get("database")?, row.try_get("mark")?);
                    let origin = Origin { database, mark };
                    let now = Moment { origin, revision: row.try_get("revision")? };
                    let is_new = seen.as_ref() != Some(&now);
                    *seen = Some(now);
                    Ok(is_new)
                }
            }
        };
        let looked = timeout(wait, look).await.unwrap_or_else(|_| Err(late()));
        looked.map_err(|e| store.error(DOING, e))
    }
}

/// How often SQLite is looked at, at least.
const SQLITE: std::time::Duration = std::time::Duration::from_millis(100);
