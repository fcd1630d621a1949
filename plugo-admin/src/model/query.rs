use plugo_core::Status;
use serde::Serialize;

use super::TypeId;

/// So many rows are on a page where nothing else is said.
const PER_PAGE: u32 = 50;

/// So many rows are on a page at most.
const MOST: u32 = 1000;

/// Some of the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows there are on all pages.
    pub total: u64,
    /// Which page it is; the first one is 1.
    pub page: u32,
    /// How many rows a page has.
    pub per_page: u32,
}

impl<T> Page<T> {
    pub(crate) fn new(rows: Vec<T>, total: u64, page: u32, per_page: u32) -> Self {
        Page { rows, total, page, per_page }
    }

    /// How many pages there are, at least one.
    pub fn pages(&self) -> u32 {
        let pages = self.total.div_ceil(u64::from(self.per_page.max(1))).max(1);
        u32::try_from(pages).unwrap_or(u32::MAX)
    }
}

/// By what instances are sorted. Ties go by item name, instance name and id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// As a selection goes: by status, priority, item name and instance name.
    #[default]
    Selection,
    /// By the item's name.
    Name,
    /// By the type's name, then as a selection goes.
    Type,
    /// By the status that holds.
    Status,
    /// By the priority that holds.
    Priority,
    /// By the package.
    Package,
}

/// Which instances. The default is all of them, 50 at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceQuery {
    /// Part of the name of the instance, its item or its package, or of the item's
    /// description, in any case; up to 500 characters.
    pub search: Option<String>,
    /// Of this type.
    pub type_id: Option<TypeId>,
    /// With this status holding.
    pub status: Option<Status>,
    /// Whose item is in this package.
    pub package: Option<String>,
    /// Whose item was in the program that synced last, or was not.
    pub present: Option<bool>,
    /// By what.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// Which page; 0 and 1 are the first.
    pub page: u32,
    /// How many rows on each, up to 1000; 0 is 50.
    pub per_page: u32,
}

/// Which items, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemQuery {
    /// Part of the name, the package or the description, in any case; up to 500
    /// characters.
    pub search: Option<String>,
    /// Of this type.
    pub type_id: Option<TypeId>,
    /// In the program that synced last, or not.
    pub present: Option<bool>,
    /// Which page; 0 and 1 are the first.
    pub page: u32,
    /// How many rows on each, up to 1000; 0 is 50.
    pub per_page: u32,
}

/// Which plain plugins, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginQuery {
    /// Part of the name, the package or the description, in any case; up to 500
    /// characters.
    pub search: Option<String>,
    /// In the program that synced last, or not.
    pub present: Option<bool>,
    /// Which page; 0 and 1 are the first.
    pub page: u32,
    /// How many rows on each, up to 1000; 0 is 50.
    pub per_page: u32,
}

/// Which lines of the audit log, the latest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditQuery {
    /// About the row with this id.
    pub subject_id: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
    /// Part of the subject, the actor or a value, in any case; up to 500 characters.
    pub search: Option<String>,
    /// Which page; 0 and 1 are the first.
    pub page: u32,
    /// How many rows on each, up to 1000; 0 is 50.
    pub per_page: u32,
}

/// The page and the number of rows that a query means.
pub(crate) fn paging(page: u32, per_page: u32) -> (u32, u32) {
    let per_page = if per_page == 0 { PER_PAGE } else { per_page.min(MOST) };
    (page.max(1), per_page)
}
