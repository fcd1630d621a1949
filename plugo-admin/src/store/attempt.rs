use super::Store;
use super::sql::is_given_up;
use crate::error::{EditError, Error};

/// So often a write is tried again that the database gave up, since it waited in a
/// circle with somebody who writes by hand.
const RETRIES: u32 = 3;

/// Why a write was not done this time.
pub(super) enum Attempt<E> {
    /// The database rolled it back, and it may be done when it is tried again.
    GivenUp(E),
    Refused(E),
}

impl<E> From<E> for Attempt<E> {
    fn from(error: E) -> Self {
        Attempt::Refused(error)
    }
}

impl From<Error> for Attempt<EditError> {
    fn from(error: Error) -> Self {
        Attempt::Refused(error.into())
    }
}

impl Store {
    /// What an error within a transaction that writes means for the attempt.
    pub(super) fn attempt<E: From<Error>>(
        &self,
        doing: &'static str,
        error: sqlx::Error,
    ) -> Attempt<E> {
        let is_given_up = is_given_up(&error);
        let error = self.error(doing, error).into();
        if is_given_up { Attempt::GivenUp(error) } else { Attempt::Refused(error) }
    }
}

/// The same for the error of a commit: what was busy then was rolled back.
pub(super) fn not_committed<E: From<Error>>(error: Error) -> Attempt<E> {
    match error {
        error @ Error::Busy { .. } => Attempt::GivenUp(error.into()),
        error => Attempt::Refused(error.into()),
    }
}

/// Does a write, again where the database gave it up.
pub(super) async fn retried<T, E, F>(mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, Attempt<E>>>,
{
    for _ in 0..RETRIES {
        match attempt().await {
            Err(Attempt::GivenUp(_)) => {}
            Err(Attempt::Refused(error)) => return Err(error),
            Ok(done) => return Ok(done),
        }
    }
    attempt().await.map_err(|attempt| match attempt {
        Attempt::GivenUp(error) | Attempt::Refused(error) => error,
    })
}
