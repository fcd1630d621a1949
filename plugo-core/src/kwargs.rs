use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use crate::name::nearest;

/// The arguments that an app offers to its plugins, by name.
///
/// [`kwargs!`](crate::kwargs) builds them. A plugin takes those that its init
/// function names as parameters and ignores the rest.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::kwargs;
/// let mut routes: Vec<&str> = Vec::new();
/// let greeting = String::from("hello");
/// let kwargs = kwargs! { routes: &mut routes, greeting: &greeting, mode: "dev" };
/// assert_eq!(kwargs.names().collect::<Vec<_>>(), ["routes", "greeting", "mode"]);
/// ```
#[derive(Default)]
pub struct Kwargs<'a> {
    // A handful of entries: a scan beats a map, and keeps the order they were given in.
    entries: Vec<(&'static str, Value<'a>)>,
    /// Whether a plugin took the argument, for each of them.
    taken: Vec<bool>,
    /// The parameters that found no argument.
    unmet: Vec<&'static str>,
}

impl<'a> Kwargs<'a> {
    /// No arguments.
    pub fn new() -> Self {
        Kwargs::default()
    }

    /// Adds an argument: a `&T`, a `&mut T` or a `&str`. A name that is
    /// already there gets the new value.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::Kwargs;
    /// let mut count = 0u32;
    /// let kwargs = Kwargs::new().with("count", &mut count);
    /// assert_eq!(kwargs.names().count(), 1);
    /// ```
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl IntoValue<'a>) -> Self {
        let value = value.into_value();
        // `kwargs! { r#type: … }` and a parameter `r#type` are both called `type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        match self.entries.iter_mut().find(|entry| entry.0 == name) {
            Some(entry) => entry.1 = value,
            None => {
                self.entries.push((name, value));
                self.taken.push(false);
            }
        }
        self
    }

    /// Takes one argument, for those who implement [`Plugin`](crate::Plugin) by
    /// hand. A function with `#[plugin]` names it as a parameter instead.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// let mut kwargs = plugo::kwargs! { greeting: "hello" };
    /// let greeting: &str = kwargs.get("greeting")?;
    /// assert_eq!(greeting, "hello");
    /// # Ok::<(), plugo::ArgumentError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] when there is no argument of that name, or one of another type.
    pub fn get<'s, A: Argument<'s>>(&'s mut self, name: &'static str) -> Result<A, ArgumentError> {
        let [slot] = self.slots([name]);
        A::from_slot(name, slot)
    }

    /// Adds what the caller did not give.
    pub(crate) fn offer(&mut self, name: &'static str, provided: &Provided) {
        if !self.entries.iter().any(|entry| entry.0 == name) {
            self.entries.push((name, Value(Inner::Owned(provided.clone()))));
            self.taken.push(false);
        }
    }

    /// Adds an argument or replaces it.
    pub(crate) fn set(&mut self, name: &'static str, provided: Provided) {
        match self.entries.iter_mut().find(|entry| entry.0 == name) {
            Some(entry) => entry.1 = Value(Inner::Owned(provided)),
            None => {
                self.entries.push((name, Value(Inner::Owned(provided))));
                self.taken.push(false);
            }
        }
    }

    /// Arguments that no plugin took, though a parameter that found no
    /// argument is called much like it; with that parameter.
    pub(crate) fn mistaken(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let left = self.names().zip(&self.taken).filter(|(_, taken)| !**taken);
        left.filter_map(|(name, _)| {
            nearest(name, self.unmet.iter().copied()).map(|parameter| (name, parameter))
        })
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.0)
    }

    /// One slot per name, all of them borrowed at once. `names` must not
    /// repeat: they are the parameters of one function.
    #[doc(hidden)]
    pub fn slots<'s, const N: usize>(
        &'s mut self,
        names: [&'static str; N],
    ) -> [Option<&'s mut Value<'a>>; N] {
        let mut slots = [const { None }; N];
        for ((name, value), taken) in self.entries.iter_mut().zip(&mut self.taken) {
            if let Some(i) = names.iter().position(|wanted| wanted == name) {
                slots[i] = Some(value);
                *taken = true;
            }
        }
        let unmet = names.iter().zip(&slots).filter(|(_, slot)| slot.is_none());
        self.unmet.extend(unmet.map(|(name, _)| name));
        slots
    }
}

impl fmt::Debug for Kwargs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(name, value)| (name, value))).finish()
    }
}

