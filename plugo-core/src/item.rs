use std::any::{Any, TypeId};
use std::fmt;
use std::sync::OnceLock;

use crate::failure::Failure;
use crate::kwargs::Kwargs;
use crate::name::DEFAULT_NAMESPACE;
use crate::place::Place;
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use crate::unwind::catch;
use crate::waits::{self, Node};

/// What `#[plugin_type]` says of a trait.
///
/// ```
/// # use plugo_core as plugo;
/// for known in plugo::plugin_types() {
///     let info = known.info();
///     println!("{} of {}, at {}", info.name(), info.package(), info.place());
///     println!("{}", info.description());
/// }
/// ```
#[derive(Debug)]
pub struct TypeInfo {
    name: &'static str,
    package: &'static str,
    description: &'static str,
    place: Place,
}

impl TypeInfo {
    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        package: &'static str,
        description: &'static str,
        place: Place,
    ) -> Self {
        TypeInfo { name, package, description, place }
    }

    /// The name: what the attribute says, or else the trait's.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The Cargo package that the trait is in.
    pub const fn package(&self) -> &'static str {
        self.package
    }

    /// The trait's documentation, or nothing.
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// Where the attribute `#[plugin_type]` stands.
    pub const fn place(&self) -> Place {
        self.place
    }
}

/// Whether an item may be selected, by its code or by an operator.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Overrides, Status};
/// assert_eq!(Status::default(), Status::Active);
/// assert!(Status::Active < Status::Reserve, "it is preferred");
/// assert_eq!(Status::Reserve.as_str(), "reserve");
/// plugo::set_overrides(Overrides::new().status("sms", Status::Disabled));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It is selected before all in reserve.
    #[default]
    Active,
    /// It is selected where no active one is left.
    Reserve,
    /// It is never selected, and not loaded.
    Disabled,
}

impl Status {
    pub(crate) const ALL: [Status; 3] = [Status::Active, Status::Reserve, Status::Disabled];

    /// The word that `#[plugin(status = "…")]`, `Display` and logs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Reserve => "reserve",
            Status::Disabled => "disabled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The form of an item's settings. What it is, the core does not know: it is
/// carried for those who make instances of the item.
pub(crate) type Settings = &'static (dyn Any + Sync);

/// What `#[plugin(of = dyn Trait)]` leaves beside a type: how it is made, and
/// the shared instance once there is one.
#[doc(hidden)]
pub struct ItemEntry<T: ?Sized + 'static> {
    name: &'static str,
    info: &'static TypeInfo,
    status: Status,
    create: fn(&mut Kwargs<'_>) -> Result<Box<T>, Failure>,
    settings: Option<Settings>,
    shared: Once<Box<T>>,
}

/// What is made once and shared. One thread makes it, and others wait for that;
/// what failed is tried again by the next one. Who would wait for itself gets an
/// error.
#[doc(hidden)]
pub struct Once<B> {
    made: OnceLock<B>,
    /// Whether a thread is making it.
    turn: OnceLock<Turn>,
}

#[derive(Default)]
struct Turn {
    taken: Mutex<bool>,
    changed: Condvar,
}

impl<B> Default for Once<B> {
    fn default() -> Self {
        Once::new()
    }
}

impl<B> Once<B> {
    pub const fn new() -> Self {
        Once { made: OnceLock::new(), turn: OnceLock::new() }
    }

    /// What was made, if it was.
    #[inline]
    pub fn get(&self) -> Option<&B> {
        self.made.get()
    }

    /// What was made, or is made now; `name` says in an error what it is.
    ///
    /// # Errors
    ///
    /// Those of `create`; [`Failure::Panic`], and [`Failure::Circle`] where it is made
    /// by what waits for it.
    pub fn get_or_make<E: From<Failure>>(
        &self,
        name: &'static str,
        create: impl FnOnce() -> Result<B, E>,
    ) -> Result<&B, E> {
        if let Some(made) = self.get() {
            return Ok(made);
        }
        let owner = std::ptr::from_ref(self).addr();
        let node = Node { owner, index: 0, namespace: DEFAULT_NAMESPACE, name };
        self.make(node, || waits::within(node, || catch(create))?)
    }

