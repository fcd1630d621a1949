use std::fmt;
use std::sync::Arc;

use plugo_core::Kwargs;
use tokio::sync::Semaphore;

use crate::auth::Guard;
use crate::error::Error;
use crate::follow::Following;
use crate::registry::Registry;
use crate::snapshot::Snapshot;
use crate::store::Store;

/// What pages and API are about.
pub(crate) struct Site {
    pub(crate) title: String,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) following: Option<Arc<Following>>,
    pub(crate) arguments: Arguments,
    pub(crate) guard: Arc<Guard>,
    /// Constructors that are called at the same time.
    pub(crate) probes: Arc<Semaphore>,
}

/// Calls a function with the arguments that the app gives to its plugins.
#[derive(Clone)]
pub(crate) struct Arguments(pub(crate) Arc<Give>);

type Give = dyn Fn(&mut dyn FnMut(Kwargs<'_>)) + Send + Sync;

impl Arguments {
    pub(crate) fn none() -> Self {
        Arguments(Arc::new(|call| call(Kwargs::new())))
    }

    /// `None` where the app's function does not call it.
    pub(crate) fn with<R>(&self, call: impl FnOnce(Kwargs<'_>) -> R) -> Option<R> {
        let (mut call, mut result) = (Some(call), None);
        (self.0)(&mut |kwargs| {
            if let Some(call) = call.take() {
                result = Some(call(kwargs));
            }
        });
        result
    }
}

impl Site {
    /// What lookups of this process go by, and whether that is so: otherwise it is
    /// what the database says.
    pub(crate) async fn in_force(&self) -> Result<(Arc<Snapshot>, bool), Error> {
        let followed = self.following.as_ref().and_then(|following| following.snapshot());
        let held = followed.or_else(|| match self.registry.is_of_program() {
            true => crate::force::in_force(),
            false => None,
        });
        match held {
            Some(held) => Ok((held, true)),
            None => Ok((Arc::new(self.store.snapshot().await?), false)),
        }
    }

    /// The revision that holds in this process, or the one of the database.
    pub(crate) async fn revision(&self) -> Result<i64, Error> {
        let followed = self.following.as_ref().and_then(|following| following.snapshot());
        match followed {
            Some(held) => Ok(held.revision),
            None => self.store.revision().await,
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Site({:?})", self.store)
    }
}
