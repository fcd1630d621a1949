use std::any::TypeId;
use std::cell::Cell;
use std::sync::OnceLock;

use crate::copies::Copies;
use crate::item::ItemEntry;
use crate::types::{Candidate, Type, Types, types};

/// Where a plugin type finds its items without looking for them.
#[doc(hidden)]
pub struct Slot<T: ?Sized + 'static>(OnceLock<Bound<T>>);

/// A plugin type of this program, with the entries of its items.
pub(crate) struct Bound<T: ?Sized + 'static> {
    pub(crate) types: &'static Types,
    pub(crate) of: &'static Type,
    /// In the order of the type's items.
    pub(crate) entries: Box<[&'static ItemEntry<T>]>,
}

impl<T: ?Sized + Send + Sync + 'static> Slot<T> {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Slot(OnceLock::new())
    }

    /// None when no item of the type is in the program.
    #[inline]
    pub(crate) fn bound(&'static self) -> Option<&'static Bound<T>> {
        self.0.get().or_else(|| self.bind())
    }

    #[cold]
    fn bind(&'static self) -> Option<&'static Bound<T>> {
        let types = types();
        let of = types.get(TypeId::of::<T>())?;
        // Were one left out, those behind it would be found in the place of others.
        let entry = |item: &Candidate| {
            let entry = item.entry.as_any().downcast_ref();
            entry.expect("an item is of the type that it is found under")
        };
        let entries: Box<[_]> = of.items.iter().map(entry).collect();
        Some(self.0.get_or_init(|| Bound { types, of, entries }))
    }
}

/// What a thread selected last: it is selected still while the overrides are
/// those of then, and one comparison tells. A shared instance stays for the
/// rest of the program, so there is nothing to give back.
#[doc(hidden)]
pub struct Last<T: ?Sized + 'static>(pub(crate) Cell<Option<Selected<T>>>);

pub(crate) struct Selected<T: ?Sized + 'static> {
    pub(crate) row: &'static Copies,
    /// The replacement of the row that says so.
    pub(crate) number: u64,
    pub(crate) shared: &'static T,
}

impl<T: ?Sized> Clone for Selected<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Selected<T> {}

impl<T: ?Sized + 'static> Last<T> {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Last(Cell::new(None))
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&'static T> {
        let Selected { row, number, shared } = self.0.get()?;
        (row.number() == number).then_some(shared)
    }
}
