use std::fmt::{self, Write as _};

use crate::callgrind::Counted;
use crate::contenders::Contender;
use crate::start::{Instructions, Start};
use crate::table::{Table, grouped};

/// The section on start-up, lookup and size.
pub(crate) fn section(sizes: &[usize], start: &Start, f: &mut String) -> fmt::Result {
    let page = Page { sizes, start };
    writeln!(f, "## Start-up and lookup\n")?;
    writeln!(f, "{CONTENDERS}\n")?;
    match start.counted_by.is_some() {
        true => {
            page.start(f)?;
            page.lookup(f)?;
        }
        false => writeln!(f, "valgrind was not installed, so instructions were not counted.\n")?,
    }
    page.size(f)
}

const CONTENDERS: &str = "\
The same generated plugins in every program. A plugin has a name, a version, up to three dependencies, and an \
init function that counts and mixes a number, so that order matters. Every program was verified before it was \
measured: each plugin initialised once and after its dependencies, every name found, no near miss found. \
Release builds, `strip = true`, nothing else set.

- `plugo`: an app as the documentation has it, `build.rs`, `plugins!()`, `load_plugins`, default features; each \
plugin takes one parameter. `plugo-bare`: the same with plugins that take none.
- `limit`: what a generator could write at best, and no peer: a slice in load order without any check, and a \
perfect hash.
- `static`: a slice that somebody wrote in load order, with a scan for names.
- `phf`, `hashmap`, `inventory`, `linkme`, `ctor`, `scattered` (`scattered-collect`), `typetag`: what those \
crates, or the standard library, offer. Nothing in them orders, so they order by dependencies at start, all by one \
implementation of Kahn's algorithm. `inventory`, `linkme` and `ctor` have no index, so they scan. `typetag` cannot \
list its types, so a list of names stands beside them. What would take minutes to \
compile is left out: `typetag` with 1,000 plugins, and with 10,000 all but plugo, the two tables and `linkme`.

Instructions are callgrind's: the whole process from its start, relocations in, kernel work not; with no variables \
set. Where parts of a process are told, what Rust's runtime does to find the stack's bounds is left out: it reads \
`/proc/self/maps`, whose lines depend on where the pages of a binary begin.
";

/// A plot of the cost against the number of plugins.
pub(crate) fn curves(
    sizes: &[usize],
    value: impl Fn(Contender, usize) -> Option<f64>,
) -> Vec<(String, Vec<(f64, f64)>)> {
    let curve = |contender: Contender| {
        let point = |&size: &usize| Some((size as f64, value(contender, size)?));
        let points: Vec<(f64, f64)> = sizes.iter().filter_map(point).collect();
        (points.len() > 1).then(|| (contender.name().to_owned(), points))
    };
    Contender::ALL.into_iter().filter_map(curve).collect()
}

struct Page<'p> {
    sizes: &'p [usize],
    start: &'p Start,
}

