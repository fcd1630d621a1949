use std::collections::BTreeMap;

use crate::error::Error;
use crate::manifest::{Crate, Manifest};

/// The parts of a manifest that a bill of materials has.
pub(crate) struct Bill<'m> {
    pub(crate) manifest: &'m Manifest,
    pub(crate) crates: Vec<Crate<'m>>,
    /// Where each crate is in the list, by what others call it.
    positions: BTreeMap<String, usize>,
}

/// What a crate is called where it has no other name: without the place on
/// this machine.
pub(crate) fn reference(krate: &Crate<'_>) -> String {
    match krate.purl() {
        Some(purl) => purl.to_owned(),
        None => format!("{}#{}@{}", krate.source(), krate.name(), krate.version()),
    }
}

impl<'m> Bill<'m> {
    pub(crate) fn new(manifest: &'m Manifest) -> Self {
        let crates: Vec<Crate<'m>> = manifest.crates().collect();
        let mut positions = BTreeMap::new();
        for (i, krate) in crates.iter().enumerate() {
            let short = format!("{} {}", krate.name(), krate.version());
            positions.insert(format!("{short} ({})", krate.source()), i);
            positions.insert(short, i);
        }
        Bill { manifest, crates, positions }
    }

    /// The positions of what a crate depends on.
    pub(crate) fn dependencies(&self, krate: &Crate<'_>) -> Vec<usize> {
        let names = krate.list("dependencies").into_iter();
        let mut found: Vec<usize> = names.filter_map(|n| self.positions.get(n).copied()).collect();
        found.sort_unstable();
        found
    }

    /// The app is the first of all crates to be told of.
    pub(crate) fn app(&self) -> Option<(usize, &Crate<'m>)> {
        self.crates.iter().enumerate().find(|(_, krate)| krate.role() == "app")
    }

    /// A UUID made of the content, so that the same manifest gives the same
    /// document, and another one another.
    pub(crate) fn uuid(&self) -> String {
        let fingerprint = self.manifest.fingerprint();
        let mut digits: Vec<char> =
            fingerprint.trim_start_matches("sha256:").chars().take(32).collect();
        digits.resize(32, '0');
        // A UUID of version 8 says nothing of how it was made.
        digits[12] = '8';
        digits[16] = '8';
        let part = |range: std::ops::Range<usize>| digits[range].iter().collect::<String>();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }
}

/// The time that `SOURCE_DATE_EPOCH` says. The clock is never asked.
pub(crate) fn source_date() -> Result<Option<String>, Error> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let text = text.to_string_lossy();
    let seconds = text.trim().parse::<i64>().ok();
    match seconds.and_then(time) {
        Some(time) => Ok(Some(time)),
        None => Err(Error::usage(format!(
            "`SOURCE_DATE_EPOCH` is {text:?}, and should be a number of seconds since 1970"
        ))),
    }
}

/// Seconds since 1970 as `1970-01-01T00:00:00Z`.
pub(crate) fn time(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
