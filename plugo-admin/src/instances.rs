use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plugo_core::__private::chosen_among;
use plugo_core::name::nearest;
use plugo_core::{BoxError, Failure, Item, Kwargs, PluginType, Status, items};
use plugo_settings::{Form, Problems};

use crate::board::{Board, BoardType, Entry, held};
use crate::instance_error::{FailedInstance, InstanceError};
use crate::model::{InstanceId, Version, full_name, subject};
use crate::secrets::RevealError;
use crate::snapshot::SnapshotInstance;

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
    /// [`NoInstance`](InstanceError::NoInstance),
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

    /// The first candidate, in the order of the selection, that can be made and passes
    /// a check of its health; with those that were passed over, and why.
    ///
    /// A type's own selector is not asked. An error or a panic of the check passes the
    /// candidate over. What was passed over is tried again by the next call.
    ///
    /// # Errors
    ///
    /// Those of [`select`](Self::select), and
    /// [`AllFailed`](InstanceError::AllFailed) with the error of each.
    pub fn select_with_fallback<E: Into<BoxError>>(
        self,
        check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<InstanceFallback<T>, InstanceError> {
        self.fallback_with(Kwargs::new, check)
    }

    /// The first healthy candidate, as
    /// [`select_with_fallback`](Self::select_with_fallback) finds it, with the
    /// arguments for the constructor of each that is not made yet.
    ///
    /// ```no_run
    /// # use plugo_core as plugo;
    /// # use std::sync::Arc;
    /// use plugo::{PluginType, kwargs};
    /// use plugo_admin::{InstanceError, instances};
    /// fn first<T: ?Sized + PluginType>(url: &str) -> Result<Arc<T>, InstanceError> {
    ///     let any = |_: &T| Ok::<(), String>(());
    ///     Ok(instances::<T>().fallback_with(|| kwargs! { url: url }, any)?.shared)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`select_with_fallback`](Self::select_with_fallback).
    pub fn fallback_with<'k, E: Into<BoxError>>(
        self,
        mut kwargs: impl FnMut() -> Kwargs<'k>,
        mut check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<InstanceFallback<T>, InstanceError> {
        let candidates: Vec<Instance<T>> = {
            let board = held();
            let (board, of) = find::<T>(board.as_deref())?;
            let candidates: Vec<_> = of.candidates().map(Instance::new).collect();
            if candidates.is_empty() {
                return Err(none::<T>(board, of));
            }
            candidates
        };
        let mut passed_over = Vec::new();
        for instance in candidates {
            let healthy = instance.shared_or_made(&mut kwargs).and_then(|shared| {
                let checked = caught(|| check(&shared).map_err(|e| Failure::Error(e.into())));
                checked.map(|()| shared).map_err(|error| instance.failed(error))
            });
            match healthy {
                Ok(shared) => return Ok(InstanceFallback { instance, shared, passed_over }),
                Err(error) => {
                    let (id, instance) = (instance.id(), instance.full_name());
                    let failed = FailedInstance { id, instance, error };
                    // What a subscriber does is not the lookup's to suffer.
                    let _ = caught(|| {
                        tracing::warn!(plugin_type = T::INFO.name(), "{failed}");
                        Ok(())
                    });
                    passed_over.push(failed);
                }
            }
        }
        Err(InstanceError::AllFailed { plugin_type: T::INFO.name(), failed: passed_over })
    }
}

impl<T: ?Sized + PluginType> fmt::Debug for Instances<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

/// The failure as it is, or where a part of it has a secret, what it says without.
fn without_secrets(failure: Failure, hide: impl Fn(&str) -> String) -> Failure {
    let shows = |text: String| hide(&text) != text;
    match failure {
        Failure::Panic(text) => Failure::Panic(hide(&text)),
        Failure::Error(error) => {
            let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
            while let Some(part) = next {
                if shows(part.to_string()) || shows(format!("{part:?}")) {
                    return Failure::Error(hide(&error.to_string()).into());
                }
                next = part.source();
            }
            Failure::Error(error)
        }
        other => other,
    }
}

/// A panic is a failure.
fn caught<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Failure::Panic(text.unwrap_or_else(|| "without a message".to_owned())))
    })
}

