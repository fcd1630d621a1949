use std::fmt;
use std::sync::Arc;

use crate::failure::Failure;
use crate::item::AnyItem;
use crate::kwargs::Kwargs;
use crate::lifecycle::{Instance, Plugin};
use crate::step::{Kept, Step};

/// What `#[plugin]` leaves in the plugin's crate: one static of this type,
/// under a linker symbol made of the core's major version, the package with
/// its version, the namespace and the name.
///
/// The package is part of it because a linker takes the first archive that
/// has a symbol and does not look for a second one: without it, a crate that
/// nobody planned could stand in for another.
///
/// It holds what only the plugin's crate can know, its functions. Everything
/// else stands in the [`Table`](crate::Table), which the plan wrote. Behind it
/// stands its mark, which nothing in the program reads: see `mark`.
pub struct EntryPoint(pub(crate) Kind);

/// What can be a plugin. Whatever is wider than one pointer stands behind a
/// reference: most plugins are functions.
pub(crate) enum Kind {
    Function(Init),
    Conditional(&'static Conditional),
    /// An instance is made for each load.
    Made(Create),
    Fixed(&'static Fixed),
    Item(&'static ItemOf),
}

pub(crate) type Init = for<'s, 'a> fn(&'s mut Kwargs<'a>) -> Step<'s, Kept>;
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

impl EntryPoint {
    #[doc(hidden)]
    pub const fn function(init: Init) -> Self {
        EntryPoint(Kind::Function(init))
    }

    #[doc(hidden)]
    pub const fn conditional(conditional: &'static Conditional) -> Self {
        EntryPoint(Kind::Conditional(conditional))
    }

    #[doc(hidden)]
    pub const fn made(create: Create) -> Self {
        EntryPoint(Kind::Made(create))
    }

    #[doc(hidden)]
    pub const fn fixed(fixed: &'static Fixed) -> Self {
        EntryPoint(Kind::Fixed(fixed))
    }

    #[doc(hidden)]
    pub const fn item(item: &'static ItemOf) -> Self {
        EntryPoint(Kind::Item(item))
    }

    pub(crate) fn as_item(&self) -> Option<&'static dyn AnyItem> {
        match &self.0 {
            Kind::Item(item) => Some(item.0),
            _ => None,
        }
    }

    /// The instance of a value, which is there without being made.
    pub(crate) fn as_fixed(&self) -> Option<Instance> {
        match &self.0 {
            Kind::Fixed(fixed) => Some(Instance::Fixed(fixed.0)),
            _ => None,
        }
    }
}

impl fmt::Debug for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Function(_) | Kind::Conditional(_) => "EntryPoint(function)",
            Kind::Made(_) => "EntryPoint(type)",
            Kind::Fixed(_) => "EntryPoint(value)",
            Kind::Item(_) => "EntryPoint(item)",
        })
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

/// Implemented by the type that bears a plugin, or by one that `#[plugin]`
/// puts beside a function or a value, under its name, so that one path names
/// both.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no plugin",
    label = "a path in `plugins![…]` names what has the attribute `#[plugin]`"
)]
pub trait Entry {
    const ENTRY: &'static EntryPoint;
    const DECLARED: Declared;
}

/// Not public API: the linker symbol of an entry point.
#[doc(hidden)]
#[macro_export]
macro_rules! __symbol {
    ($package:expr, $version:expr, $namespace:expr, $name:expr) => {
        ::core::concat!("__plugo_v0.", $package, ".", $version, ".", $namespace, ".", $name)
    };
}

/// Not public API: the text of an entry point's mark.
#[doc(hidden)]
#[macro_export]
macro_rules! __mark_text {
    ($namespace:expr, $name:expr) => {
        ::core::concat!(
            $namespace,
            "/",
            $name,
            " ",
            ::core::env!("CARGO_PKG_NAME"),
            "@",
            ::core::env!("CARGO_PKG_VERSION")
        )
    };
}

/// Not public API: what `#[plugin]` expands to, beside the item itself.
///
/// The unsafe attribute stands here, in another crate's macro, so that
/// plugins may be `#![forbid(unsafe_code)]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry {
    (
        $(#[$cfg:meta])*
        beside $visibility:vis $item:ident,
        $($rest:tt)*
    ) => {
        $(#[$cfg])*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        $visibility enum $item {}

        $crate::__private::entry! { $(#[$cfg])* of ($item), $($rest)* }
    };
    (
        $(#[$cfg:meta])*
        of ($marker:ty),
        name: $name:expr,
        namespace: $namespace:expr,
        priority: $priority:expr,
        entry: $entry:expr $(,)?
    ) => {
        $(#[$cfg])*
        const _: () = {
            #[unsafe(export_name = $crate::__private::symbol!(
                ::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"), $namespace, $name
            ))]
            static ENTRY: $crate::__private::Marked<{
                $crate::__private::mark_length($crate::__private::mark_text!($namespace, $name))
            }> = $crate::__private::Marked::new(
                $entry,
                $crate::__private::mark_text!($namespace, $name),
            );

            impl $crate::__private::Entry for $marker {
                const ENTRY: &'static $crate::EntryPoint = &ENTRY.entry;
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
