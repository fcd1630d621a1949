use std::fmt;

use crate::entry::{Declared, EntryPoint};
use crate::item::TypeInfo;
use crate::name::{DEFAULT_NAMESPACE, FullName};
use crate::reason::{Reason, Source};

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
    entries: &'static [&'static EntryPoint],
    facts: Facts,
}

/// What is known about the plugins, beside their functions.
enum Facts {
    Planned(Sheet),
    /// From the attributes alone: a list by hand.
    Declared(&'static [Declared]),
}

/// What a plan says about plugins. Strings are offsets into one text and
/// edges are numbers, since every pointer in a static costs a relocation at
/// start.
#[doc(hidden)]
pub struct Sheet {
    pub text: &'static str,
    pub rows: &'static [Row],
    pub numbers: &'static [u32],
    /// Indices of rows, sorted by name, then by namespace.
    pub by_name: &'static [u32],
}

/// A piece of the text of a table: where it starts, and its length, in bytes.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Text(pub u32, pub u32);

/// A plugin as the plan wrote it. Ranges are into the numbers of the table:
/// start and length.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Row {
    pub name: Text,
    pub namespace: Text,
    pub version: Text,
    pub description: Text,
    /// One a line.
    pub authors: Text,
    pub identifier: Text,
    pub package: Text,
    pub place: Text,
    pub priority: i32,
    /// Indices of the plugins that this one depends on.
    pub dependencies: (u32, u32),
    /// Three numbers each: the source, and the text of its place.
    pub reasons: (u32, u32),
}

impl Table {
    #[doc(hidden)]
    pub const fn planned(
        app: &'static str,
        client: Option<&'static str>,
        fingerprint: &'static str,
        entries: &'static [&'static EntryPoint],
        sheet: Sheet,
    ) -> Self {
        assert!(entries.len() == sheet.rows.len() && entries.len() == sheet.by_name.len());
        Table { app, client, fingerprint, entries, facts: Facts::Planned(sheet) }
    }

    #[doc(hidden)]
    pub const fn listed(
        app: &'static str,
        entries: &'static [&'static EntryPoint],
        declared: &'static [Declared],
    ) -> Self {
        assert!(entries.len() == declared.len());
        let mut i = 0;
        while i < declared.len() {
            let mut j = 0;
            while j < i {
                let same = same_text(declared[i].name, declared[j].name)
                    && same_text(declared[i].namespace, declared[j].namespace);
                assert!(!same, "two plugins in this list have one name");
                j += 1;
            }
            i += 1;
        }
        let facts = Facts::Declared(declared);
        Table { app, client: None, fingerprint: "", entries, facts }
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
    pub fn get(&'static self, name: &str) -> Option<PluginInfo> {
        self.get_in(DEFAULT_NAMESPACE, name)
    }

    /// The plugin of that name in a namespace.
    pub fn get_in(&'static self, namespace: &str, name: &str) -> Option<PluginInfo> {
        let index = match &self.facts {
            Facts::Planned(sheet) => sheet.find(namespace, name)?,
            Facts::Declared(list) => {
                list.iter().position(|d| d.name == name && d.namespace == namespace)?
            }
        };
        Some(PluginInfo { table: self, index })
    }
}

impl Sheet {
    /// The bytes of a piece of the text. Comparing them needs no look at
    /// where characters end.
    fn bytes(&self, Text(start, length): Text) -> &[u8] {
        self.text.as_bytes().get(start as usize..(start + length) as usize).unwrap_or_default()
    }

    fn find(&self, namespace: &str, name: &str) -> Option<usize> {
        /// Up to here going through all of them is faster than a binary search.
        const FEW: usize = 16;
        let (namespace, name) = (namespace.as_bytes(), name.as_bytes());
        if self.rows.len() <= FEW {
            return self.rows.iter().position(|row| {
                row.name.1 as usize == name.len()
                    && self.bytes(row.name) == name
                    && self.bytes(row.namespace) == namespace
            });
        }
        let found = self.by_name.binary_search_by(|&index| {
            let row = &self.rows[index as usize];
            let by_name = self.bytes(row.name).cmp(name);
            by_name.then_with(|| self.bytes(row.namespace).cmp(namespace))
        });
        found.ok().map(|found| self.by_name[found] as usize)
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
    fn text(
        self,
        planned: fn(&Row) -> Text,
        declared: fn(&Declared) -> &'static str,
    ) -> &'static str {
        match &self.table.facts {
            Facts::Planned(sheet) => slice(sheet.text, planned(&sheet.rows[self.index])),
            Facts::Declared(list) => declared(&list[self.index]),
        }
    }

