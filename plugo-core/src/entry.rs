use std::future::Future;
use std::pin::Pin;

use crate::failure::{BoxError, Failure};
use crate::kwargs::{ArgumentError, Kwargs};

/// What `#[plugin]` leaves in the plugin's crate: one static of this type,
/// under a linker symbol made of the core's major version, the package with
/// its version, the namespace and the name.
///
/// The package is part of it because a linker takes the first archive that
/// has a symbol and does not look for a second one: without it, a crate that
/// nobody planned could stand in for another.
///
/// It holds what only the plugin's crate can know, the function. Everything
/// else stands in the [`Table`](crate::Table), which the plan wrote.
#[derive(Debug)]
pub struct EntryPoint {
    init: for<'s, 'a> fn(&'s mut Kwargs<'a>) -> Started<'s>,
}

impl EntryPoint {
    #[doc(hidden)]
    pub const fn new(init: for<'s, 'a> fn(&'s mut Kwargs<'a>) -> Started<'s>) -> Self {
        EntryPoint { init }
    }

    pub(crate) fn start<'s>(&self, kwargs: &'s mut Kwargs<'_>) -> Started<'s> {
        (self.init)(kwargs)
    }
}

/// What `#[plugin]` knows about a plugin without a plan: the arguments of the
/// attribute and the package it stands in. A table that is listed by hand has
/// nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The name, by default the package's.
    pub name: &'static str,
    /// The namespace, by default [`DEFAULT_NAMESPACE`](crate::DEFAULT_NAMESPACE).
    pub namespace: &'static str,
    /// The priority, by default 0.
    pub priority: i32,
    /// The package's name.
    pub package: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The package's description, or nothing.
    pub description: &'static str,
    /// The package's authors, with `:` between them.
    pub authors: &'static str,
    /// File, line and column of the attribute, as the compiler names them.
    pub place: &'static str,
}

/// Implemented by a type that `#[plugin]` puts beside an init function, under
/// the function's name, so that one path names both.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no plugin",
    label = "a path in `plugins![…]` names a function with `#[plugin]`"
)]
pub trait Entry {
    const ENTRY: &'static EntryPoint;
    const DECLARED: Declared;
}

/// What a call of an entry point gives: the result, or a future of it.
#[doc(hidden)]
pub enum Started<'s> {
    Done(Result<(), Failure>),
    Pending(Pin<Box<dyn Future<Output = Result<(), Failure>> + 's>>),
}

impl<'s> Started<'s> {
    #[cold]
    #[inline(never)]
    pub fn argument(error: ArgumentError) -> Self {
        Started::Done(Err(Failure::Argument(error)))
    }

    pub fn done(result: Result<(), Failure>) -> Self {
        Started::Done(result)
    }

    pub fn pending(future: impl Future<Output = Result<(), Failure>> + 's) -> Self {
        Started::Pending(Box::pin(future))
    }
}

/// Carries what an init function returned to whichever of the three
/// conversions below applies; the first that does is taken.
///
/// Errors that convert to `Box<dyn Error + Send + Sync>` are kept whole.
/// `Box<dyn Error>` does not, and is what many functions return, so the
/// second one keeps its text and its chain of sources. The third is there to
/// be refused with a message. Traits for more and more references to one type
/// stand in for the specialisation that stable Rust lacks: a method is looked
/// for on `&mut &mut Returned` as it is, then behind one more reference, and
/// then behind fewer.
#[doc(hidden)]
pub struct Returned<T>(Option<T>);

impl<T> Returned<T> {
    pub fn new(value: T) -> Self {
        Returned(Some(value))
    }
}

#[doc(hidden)]
pub trait BySendError {
    fn outcome(&mut self) -> Result<(), Failure>;
}

impl BySendError for &mut Returned<()> {
    fn outcome(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: Into<BoxError>> BySendError for &mut Returned<Result<(), E>> {
    fn outcome(&mut self) -> Result<(), Failure> {
        match self.0.take() {
            Some(Err(error)) => Err(Failure::Error(error.into())),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

#[doc(hidden)]
pub trait ByLocalError {
    fn outcome(&mut self) -> Result<(), Failure>;
}

impl<E: Into<Box<dyn std::error::Error>>> ByLocalError for &mut &mut Returned<Result<(), E>> {
    fn outcome(&mut self) -> Result<(), Failure> {
        match self.0.take() {
            Some(Err(error)) => Err(Failure::Error(flatten(&*error.into()))),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

#[doc(hidden)]
pub trait Refused<T> {
    fn outcome(&mut self) -> Result<(), Failure>
    where
        T: ReturnType;
}

impl<T> Refused<T> for Returned<T> {
    fn outcome(&mut self) -> Result<(), Failure>
    where
        T: ReturnType,
    {
        Ok(())
    }
}

/// What an init function may return. The conversions above are what decides;
/// this trait gives the message where none of them applies.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a plugin's init function cannot return `{Self}`",
    label = "it returns nothing, or a `Result<(), E>` whose error converts to `Box<dyn Error>`",
    note = "errors convert that implement `std::error::Error`, and so do `String` and `&str`"
)]
pub trait ReturnType {}

impl ReturnType for () {}

/// The texts of an error and of its sources, as an error that may cross
/// threads.
fn flatten(error: &dyn std::error::Error) -> BoxError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text.into()
}

/// Not public API: the linker symbol of an entry point.
#[doc(hidden)]
#[macro_export]
macro_rules! __symbol {
    ($package:expr, $version:expr, $namespace:expr, $name:expr) => {
        ::core::concat!("__plugo_v0.", $package, ".", $version, ".", $namespace, ".", $name)
    };
}

/// Not public API: what `#[plugin]` expands to, beside the function itself.
///
/// The unsafe attribute stands here, in another crate's macro, so that
/// plugins may be `#![forbid(unsafe_code)]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry {
    (
        $(#[$cfg:meta])*
        $visibility:vis $function:ident,
        name: $name:expr,
        namespace: $namespace:expr,
        priority: $priority:expr,
        init: $init:expr $(,)?
    ) => {
        $(#[$cfg])*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        $visibility enum $function {}

        $(#[$cfg])*
        const _: () = {
            #[unsafe(export_name = $crate::__private::symbol!(
                ::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"), $namespace, $name
            ))]
            static ENTRY: $crate::EntryPoint = $crate::EntryPoint::new($init);

            impl $crate::__private::Entry for $function {
                const ENTRY: &'static $crate::EntryPoint = &ENTRY;
                const DECLARED: $crate::Declared = $crate::Declared {
                    name: $name,
                    namespace: $namespace,
                    priority: $priority,
                    package: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    description: ::core::env!("CARGO_PKG_DESCRIPTION"),
                    authors: ::core::env!("CARGO_PKG_AUTHORS"),
                    place: ::core::concat!(
                        ::core::file!(), ":", ::core::line!(), ":", ::core::column!()
                    ),
                };
            }
        };
    };
}
