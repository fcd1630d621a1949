use std::fmt::{self, Write as _};

use crate::callgrind::Counted;
use crate::contenders::Contender;
use crate::image::Image;
use crate::start::{Instructions, Start};
use crate::table::{Table, grouped, ratio};

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
- `static`: a slice that somebody wrote in load order, with a scan for names.
- `limit`, which is no peer: the same slice, which nothing checks, and a perfect hash. Its rows are pointers, as \
those of all but plugo, so each costs the dynamic linker several relocations.
- `phf`, `hashmap`, `inventory`, `linkme`, `ctor`, `scattered` (`scattered-collect`), `typetag`: what those \
crates, or the standard library, offer. Nothing in them orders, so they order by dependencies at start, all by one \
implementation of Kahn's algorithm. `inventory`, `linkme` and `ctor` have no index, so they scan. `typetag` cannot \
list its types, so a list of names stands beside them. What would take minutes to \
compile, or shows nothing that fewer plugins do not, is left out: `typetag` with 1,000 plugins, and with 10,000 all \
but plugo, the two tables and `linkme`.

Instructions are callgrind's: of the process from its start, relocations in, kernel work not; with no variable set but \
`PATH`. What Rust's runtime does to find the stack's bounds is left out: it reads \
`/proc/self/maps`, whose lines depend on where the pages of a binary begin. (The aims of the page are of the whole process.)
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
        self.table(header, |contender| {
            self.sizes.iter().map(|&size| cell(contender, size)).collect()
        })
    }

    /// A table with a row for each contender that was measured.
    fn table(
        &self,
        header: impl Iterator<Item = String>,
        cells: impl Fn(Contender) -> Vec<String>,
    ) -> Table {
        let mut table = Table::new([String::new()].into_iter().chain(header));
        let is_measured = |contender: &Contender| self.start.cost(*contender, 0).is_some();
        for contender in Contender::ALL.into_iter().filter(is_measured) {
            table.row([contender.name().to_owned()].into_iter().chain(cells(contender)));
        }
        table
    }

    fn start(&self, f: &mut String) -> fmt::Result {
        let thousand = |value: fn(Instructions) -> Counted| {
            self.by_size(move |contender, size| {
                let of = |contender| {
                    Some(value(self.start.instructions(contender, size)?).steady as f64)
                };
                beside_static(contender, of, |count| grouped((count / 1e3).round() as u64))
            })
        };
        writeln!(f, "### From process start until all plugins are visible in load order\n")?;
        writeln!(f, "Thousand instructions, and the ratio to `static`.\n")?;
        writeln!(f, "{}", thousand(|i| i.visible))?;
        writeln!(f, "### From process start until all plugins are initialised\n")?;
        writeln!(f, "![Instructions against the number of plugins](cost-start.svg)\n")?;
        writeln!(f, "Thousand instructions, and the ratio to `static`.\n")?;
        writeln!(f, "{}", thousand(|i| i.initialised))?;
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
            self.by_size(|contender, size| {
                self.parts(contender, size).unwrap_or_else(|| "–".to_owned())
            })
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
        let whole = |count: f64| grouped(count.round() as u64);
        writeln!(f, "## Bytes per plugin\n")?;
        writeln!(f, "![Bytes against the number of plugins](cost-bytes.svg)\n")?;
        writeln!(
            f,
            "Of all sections of a stripped release binary that are loaded, with the init function: what \
             one more plugin adds from one size to the next, so that what is there once drops out. plugo's table also says each \
             plugin's namespace, package, place and reasons, which the others do not have, and a mark by which `plugo \
             inspect` finds it; the function behind a `#[plugin]` takes its parameters out of the \
             app's arguments before it calls.\n"
        )?;
        let bytes = |image: Image| image.bytes as f64;
        let empty = |contender| Some(bytes(self.start.cost(contender, 0)?.image));
        if let (Some(own), Some(plain)) = (empty(Contender::Plugo), empty(Contender::Static)) {
            writeln!(
                f,
                "What is there once: the same program without any plugin has {} bytes with \
                 plugo, {} with `static`.\n",
                whole(own),
                whole(plain)
            )?;
        }
        if self.sizes.len() < 2 {
            return writeln!(f, "One size was measured, which has no step to another one.\n");
        }
        writeln!(
            f,
            "{}",
            self.steps(|start, contender, step| start.more(contender, step, bytes), whole)
        )?;
        writeln!(
            f,
            "Of these, what the dynamic linker has to write at start: relocations per plugin.\n"
        )?;
        let relocations = |image: Image| image.relocations as f64;
        writeln!(
            f,
            "{}",
            self.steps(
                |start, contender, step| start.more(contender, step, relocations),
                |n| format!("{n:.1}")
            )
        )
    }

    /// A table with a column for each step from one size to the next.
    fn steps(
        &self,
        value: impl Fn(&Start, Contender, [usize; 2]) -> Option<f64>,
        show: impl Fn(f64) -> String,
    ) -> Table {
        let steps: Vec<[usize; 2]> = self.sizes.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        let name =
            |[a, b]: &[usize; 2]| format!("{} to {}", grouped(*a as u64), grouped(*b as u64));
        self.table(steps.iter().map(name), |contender| {
            let cell = |&step| beside_static(contender, |of| value(self.start, of, step), &show);
            steps.iter().map(cell).collect()
        })
    }
}

