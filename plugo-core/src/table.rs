use std::fmt;
use std::ops::Range;

use crate::declared::{Declared, Part};
use crate::entry::{EntryPoint, Kind, identity, kind};
use crate::item::TypeInfo;
use crate::name::{DEFAULT_NAMESPACE, FullName};
use crate::numbers::Numbers;
use crate::place::Place;
use crate::reason::{Reason, Source};
use crate::sheet::{Lists, NO_NAMESPACE, Sheet};
use crate::waits::{Node, Places};

/// The plugins of one app's build, in load order: what the plan becomes.
///
/// `plugins!()` makes it, as `static PLUGINS: Table`. Nothing is built when
/// the program starts: it is read where the linker put it.
///
/// ```
/// # use plugo_core as plugo;
/// fn names(table: &'static plugo::Table) -> Vec<&'static str> {
///     table.iter().map(|plugin| plugin.name()).collect()
/// }
/// ```
pub struct Table {
    app: &'static str,
    client: Option<&'static str>,
    fingerprint: &'static str,
    entries: &'static [EntryPoint],
    facts: Facts,
    /// The number of [`DEFAULT_NAMESPACE`] in the plan.
    default_namespace: usize,
}

/// What is known about the plugins, beside their functions.
#[expect(
    clippy::large_enum_variant,
    reason = "it is part of a static, and a reference is a relocation"
)]
enum Facts {
    Planned(Sheet),
    /// From the attributes alone, a [`Declared`] each: a list by hand.
    Declared(&'static [&'static str]),
}

/// What an attribute says of a plugin in a list. It is far from what is done for each
/// plugin of a plan, which is many.
#[cold]
#[inline(never)]
fn part(list: &[&'static str], index: usize, part: Part) -> &'static str {
    Declared(list[index]).part(part)
}

impl Table {
    #[doc(hidden)]
    pub const fn planned(
        app: &'static str,
        client: Option<&'static str>,
        fingerprint: &'static str,
        entries: &'static [EntryPoint],
        sheet: Sheet,
    ) -> Self {
        assert!(entries.len() < sheet.starts.len());
        let default_namespace = sheet.default_namespace();
        let facts = Facts::Planned(sheet);
        Table { app, client, fingerprint, entries, facts, default_namespace }
    }

    #[doc(hidden)]
    pub const fn listed(
        app: &'static str,
        entries: &'static [EntryPoint],
        declared: &'static [&'static str],
    ) -> Self {
        assert!(entries.len() == declared.len());
        let mut i = 0;
        while i < declared.len() {
            let mut j = 0;
            while j < i {
                let same = Declared(declared[i]).is_called_like(Declared(declared[j]));
                assert!(!same, "two plugins in this list have one name");
                j += 1;
            }
            i += 1;
        }
        let facts = Facts::Declared(declared);
        let default_namespace = NO_NAMESPACE;
        Table { app, client: None, fingerprint: "", entries, facts, default_namespace }
    }

    /// The package that the table was made for.
    pub fn app(&self) -> &'static str {
        self.app
    }

    /// The client that this build is for, when a `client-<name>` feature chose one.
    pub fn client(&self) -> Option<&'static str> {
        self.client
    }

    /// The fingerprint of the build's manifest; empty for a table that was
    /// listed by hand.
    pub fn fingerprint(&self) -> &'static str {
        self.fingerprint
    }

    /// How many plugins there are, over all namespaces.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no plugin.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The plugins in load order, over all namespaces.
    pub fn iter(&'static self) -> Iter {
        Iter { table: self, next: 0, end: self.len() }
    }

    /// The plugin of that name in the namespace [`DEFAULT_NAMESPACE`].
    #[inline]
    pub fn get(&'static self, name: &str) -> Option<PluginInfo> {
        match &self.facts {
            Facts::Planned(sheet) => {
                let index = sheet.find(self.len(), self.default_namespace, name)?;
                Some(PluginInfo { table: self, index })
            }
            Facts::Declared(_) => self.get_in(DEFAULT_NAMESPACE, name),
        }
    }

    /// The plugin of that name in a namespace.
    pub fn get_in(&'static self, namespace: &str, name: &str) -> Option<PluginInfo> {
        let index = match &self.facts {
            Facts::Planned(sheet) => sheet.find(self.len(), sheet.namespace(namespace), name)?,
            Facts::Declared(list) => (0..list.len()).find(|&index| {
                part(list, index, Part::Name) == name
                    && part(list, index, Part::Namespace) == namespace
            })?,
        };
        Some(PluginInfo { table: self, index })
    }

    pub(crate) fn entries(&self) -> &'static [EntryPoint] {
        self.entries
    }

    pub(crate) fn plugin(&'static self, index: usize) -> PluginInfo {
        PluginInfo { table: self, index }
    }

    /// The next plugins in a row that are in a namespace, from an index on. Where
    /// there is one namespace, nothing is looked at for each of them.
    pub(crate) fn stretch(&self, namespace: &str, from: usize) -> Range<usize> {
        let stretch = |is_in: &dyn Fn(usize) -> bool| {
            let start = (from..self.len()).find(|&index| is_in(index)).unwrap_or(self.len());
            let end = (start..self.len()).find(|&index| !is_in(index));
            start..end.unwrap_or(self.len())
        };
        match &self.facts {
            Facts::Planned(sheet) => {
                let namespace = sheet.namespace(namespace);
                match sheet.namespace {
                    _ if namespace == NO_NAMESPACE => self.len()..self.len(),
                    column if column.len() == 1 => from..self.len(),
                    column => stretch(&|index| column.of(index) == namespace),
                }
            }
            Facts::Declared(list) => {
                stretch(&|index| part(list, index, Part::Namespace) == namespace)
            }
        }
    }
}

