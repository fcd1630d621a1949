use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use crate::argument_error::ArgumentError;
use crate::name::{is_of_usual_length, nearest, same_text};

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
    entries: Vec<Value<'a>>,
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
        self.put(name, value);
        self
    }

    fn put(&mut self, name: &'static str, value: Value<'a>) {
        match self.position(name) {
            Some(at) => {
                let given = &mut self.entries[at];
                *given = Value { name, taken: given.taken, ..value };
            }
            None => self.entries.push(Value { name, ..value }),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|given| given.name == name)
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
        A::take(self, name)
    }

    /// Adds what the caller did not give.
    pub(crate) fn offer(&mut self, name: &'static str, provided: &Provided) {
        if self.position(name).is_none() {
            self.put(name, Value::provided(provided.clone()));
        }
    }

    /// Adds an argument or replaces it.
    pub(crate) fn set(&mut self, name: &'static str, provided: Provided) {
        self.put(name, Value::provided(provided));
    }

    /// Arguments that no plugin took, though a parameter that found no
    /// argument is called much like it; with that parameter.
    pub(crate) fn mistaken(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let left = self.entries.iter().filter(|given| !given.taken);
        left.filter_map(|given| {
            let parameter = nearest(given.name, self.unmet.iter().copied())?;
            Some((given.name, parameter))
        })
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|given| given.name)
    }

    /// One slot per name, all of them borrowed at once. `names` must not
    /// repeat: they are the parameters of one function.
    #[doc(hidden)]
    pub fn slots<'s, const N: usize>(
        &'s mut self,
        names: [&'static str; N],
    ) -> [Option<&'s mut Value<'a>>; N] {
        let mut slots = [const { None }; N];
        self.fill(&names, &mut slots);
        slots
    }

    // Not generic and never inlined: it stands in the program once, not in each plugin.
    #[inline(never)]
    fn fill<'s>(&'s mut self, names: &[&'static str], slots: &mut [Option<&'s mut Value<'a>>]) {
        for given in &mut self.entries {
            if let Some(i) = names.iter().position(|wanted| *wanted == given.name) {
                given.taken = true;
                slots[i] = Some(given);
            }
        }
        let unmet = names.iter().zip(&*slots).filter(|(_, slot)| slot.is_none());
        self.unmet.extend(unmet.map(|(name, _)| name));
    }
}

impl fmt::Debug for Kwargs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter().map(|given| (given.name, given));
        f.debug_map().entries(entries).finish()
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
pub struct Value<'a> {
    /// The argument's name.
    name: &'static str,
    /// Whether a plugin took it.
    taken: bool,
    /// The name of the value's type.
    type_name: fn() -> &'static str,
    inner: Inner<'a>,
}

enum Inner<'a> {
    Ref(&'a (dyn Any + 'static)),
    Mut(&'a mut (dyn Any + 'static)),
    Str(&'a str),
    Owned(Arc<dyn Any + Send + Sync>),
}

