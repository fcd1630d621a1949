use crate::lookup;
use crate::name::{DEFAULT_NAMESPACE, same_text};
use crate::numbers::Numbers;
use crate::place::Place;

/// What a plan says about plugins. Strings are offsets into one text and
/// edges are numbers, since every pointer in a static costs a relocation at
/// start.
///
/// What a plugin has of a kind stands in a column, and where all plugins have
/// the same, the column has one row. A *string* is a number: the piece of the
/// text between two of the `starts`.
#[doc(hidden)]
pub struct Sheet {
    /// All strings, one behind the other. The names come first, in load order.
    pub text: &'static str,
    /// Where each string starts, and where the last one ends.
    pub starts: &'static [u32],
    /// The strings of the namespaces.
    pub namespaces: Numbers,
    /// A column: which of the namespaces.
    pub namespace: Numbers,
    /// Columns of strings. Authors stand one a line.
    pub version: Numbers,
    pub description: Numbers,
    pub authors: Numbers,
    pub identifier: Numbers,
    pub package: Numbers,
    /// The file of the plugin's place.
    pub file: Numbers,
    /// Columns: the line, which is 0 for a file as a whole, and the column. Many plugins may
    /// stand in one file, and its name is long.
    pub line: Numbers,
    pub column: Numbers,
    /// A column.
    pub priority: &'static [i32],
    /// Indices of the plugins that a plugin depends on.
    pub dependencies: Lists,
    /// Two numbers each: the source, and the string of its place.
    pub reasons: Lists,
    /// Seeds of the buckets, and which plugin each slot has. None where names are
    /// found by going through all.
    pub seeds: Numbers,
    pub slots: Numbers,
}

/// A list for each plugin.
#[doc(hidden)]
pub struct Lists {
    /// Where each list starts among the numbers, and where the last one ends; nothing
    /// where all lists are empty.
    pub starts: Numbers,
    pub numbers: Numbers,
}

/// The number of a namespace that no plugin is in.
pub(crate) const NO_NAMESPACE: usize = usize::MAX;

impl Sheet {
    /// The number of [`DEFAULT_NAMESPACE`].
    pub(crate) const fn default_namespace(&self) -> usize {
        let mut number = 0;
        while number < self.namespaces.len() {
            let string = self.namespaces.get(number);
            let (start, end) = (self.starts[string], self.starts[string + 1]);
            if is_at(self.text, start as usize, end as usize, DEFAULT_NAMESPACE) {
                return number;
            }
            number += 1;
        }
        NO_NAMESPACE
    }

    /// The number of a namespace.
    pub(crate) fn namespace(&self, name: &str) -> usize {
        let mut numbers = 0..self.namespaces.len();
        let found = numbers.find(|&number| self.string(self.namespaces.get(number)) == name);
        found.unwrap_or(NO_NAMESPACE)
    }

    #[inline]
    pub(crate) fn string(&self, string: usize) -> &'static str {
        let (start, end) = self.bounds(string);
        &self.text[start..end]
    }

    pub(crate) fn place(&self, plugin: usize) -> Place {
        let number = |numbers: Numbers| numbers.of(plugin) as u32;
        let position = match number(self.line) {
            0 => None,
            line => Some((line, number(self.column))),
        };
        Place::new(self.string(self.file.of(plugin)), position)
    }

    #[inline]
    fn bounds(&self, string: usize) -> (usize, usize) {
        (self.starts[string] as usize, self.starts[string + 1] as usize)
    }

    /// The index of a plugin.
    #[inline]
    pub(crate) fn find(&self, plugins: usize, namespace: usize, name: &str) -> Option<usize> {
        if self.seeds.len() == 0 {
            return self.scan(plugins, namespace, name);
        }
        let hash = lookup::hash(namespace, name);
        let seed = self.seeds.get(lookup::bucket(hash, self.seeds.len()));
        let index = self.slots.get(lookup::slot(hash, seed, self.slots.len()));
        let (start, end) = self.bounds(index);
        (end - start == name.len() && self.is_called(index, start, namespace, name))
            .then_some(index)
    }

    fn scan(&self, plugins: usize, namespace: usize, name: &str) -> Option<usize> {
        let mut start = 0;
        // Where a name ends, the next one starts.
        for (index, &end) in self.starts.get(1..=plugins)?.iter().enumerate() {
            // Most names differ in their length.
            if (end - start) as usize == name.len()
                && self.is_called(index, start as usize, namespace, name)
            {
                return Some(index);
            }
            start = end;
        }
        None
    }

    /// Whether the plugin, whose name starts there and has the length of this one, has
    /// that name in the namespace.
    #[inline(always)]
    fn is_called(&self, index: usize, start: usize, namespace: usize, name: &str) -> bool {
        let own = self.text.as_bytes().get(start..start + name.len());
        own.is_some_and(|own| same_text(own, name.as_bytes()))
            && self.namespace.of(index) == namespace
    }
}

impl Lists {
    /// Where the list of a plugin starts and ends among the numbers.
    pub(crate) fn bounds(&self, plugin: usize) -> (usize, usize) {
        match self.starts.len() {
            0 => (0, 0),
            _ => self.starts.bounds(plugin),
        }
    }
}

