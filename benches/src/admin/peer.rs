use std::path::Path;
use std::time::Duration;

use super::services::SERVICES;
use super::sync::ITEMS;
use crate::spread::Spread;
use crate::venv::Venv;

/// The release that is measured. In the one after it, 2.0.9, no item can be defined: its
/// check of items calls itself without end.
pub(crate) const VERSION: &str = "2.0.8";

/// So many selections are timed.
const LOOKUPS: usize = 300;

/// How often the syncs are timed.
const ROUNDS: usize = 3;

/// What was measured of django-plugin-system.
#[derive(Debug)]
pub(crate) struct Peer {
    /// As Python names itself, and Django.
    pub(crate) versions: String,
    pub(crate) created: Spread,
    pub(crate) again: Spread,
    pub(crate) refreshed: Spread,
    /// One selection and one call among as many items as plugo has: without its cache, which is
    /// how it comes, and with it.
    pub(crate) selected: [Spread; 2],
}

/// Installs it into a folder and measures it, or says in one line why not.
pub(crate) fn measure(folder: &Path) -> Result<Peer, String> {
    let package = format!("django-plugin-system=={VERSION}");
    let venv = Venv::new(folder)?;
    venv.install(&[&package])?;
    let versions = "import sys, django; print(f'Python {sys.version.split()[0]}, Django \
         {django.__version__}')";
    let versions = venv.run(|python| python.args(["-c", versions]))?;
    let script = folder.join("peer.py");
    std::fs::write(&script, include_str!("peer.py")).map_err(|error| error.to_string())?;
    let mut runs = 0;
    let mut run = |items: usize, lookups: usize, cache: &str| {
        runs += 1;
        let file = folder.join(format!("peer{runs}.sqlite3"));
        let text = venv.run(|python| {
            python.args(["-W", "ignore"]).arg(&script).arg(file);
            python.args([&items.to_string(), &lookups.to_string(), cache])
        })?;
        let numbers = text.split(' ').map(|number| number.parse().map(Duration::from_nanos));
        let numbers: Result<Vec<Duration>, _> = numbers.collect();
        let times = numbers.ok().and_then(|numbers| <[Duration; 4]>::try_from(numbers).ok());
        times.ok_or_else(|| format!("{text:?} are no four times"))
    };
    let (mut created, mut again, mut refreshed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [first, second, third, _] = run(ITEMS, 1, "0")?;
        created.push(first);
        again.push(second);
        refreshed.push(third);
    }
    let mut select = |cache: &str| {
        let times = (0..ROUNDS).map(|_| run(SERVICES, LOOKUPS, cache).map(|times| times[3]));
        times.collect::<Result<Vec<_>, _>>().map(Spread::of)
    };
    let selected = [select("0")?, select("1")?];
    Ok(Peer {
        versions,
        created: Spread::of(created),
        again: Spread::of(again),
        refreshed: Spread::of(refreshed),
        selected,
    })
}