/// A value that a [`PluginManager`](crate::PluginManager) keeps and offers to
/// every plugin, with the name of its type.
#[derive(Clone)]
pub(crate) struct Provided(Arc<dyn Any + Send + Sync>, fn() -> &'static str);

impl Provided {
    pub(crate) fn new<T: Any + Send + Sync>(value: T) -> Self {
        Provided(Arc::new(value), type_name::<T>)
    }

    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl<'a> Value<'a> {
    fn new(type_name: fn() -> &'static str, inner: Inner<'a>) -> Self {
        Value { name: "", taken: false, type_name, inner }
    }

    fn provided(Provided(value, type_name): Provided) -> Self {
        Value::new(type_name, Inner::Owned(value))
    }

    /// The value behind a `&T` or a `&mut T`.
    fn any(&self) -> Option<&dyn Any> {
        match &self.inner {
            Inner::Ref(value) => Some(*value),
            Inner::Mut(value) => Some(&**value),
            Inner::Str(_) => None,
            Inner::Owned(value) => Some(&**value),
        }
    }

    /// What was given, as a person would write the type.
    #[cold]
    #[inline(never)]
    fn given(&self) -> String {
        match &self.inner {
            Inner::Ref(_) | Inner::Str(_) | Inner::Owned(_) => format!("&{}", (self.type_name)()),
            Inner::Mut(_) => format!("&mut {}", (self.type_name)()),
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
        Value::new(type_name::<T>, Inner::Ref(self))
    }
}

impl<'a, T: Any> IntoValue<'a> for &'a mut T {
    fn into_value(self) -> Value<'a> {
        Value::new(type_name::<T>, Inner::Mut(self))
    }
}

impl<'a> IntoValue<'a> for &'a str {
    fn into_value(self) -> Value<'a> {
        Value::new(type_name::<str>, Inner::Str(self))
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

    /// For generated code: the value of a function's only parameter. It stands in a
    /// program once for each type, and not in each plugin.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] when the argument is missing or has another type.
    #[doc(hidden)]
    #[inline(never)]
    fn take(arguments: &'s mut Kwargs<'_>, parameter: &'static str) -> Result<Self, ArgumentError> {
        take_then(arguments, parameter, |taken| taken)
    }

    /// For generated code: [`from_slot`](Self::from_slot), which stands in a program
    /// once for each type.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] when the argument is missing or has another type.
    #[doc(hidden)]
    #[inline(never)]
    fn take_slot(
        parameter: &'static str,
        slot: Option<&'s mut Value<'_>>,
    ) -> Result<Self, ArgumentError> {
        Self::from_slot(parameter, slot)
    }
}

/// Takes an argument, and does something with it or with the error, in a function that
/// stands in a program once for each type; where nothing is optimised, in each crate once,
/// so there it holds as little as it can.
#[inline(always)]
pub(crate) fn take_then<'s, A: Argument<'s>, R>(
    arguments: &'s mut Kwargs<'_>,
    parameter: &'static str,
    then: impl Fn(Result<A, ArgumentError>) -> R,
) -> R {
    let Kwargs { entries, unmet } = arguments;
    if cfg!(debug_assertions) || !is_of_usual_length(parameter) {
        return then(A::from_slot(parameter, find(entries, unmet, parameter)));
    }
    // A call less for names of the usual lengths, here and in what is done at the end.
    for given in entries {
        if same_text(given.name.as_bytes(), parameter.as_bytes()) {
            given.taken = true;
            // Not one way out of all three: where the argument is found, nothing is
            // looked at twice.
            return then(A::from_slot(given.name, Some(given)));
        }
    }
    then(take_none(unmet, parameter))
}

/// The slot of an argument, which is taken then.
// Not generic and never inlined: it stands in the program once.
#[inline(never)]
fn find<'s, 'a>(
    entries: &'s mut [Value<'a>],
    unmet: &mut Vec<&'static str>,
    parameter: &'static str,
) -> Option<&'s mut Value<'a>> {
    let found = entries.iter_mut().find(|given| given.name == parameter);
    match found {
        Some(given) => {
            given.taken = true;
            Some(given)
        }
        None => {
            unmet.push(parameter);
            None
        }
    }
}

#[cold]
#[inline(never)]
fn take_none<'s, A: Argument<'s>>(
    unmet: &mut Vec<&'static str>,
    parameter: &'static str,
) -> Result<A, ArgumentError> {
    unmet.push(parameter);
    A::from_slot(parameter, None)
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
        // What may be taken out of the slot stays borrowed, and its name beside it does not.
        let Value { inner, name, type_name, .. } = slot;
        match inner {
            Inner::Mut(value) => match value.downcast_mut() {
                Some(value) => Ok(value),
                None => Err(not_mutable(name, core::any::type_name::<T>(), "&mut ", type_name)),
            },
            Inner::Ref(_) | Inner::Str(_) | Inner::Owned(_) => {
                Err(not_mutable(name, core::any::type_name::<T>(), "&", type_name))
            }
        }
    }
}

/// A parameter is a `&mut` of another type than the value.
#[cold]
#[inline(never)]
fn not_mutable(
    name: &&'static str,
    wanted: &str,
    reference: &str,
    type_name: &fn() -> &'static str,
) -> ArgumentError {
    ArgumentError::mistyped(name, "&mut ", wanted, format!("{reference}{}", type_name()))
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
        if let Inner::Str(text) = &slot.inner {
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
