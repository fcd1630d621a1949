use crate::table::Table;

/// The collection that `linkme` gathers.
#[cfg(feature = "linkme")]
#[doc(hidden)]
#[linkme::distributed_slice]
pub static TABLES: [&'static Table];

#[cfg(all(feature = "inventory", not(feature = "linkme")))]
#[doc(hidden)]
pub struct Submitted(pub &'static Table);

#[cfg(all(feature = "inventory", not(feature = "linkme")))]
inventory::collect!(Submitted);

/// Every table in this program, by the name of its app: one for each
/// `plugins!` in what was linked.
///
/// This is how a library finds the plugins of an app that it cannot see.
/// Without the features `inventory` and `linkme` there is nothing to find
/// them by, and the list is empty; the app's own `PLUGINS` works without.
///
/// ```
/// # use plugo_core as plugo;
/// for table in plugo::tables() {
///     println!("{}: {} plugins", table.app(), table.len());
/// }
/// ```
pub fn tables() -> Vec<&'static Table> {
    let mut tables = submitted();
    tables.sort_by_key(|table| (table.app(), table.fingerprint()));
    tables
}

#[cfg(feature = "linkme")]
fn submitted() -> Vec<&'static Table> {
    TABLES.to_vec()
}

#[cfg(all(feature = "inventory", not(feature = "linkme")))]
fn submitted() -> Vec<&'static Table> {
    inventory::iter::<Submitted>.into_iter().map(|submitted| submitted.0).collect()
}

#[cfg(not(any(feature = "inventory", feature = "linkme")))]
fn submitted() -> Vec<&'static Table> {
    Vec::new()
}

/// Not public API: submits `PLUGINS` to the program-wide collection.
#[cfg(feature = "linkme")]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    () => {
        const _: () = {
            #[$crate::__private::linkme::distributed_slice($crate::__private::TABLES)]
            #[linkme(crate = $crate::__private::linkme)]
            static TABLE: &'static $crate::Table = &PLUGINS;
        };
    };
}

/// Not public API: submits `PLUGINS` to the program-wide collection.
#[cfg(all(feature = "inventory", not(feature = "linkme")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    () => {
        $crate::__private::inventory::submit! { $crate::__private::Submitted(&PLUGINS) }
    };
}

/// Not public API: there is no program-wide collection to submit to.
#[cfg(not(any(feature = "inventory", feature = "linkme")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    () => {};
}
