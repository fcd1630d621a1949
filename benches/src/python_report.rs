use std::fmt::{self, Write as _};

use crate::python::{PEERS, PLUGO, Python};
use crate::table::{Table, grouped};

/// The section on peers in Python.
pub(crate) fn section(python: &Result<Python, String>, f: &mut String) -> fmt::Result {
    writeln!(f, "## Peers in Python\n")?;
    let python = match python {
        Ok(python) => python,
        Err(why) => return writeln!(f, "Not measured: {why}"),
    };
    writeln!(
        f,
        "N plugins that are a module each, without dependencies, and initialise by adding their name to a list; `import` is a \
         list of modules that somebody wrote by hand. Installed from PyPI. Each run checks that every plugin was initialised once. \
         `django-plugin-system` syncs into an SQLite database that has every item already. plugo's program is the one from \
         above, with dependencies.\n\n\
         The time of the whole process, until all are initialised: median [least–most], and the ratio to `import`:\n"
    )?;
    let header = python.sizes.iter().map(|&size| grouped(size as u64));
    let mut table = Table::new([String::new()].into_iter().chain(header));
    for name in [PLUGO].into_iter().chain(PEERS) {
        let mut row = vec![name.to_owned()];
        for &size in &python.sizes {
            let both = python.started(name, size).zip(python.started("import", size));
            row.push(both.map_or_else(String::new, |(spread, by_hand)| {
                let ratio = spread.median.as_secs_f64() / by_hand.median.as_secs_f64();
                format!("{spread} ({ratio:.2}x)")
            }));
        }
        table.row(row);
    }
    writeln!(f, "{table}")?;
    let most = grouped(python.sizes.iter().copied().max().unwrap_or_default() as u64);
    writeln!(
        f,
        "Nanoseconds to find a plugin by name among {most}, in a loop of Python; what is left out can find none, or \
         asks its database ([admin-benchmark.md](admin-benchmark.md)). `import` looks into a dictionary:\n"
    )?;
    let mut table = Table::new(["", "a name that there is"]);
    for name in PEERS {
        if let Some(time) = python.found(name) {
            table.row([name.to_owned(), format!("{}", time.as_nanos())]);
        }
    }
    writeln!(f, "{table}")
}
