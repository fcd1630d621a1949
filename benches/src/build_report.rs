use std::fmt::{self, Write as _};

use crate::build::{Builds, CRATES, MANY, Row};
use crate::table::{Table, grouped};
use crate::work::shown;

/// The section on what compiling costs.
pub(crate) fn section(builds: &Builds, f: &mut String) -> fmt::Result {
    writeln!(f, "## What compiling costs\n")?;
    writeln!(
        f,
        "CPU time of `cargo build` with every process that it starts, which a machine that does other \
         things too moves less than the clock; the least of two, and a tenth of ten for a build \
         without a change. One plugin changed is one number in its function. All have the same plugins.\n"
    )?;
    writeln!(
        f,
        "{} plugins in one crate. What the program depends on is compiled before; `plugo` has its build \
         script in the numbers:\n",
        grouped(MANY as u64)
    )?;
    writeln!(f, "{}", table(&builds.one_crate))?;
    writeln!(
        f,
        "{CRATES} plugins, each a crate, and the app. `static` is a list in the app that names each crate; \
         with `inventory` and `linkme` the app has to name them too, or it silently lacks them. The build \
         script of `plugo` asks Cargo which crates are in the program, for the manifest:\n"
    )?;
    writeln!(f, "{}", table(&builds.many_crates))?;
    writeln!(
        f,
        "Without a change, Cargo looks at as many packages, with the harness: {}.\n",
        builds
            .one_crate
            .iter()
            .map(|row| format!("{} for {}", row.packages, row.name))
            .collect::<Vec<_>>()
            .join(", ")
    )?;
    writeln!(
        f,
        "A build script with `plugo_build`, compiled with all that it depends on, not incrementally, as crates of \
         a registry are: {}. An empty one: {}.",
        shown(builds.dependency),
        shown(builds.no_dependency)
    )
}

fn table(rows: &[Row]) -> Table {
    let release = rows.iter().any(|row| row.release.is_some());
    let mut header = vec![""];
    header.extend(release.then_some("release, clean"));
    header.extend(["dev, clean", "dev, one plugin changed", "no change"]);
    let mut table = Table::new(header);
    for row in rows {
        let mut cells = vec![row.name.to_owned()];
        cells.extend(row.release.map(shown));
        cells.extend([row.dev, row.touched, row.unchanged].map(shown));
        table.row(cells);
    }
    table
}
