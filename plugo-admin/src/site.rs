use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use plugo_core::Kwargs;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::auth::Guard;
use crate::error::Error;
use crate::follow::Following;
use crate::model::{
    InstanceDetail, InstanceId, InstanceQuery, InstanceRow, ItemId, ItemQuery, ItemRow, Page,
    TypeRow,
};
use crate::registry::Registry;
use crate::snapshot::Snapshot;
use crate::store::{Own, Store};

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
    /// Where the code says something else than the database, at which revision.
    pub(crate) own: ArcSwapOption<(i64, Own)>,
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

    /// Whether this program has the item.
    pub(crate) fn has(&self, item: &ItemRow) -> bool {
        let of = self.registry.find_type(&item.of.name, &item.of.package);
        of.is_some_and(|of| of.item(&item.namespace, &item.name).is_some())
    }

    /// Every plugin type. What the code says is what this program's code says, for each
    /// item that it has; here and in all that follows.
    pub(crate) async fn overview(&self) -> Result<Vec<TypeRow>, Error> {
        self.overview_at(self.revision().await?).await
    }

    /// The same, where the revision is known.
    pub(crate) async fn overview_at(&self, revision: i64) -> Result<Vec<TypeRow>, Error> {
        self.store.overview_by(&self.own_at(revision).await?.1).await
    }

    pub(crate) async fn instances(
        &self,
        query: &InstanceQuery,
    ) -> Result<Page<InstanceRow>, Error> {
        self.store.instances_by(query, &self.own().await?.1).await
    }

    pub(crate) async fn instance(&self, id: InstanceId) -> Result<Option<InstanceDetail>, Error> {
        let Some(detail) = self.store.instance(id).await? else { return Ok(None) };
        let own = self.own().await?;
        let row = InstanceRow { item: own.1.item(detail.row.item), ..detail.row };
        Ok(Some(InstanceDetail { row, ..detail }))
    }

    pub(crate) async fn items(&self, query: &ItemQuery) -> Result<Page<ItemRow>, Error> {
        let (mut page, own) = (self.store.items(query).await?, self.own().await?);
        page.rows = page.rows.into_iter().map(|item| own.1.item(item)).collect();
        Ok(page)
    }

    pub(crate) async fn item(&self, id: ItemId) -> Result<Option<(ItemRow, Option<Value>)>, Error> {
        let Some((item, schema)) = self.store.item(id).await? else { return Ok(None) };
        Ok(Some((self.own().await?.1.item(item), schema)))
    }

    async fn own(&self) -> Result<Arc<(i64, Own)>, Error> {
        self.own_at(self.revision().await?).await
    }

    /// It is read again when the revision has changed.
    async fn own_at(&self, revision: i64) -> Result<Arc<(i64, Own)>, Error> {
        if let Some(known) = self.own.load_full().filter(|known| known.0 == revision) {
            return Ok(known);
        }
        let own = Arc::new((revision, self.store.own(&self.registry).await?));
        self.own.store(Some(Arc::clone(&own)));
        Ok(own)
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
