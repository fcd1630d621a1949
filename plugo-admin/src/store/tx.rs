use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Executor};
use tokio::sync::OwnedSemaphorePermit;

/// A transaction. Unless it is committed, its connection is closed, which rolls it
/// back whatever state it is in.
///
/// The library's own type gives the connection back to the pool. But SQLite rolls
/// back by itself when the disk is full, after which the library counts a
/// transaction that is none, and refuses or nests the next one.
pub(crate) struct Tx {
    connection: PoolConnection<Any>,
    committed: bool,
    /// That nobody else of this process writes.
    turn: Option<OwnedSemaphorePermit>,
}

impl Tx {
    pub(super) async fn begin(
        connection: PoolConnection<Any>,
        statement: &str,
    ) -> sqlx::Result<Self> {
        let mut tx = Tx::on(connection);
        tx.connection.execute(statement).await?;
        Ok(tx)
    }

    /// On a connection where a transaction is to be begun.
    pub(super) fn on(connection: PoolConnection<Any>) -> Self {
        Tx { connection, committed: false, turn: None }
    }

    /// Keeps others of this process waiting until the end.
    pub(super) fn hold(&mut self, turn: OwnedSemaphorePermit) {
        self.turn = Some(turn);
    }

    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.connection.execute("COMMIT").await?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.committed {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}
