use std::any::{Any, TypeId};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::argument_error::ArgumentError;
use crate::failure::{BoxError, Failure, with_causes};

/// What a call into a plugin gives: the result, or a future of it.
pub struct Step<'s, T>(pub(crate) Progress<'s, T>);

pub(crate) enum Progress<'s, T> {
    /// The call is over.
    Done(Result<T, Failure>),
    /// The call is `async`, and has not begun.
    Pending(Pending<'s, T>),
}

pub(crate) type Pending<'s, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 's>>;

impl<'s, T> Step<'s, T> {
    /// The call is over.
    pub fn done(result: Result<T, Failure>) -> Self {
        Step(Progress::Done(result))
    }

    /// The call is `async`: the future is awaited, or refused where nothing may
    /// be awaited.
    pub fn pending(future: impl Future<Output = Result<T, Failure>> + 's) -> Self {
        Step(Progress::Pending(Box::pin(future)))
    }

    /// A parameter that the arguments do not satisfy.
    #[doc(hidden)]
    #[cold]
    #[inline(never)]
    pub fn argument(error: ArgumentError) -> Self {
        Step::done(Err(Failure::Argument(error)))
    }
}

impl<T> fmt::Debug for Step<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Progress::Done(Ok(_)) => "Step(done)",
            Progress::Done(Err(_)) => "Step(failed)",
            Progress::Pending(_) => "Step(pending)",
        })
    }
}

/// What a plugin's init function or its `load` returned: kept, and given out
/// by type. Nothing is kept of a `()`.
///
/// ```
/// # use plugo_core as plugo;
/// let kept = plugo::Kept::new(String::from("a route"));
/// assert_eq!(kept.get::<String>().map(String::as_str), Some("a route"));
/// assert!(kept.get::<u32>().is_none());
/// ```
#[derive(Clone, Default)]
pub struct Kept(Option<Arc<dyn Any + Send + Sync>>);

impl Kept {
    /// Keeps a value.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return Kept(None);
        }
        Kept(Some(Arc::new(value)))
    }

    /// Whether nothing is kept.
    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// The value, if it is of that type.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The value to hold on to, if it is of that type.
    pub fn share<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.clone()?.downcast().ok()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Kept(_)" } else { "Kept(nothing)" })
    }
}

/// Carries what a plugin's function returned to whichever of the conversions
/// below applies; the first that does is taken.
///
/// Errors that convert to `Box<dyn Error + Send + Sync>` are kept whole.
/// `Box<dyn Error>` does not, and is what many functions return, so the
/// second one keeps its text and its chain of sources. The third refuses every
/// other `Result` with a message, or else the fourth would keep it as a value
/// like any other. Traits for more and more references to one type stand in
/// for the specialisation that stable Rust lacks: a method is looked for on
/// `&mut &mut &mut Returned` as it is, then behind one more reference, and then
/// behind fewer and fewer.
#[doc(hidden)]
pub struct Returned<T>(Option<T>);

impl<T> Returned<T> {
    pub fn new(value: T) -> Self {
        Returned(Some(value))
    }
}

#[doc(hidden)]
pub trait BySendError {
    fn outcome(&mut self) -> Result<Kept, Failure>;
}

impl<T, E> BySendError for &mut &mut Returned<Result<T, E>>
where
    T: Any + Send + Sync,
    E: Into<BoxError>,
{
    fn outcome(&mut self) -> Result<Kept, Failure> {
        match self.0.take() {
            Some(Ok(value)) => Ok(Kept::new(value)),
            Some(Err(error)) => Err(Failure::Error(error.into())),
            None => Ok(Kept::default()),
        }
    }
}

#[doc(hidden)]
pub trait ByLocalError {
    fn outcome(&mut self) -> Result<Kept, Failure>;
}

impl<T, E> ByLocalError for &mut &mut &mut Returned<Result<T, E>>
where
    T: Any + Send + Sync,
    E: Into<Box<dyn std::error::Error>>,
{
    fn outcome(&mut self) -> Result<Kept, Failure> {
        match self.0.take() {
            Some(Ok(value)) => Ok(Kept::new(value)),
            Some(Err(error)) => Err(Failure::Error(with_causes(&*error.into()).into())),
            None => Ok(Kept::default()),
        }
    }
}

#[doc(hidden)]
pub trait Refused<R> {
    fn outcome(&mut self) -> Result<Kept, Failure>
    where
        R: ReturnType;
}

impl<T, E> Refused<Result<T, E>> for &mut Returned<Result<T, E>> {
    fn outcome(&mut self) -> Result<Kept, Failure>
    where
        Result<T, E>: ReturnType,
    {
        Ok(Kept::default())
    }
}

#[doc(hidden)]
pub trait ByValue<T> {
    fn outcome(&mut self) -> Result<Kept, Failure>
    where
        T: Any + Send + Sync;
}

impl<T> ByValue<T> for Returned<T> {
    fn outcome(&mut self) -> Result<Kept, Failure>
    where
        T: Any + Send + Sync,
    {
        Ok(self.0.take().map(Kept::new).unwrap_or_default())
    }
}

/// What a plugin's function may return. The conversions above are what
/// decides; this trait gives the message where none of them applies.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a plugin's function cannot return `{Self}`",
    label = "it returns nothing, a value, or a `Result` whose error converts to `Box<dyn Error>`",
    note = "errors convert that implement `std::error::Error`, and so do `String` and `&str`; a \
            value is `Send + Sync + 'static`"
)]
pub trait ReturnType {}

impl ReturnType for () {}

/// What `should_load` returns: `bool`, or a `Result` of it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`should_load` cannot return `{Self}`",
    label = "it returns `bool`, or a `Result<bool, E>` whose error converts to a boxed one"
)]
pub trait Decision {
    fn decide(self) -> Result<bool, Failure>;
}

impl Decision for bool {
    fn decide(self) -> Result<bool, Failure> {
        Ok(self)
    }
}

impl<E: Into<BoxError>> Decision for Result<bool, E> {
    fn decide(self) -> Result<bool, Failure> {
        self.map_err(|error| Failure::Error(error.into()))
    }
}

/// What a constructor returns: the type, or a `Result` of it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a constructor of `{T}` cannot return `{Self}`",
    label = "it returns `{T}`, or a `Result<{T}, E>` whose error converts to a boxed one"
)]
pub trait Construct<T> {
    fn construct(self) -> Result<T, Failure>;
}

impl<T> Construct<T> for T {
    fn construct(self) -> Result<T, Failure> {
        Ok(self)
    }
}

impl<T, E: Into<BoxError>> Construct<T> for Result<T, E> {
    fn construct(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Error(error.into()))
    }
}

/// How an item is made from its settings where no constructor is named.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "nothing says how `{Self}` is made from its settings",
    label = "write `new = {Self}::new(settings: &{S})`, or `impl From<&{S}> for {Self}`"
)]
pub trait MadeFrom<S>: Sized {
    fn made_from(settings: &S) -> Result<Self, Failure>;
}

// An error about this would ask for `From` and say nothing of `new`.
#[diagnostic::do_not_recommend]
impl<T, S> MadeFrom<S> for T
where
    for<'s> T: TryFrom<&'s S, Error: Into<BoxError>>,
{
    fn made_from(settings: &S) -> Result<Self, Failure> {
        T::try_from(settings).map_err(|error| Failure::Error(error.into()))
    }
}