/// Builds [`Kwargs`]: `kwargs! { app: &mut app, greeting: &greeting }`.
///
/// Each value is a `&T`, a `&mut T` or a `&str`, where `T` is `'static`. A
/// name given twice does not compile.
///
/// ```
/// let mut app: Vec<String> = Vec::new();
/// let greeting = String::from("hello");
/// # use plugo_core as plugo;
/// let kwargs = plugo::kwargs! { app: &mut app, greeting: &greeting };
/// # assert_eq!(kwargs.names().count(), 2);
/// ```
///
/// ```compile_fail,E0415
/// let kwargs = plugo_core::kwargs! { app: &1, app: &2 };
/// ```
#[macro_export]
macro_rules! kwargs {
    ($($name:ident: $value:expr),* $(,)?) => {{
        // Two parameters of one name are an error with the caret on the second.
        #[allow(dead_code, unused_variables, clippy::too_many_arguments)]
        fn names_differ($($name: ()),*) {}
        $crate::Kwargs::new()$(.with(::core::stringify!($name), $value))*
    }};
}

/// One argument: a borrowed value with the name of its type.
pub struct Value<'a>(Inner<'a>);

enum Inner<'a> {
    Ref(&'a (dyn Any + 'static), &'static str),
    Mut(&'a mut (dyn Any + 'static), &'static str),
    Str(&'a str),
    Owned(Provided),
}

/// A value that a [`PluginManager`](crate::PluginManager) keeps and offers to
/// every plugin, with the name of its type.
#[derive(Clone)]
pub(crate) struct Provided(Arc<dyn Any + Send + Sync>, &'static str);

impl Provided {
    pub(crate) fn new<T: Any + Send + Sync>(value: T) -> Self {
        Provided(Arc::new(value), type_name::<T>())
    }

    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl Value<'_> {
    /// The value behind a `&T` or a `&mut T`.
    fn any(&self) -> Option<&dyn Any> {
        match &self.0 {
            Inner::Ref(value, _) => Some(*value),
            Inner::Mut(value, _) => Some(&**value),
            Inner::Str(_) => None,
            Inner::Owned(provided) => Some(&*provided.0),
        }
    }

    /// What was given, as a person would write the type.
    #[cold]
    #[inline(never)]
    fn given(&self) -> String {
        match &self.0 {
            Inner::Ref(_, name) => format!("&{name}"),
            Inner::Mut(_, name) => format!("&mut {name}"),
            Inner::Str(_) => "&str".to_owned(),
            Inner::Owned(Provided(_, name)) => format!("&{name}"),
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given())
    }
}

/// A reference that can be an argument: `&T`, `&mut T` or `&str`.
#[diagnostic::on_unimplemented(
    message = "an argument for plugins is a reference: `&{Self}` or `&mut {Self}`",
    label = "write `&` or `&mut` before this value"
)]
pub trait IntoValue<'a> {
    /// For generated code: the reference, with the name of its type.
    fn into_value(self) -> Value<'a>;
}

impl<'a, T: Any> IntoValue<'a> for &'a T {
    fn into_value(self) -> Value<'a> {
        Value(Inner::Ref(self, type_name::<T>()))
    }
}

impl<'a, T: Any> IntoValue<'a> for &'a mut T {
    fn into_value(self) -> Value<'a> {
        Value(Inner::Mut(self, type_name::<T>()))
    }
}

impl<'a> IntoValue<'a> for &'a str {
    fn into_value(self) -> Value<'a> {
        Value(Inner::Str(self))
    }
}

/// A type that a parameter of an init function may have: `&T`, `&mut T`,
/// `&str`, or an `Option` of one of them for an argument that may be absent.
///
/// `&T` also takes what the app gave as `&mut T`; `&str` also takes a
/// `&String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a plugin's init function",
    label = "a parameter is `&T`, `&mut T`, `&str`, or an `Option` of one of them",
    note = "the app passes its arguments by reference: `plugo::kwargs! {{ name: &value }}`"
)]
pub trait Argument<'s>: Sized {
    /// For generated code: takes the value out of its slot. `None` is an argument that the app
    /// did not give.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] when the argument is missing or has another type.
    fn from_slot(
        parameter: &'static str,
        slot: Option<&'s mut Value<'_>>,
    ) -> Result<Self, ArgumentError>;
}

