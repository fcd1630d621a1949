use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use plugo_core::__private::chosen_among;
use plugo_core::name::nearest;
use plugo_core::{Item, Kwargs, PluginType, Status, items};

use crate::board::{Entry, held};
use crate::instance_error::InstanceError;
use crate::model::{InstanceId, subject};
use crate::snapshot::SnapshotInstance;

/// Why there is no instance.
mod absent;
/// One of them, and making it.
mod instance;
/// The first that works.
mod fallback;

use self::absent::{absent, find, none};
pub use self::fallback::InstanceFallback;
pub use self::instance::Instance;
use self::instance::is_of;

/// The instances of a plugin type, as operators have made, switched and ordered
/// them: the selected one, one by name or id, or all in order.
///
/// Lookups go by the snapshot in force ([`Store::follow`](crate::Store::follow)):
/// they read memory, take no lock and ask no database. An instance is made when it
/// is first asked for, and stays until its settings change; whoever holds it keeps
/// it beyond that.
///
/// ```no_run
/// # use plugo_core as plugo;
/// use plugo::{PluginType, kwargs};
/// use plugo_admin::{InstanceError, instances};
/// # use std::sync::Arc;
/// struct Client;
/// fn provider<T: ?Sized + PluginType>(http: &Client) -> Result<Arc<T>, InstanceError> {
///     instances::<T>().select()?.shared_with(kwargs! { http: http })
/// }
/// ```
pub fn instances<T: ?Sized + PluginType>() -> Instances<T> {
    Instances { allow_disabled: false, of: PhantomData }
}

/// The instances of a plugin type: see [`instances`]. Each function looks at what
/// holds when it is called.
pub struct Instances<T: ?Sized> {
    allow_disabled: bool,
    of: PhantomData<fn() -> Arc<T>>,
}

impl<T: ?Sized> Clone for Instances<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Instances<T> {}

impl<T: ?Sized + PluginType> Instances<T> {
    /// Lets [`get`](Self::get) and [`by_id`](Self::by_id) give an instance that is
    /// disabled. What is selected never is.
    #[must_use]
    pub fn allow_disabled(mut self) -> Self {
        self.allow_disabled = true;
        self
    }

    /// The selected instance: the first of the active ones by priority, then the name
    /// of its item, then its own; where none is active, of those in reserve. A type
    /// with a selector of its own chooses the item, and the first instance of that is
    /// selected.
    ///
    /// Nothing is made for it: that is [`Instance::shared`]'s to do.
    ///
    /// # Errors
    ///
    /// [`InstanceError::NotFollowing`], [`UnknownType`](InstanceError::UnknownType),
    /// [`NoInstance`](InstanceError::NoInstance), [`NoneLeft`](InstanceError::NoneLeft),
    /// [`AllDisabled`](InstanceError::AllDisabled),
    /// [`NotCompiledIn`](InstanceError::NotCompiledIn) where all that is not disabled
    /// is of items that this program does not contain, and
    /// [`Selector`](InstanceError::Selector).
    pub fn select(self) -> Result<Instance<T>, InstanceError> {
        self.select_with(Kwargs::new())
    }

    /// The selected instance, as [`select`](Self::select) finds it, with arguments for
    /// the type's own selector.
    ///
    /// # Errors
    ///
    /// Those of [`select`](Self::select).
    pub fn select_with(self, mut kwargs: Kwargs<'_>) -> Result<Instance<T>, InstanceError> {
        let board = held();
        let (board, of) = find::<T>(board.as_deref())?;
        let Some(first) = of.candidates().next() else { return Err(none::<T>(board, of)) };
        let Some(selector) = T::SELECTOR else { return Ok(Instance::new(first)) };
        let mut candidates: Vec<Item<T>> = Vec::new();
        let all = items::<T>().all();
        for entry in of.candidates() {
            let item = all.iter().find(|item| is_of(entry, item));
            candidates.extend(item.filter(|item| !candidates.contains(item)));
        }
        let chosen = chosen_among(selector, &candidates, &mut kwargs);
        let chosen = chosen.map_err(InstanceError::Selector)?;
        let first = of.candidates().find(|entry| is_of(entry, &chosen));
        first.map(Instance::new).ok_or_else(|| none::<T>(board, of))
    }

