use std::fmt::{self, Write as _};

use crate::clients::{CHOSEN, Cost, PLUGINS, Ways};
use crate::table::Table;
use crate::work::shown;

/// The section on builds for many clients.
pub(crate) fn section(all: &[Ways], f: &mut String) -> fmt::Result {
    writeln!(f, "## Many clients\n")?;
    writeln!(
        f,
        "An app with {PLUGINS} plugin crates, and clients of which each chooses {CHOSEN}, no two the same; \
         what those depend on comes with them. Dev builds for all clients into one target folder, which is empty \
         at first: with `plugo build --all-clients`, and with `cargo build --no-default-features --features \
         client-…` for each. CPU time with every process, and the crates that Cargo compiled, with those of \
         plugo and the ones that it depends on; measured once. `plugo build`, compiled as it is installed, also verifies each program, and writes its bills of \
         materials.\n"
    )?;
    let mut table = Table::new(["", "first", "again", "one plugin changed"]);
    for ways in all {
        for (name, way) in [("plugo build", ways.plugo), ("cargo build", ways.by_hand)] {
            let cell = |cost: Cost| format!("{}, {} crates", shown(cost.work), cost.compiled);
            let name = format!("{name}, {} clients", ways.clients);
            table.row([name, cell(way.first), cell(way.second), cell(way.changed)]);
        }
    }
    writeln!(f, "{table}")
}