impl<'s, T: Any> Argument<'s> for &'s T {
    fn from_slot(
        parameter: &'static str,
        slot: Option<&'s mut Value<'_>>,
    ) -> Result<Self, ArgumentError> {
        let Some(slot) = slot else {
            return Err(ArgumentError::missing(parameter, "&", type_name::<T>()));
        };
        let slot = &*slot;
        match slot.any().and_then(|any| any.downcast_ref()) {
            Some(value) => Ok(value),
            None => Err(ArgumentError::mistyped(parameter, "&", type_name::<T>(), slot.given())),
        }
    }
}

impl<'s, T: Any> Argument<'s> for &'s mut T {
    fn from_slot(
        parameter: &'static str,
        slot: Option<&'s mut Value<'_>>,
    ) -> Result<Self, ArgumentError> {
        let Some(slot) = slot else {
            return Err(ArgumentError::missing(parameter, "&mut ", type_name::<T>()));
        };
        // Asked first and taken then: the borrow checker does not let go of a
        // mutable reference that may have been given back.
        if !matches!(&slot.0, Inner::Mut(value, _) if value.is::<T>()) {
            let given = slot.given();
            return Err(ArgumentError::mistyped(parameter, "&mut ", type_name::<T>(), given));
        }
        let value = match &mut slot.0 {
            Inner::Mut(value, _) => value.downcast_mut(),
            Inner::Ref(..) | Inner::Str(_) | Inner::Owned(_) => None,
        };
        value.ok_or_else(|| ArgumentError::missing(parameter, "&mut ", type_name::<T>()))
    }
}

impl<'s> Argument<'s> for &'s str {
    fn from_slot(
        parameter: &'static str,
        slot: Option<&'s mut Value<'_>>,
    ) -> Result<Self, ArgumentError> {
        let Some(slot) = slot else {
            return Err(ArgumentError::missing(parameter, "&", "str"));
        };
        let slot = &*slot;
        if let Inner::Str(text) = &slot.0 {
            return Ok(text);
        }
        let text = slot.any().and_then(|any| match any.downcast_ref::<String>() {
            Some(text) => Some(text.as_str()),
            None => any.downcast_ref::<&'static str>().copied(),
        });
        text.ok_or_else(|| ArgumentError::mistyped(parameter, "&", "str", slot.given()))
    }
}

impl<'s, A: Argument<'s>> Argument<'s> for Option<A> {
    fn from_slot(
        parameter: &'static str,
        slot: Option<&'s mut Value<'_>>,
    ) -> Result<Self, ArgumentError> {
        match slot {
            None => Ok(None),
            present => A::from_slot(parameter, present).map(Some),
        }
    }
}

/// A parameter that the app's arguments do not satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    parameter: &'static str,
    wanted: String,
    given: Option<String>,
    /// The names that the app gives, where this one is not among them.
    offered: Vec<&'static str>,
}

impl ArgumentError {
    /// With the names of all arguments, which tell a mistake in one.
    pub(crate) fn beside(mut self, offered: &[&'static str]) -> Self {
        self.offered = offered.to_vec();
        self
    }

    // Not generic and never inlined: each plugin has code that may fail, and what it
    // does then should stand in the program once.
    #[cold]
    #[inline(never)]
    fn missing(parameter: &'static str, reference: &str, wanted: &str) -> Self {
        let wanted = format!("{reference}{wanted}");
        ArgumentError { parameter, wanted, given: None, offered: Vec::new() }
    }

    #[cold]
    #[inline(never)]
    fn mistyped(parameter: &'static str, reference: &str, wanted: &str, given: String) -> Self {
        let given = Some(given);
        ArgumentError { given, ..ArgumentError::missing(parameter, reference, wanted) }
    }

    /// The name of the parameter.
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }

    /// The type that the init function wants.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// The type that the app gave; `None` when it gave nothing by that name.
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ArgumentError { parameter, wanted, given, offered } = self;
        if let Some(given) = given {
            return write!(f, "argument `{parameter}` is `{given}` (wanted: `{wanted}`)");
        }
        write!(f, "the app gives no argument `{parameter}` (wanted: `{wanted}`)")?;
        if *parameter == "manager" && wanted.ends_with("PluginManager") {
            return f.write_str("; a `PluginManager` gives it to the plugins that it loads");
        }
        if !offered.is_empty() {
            write!(f, "; it gives `{}`", offered.join("`, `"))?;
        }
        match nearest(parameter, offered.iter().copied()) {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ArgumentError {}