/// `text[start..end] == other`, where it can be evaluated at compile time.
const fn is_at(text: &str, start: usize, end: usize, other: &str) -> bool {
    let (text, other) = (text.as_bytes(), other.as_bytes());
    let mut i = 0;
    while i < other.len() && start + i < end && text[start + i] == other[i] {
        i += 1;
    }
    i == other.len() && start + i == end
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Numbers = Numbers::Narrow(&[]);

    #[test]
    fn a_place_is_a_file_with_a_position_or_as_a_whole() {
        let (mut sheet, _) = sheet(1, false);
        sheet.file = Numbers::Narrow(&[2]);
        sheet.line = Numbers::Narrow(&[7, 0]);
        sheet.column = Numbers::Narrow(&[5, 0]);
        assert_eq!([sheet.place(0).to_string(), sheet.place(1).to_string()], ["one:7:5", "one"]);
    }

    /// Plugins of so many names, each in two namespaces; with seeds, or without.
    fn sheet(names: usize, with_seeds: bool) -> (Sheet, Vec<(usize, String)>) {
        // Names of all lengths, some of which differ in one character alone.
        let name = |i: usize| format!("{}{}", "-name-of-a-plugin-".repeat(i % 3), i);
        let plugins: Vec<(usize, String)> = (0..2 * names).map(|i| (i % 2, name(i / 2))).collect();
        let strings = plugins.iter().map(|(_, name)| name.as_str()).chain(["one", "plugins"]);
        let (mut text, mut starts) = (String::new(), vec![0]);
        for string in strings {
            text.push_str(string);
            starts.push(text.len() as u32);
        }
        let namespace: Vec<u16> = plugins.iter().map(|(namespace, _)| *namespace as u16).collect();
        let namespaces: Vec<u32> = vec![2 * names as u32, 2 * names as u32 + 1];
        let (seeds, slots) = if with_seeds { seeds(&plugins) } else { Default::default() };
        let sheet = Sheet {
            text: text.leak(),
            starts: starts.leak(),
            namespaces: Numbers::Wide(namespaces.leak()),
            namespace: Numbers::Narrow(namespace.leak()),
            version: NOTHING,
            description: NOTHING,
            authors: NOTHING,
            identifier: NOTHING,
            package: NOTHING,
            file: NOTHING,
            line: NOTHING,
            column: NOTHING,
            priority: &[0],
            dependencies: Lists { starts: NOTHING, numbers: NOTHING },
            reasons: Lists { starts: NOTHING, numbers: NOTHING },
            seeds: Numbers::Wide(seeds.leak()),
            slots: Numbers::Narrow(slots.leak()),
        };
        (sheet, plugins)
    }

    /// Seeds as simple as can be: a bucket and two slots for each plugin.
    fn seeds(plugins: &[(usize, String)]) -> (Vec<u32>, Vec<u16>) {
        let (buckets, slots) = (plugins.len(), 2 * plugins.len());
        let hashes: Vec<u64> =
            plugins.iter().map(|(namespace, name)| lookup::hash(*namespace, name)).collect();
        let mut seeds = vec![0; buckets];
        let mut taken: Vec<Option<u16>> = vec![None; slots];
        for bucket in 0..buckets {
            let members = |i: &usize| lookup::bucket(hashes[*i], buckets) == bucket;
            let members: Vec<usize> = (0..hashes.len()).filter(members).collect();
            let found = (0..).find(|&seed: &u32| {
                let slot = |&i: &usize| lookup::slot(hashes[i], seed as usize, slots);
                let mut chosen: Vec<usize> = members.iter().map(slot).collect();
                let free = chosen.iter().all(|&slot| taken[slot].is_none());
                chosen.sort_unstable();
                chosen.dedup();
                free && chosen.len() == members.len()
            });
            seeds[bucket] = found.unwrap();
            for &i in &members {
                taken[lookup::slot(hashes[i], seeds[bucket] as usize, slots)] = Some(i as u16);
            }
        }
        (seeds, taken.into_iter().map(Option::unwrap_or_default).collect())
    }

    #[test]
    fn a_name_is_found_in_its_namespace_with_seeds_and_without() {
        for (names, with_seeds) in [(1, false), (9, false), (11, true), (300, true), (300, false)] {
            let (sheet, plugins) = sheet(names, with_seeds);
            assert_eq!(sheet.default_namespace(), 1);
            assert_eq!((sheet.namespace("one"), sheet.namespace("two")), (0, NO_NAMESPACE));
            for (index, (namespace, name)) in plugins.iter().enumerate() {
                let find = |namespace, name: &str| sheet.find(plugins.len(), namespace, name);
                assert_eq!(find(*namespace, name), Some(index), "{names} {with_seeds}");
                assert_eq!(sheet.string(index), name);
                assert_eq!(find(NO_NAMESPACE, name), None);
                for missing in [format!("{name}z"), name.replace('-', "_") + "1x", String::new()] {
                    assert_eq!(find(*namespace, &missing), None, "{missing}");
                }
            }
        }
    }
}
