use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::thread::LocalKey;

use crate::bound::{Last, Slot};
use crate::failure::{BoxError, Failure};
use crate::item::{AnyItem, ItemEntry, Status, TypeInfo};
use crate::kwargs::Kwargs;
use crate::select_error::SelectError;
use crate::table::PluginInfo;

/// A trait with `#[plugin_type]`, as `dyn Trait`. The attribute implements this;
/// do not implement it by hand.
///
/// It is what the lookups are generic over:
///
/// ```
/// # use plugo_core as plugo;
/// fn describe<T: ?Sized + plugo::PluginType>() -> String {
///     let names: Vec<_> = plugo::items::<T>().all().iter().map(|item| item.name()).collect();
///     names.join(", ")
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no plugin type",
    label = "write `#[plugo::plugin_type]` on the trait, and name it as `dyn Trait`"
)]
pub trait PluginType: Send + Sync + 'static {
    #[doc(hidden)]
    const INFO: &'static TypeInfo;

    #[doc(hidden)]
    fn slot() -> &'static Slot<Self>;

    #[doc(hidden)]
    fn last() -> &'static LocalKey<Last<Self>>;

    /// The type's own selector, if it has one.
    #[doc(hidden)]
    const SELECTOR: Option<Selector<Self>>;
}

/// Chooses among the candidates, which are not disabled, the first choice first.
#[doc(hidden)]
pub type Selector<T> = fn(&[Item<T>], &mut Kwargs<'_>) -> Result<Option<Item<T>>, Failure>;

/// What a type's own selector returns.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a selector cannot return `{Self}`",
    label = "it returns `Option<Item<{T}>>`, or a `Result` of it whose error converts to a boxed one"
)]
pub trait Choice<T: ?Sized + 'static> {
    fn choose(self) -> Result<Option<Item<T>>, Failure>;
}

impl<T: ?Sized + 'static> Choice<T> for Option<Item<T>> {
    fn choose(self) -> Result<Option<Item<T>>, Failure> {
        Ok(self)
    }
}

impl<T: ?Sized + 'static, E: Into<BoxError>> Choice<T> for Result<Option<Item<T>>, E> {
    fn choose(self) -> Result<Option<Item<T>>, Failure> {
        self.map_err(|error| Failure::Error(error.into()))
    }
}

/// An item of a plugin type, with the status and the priority that held when
/// it was looked up.
///
/// It is a handle, as cheap to copy as a few references. Its functions do not ask
/// whether the item is disabled: that is for the lookup to do.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Item, PluginType, SelectError, Status};
/// fn warm_up<T: ?Sized + PluginType>(item: Item<T>) -> Result<(), SelectError> {
///     println!("{} {}: priority {}", item.name(), item.plugin().version(), item.priority());
///     if item.status() == Status::Active {
///         item.shared()?;
///     }
///     Ok(())
/// }
/// ```
pub struct Item<T: ?Sized + 'static> {
    pub(crate) entry: &'static ItemEntry<T>,
    pub(crate) plugin: PluginInfo,
    pub(crate) status: Status,
    pub(crate) priority: i32,
}

impl<T: ?Sized + PluginType> Item<T> {
    /// The plugin's name, without its namespace.
    pub fn name(&self) -> &'static str {
        self.plugin.name()
    }

    /// The plugin that the item is.
    pub fn plugin(&self) -> PluginInfo {
        self.plugin
    }

    /// The status that held when the item was looked up.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The priority that held when the item was looked up; the lower number comes
    /// first.
    pub fn priority(&self) -> i32 {
        self.priority
    }

    /// The form of its settings, where it has some: whatever
    /// `#[plugin(settings = …)]` left, which the core carries and does not look at.
    /// Such an item is never selected and not made by loading. Each instance of it is
    /// made by [`create_with`](Self::create_with), with an argument `settings`.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{Item, PluginType, SelectError, kwargs};
    /// struct Account(String);
    /// fn open<T: ?Sized + PluginType>(name: &str) -> Result<Box<T>, SelectError> {
    ///     let item = plugo::items::<T>().get(name)?;
    ///     let account = Account("ours".to_owned());
    ///     match item.settings() {
    ///         Some(_) => item.create_with(kwargs! { settings: &account }),
    ///         None => item.create(),
    ///     }
    /// }
    /// ```
    pub fn settings(&self) -> Option<&'static (dyn Any + Sync)> {
        self.entry.settings()
    }

    /// The shared instance, made now, without arguments, if nobody made it before.
    /// It stays for the rest of the program.
    ///
    /// One thread makes it, and others wait for that. What failed is tried again by
    /// the next call.
    ///
    /// # Errors
    ///
    /// - [`SelectError::Construct`]: the constructor failed, panicked, misses an
    ///   argument, or waits for the item that it makes.
    pub fn shared(&self) -> Result<&'static T, SelectError> {
        match self.entry.shared() {
            Some(shared) => Ok(shared),
            None => self.shared_with(Kwargs::new()),
        }
    }

    /// The shared instance, as [`shared`](Self::shared) gives it, with arguments for
    /// the constructor, which are not looked at when the instance is there.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{PluginType, SelectError, kwargs};
    /// fn connect<T: ?Sized + PluginType>(url: &str) -> Result<&'static T, SelectError> {
    ///     plugo::items::<T>().select()?.shared_with(kwargs! { url: url })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SelectError::Construct`]: the constructor failed, panicked, misses an
    ///   argument, or waits for the item that it makes.
    pub fn shared_with(&self, mut kwargs: Kwargs<'_>) -> Result<&'static T, SelectError> {
        match self.entry.shared() {
            Some(shared) => Ok(shared),
            None => self.entry.make_shared(&mut kwargs).map_err(|failure| self.failed(failure)),
        }
    }

    /// Makes a fresh instance, without arguments, which is the caller's alone.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{PluginType, SelectError};
    /// fn one_each<T: ?Sized + PluginType>() -> Result<Vec<Box<T>>, SelectError> {
    ///     plugo::items::<T>().active().iter().map(|item| item.create()).collect()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SelectError::Construct`]: the constructor failed, panicked, misses an
    ///   argument, or makes this item itself.
    pub fn create(&self) -> Result<Box<T>, SelectError> {
        self.create_with(Kwargs::new())
    }

    /// Makes a fresh instance, as [`create`](Self::create) does, with arguments for
    /// the constructor.
    ///
    /// # Errors
    ///
    /// - [`SelectError::Construct`]: the constructor failed, panicked, misses an
    ///   argument, or makes this item itself.
    pub fn create_with(&self, mut kwargs: Kwargs<'_>) -> Result<Box<T>, SelectError> {
        self.entry.create(&mut kwargs).map_err(|failure| self.failed(failure))
    }

    /// Makes a fresh instance for whoever keeps it in a [`Once`](crate::item::Once),
    /// which sees to circles and panics.
    #[doc(hidden)]
    pub fn create_bare(&self, kwargs: &mut Kwargs<'_>) -> Result<Box<T>, Failure> {
        self.entry.create_bare(kwargs)
    }

    fn failed(&self, failure: Failure) -> SelectError {
        SelectError::Construct {
            plugin_type: T::INFO.name(),
            item: self.name(),
            error: Arc::new(failure),
        }
    }
}

impl<T: ?Sized> Clone for Item<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Item<T> {}

/// Two are equal when they are the same plugin.
impl<T: ?Sized> PartialEq for Item<T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.entry, other.entry)
    }
}

impl<T: ?Sized> Eq for Item<T> {}

impl<T: ?Sized> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("name", &self.plugin.name())
            .field("status", &self.status)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