/// The type, as the lookups know it.
fn find<T: ?Sized + PluginType>(
    board: Option<&Board>,
) -> Result<(&Board, &BoardType), InstanceError> {
    let board = board.ok_or(InstanceError::NotFollowing)?;
    match board.find(T::INFO.name(), T::INFO.package()) {
        Some(of) => Ok((board, of)),
        None => Err(absent::<T>(board, |_, _| true)
            .unwrap_or(InstanceError::UnknownType { plugin_type: T::INFO.name() })),
    }
}

/// Why there is no candidate.
#[cold]
fn none<T: ?Sized + PluginType>(board: &Board, of: &BoardType) -> InstanceError {
    let plugin_type = T::INFO.name();
    let is_enabled =
        |_: &str, instance: &SnapshotInstance| instance.status != Some(Status::Disabled);
    match absent::<T>(board, is_enabled) {
        Some(absent) => absent,
        // Sync makes the instance of an item without settings.
        None if of.entries.is_empty() && !of.all_have_settings => {
            InstanceError::UnknownType { plugin_type }
        }
        None if of.entries.is_empty() => {
            InstanceError::NoInstance { plugin_type, items: of.items.clone() }
        }
        None => InstanceError::AllDisabled { plugin_type },
    }
}

/// The error that such an instance is there, and its item is not in this program.
#[cold]
fn absent<T: ?Sized + PluginType>(
    board: &Board,
    is_meant: impl Fn(&str, &SnapshotInstance) -> bool,
) -> Option<InstanceError> {
    let (plugin_type, package) = (T::INFO.name(), T::INFO.package());
    let known = items::<T>().all();
    let is_known = |namespace: &str, name: &str| {
        known.iter().any(|item| item.name() == name && item.plugin().namespace() == namespace)
    };
    let of = board.snapshot.types.iter().find(|of| of.name == plugin_type && of.package == package);
    let missing = of.into_iter().flat_map(|of| &of.items).filter(|item| {
        let name = full_name(&item.namespace, &item.name);
        !is_known(&item.namespace, &item.name)
            && item.instances.iter().any(|instance| is_meant(&name, instance))
    });
    let items: Vec<String> = missing.map(|item| full_name(&item.namespace, &item.name)).collect();
    (!items.is_empty()).then_some(InstanceError::NotCompiledIn { plugin_type, items })
}

fn is_of<T: ?Sized + PluginType>(entry: &Entry, item: &Item<T>) -> bool {
    item.name() == &*entry.ranked.item && item.plugin().namespace() == &*entry.ranked.namespace
}

/// An instance, with what held for it when it was looked up. It is a handle, cheap
/// to clone.
pub struct Instance<T: ?Sized> {
    entry: Arc<Entry>,
    of: PhantomData<fn() -> Arc<T>>,
}

/// Why an instance was not made.
enum Why {
    Unreadable(RevealError),
    Settings(Problems),
    Failure(Failure),
}

impl From<Failure> for Why {
    fn from(failure: Failure) -> Self {
        Why::Failure(failure)
    }
}

impl<T: ?Sized + PluginType> Instance<T> {
    fn new(entry: &Arc<Entry>) -> Self {
        Instance { entry: Arc::clone(entry), of: PhantomData }
    }

    /// The id, which never changes.
    pub fn id(&self) -> InstanceId {
        self.entry.ranked.instance.id
    }

    /// Which version of the row this is.
    pub fn version(&self) -> Version {
        self.entry.ranked.instance.version
    }

    /// The name, which no other instance of its item has.
    pub fn name(&self) -> &str {
        &self.entry.ranked.instance.name
    }

    /// The name of its item, without the namespace.
    pub fn item(&self) -> &str {
        &self.entry.ranked.item
    }

    /// Item and instance as people name them: `stripe: Stripe sandbox`, and `sms` for
    /// the one instance of an item without settings.
    pub fn full_name(&self) -> String {
        self.entry.ranked.subject()
    }

    /// The status that held.
    pub fn status(&self) -> Status {
        self.entry.ranked.status
    }

    /// The priority that held; the lower number comes first.
    pub fn priority(&self) -> i32 {
        self.entry.ranked.priority
    }

    /// The instance itself, made now, without arguments of the app, if nobody made it
    /// before.
    ///
    /// One thread makes it, and others wait for that. What failed is tried again by
    /// the next call. It is made once for its settings: another status, priority or
    /// name makes no new one.
    ///
    /// # Errors
    ///
    /// [`InstanceError::Unreadable`], [`Settings`](InstanceError::Settings) and
    /// [`Construct`](InstanceError::Construct).
    pub fn shared(&self) -> Result<Arc<T>, InstanceError> {
        self.shared_or_made(Kwargs::new)
    }

