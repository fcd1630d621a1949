/// Not public API: what the generated file holds. It declares the symbols of
/// the planned entry points and lays them out.
///
/// The unsafe tokens stand here, in another crate's macro, so that apps may
/// be `#![forbid(unsafe_code)]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __table {
    (
        core: $core:literal,
        app: $app:expr,
        client: $client:expr,
        fingerprint: $fingerprint:expr,
        crates: [$($krate:ident)*],
        $(embed: [$($section:ident)*],)?
        text: $text:expr,
        starts: $starts:expr,
        columns: { $($column:ident: $width:ident $numbers:expr,)* },
        priority: $priority:expr,
        plugins: [$(
            ($package:literal, $version:literal, $namespace:literal, $name:literal)
        )*] $(,)?
    ) => {
        // rustc drops a crate that nobody names, and its entry points with it.
        $(#[allow(unused_extern_crates)] extern crate $krate as _;)*

        const _: () = $crate::__private::table!(@same $core);

        $($($crate::__private::table!(@embed $section);)*)?

        /// The plugins of this build, in load order.
        pub static PLUGINS: $crate::Table = $crate::Table::planned(
            $app,
            $client,
            $fingerprint,
            &[$({
                // SAFETY: the symbol has the core's major version, and the package with its version, as
                // only `__entry` makes it, for a function of this signature: `EntryPoint`. Both types of
                // it are of the one core that `links` lets into a program, compiled by the one compiler
                // of a build, so caller and function agree on them and on the ABI. The function is safe
                // to call with any arguments, since it is a safe one. Whoever defines the symbol in
                // another way has to write an `unsafe(export_name)` of their own, and answers for it; a
                // symbol that nobody defines does not link.
                unsafe extern "Rust" {
                    #[link_name = $crate::__private::symbol!($package, $version, $namespace, $name)]
                    safe fn entry<'s>(
                        _: ::core::option::Option<&'s mut $crate::Kwargs<'_>>,
                    ) -> $crate::__private::Reply<'s>;
                }
                entry
            }),*],
            $crate::__private::table!(@sheet $text, $starts, $priority, $($column $width $numbers,)*),
        );
        $crate::__private::submit!();
    };
    (@same $core:literal) => {
        assert!(
            $crate::__same_version($core),
            "plugo-build and plugo have different versions: give both the same one in Cargo.toml"
        )
    };
    // The file alone says what is in the program. Nothing reads these while
    // it runs, so they cost no start. Names of sections have at most eight
    // characters on Windows.
    (@embed dep_v0) => {
        $crate::__private::table!(@embed "PLUGO_DEP_V0", ".dep-v0", "__DATA,.dep-v0");
    };
    (@embed plugo0) => {
        $crate::__private::table!(@embed "PLUGO_PLUGO0", ".plugo0", "__DATA,.plugo0");
    };
    (@embed $file:literal, $section:literal, $apple:literal) => {
        const _: () = {
            // SAFETY: nothing is run or read from these sections while the program runs, by the
            // system or by others, whatever bytes are in them.
            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = $apple))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = $section))]
            static SECTION: [u8; ::core::include_bytes!(::core::env!($file)).len()] =
                *::core::include_bytes!(::core::env!($file));
        };
    };
    (
        @sheet $text:expr, $starts:expr, $priority:expr, $($column:ident $width:ident $numbers:expr,)*) => {{
        $(const $column: $crate::__private::Numbers =
            $crate::__private::Numbers::$width(&$numbers);)*
        $crate::__private::Sheet {
            text: $text,
            starts: &$starts,
            namespaces: NAMESPACES,
            namespace: NAMESPACE,
            version: VERSION,
            description: DESCRIPTION,
            authors: AUTHORS,
            identifier: IDENTIFIER,
            package: PACKAGE,
            file: FILE,
            line: LINE,
            column: COLUMN,
            priority: &$priority,
            dependencies: $crate::__private::Lists {
                starts: DEPENDENCY_STARTS,
                numbers: DEPENDENCIES,
            },
            reasons: $crate::__private::Lists { starts: REASON_STARTS, numbers: REASONS },
            seeds: SEEDS,
            slots: SLOTS,
        }
    }};
}

/// Not public API: a table that is listed by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ($($entry:path),* $(,)?) => {
        /// The plugins that are listed here, in the order of the list.
        pub static PLUGINS: $crate::Table = $crate::Table::listed(
            ::core::env!("CARGO_PKG_NAME"),
            &[$(<$entry as $crate::__private::Entry>::ENTRY),*],
            &[$(<$entry as $crate::__private::Entry>::DECLARED),*],
        );
        $crate::__private::submit!();
    };
}

/// Whether the generator has the version of this crate.
#[doc(hidden)]
pub const fn same_version(generator: &str) -> bool {
    // `==` cannot be evaluated at compile time.
    let (theirs, ours) = (generator.as_bytes(), env!("CARGO_PKG_VERSION").as_bytes());
    let mut i = 0;
    while i < theirs.len() && i < ours.len() && theirs[i] == ours[i] {
        i += 1;
    }
    i == theirs.len() && i == ours.len()
}
