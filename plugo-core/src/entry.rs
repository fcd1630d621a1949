use std::sync::Arc;

use crate::argument_error::ArgumentError;
use crate::failure::Failure;
use crate::item::AnyItem;
use crate::kwargs::{Argument, Kwargs, take_then};
use crate::lifecycle::{Instance, Plugin};
use crate::mark::{Magic, Mark};
use crate::step::{Kept, Step};

/// What `#[plugin]` leaves in the plugin's crate: a function under a linker
/// symbol made of the core's major version, the package with its version, the
/// namespace and the name.
///
/// The package is part of it because a linker takes the first archive that
/// has a symbol and does not look for a second one: without it, a crate that
/// nobody planned could stand in for another.
///
/// Given the app's arguments, a plugin that is a function runs: most plugins are
/// functions, and so a table of them needs one relocation for each. Any other
/// plugin answers what it is, and so does a function that is given none. All else
/// stands in the [`Table`](crate::Table), which the plan wrote.
pub type EntryPoint = for<'s, 'a> fn(Option<&'s mut Kwargs<'a>>) -> Reply<'s>;

/// What an entry point answers. It fits into registers.
#[doc(hidden)]
pub struct Reply<'s>(pub(crate) Answer<'s>);

pub(crate) enum Answer<'s> {
    /// The function ran, and left nothing.
    Done,
    /// The function ran, or could not be called, or is `async`.
    Step(Box<Step<'s, Kept>>),
    /// It is a function. This is the first byte of its mark, which nothing in the
    /// program reads: see `mark`.
    Function(&'static u8),
    /// It is something else.
    Other(&'static Definition),
}

impl<'s> Reply<'s> {
    /// A function that returns nothing ran.
    #[inline]
    pub const fn done() -> Self {
        Reply(Answer::Done)
    }

    /// A function returned.
    #[inline]
    pub fn returned(result: Result<Kept, Failure>) -> Self {
        match result {
            Ok(kept) if kept.is_nothing() => Reply::done(),
            result => Reply::step(Step::done(result)),
        }
    }

    /// The function ran, or is `async`.
    #[inline(never)]
    pub fn step(step: Step<'s, Kept>) -> Self {
        Reply(Answer::Step(Box::new(step)))
    }

    /// A parameter that the arguments do not satisfy.
    #[cold]
    #[inline(never)]
    pub fn argument(error: ArgumentError) -> Self {
        Reply::step(Step::argument(error))
    }

    /// It is a function, with the mark that begins here.
    #[inline]
    pub const fn function(mark: &'static Magic) -> Self {
        Reply(Answer::Function(mark.first()))
    }

    /// The whole of an entry point of a function without parameters that returns
    /// nothing.
    #[inline(always)]
    pub fn call(arguments: Option<&'s mut Kwargs<'_>>, mark: &'static Magic, init: fn()) -> Self {
        if arguments.is_none() {
            return Reply::function(mark);
        }
        init();
        Reply::done()
    }

    /// The same for one parameter. It stands in a program once for each type, and not
    /// in each plugin, which compiles sooner and is smaller.
    #[inline(never)]
    pub fn call_with<A: Argument<'s>>(
        arguments: Option<&'s mut Kwargs<'_>>,
        mark: &'static Magic,
        init: fn(A),
        parameter: &'static str,
    ) -> Self {
        let Some(arguments) = arguments else { return Reply::function(mark) };
        take_then(arguments, parameter, |taken| match taken {
            Ok(value) => {
                init(value);
                Reply::done()
            }
            Err(error) => Reply::argument(error),
        })
    }

    /// It is no plain function.
    #[inline]
    pub const fn other(definition: &'static Definition) -> Self {
        Reply(Answer::Other(definition))
    }

    /// What the function did; nothing where it was not called.
    pub(crate) fn into_step(self) -> Step<'s, Kept> {
        match self.0 {
            Answer::Step(step) => *step,
            Answer::Done | Answer::Function(_) | Answer::Other(_) => {
                Step::done(Ok(Kept::default()))
            }
        }
    }
}

/// What a plugin is, with its mark, for one that is no plain function.
///
/// Both are one static, so the linker keeps the mark with the plugin and
/// drops it with it.
#[doc(hidden)]
#[repr(C)]
pub struct Marked<const N: usize> {
    /// What the entry point answers.
    pub definition: Definition,
    pub mark: Mark<N>,
}

/// A plugin that is no plain function.
#[doc(hidden)]
pub struct Definition(Kind);

