use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use plugo_core::{Failure, Item, Kwargs, PluginType, Status, items};
use plugo_settings::{Form, Problems};

use crate::board::Entry;
use crate::instance_error::InstanceError;
use crate::model::{InstanceId, Version};
use crate::secrets::RevealError;

pub(super) fn is_of<T: ?Sized + PluginType>(entry: &Entry, item: &Item<T>) -> bool {
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
    pub(super) fn new(entry: &Arc<Entry>) -> Self {
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

    pub(super) fn shared_or_made<'k>(
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
                    let (value, hidden) = (settings.reveal(), settings.sealed());
                    let made = form.construct_hiding(value, hidden, kwargs, |mut kwargs| {
                        item.create_bare(&mut kwargs)
                    });
                    // Whoever is to mend them wants to know all that is wrong.
                    let all = |first| form.check_hiding(value, hidden).err().unwrap_or(first);
                    made.map_err(|first| Why::Settings(all(first)))??
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
    pub(super) fn failed(&self, failure: Failure) -> InstanceError {
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