    /// `create` does not unwind, and is the node's work.
    fn make<E: From<Failure>>(
        &self,
        node: Node,
        create: impl FnOnce() -> Result<B, E>,
    ) -> Result<&B, E> {
        let _edge = waits::graph().wait(waits::current(), node).map_err(Failure::Circle)?;
        let turn = self.turn.get_or_init(Turn::default);
        let mut taken = turn.taken();
        while *taken {
            taken = turn.changed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(made) = self.get() {
            return Ok(made);
        }
        *taken = true;
        drop(taken);
        let result = create().map(|made| self.made.get_or_init(|| made));
        *turn.taken() = false;
        turn.changed.notify_all();
        result
    }
}

impl<T: ?Sized + Send + Sync + 'static> ItemEntry<T> {
    pub const fn new(
        name: &'static str,
        info: &'static TypeInfo,
        status: Status,
        create: fn(&mut Kwargs<'_>) -> Result<Box<T>, Failure>,
    ) -> Self {
        ItemEntry { name, info, status, create, settings: None, shared: Once::new() }
    }

    /// The same with settings: the item cannot be made without them.
    #[must_use]
    pub const fn with_settings(mut self, form: Settings) -> Self {
        self.settings = Some(form);
        self
    }

    fn node(&self) -> Node {
        // The namespace of an item is the plan's to know; a type has few names.
        let namespace = DEFAULT_NAMESPACE;
        Node { owner: std::ptr::from_ref(self).addr(), index: 0, namespace, name: self.name }
    }

    /// Makes an instance.
    pub(crate) fn create(&self, kwargs: &mut Kwargs<'_>) -> Result<Box<T>, Failure> {
        let node = self.node();
        if waits::is_within(node) {
            return Err(Failure::Circle(vec![node.to_string(), node.to_string()]));
        }
        waits::within(node, || catch(|| (self.create)(kwargs)))?
    }

    /// Makes an instance; panics and circles are the caller's to see to.
    pub(crate) fn create_bare(&self, kwargs: &mut Kwargs<'_>) -> Result<Box<T>, Failure> {
        (self.create)(kwargs)
    }

    /// The shared instance, if it was made.
    #[inline]
    pub(crate) fn shared(&'static self) -> Option<&'static T> {
        self.shared.get().map(|shared| &**shared)
    }

    /// The shared instance, made now if it was not.
    #[cold]
    pub(crate) fn make_shared(
        &'static self,
        kwargs: &mut Kwargs<'_>,
    ) -> Result<&'static T, Failure> {
        self.shared.make(self.node(), || self.create(kwargs)).map(|shared| &**shared)
    }
}

impl Turn {
    fn taken(&self) -> MutexGuard<'_, bool> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item of a type that only its trait's users know.
#[doc(hidden)]
pub trait AnyItem: Sync {
    fn plugin_type(&self) -> &'static TypeInfo;
    fn type_id(&self) -> TypeId;
    fn status(&self) -> Status;
    /// The form of its settings, where it has some: then it is made for each
    /// instance, and is no candidate of the selection.
    fn settings(&self) -> Option<Settings>;
    /// Makes an instance and drops it.
    fn try_create(&self, kwargs: &mut Kwargs<'_>) -> Result<(), Failure>;
    fn share(&'static self, kwargs: &mut Kwargs<'_>) -> Result<(), Failure>;
    fn as_any(&'static self) -> &'static dyn Any;
}

impl<T: ?Sized + Send + Sync + 'static> AnyItem for ItemEntry<T> {
    fn plugin_type(&self) -> &'static TypeInfo {
        self.info
    }

    fn type_id(&self) -> TypeId {
        TypeId::of::<T>()
    }

    fn status(&self) -> Status {
        self.status
    }

    fn settings(&self) -> Option<Settings> {
        self.settings
    }

    fn try_create(&self, kwargs: &mut Kwargs<'_>) -> Result<(), Failure> {
        let made = self.create(kwargs)?;
        catch(|| drop(made))
    }

    fn share(&'static self, kwargs: &mut Kwargs<'_>) -> Result<(), Failure> {
        match self.shared() {
            Some(_) => Ok(()),
            None => self.make_shared(kwargs).map(drop),
        }
    }

    fn as_any(&'static self) -> &'static dyn Any {
        self
    }
}