    /// The name, unique in its namespace.
    pub fn name(&self) -> &'static str {
        self.text(|row| row.name, |declared| declared.name)
    }

    /// The namespace.
    pub fn namespace(&self) -> &'static str {
        self.text(|row| row.namespace, |declared| declared.namespace)
    }

    /// The version: the metadata's, or else the package's.
    pub fn version(&self) -> &'static str {
        self.text(|row| row.version, |declared| declared.version)
    }

    /// The description, or nothing.
    pub fn description(&self) -> &'static str {
        self.text(|row| row.description, |declared| declared.description)
    }

    /// The identifier from the metadata, or nothing: a name that stays when
    /// the plugin's own name changes.
    pub fn identifier(&self) -> &'static str {
        self.text(|row| row.identifier, |_| "")
    }

    /// The authors.
    pub fn authors(&self) -> impl Iterator<Item = &'static str> {
        // Cargo joins authors with `:`, which may also be part of one; a plan keeps them apart.
        let separator = match self.table.facts {
            Facts::Planned(_) => '\n',
            Facts::Declared(_) => ':',
        };
        self.text(|row| row.authors, |declared| declared.authors)
            .split(separator)
            .filter(|author| !author.is_empty())
    }

    /// The Cargo package that the plugin is in.
    pub fn package(&self) -> &'static str {
        self.text(|row| row.package, |declared| declared.package)
    }

    /// Where the attribute `#[plugin]` stands: file, line and column.
    pub fn place(&self) -> &'static str {
        self.text(|row| row.place, |declared| declared.place)
    }

    /// The priority. Among plugins that do not depend on each other, the
    /// lower number loads first.
    pub fn priority(&self) -> i32 {
        match &self.table.facts {
            Facts::Planned(sheet) => sheet.rows[self.index].priority,
            Facts::Declared(list) => list[self.index].priority,
        }
    }

    /// The position in the load order of the whole table, from 0.
    pub fn order(&self) -> usize {
        self.index
    }

    /// The plugin type that this plugin is an item of.
    pub fn plugin_type(&self) -> Option<&'static TypeInfo> {
        self.entry().as_item().map(|item| item.plugin_type())
    }

    /// The plugins that this one depends on. They are in the same namespace,
    /// and load before it. A list by hand knows none.
    pub fn dependencies(&self) -> impl ExactSizeIterator<Item = PluginInfo> + use<> {
        let table = self.table;
        self.numbers(|row| row.dependencies)
            .iter()
            .map(move |&index| PluginInfo { table, index: index as usize })
    }

    /// Why the plugin is in this build: each place that asked for it. A list
    /// by hand gives none.
    pub fn reasons(&self) -> impl ExactSizeIterator<Item = Reason> + use<> {
        let text = match &self.table.facts {
            Facts::Planned(sheet) => sheet.text,
            Facts::Declared(_) => "",
        };
        self.numbers(|row| row.reasons).chunks_exact(3).map(move |reason| Reason {
            source: Source::ALL[reason[0] as usize],
            place: slice(text, Text(reason[1], reason[2])),
        })
    }

    fn numbers(&self, range: fn(&Row) -> (u32, u32)) -> &'static [u32] {
        match &self.table.facts {
            Facts::Planned(sheet) => {
                let (start, length) = range(&sheet.rows[self.index]);
                &sheet.numbers[start as usize..][..length as usize]
            }
            Facts::Declared(_) => &[],
        }
    }

    /// Whether another plugin is of the same table.
    pub(crate) fn table_is_of(&self, other: PluginInfo) -> bool {
        std::ptr::eq(self.table, other.table)
    }

    pub(crate) fn entry(&self) -> &'static EntryPoint {
        let entry = self.table.entries[self.index];
        #[cfg(feature = "patch")]
        let entry = crate::replaced::current(entry);
        entry
    }

    /// Not public API: where the entry point is that the program was linked with.
    #[cfg(feature = "patch")]
    #[doc(hidden)]
    pub fn linked_at(&self) -> usize {
        std::ptr::from_ref(self.table.entries[self.index]).addr()
    }

    /// Not public API: from now on the plugin is what this entry point says;
    /// with none, what the program was linked with. What it was before is given
    /// back.
    #[cfg(feature = "patch")]
    #[doc(hidden)]
    pub fn replace(&self, entry: Option<&'static EntryPoint>) -> Option<&'static EntryPoint> {
        crate::replaced::replace(self.table.entries[self.index], entry)
    }

    /// Not public API: whether it is an item of a plugin type, whose shared
    /// instance lives as long as the program.
    #[cfg(feature = "patch")]
    #[doc(hidden)]
    pub fn is_item(&self) -> bool {
        self.table.entries[self.index].as_item().is_some()
    }
}