impl Places for Table {
    fn node(&self, place: usize) -> Node {
        let Some(&entry) = self.entries.get(place) else {
            return Node { owner: 0, index: 0, namespace: "", name: "" };
        };
        let (namespace, name) = match &self.facts {
            Facts::Planned(sheet) => {
                (sheet.string(sheet.namespaces.get(sheet.namespace.of(place))), sheet.string(place))
            }
            Facts::Declared(list) => {
                (part(list, place, Part::Namespace), part(list, place, Part::Name))
            }
        };
        Node { owner: identity(entry), index: 0, namespace, name }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("app", &self.app)
            .field("client", &self.client)
            .field("plugins", &self.len())
            .finish_non_exhaustive()
    }
}

impl IntoIterator for &'static Table {
    type Item = PluginInfo;
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}

/// The plugins of a [`Table`], in load order.
#[derive(Clone, Debug)]
pub struct Iter {
    table: &'static Table,
    next: usize,
    end: usize,
}

impl Iterator for Iter {
    type Item = PluginInfo;

    fn next(&mut self) -> Option<PluginInfo> {
        let index = self.next;
        (index < self.end).then(|| {
            self.next += 1;
            PluginInfo { table: self.table, index }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter {}

impl DoubleEndedIterator for Iter {
    fn next_back(&mut self) -> Option<PluginInfo> {
        (self.next < self.end).then(|| {
            self.end -= 1;
            PluginInfo { table: self.table, index: self.end }
        })
    }
}

/// One plugin of a [`Table`]: a handle, as cheap to copy as a reference.
#[derive(Clone, Copy)]
pub struct PluginInfo {
    table: &'static Table,
    index: usize,
}

impl PluginInfo {
    #[inline]
    fn text(self, planned: fn(&Sheet) -> Numbers, declared: Part) -> &'static str {
        match &self.table.facts {
            Facts::Planned(sheet) => sheet.string(planned(sheet).of(self.index)),
            Facts::Declared(list) => part(list, self.index, declared),
        }
    }

    /// The name, unique in its namespace.
    #[inline]
    pub fn name(&self) -> &'static str {
        match &self.table.facts {
            Facts::Planned(sheet) => sheet.string(self.index),
            Facts::Declared(list) => part(list, self.index, Part::Name),
        }
    }

    /// The namespace.
    pub fn namespace(&self) -> &'static str {
        match &self.table.facts {
            Facts::Planned(sheet) => {
                sheet.string(sheet.namespaces.get(sheet.namespace.of(self.index)))
            }
            Facts::Declared(list) => part(list, self.index, Part::Namespace),
        }
    }

    /// The version: the metadata's, or else the package's.
    #[inline]
    pub fn version(&self) -> &'static str {
        self.text(|sheet| sheet.version, Part::Version)
    }