impl Page<'_> {
    /// A table with a row for each contender and a column for each size.
    fn by_size(&self, cell: impl Fn(Contender, usize) -> String) -> Table {
        let header = self.sizes.iter().map(|&size| grouped(size as u64));
        let mut table = Table::new([String::new()].into_iter().chain(header));
        for contender in Contender::ALL {
            let cells = self.sizes.iter().map(|&size| cell(contender, size));
            table.row([contender.name().to_owned()].into_iter().chain(cells));
        }
        table
    }

    fn start(&self, f: &mut String) -> fmt::Result {
        let whole = |value: fn(Instructions) -> Counted| {
            self.by_size(move |contender, size| {
                let of =
                    |contender| Some(value(self.start.instructions(contender, size)?).whole as f64);
                beside_static(contender, of, |count| grouped((count / 1e3).round() as u64))
            })
        };
        writeln!(f, "### From process start until all plugins are visible in load order\n")?;
        writeln!(f, "Thousand instructions of the whole process, and the ratio to `static`.\n")?;
        writeln!(f, "{}", whole(|i| i.visible))?;
        writeln!(f, "### From process start until all plugins are initialised\n")?;
        writeln!(f, "![Instructions against the number of plugins](cost-start.svg)\n")?;
        writeln!(f, "Thousand instructions of the whole process, and the ratio to `static`.\n")?;
        writeln!(f, "{}", whole(|i| i.initialised))?;
        writeln!(f, "### The same per plugin\n")?;
        writeln!(
            f,
            "Instructions per plugin: before `main` (relocations, constructors) / from `main` until all \
             are visible in load order / from `main` until all are initialised. Before `main`, the \
             empty process, which is the same program with no plugins, is taken off; it is {}.\n",
            Contender::ALL
                .iter()
                .filter_map(|&contender| {
                    let noop = self.start.instructions(contender, 0)?.noop;
                    Some(format!("{} for {}", grouped(noop.steady), contender.name()))
                })
                .collect::<Vec<_>>()
                .join(", ")
        )?;
        writeln!(
            f,
            "{}",
            self.by_size(|contender, size| self.parts(contender, size).unwrap_or_default())
        )
    }

    fn parts(&self, contender: Contender, size: usize) -> Option<String> {
        let empty = self.start.instructions(contender, 0)?;
        let full = self.start.instructions(contender, size)?;
        let per = |a: Counted, b: Counted| (a.steady as f64 - b.steady as f64) / size as f64;
        // Adding nothing makes a zero of a zero with a minus.
        let shown = |a, b| format!("{:.0}", per(a, b).round() + 0.0);
        Some(format!(
            "{} / {} / {}",
            shown(full.noop, empty.noop),
            shown(full.visible, full.noop),
            shown(full.initialised, full.noop),
        ))
    }

    fn lookup(&self, f: &mut String) -> fmt::Result {
        let per_lookup = |value: fn(Instructions) -> f64| {
            self.by_size(move |contender, size| {
                let of = |contender| Some(value(self.start.instructions(contender, size)?));
                beside_static(contender, of, |count| grouped(count.round() as u64))
            })
        };
        writeln!(f, "### Finding a plugin by name\n")?;
        writeln!(f, "![Instructions against the number of plugins](cost-lookup.svg)\n")?;
        writeln!(f, "Instructions per lookup of a name that there is:\n")?;
        writeln!(f, "{}", per_lookup(|i| i.hit))?;
        writeln!(
            f,
            "Instructions per lookup of a name that differs from one that there is in the last \
             character:\n"
        )?;
        writeln!(f, "{}", per_lookup(|i| i.miss))
    }

    fn size(&self, f: &mut String) -> fmt::Result {
        let bytes = |contender, size| self.start.cost(contender, size).map(|cost| cost.image.file);
        let slope = |contender, from: usize, to: usize| {
            let more = bytes(contender, to)? as f64 - bytes(contender, from)? as f64;
            Some(more / (to - from) as f64)
        };
        let whole = |count: f64| grouped(count.round() as u64);
        writeln!(f, "## Bytes per plugin\n")?;
        writeln!(f, "![Bytes against the number of plugins](cost-bytes.svg)\n")?;
        writeln!(
            f,
            "Of a stripped release binary, with the init function: (size with N plugins − size \
             with none) / N. plugo's table also says each plugin's namespace, package, place and \
             reasons, which the others do not have; and the function behind a `#[plugin]` takes \
             its parameters out of the app's arguments before it calls.\n"
        )?;
        writeln!(
            f,
            "{}",
            self.by_size(|contender, size| beside_static(
                contender,
                |contender| slope(contender, 0, size),
                whole
            ))
        )?;
        writeln!(f, "The same from one size to the next, where what is there once drops out:\n")?;
        let steps: Vec<(usize, usize)> =
            self.sizes.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let mut table = Table::new([String::new()].into_iter().chain(
            steps.iter().map(|&(a, b)| format!("{} to {}", grouped(a as u64), grouped(b as u64))),
        ));
        for contender in Contender::ALL {
            let cells = steps
                .iter()
                .map(|&(a, b)| beside_static(contender, |contender| slope(contender, a, b), whole));
            table.row([contender.name().to_owned()].into_iter().chain(cells));
        }
        writeln!(f, "{table}")
    }
}

/// A value, and its ratio to that of the hand-written table.
fn beside_static(
    contender: Contender,
    value: impl Fn(Contender) -> Option<f64>,
    show: impl Fn(f64) -> String,
) -> String {
    match (value(contender), value(Contender::Static)) {
        (Some(own), Some(other)) if other > 0.0 => format!("{} ({:.2}x)", show(own), own / other),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_needs_both_numbers() {
        let value = |contender| (contender == Contender::Plugo).then_some(1.0);
        assert_eq!(beside_static(Contender::Plugo, value, |n| n.to_string()), "–");
        let value = |contender| Some(if contender == Contender::Plugo { 1.0 } else { 2.0 });
        assert_eq!(beside_static(Contender::Plugo, value, |n| n.to_string()), "1 (0.50x)");
    }
}