/// What the README says of cost, if everything that it names was measured.
pub(crate) fn sentence(start: &Start) -> Option<String> {
    const SIZE: usize = 1_000;
    let started = |contender| {
        let of = |size| start.instructions(contender, size);
        let empty = start.instructions(Contender::Static, 0)?.noop.steady as f64;
        Some(grouped(((of(SIZE)?.initialised.steady as f64 - empty) / 1e3).round() as u64))
    };
    let found =
        |contender, size| Some(grouped(start.instructions(contender, size)?.hit.round() as u64));
    let bytes =
        |contender| Some(start.more(contender, [100, SIZE], |image| image.bytes as f64)?.round());
    Some(format!(
        "Starting {} plugins in dependency order takes {} thousand instructions beyond a program without any: {} with a\n\
         table that somebody writes by hand in the right order, {} with `linkme` and {} with `inventory`, which have to sort at\n\
         start. Finding one by name takes {}, however many there are; a scan by hand {} among 10 and {} among {}.\n\
         One more plugin makes the stripped program {} bytes larger; by hand, {}.\n\
         `cargo run --release -p benches -- --quick` says the same of your machine, in a few minutes;\n\
         [docs/benchmarks.md](docs/benchmarks.md) says what else plugo costs, and which aims it misses.",
        grouped(SIZE as u64),
        started(Contender::Plugo)?,
        started(Contender::Static)?,
        started(Contender::Linkme)?,
        started(Contender::Inventory)?,
        found(Contender::Plugo, SIZE)?,
        found(Contender::Static, 10)?,
        found(Contender::Static, SIZE)?,
        grouped(SIZE as u64),
        bytes(Contender::Plugo)?,
        bytes(Contender::Static)?,
    ))
}

/// A value, and its ratio to that of the hand-written table.
fn beside_static(
    contender: Contender,
    value: impl Fn(Contender) -> Option<f64>,
    show: impl Fn(f64) -> String,
) -> String {
    match (value(contender), value(Contender::Static)) {
        (Some(own), Some(other)) if other > 0.0 => {
            format!("{} ({})", show(own), ratio(own / other))
        }
        (Some(own), _) => show(own),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_needs_both_numbers() {
        let value = |contender| (contender == Contender::Plugo).then_some(1.0);
        assert_eq!(beside_static(Contender::Plugo, value, |n| n.to_string()), "1");
        assert_eq!(beside_static(Contender::Limit, value, |n| n.to_string()), "–");
        let value = |contender| Some(if contender == Contender::Plugo { 1.0 } else { 2.0 });
        assert_eq!(beside_static(Contender::Plugo, value, |n| n.to_string()), "1 (0.50x)");
    }
}