    /// The description, or nothing.
    pub fn description(&self) -> &'static str {
        self.text(|sheet| sheet.description, Part::Description)
    }

    /// The identifier from the metadata, or nothing: a name that stays when
    /// the plugin's own name changes.
    pub fn identifier(&self) -> &'static str {
        self.text(|sheet| sheet.identifier, Part::Identifier)
    }

    /// The authors.
    pub fn authors(&self) -> impl Iterator<Item = &'static str> {
        // Cargo joins authors with `:`, which may also be part of one; a plan keeps them apart.
        let separator = match self.table.facts {
            Facts::Planned(_) => '\n',
            Facts::Declared(_) => ':',
        };
        self.text(|sheet| sheet.authors, Part::Authors)
            .split(separator)
            .filter(|author| !author.is_empty())
    }

    /// The Cargo package that the plugin is in.
    pub fn package(&self) -> &'static str {
        self.text(|sheet| sheet.package, Part::Package)
    }

    /// Where the attribute `#[plugin]` stands.
    pub fn place(&self) -> Place {
        match &self.table.facts {
            Facts::Planned(sheet) => sheet.place(self.index),
            Facts::Declared(list) => Place::said(part(list, self.index, Part::Place)),
        }
    }

    /// The priority. Among plugins that do not depend on each other, the
    /// lower number loads first.
    pub fn priority(&self) -> i32 {
        match &self.table.facts {
            Facts::Planned(sheet) => match sheet.priority {
                [same] => *same,
                each => each[self.index],
            },
            Facts::Declared(list) => {
                part(list, self.index, Part::Priority).parse().unwrap_or_default()
            }
        }
    }

    /// The position in the load order of the whole table, from 0.
    pub fn order(&self) -> usize {
        self.index
    }

    /// The plugin type that this plugin is an item of.
    pub fn plugin_type(&self) -> Option<&'static TypeInfo> {
        self.kind().as_item().map(|item| item.plugin_type())
    }

    /// Whether it is an item with settings, of which loading makes no instance.
    pub(crate) fn has_settings(&self) -> bool {
        self.kind().as_item().is_some_and(|item| item.settings().is_some())
    }

    /// The plugins that this one depends on. They are in the same namespace,
    /// and load before it. A list by hand knows none.
    pub fn dependencies(&self) -> impl ExactSizeIterator<Item = PluginInfo> + use<> {
        let table = self.table;
        let (start, end, numbers) = self.list(|sheet| &sheet.dependencies);
        (start..end).map(move |at| PluginInfo { table, index: numbers.get(at) })
    }

    /// Why the plugin is in this build: each place that asked for it. A list
    /// by hand gives none.
    pub fn reasons(&self) -> impl ExactSizeIterator<Item = Reason> + use<> {
        let table = self.table;
        let string = |string| match &table.facts {
            Facts::Planned(sheet) => sheet.string(string),
            Facts::Declared(_) => "",
        };
        let (start, end, numbers) = self.list(|sheet| &sheet.reasons);
        (start..end).step_by(2).map(move |at| Reason {
            source: Source::ALL[numbers.get(at)],
            place: string(numbers.get(at + 1)),
        })
    }

    /// Where a list of numbers starts and ends among others.
    fn list(&self, lists: fn(&Sheet) -> &Lists) -> (usize, usize, Numbers) {
        match &self.table.facts {
            Facts::Planned(sheet) => {
                let lists = lists(sheet);
                let (start, end) = lists.bounds(self.index);
                (start, end, lists.numbers)
            }
            Facts::Declared(_) => (0, 0, Numbers::Narrow(&[])),
        }
    }

    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }

    /// Whether another plugin is of the same table.
    pub(crate) fn table_is_of(&self, other: PluginInfo) -> bool {
        std::ptr::eq(self.table, other.table)
    }

    pub(crate) fn entry(&self) -> EntryPoint {
        let entry = self.table.entries[self.index];
        #[cfg(feature = "patch")]
        let entry = crate::replaced::current(entry);
        entry
    }

    /// Not public API: where the entry point is that the program was linked with.
    #[cfg(feature = "patch")]
    #[doc(hidden)]
    pub fn linked_at(&self) -> usize {
        self.table.entries[self.index] as usize
    }

    /// Not public API: from now on the plugin is what this entry point says;
    /// with none, what the program was linked with. What it was before is given
    /// back.
    #[cfg(feature = "patch")]
    #[doc(hidden)]
    pub fn replace(&self, entry: Option<EntryPoint>) -> Option<EntryPoint> {
        crate::replaced::replace(self.table.entries[self.index], entry)
    }

    /// Not public API: whether it is an item of a plugin type, whose shared
    /// instance lives as long as the program.
    #[cfg(feature = "patch")]
    #[doc(hidden)]
    pub fn is_item(&self) -> bool {
        kind(self.table.entries[self.index]).as_item().is_some()
    }

    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        kind(self.entry())
    }

    /// An address that the plugin has in whatever table it is.
    pub(crate) fn identity(&self) -> usize {
        identity(self.entry())
    }
}

/// Two handles are equal when they are the same place of the same table.
impl PartialEq for PluginInfo {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.table, other.table) && self.index == other.index
    }
}

impl Eq for PluginInfo {}

impl PluginInfo {
    pub(crate) fn full_name(&self) -> FullName<'static> {
        FullName { namespace: self.namespace(), name: self.name() }
    }
}

impl fmt::Debug for PluginInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginInfo")
            .field("name", &self.name())
            .field("namespace", &self.namespace())
            .field("version", &self.version())
            .field("order", &self.order())
            .finish_non_exhaustive()
    }
}
