use std::fmt::{self, Write as _};

use crate::python::{IMPORT, LOOKUPS, PEERS, PLUGO, Python};
use crate::table::{self, Table, grouped};

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
         list of modules that somebody wrote by hand, and `python -c pass` an interpreter that does nothing. \
         `django-plugin-system` initialises nothing: each module registers an item, and all are synced into an SQLite database \
         that has them already. Installed from PyPI. Each run checks what the peer did, which is in its time: every name is \
         in the list once, or among the rows after the sync. plugo's program is the one from above, with dependencies, and was \
         verified before.\n\n\
         The time of the whole process, until all are initialised: median [least–most], and the ratio to `import`:\n"
    )?;
    let header = python.sizes.iter().map(|&size| grouped(size as u64));
    let mut table = Table::new([String::new()].into_iter().chain(header));
    let names = || PEERS.iter().map(|peer| peer.name);
    for name in [PLUGO].into_iter().chain(names()) {
        let mut row = vec![name.to_owned()];
        for &size in &python.sizes {
            let by_hand = python.started(IMPORT, size);
            row.push(match (python.started(name, size), by_hand) {
                (Some(spread), Some(by_hand)) => {
                    let ratio = spread.median.as_secs_f64() / by_hand.median.as_secs_f64();
                    format!("{spread} ({})", table::ratio(ratio))
                }
                (Some(spread), None) => spread.to_string(),
                (None, _) => "not measured".to_owned(),
            });
        }
        table.row(row);
    }
    writeln!(f, "{table}")?;
    let failed = || names().filter_map(|name| Some((name, python.failed(name)?)));
    for (name, why) in failed() {
        writeln!(f, "- `{name}` was not measured: {why}")?;
    }
    if failed().next().is_some() {
        writeln!(f)?;
    }
    let most = grouped(python.sizes.iter().copied().max().unwrap_or_default() as u64);
    writeln!(
        f,
        "Nanoseconds to find a plugin by name among {most}: the mean of {} in one loop of Python, which is in it; what is \
         left out can find none, or asks its database ([admin-benchmark.md](admin-benchmark.md)). `import` looks into a \
         dictionary:\n",
        grouped(LOOKUPS as u64)
    )?;
    let mut table = Table::new(["", "a name that there is"]);
    for name in names() {
        if let Some(time) = python.found(name) {
            table.row([name.to_owned(), format!("{}", time.as_nanos())]);
        }
    }
    writeln!(f, "{table}")
}
