use std::sync::Arc;

use crate::failure::Failure;
use crate::item::AnyItem;
use crate::kwargs::{Argument, ArgumentError, Kwargs, take_then};
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
    pub fn call(
        arguments: Option<&'s mut Kwargs<'_>>,
        mark: &'static Magic,
        init: impl FnOnce(),
    ) -> Self {
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

/// What `#[plugin]` knows about a plugin without a plan: the arguments of the
/// attribute and the package it stands in. A table that is listed by hand has
/// nothing else.
///
/// It is one text, since what has several parts takes the compiler longer in each
/// plugin, and few are in a list.
#[derive(Clone, Copy)]
pub(crate) struct Declared(pub(crate) &'static str);

/// What [`Declared`] says, in the order in which the text does, with a byte 0 between
/// the parts.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// By default the package's name.
    Name,
    /// By default [`DEFAULT_NAMESPACE`](crate::DEFAULT_NAMESPACE).
    Namespace,
    /// A number, by default 0.
    Priority,
    Package,
    /// The package's.
    Version,
    /// The package's, or nothing.
    Description,
    /// The package's, with `:` between them.
    Authors,
    /// File, line and column of the attribute, as the compiler names them.
    Place,
    /// An attribute says none, so the text ends before it.
    Identifier,
}

impl Declared {
    pub(crate) fn part(self, part: Part) -> &'static str {
        self.0.split('\0').nth(part as usize).unwrap_or_default()
    }

    /// Whether another one has the same name in the same namespace.
    pub(crate) const fn is_called_like(self, other: Declared) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        let (mut i, mut ends) = (0, 0);
        while i < a.len() && i < b.len() && a[i] == b[i] {
            ends += (a[i] == 0) as usize;
            if ends == Part::Priority as usize {
                return true;
            }
            i += 1;
        }
        false
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
    /// What the attribute says, as `Declared` takes it apart.
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

/// Not public API: the text of a `Declared`, of which `#[plugin]` knows the beginning.
#[doc(hidden)]
#[macro_export]
macro_rules! __declared {
    ($begin:expr) => {
        ::core::concat!(
            $begin,
            ::core::env!("CARGO_PKG_DESCRIPTION"),
            "\0",
            ::core::env!("CARGO_PKG_AUTHORS"),
            "\0",
            ::core::file!(),
            ":",
            ::core::line!(),
            ":",
            ::core::column!()
        )
    };
}

/// Not public API: a symbol for each plugin type, so that two of one name do
/// not compile within a crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __type_symbol {
    ($name:expr) => {
        const _: () = {
            #[unsafe(export_name = ::core::concat!(
                                        "__plugo_v0_type.", ::core::env!("CARGO_PKG_NAME"), ".",
                                        ::core::env!("CARGO_PKG_VERSION"), ".", $name
                                    ))]
            static NAME: u8 = 0;
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `|` for the bytes between the parts.
    fn declared(text: &str) -> Declared {
        Declared(text.replace('|', "\0").leak())
    }

    #[test]
    fn what_an_attribute_says_is_taken_apart() {
        let declared = declared("blog|plugins|-3|web|0.1.0||Ann:Bob|src/lib.rs:1:2");
        let parts = [Part::Name, Part::Namespace, Part::Priority, Part::Package, Part::Version];
        assert_eq!(
            parts.map(|part| declared.part(part)),
            ["blog", "plugins", "-3", "web", "0.1.0"]
        );
        let parts = [Part::Description, Part::Authors, Part::Place, Part::Identifier];
        assert_eq!(parts.map(|part| declared.part(part)), ["", "Ann:Bob", "src/lib.rs:1:2", ""]);
    }

    #[test]
    fn a_plugin_is_called_like_another_one_of_its_namespace() {
        let blog = declared("blog|plugins|0|web|0.1.0|||a:1:1");
        for (other, same) in [
            ("blog|plugins|7|other|2.0.0|||b:1:1", true),
            ("blog|pages|0|web|0.1.0|||a:1:1", false),
            ("blogs|plugins|0|web|0.1.0|||a:1:1", false),
            ("blo|plugins|0|web|0.1.0|||a:1:1", false),
            ("blog|plugin|0|web|0.1.0|||a:1:1", false),
        ] {
            assert_eq!(blog.is_called_like(declared(other)), same, "{other}");
        }
    }
}