    /// The instance of that name, or of that `item: name`: a user's own choice, say.
    /// One that is disabled is an error, unless
    /// [`allow_disabled`](Self::allow_disabled) says otherwise.
    ///
    /// # Errors
    ///
    /// [`InstanceError::NotFollowing`], [`UnknownType`](InstanceError::UnknownType),
    /// [`Unknown`](InstanceError::Unknown), [`Ambiguous`](InstanceError::Ambiguous),
    /// [`Disabled`](InstanceError::Disabled), and
    /// [`NotCompiledIn`](InstanceError::NotCompiledIn).
    pub fn get(self, name: &str) -> Result<Instance<T>, InstanceError> {
        let board = held();
        let (board, of) = find::<T>(board.as_deref())?;
        let is_meant = |entry: &&Arc<Entry>| {
            entry.ranked.instance.name == name || entry.ranked.subject() == name
        };
        let found: Vec<_> = of.entries.iter().filter(is_meant).collect();
        let plugin_type = T::INFO.name();
        match found[..] {
            [entry] => self.allowed(entry),
            [] => {
                let is_meant = |item: &str, instance: &SnapshotInstance| {
                    instance.name == name
                        || subject(item, &instance.name, instance.is_default) == name
                };
                let names: Vec<_> = of.entries.iter().map(|entry| entry.ranked.subject()).collect();
                let bare = of.entries.iter().map(|entry| entry.ranked.instance.name.as_str());
                let known = bare.chain(names.iter().map(String::as_str));
                Err(absent::<T>(board, is_meant).unwrap_or_else(|| InstanceError::Unknown {
                    plugin_type,
                    asked: name.to_owned(),
                    nearest: nearest(name, known).map(str::to_owned),
                }))
            }
            _ => Err(InstanceError::Ambiguous {
                plugin_type,
                asked: name.to_owned(),
                known: found.into_iter().map(|entry| entry.ranked.subject()).collect(),
            }),
        }
    }

    /// The instance of that id, which never changes. One that is disabled is an error,
    /// unless [`allow_disabled`](Self::allow_disabled) says otherwise.
    ///
    /// # Errors
    ///
    /// [`InstanceError::NotFollowing`], [`UnknownType`](InstanceError::UnknownType),
    /// [`Unknown`](InstanceError::Unknown), [`Disabled`](InstanceError::Disabled), and
    /// [`NotCompiledIn`](InstanceError::NotCompiledIn).
    pub fn by_id(self, id: InstanceId) -> Result<Instance<T>, InstanceError> {
        let board = held();
        let (board, of) = find::<T>(board.as_deref())?;
        match of.entries.iter().find(|entry| entry.ranked.instance.id == id) {
            Some(entry) => self.allowed(entry),
            None => Err(absent::<T>(board, |_, instance| instance.id == id).unwrap_or_else(|| {
                let (plugin_type, asked) = (T::INFO.name(), id.to_string());
                InstanceError::Unknown { plugin_type, asked, nearest: None }
            })),
        }
    }

    fn allowed(self, entry: &Arc<Entry>) -> Result<Instance<T>, InstanceError> {
        if entry.ranked.status == Status::Disabled && !self.allow_disabled {
            let (plugin_type, instance) = (T::INFO.name(), entry.ranked.subject());
            return Err(InstanceError::Disabled { plugin_type, instance });
        }
        Ok(Instance::new(entry))
    }

    /// Every instance whose item is in this program, in the order of the selection
    /// with the disabled ones last; none where there is none.
    pub fn all(self) -> Vec<Instance<T>> {
        self.of(|_| true)
    }

    /// The active instances, in the order of the selection; there may be none.
    pub fn active(self) -> Vec<Instance<T>> {
        self.of(|status| status == Status::Active)
    }

    /// The instances in reserve, in the order of the selection; there may be none.
    pub fn reserve(self) -> Vec<Instance<T>> {
        self.of(|status| status == Status::Reserve)
    }

    fn of(self, is_meant: impl Fn(Status) -> bool) -> Vec<Instance<T>> {
        let board = held();
        let entries = find::<T>(board.as_deref()).map(|(_, of)| &of.entries[..]);
        let entries = entries.unwrap_or_default().iter();
        entries.filter(|entry| is_meant(entry.ranked.status)).map(Instance::new).collect()
    }
}

impl<T: ?Sized + PluginType> fmt::Debug for Instances<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}