/// What can be a plugin.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// The entry point runs it.
    Function,
    Conditional(&'static Conditional),
    /// An instance is made for each load.
    Made(Create),
    Fixed(&'static Fixed),
    Item(&'static ItemOf),
}

type Init = for<'s, 'a> fn(&'s mut Kwargs<'a>) -> Step<'s, Kept>;
type Create = for<'s, 'a> fn(&'s mut Kwargs<'a>) -> Result<Arc<dyn Plugin>, Failure>;

/// A function, and one that says whether it is called.
#[doc(hidden)]
pub struct Conditional {
    pub should_load: fn(&mut Kwargs<'_>) -> Result<bool, Failure>,
    pub init: Init,
}

/// A value that is a plugin.
#[doc(hidden)]
pub struct Fixed(pub &'static dyn Plugin);

/// An item of a plugin type.
#[doc(hidden)]
pub struct ItemOf(pub &'static dyn AnyItem);

impl Definition {
    #[doc(hidden)]
    pub const fn conditional(conditional: &'static Conditional) -> Self {
        Definition(Kind::Conditional(conditional))
    }

    #[doc(hidden)]
    pub const fn made(create: Create) -> Self {
        Definition(Kind::Made(create))
    }

    #[doc(hidden)]
    pub const fn fixed(fixed: &'static Fixed) -> Self {
        Definition(Kind::Fixed(fixed))
    }

    #[doc(hidden)]
    pub const fn item(item: &'static ItemOf) -> Self {
        Definition(Kind::Item(item))
    }
}

/// What a plugin is.
pub(crate) fn kind(entry: EntryPoint) -> Kind {
    match entry(None).0 {
        Answer::Other(definition) => definition.0,
        Answer::Function(_) | Answer::Done | Answer::Step(_) => Kind::Function,
    }
}

/// An address that only this plugin has, in whatever table it is. (That of the
/// function itself need not be one: a compiler may make two functions one, or one
/// two.)
pub(crate) fn identity(entry: EntryPoint) -> usize {
    match entry(None).0 {
        Answer::Function(mark) => std::ptr::from_ref(mark).addr(),
        Answer::Other(definition) => std::ptr::from_ref(definition).addr(),
        Answer::Done | Answer::Step(_) => 0,
    }
}

impl Kind {
    pub(crate) fn as_item(self) -> Option<&'static dyn AnyItem> {
        match self {
            Kind::Item(item) => Some(item.0),
            _ => None,
        }
    }

    /// The instance of a value, which is there without being made.
    pub(crate) fn as_fixed(self) -> Option<Instance> {
        match self {
            Kind::Fixed(fixed) => Some(Instance::Fixed(fixed.0)),
            _ => None,
        }
    }
}

/// Implemented by the type that bears a plugin, or by one that `#[plugin]`
/// puts beside a function or a value, under its name, so that one path names
/// both.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no plugin",
    label = "a path in `plugins![…]` names what has the attribute `#[plugin]`"
)]
pub trait Entry {
    /// The entry point. It stands here, and not beside the implementation, since
    /// each item more costs every plugin.
    fn entry<'s>(arguments: Option<&'s mut Kwargs<'_>>) -> Reply<'s>;
    /// For lists by hand: one mistake gives one error where both are constants.
    const ENTRY: EntryPoint = Self::entry;
    /// What the attribute says, as `declared` takes it apart.
    const DECLARED: &'static str;
}

/// Not public API: the linker symbol of an entry point.
#[doc(hidden)]
#[macro_export]
macro_rules! __symbol {
    ($package:expr, $version:expr, $namespace:expr, $name:expr) => {
        ::core::concat!("__plugo_v0.", $package, ".", $version, ".", $namespace, ".", $name)
    };
}

/// Not public API: what `#[plugin]` expands to, beside the item itself.
///
/// The unsafe attribute stands here, in another crate's macro, so that
/// plugins may be `#![forbid(unsafe_code)]`.
///
/// Each item, each constant that is evaluated and each macro that is called here costs
/// as much as the plugin itself, and that for every plugin: `benches` has a mode `--build`.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry {
    (
        $(#[$cfg:meta])*
        $visibility:vis $item:ident $($rest:tt)*
    ) => {
        $(#[$cfg])*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        $visibility enum $item {}

        $crate::__private::entry! { @ $(#[$cfg])* ($item) $($rest)* }
    };
    // The mark stands behind the way that leads to it, so the linker keeps it with the
    // function and drops it with it.
    (
        @ $(#[$cfg:meta])* ($marker:ty) $symbol:expr, $declared:expr,
        $mark:ident [$length:expr] $text:expr,
        $(#[$allow:meta])* $arguments:ident $body:block
    ) => {
        $(#[$cfg])*
        impl $crate::__private::Entry for $marker {
            // SAFETY: the symbol is that of no other function: it has the package with its version, and
            // within a crate the compiler refuses a second one. Should two packages share both, either
            // function has the signature that whoever declares the symbol expects: see `__table`.
            #[unsafe(export_name = $symbol)]
            $(#[$allow])*
            fn entry<'s>(
                $arguments: ::core::option::Option<&'s mut $crate::Kwargs<'_>>,
            ) -> $crate::__private::Reply<'s> {
                static $mark: $crate::__private::Mark<$length> = $crate::__private::Mark {
                    magic: $crate::__private::MAGIC,
                    text: $text,
                };
                $body
            }

            const DECLARED: &'static ::core::primitive::str =
                $crate::__private::declared!($declared);
        }
    };
    (
        @ $(#[$cfg:meta])* ($marker:ty) $symbol:expr, $declared:expr,
        $mark:ident [$length:expr] $text:expr,
        = $definition:expr
    ) => {
        $(#[$cfg])*
        impl $crate::__private::Entry for $marker {
            // SAFETY: as above.
            #[unsafe(export_name = $symbol)]
            fn entry<'s>(
                _: ::core::option::Option<&'s mut $crate::Kwargs<'_>>,
            ) -> $crate::__private::Reply<'s> {
                static $mark: $crate::__private::Marked<$length> = $crate::__private::Marked {
                    definition: $definition,
                    mark: $crate::__private::Mark {
                        magic: $crate::__private::MAGIC,
                        text: $text,
                    },
                };
                $crate::__private::Reply::other(&$mark.definition)
            }

            const DECLARED: &'static ::core::primitive::str =
                $crate::__private::declared!($declared);
        }
    };
}

/// Not public API: a symbol for each plugin type, so that two of one name do
/// not compile within a crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __type_symbol {
    ($name:expr) => {
        const _: () = {
            // SAFETY: nobody declares this symbol, so nobody reads another static through it, and no
            // symbol outside of plugo begins like this.
            #[unsafe(export_name = ::core::concat!(
                                        "__plugo_v0_type.", ::core::env!("CARGO_PKG_NAME"), ".",
                                        ::core::env!("CARGO_PKG_VERSION"), ".", $name
                                    ))]
            static NAME: u8 = 0;
        };
    };
}