    /// The instance itself, as [`shared`](Self::shared) gives it, with arguments for
    /// the constructor beside its settings. They are not looked at when the instance
    /// is there.
    ///
    /// # Errors
    ///
    /// Those of [`shared`](Self::shared).
    pub fn shared_with(&self, kwargs: Kwargs<'_>) -> Result<Arc<T>, InstanceError> {
        self.shared_or_made(|| kwargs)
    }

    fn shared_or_made<'k>(
        &self,
        kwargs: impl FnOnce() -> Kwargs<'k>,
    ) -> Result<Arc<T>, InstanceError> {
        let made = match self.entry.made().get() {
            Some(made) => made,
            None => self.make(kwargs())?,
        };
        // Nothing else is kept there: an id names one instance of one item of one type.
        made.downcast_ref::<Arc<T>>().map(Arc::clone).ok_or_else(|| {
            self.failed(Failure::Error("it was made for another plugin type".into()))
        })
    }

    #[cold]
    fn make(&self, mut kwargs: Kwargs<'_>) -> Result<&Box<dyn Any + Send + Sync>, InstanceError> {
        let all = items::<T>().all();
        let Some(item) = all.iter().find(|item| is_of(&self.entry, item)) else {
            let items = vec![self.entry.ranked.item_name()];
            return Err(InstanceError::NotCompiledIn { plugin_type: T::INFO.name(), items });
        };
        let made = self.entry.made().get_or_make(item.name(), || {
            let made = match item.settings() {
                None => item.create_bare(&mut kwargs)?,
                Some(carried) => {
                    let form = Form::carried(carried).ok_or_else(|| {
                        let text = "its settings are not of this version of plugo-settings";
                        Failure::Error(text.into())
                    })?;
                    let sealed = &self.entry.ranked.instance.settings;
                    let settings = sealed.reveal().map_err(Why::Unreadable)?;
                    let value = settings.reveal();
                    let made =
                        form.construct(value, kwargs, |mut kwargs| item.create_bare(&mut kwargs));
                    // Whoever is to mend them wants to know all that is wrong.
                    made.map_err(|first| Why::Settings(form.check(value).err().unwrap_or(first)))??
                }
            };
            Ok(Box::new(Arc::<T>::from(made)) as Box<dyn Any + Send + Sync>)
        });
        made.map_err(|why| match why {
            Why::Unreadable(why) => InstanceError::Unreadable { instance: self.full_name(), why },
            Why::Settings(problems) => {
                InstanceError::Settings { instance: self.full_name(), problems }
            }
            Why::Failure(failure) => self.failed(failure),
        })
    }

    /// The error of a plugin, without the secrets that it may have in it: it goes
    /// to logs and to whoever asked for the instance.
    #[cold]
    fn failed(&self, failure: Failure) -> InstanceError {
        let failure = match self.entry.ranked.instance.settings.reveal() {
            Ok(settings) => {
                let all = items::<T>().all();
                let item = all.iter().find(|item| is_of(&self.entry, item));
                let form = item.and_then(|item| item.settings()).and_then(Form::carried);
                without_secrets(failure, |text| settings.hide(form.map(Form::schema), text))
            }
            Err(_) => failure,
        };
        InstanceError::Construct { instance: self.full_name(), error: Arc::new(failure) }
    }
}

impl<T: ?Sized> Clone for Instance<T> {
    fn clone(&self) -> Self {
        Instance { entry: Arc::clone(&self.entry), of: PhantomData }
    }
}

impl<T: ?Sized + PluginType> fmt::Debug for Instance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("name", &self.full_name())
            .field("status", &self.status())
            .field("priority", &self.priority())
            .finish_non_exhaustive()
    }
}

/// What [`Instances::select_with_fallback`] found.
#[non_exhaustive]
pub struct InstanceFallback<T: ?Sized> {
    /// The first candidate that passed.
    pub instance: Instance<T>,
    /// The instance itself, which passed the check.
    pub shared: Arc<T>,
    /// The candidates before it, which did not pass, in the order in which they were
    /// tried.
    pub passed_over: Vec<FailedInstance>,
}

impl<T: ?Sized + PluginType> fmt::Debug for InstanceFallback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceFallback")
            .field("instance", &self.instance)
            .field("passed_over", &self.passed_over)
            .finish_non_exhaustive()
    }
}
