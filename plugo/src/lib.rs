#![doc = include_str!("../docs/crate.md")]

#[doc(hidden)]
pub use plugo_core::EntryPoint;
pub use plugo_core::{
    Argument, ArgumentError, BoxError, BuildError, Call, DEFAULT_NAMESPACE, DisabledBy, Event,
    FailedItem, Failure, Fallback, IntoValue, Item, ItemReport, Items, Iter, Kept, Kwargs,
    Listener, LoadError, Moment, Overrides, PatternError, Phase, Place, Plugin, PluginError,
    PluginInfo, PluginManager, PluginManagerBuilder, PluginReport, PluginType, Probe, Reason,
    Report, Rule, SelectError, Source, State, Status, Step, Table, TypeInfo, TypeReport,
    UnknownItem, Value, Veto, Warning, items, kwargs, load_namespace, load_namespace_async,
    load_plugins, load_plugins_async, name, overrides, plugin_types, select, set_overrides, tables,
};
#[doc = include_str!("../docs/plugin.md")]
pub use plugo_macros::plugin;
#[doc = include_str!("../docs/plugin_type.md")]
pub use plugo_macros::plugin_type;

/// Watching, and plugins that come and go while the app runs.
#[cfg(feature = "reload")]
pub use plugo_reload as reload;

/// Settings of items: types with a JSON schema, and secrets that never show.
#[cfg(feature = "settings")]
pub use plugo_settings as settings;

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private {
    pub use plugo_core::__private::*;

    pub use crate::__settings_form as settings_form;
}

/// Not public API: the form of an item's settings.
#[cfg(feature = "settings")]
#[doc(hidden)]
#[macro_export]
macro_rules! __settings_form {
    ($settings:ty) => {{
        static FORM: $crate::settings::Form = $crate::settings::Form::of::<$settings>();
        &FORM
    }};
}

/// Not public API: the form of an item's settings.
#[cfg(not(feature = "settings"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __settings_form {
    ($settings:ty) => {
        ::core::compile_error!(
            "items have settings with the feature `settings` of plugo: `plugo = { features = \
             [\"settings\"], … }` in Cargo.toml"
        )
    };
}

/// Makes the table of this build's plugins: `pub static PLUGINS: Table`.
///
/// `plugins!()` brings in the table that [`plugo_build::build()`] planned, in
/// the app that has that build script. Write it once, at module level, in the
/// app's binary; a library that is part of the app finds the table through
/// [`tables()`].
///
/// ```text
/// plugo::plugins!();
///
/// fn main() {
///     for plugin in &PLUGINS {
///         println!("{} {}", plugin.name(), plugin.version());
///     }
/// }
/// ```
///
/// `plugins![path, …]` lists entry points by hand, without a build script:
/// the paths of functions with `#[plugin]`, in the order in which they load.
///
/// ```
/// mod hello {
///     #[plugo::plugin(name = "hello")]
///     pub fn init_plugin() {
///         println!("hello");
///     }
/// }
///
/// plugo::plugins![hello::init_plugin];
///
/// # fn main() {
/// assert_eq!(PLUGINS.get("hello").unwrap().name(), "hello");
/// # }
/// ```
///
/// [`plugo_build::build()`]: https://docs.rs/plugo-build
#[macro_export]
macro_rules! plugins {
    () => {
        // The included file reaches the macro by this name, whatever this
        // crate is called in the app's Cargo.toml.
        #[doc(hidden)]
        #[allow(unused_imports)]
        use $crate as __plugo;
        ::core::include!(::core::env!(
            "PLUGO_TABLE",
            "there is no plan for `plugo::plugins!()`: add `plugo-build` to [build-dependencies] \
             and write `fn main() { plugo_build::build() }` in build.rs, or list the entry points \
             by hand: `plugo::plugins![my_plugin::init_plugin]`"
        ));
    };
    ($($entry:path),+ $(,)?) => {
        $crate::__private::list!($($entry),+);
    };
}

/// The manifest of this build, as the text of `plugo-manifest.json`: a
/// `&'static str`.
///
/// It costs its length in the binary, and only where it is used.
///
/// ```text
/// println!("{}", plugo::manifest!());
/// ```
#[macro_export]
macro_rules! manifest {
    () => {
        ::core::include_str!(::core::env!(
            "PLUGO_MANIFEST",
            "there is no manifest for `plugo::manifest!()`: add `plugo-build` to \
             [build-dependencies] and write `fn main() { plugo_build::build() }` in build.rs"
        ))
    };
}