fn slice(text: &'static str, Text(start, length): Text) -> &'static str {
    &text[start as usize..][..length as usize]
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
        numbers: $numbers:expr,
        by_name: $by_name:expr,
        plugins: [$(
            ($package:literal, $version:literal, $namespace:literal, $name:literal, [$($start:literal $length:literal),*],
             $priority:literal, $dependencies:expr, $reasons:expr)
        )*] $(,)?
    ) => {
        // rustc drops a crate that nobody names, and its entry points with it.
        $(#[allow(unused_extern_crates)] extern crate $krate as _;)*

        const _: () = $crate::__private::table!(@same $core);

        $($($crate::__private::table!(@embed $section);)*)?

        /// The plugins of this build, in load order.
        pub static PLUGINS: $crate::Table = {
            const ROWS: &[$crate::__private::Row] = &[$($crate::__private::table!(@row
                [$($start $length),*] $priority, $dependencies, $reasons
            )),*];
            $crate::Table::planned(
                $app,
                $client,
                $fingerprint,
                &[$({
                    unsafe extern "Rust" {
                        #[link_name = $crate::__private::symbol!($package, $version, $namespace, $name)]
                        static ENTRY: $crate::EntryPoint;
                    }
                    unsafe { &ENTRY }
                }),*],
                $crate::__private::Sheet {
                    text: $text,
                    rows: ROWS,
                    numbers: &$numbers,
                    by_name: &$by_name,
                },
            )
        };
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
            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = $apple))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = $section))]
            static SECTION: [u8; ::core::include_bytes!(::core::env!($file)).len()] =
                *::core::include_bytes!(::core::env!($file));
        };
    };
    (@row
        [$($start:literal $length:literal),*] $priority:literal, $dependencies:expr, $reasons:expr
    ) => {{
        let [name, namespace, version, description, authors, identifier, package, place] =
            [$($crate::__private::Text($start, $length)),*];
        $crate::__private::Row {
            name, namespace, version, description, authors, identifier, package, place,
            priority: $priority,
            dependencies: $dependencies,
            reasons: $reasons,
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
    same_text(generator, env!("CARGO_PKG_VERSION"))
}

/// `==`, where it can be evaluated at compile time.
const fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plugins `p0`, `p1`, … of one namespace, the last in another one.
    fn sheet(count: usize) -> Sheet {
        let mut text = String::from("elsewhere");
        let none = Text(0, 0);
        let mut rows = Vec::new();
        for i in 0..count {
            let name = format!("p{i}");
            let last = i + 1 == count;
            rows.push(Row {
                name: Text(text.len() as u32, name.len() as u32),
                namespace: if last { Text(4, 5) } else { Text(0, 4) },
                version: none,
                description: none,
                authors: none,
                identifier: none,
                package: none,
                place: none,
                priority: 0,
                dependencies: (0, 0),
                reasons: (0, 0),
            });
            text.push_str(&name);
        }
        let mut by_name: Vec<u32> = (0..count as u32).collect();
        by_name.sort_by_key(|i| format!("p{i}"));
        Sheet { text: text.leak(), rows: rows.leak(), numbers: &[], by_name: by_name.leak() }
    }

    #[test]
    fn a_name_is_found_among_few_and_among_many() {
        for count in [1, 16, 17, 300] {
            let sheet = sheet(count);
            for i in 0..count - 1 {
                assert_eq!(sheet.find("else", &format!("p{i}")), Some(i), "{count}");
            }
            let last = format!("p{}", count - 1);
            assert_eq!(sheet.find("where", &last), Some(count - 1));
            assert_eq!(sheet.find("else", &last), None, "it is in another namespace");
            for missing in ["", "p", "p999", "q0"] {
                assert_eq!(sheet.find("else", missing), None);
            }
        }
    }
}
