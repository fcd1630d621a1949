use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use benches::Mode;

use crate::cargo;
use crate::contenders::Contender;
use crate::options::Options;
use crate::places::Places;
use crate::spread::Spread;
use crate::start;
use crate::status::status;
use crate::venv::Venv;

/// A peer, and the releases of it that are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// How it is called, by the script too.
    pub(crate) name: &'static str,
    packages: &'static [&'static str],
}

/// An interpreter that does nothing: what all peers in Python take before they begin.
const EMPTY: &str = "python -c pass";
/// A list of modules that somebody wrote by hand, which the others are compared with.
pub(crate) const IMPORT: &str = "import";

pub(crate) const PEERS: [Peer; 7] = [
    Peer { name: EMPTY, packages: &[] },
    Peer { name: IMPORT, packages: &[] },
    Peer { name: "pluggy", packages: &["pluggy==1.7.0"] },
    Peer { name: "stevedore", packages: &["stevedore==5.10.0"] },
    Peer { name: "plux", packages: &["plux==1.16.0"] },
    // It imports pkg_resources, which later releases of setuptools do not have.
    Peer { name: "plugo", packages: &["plugo==4.1.2", "setuptools==75.9.1"] },
    // In the release after this, 2.0.9, no item can be defined.
    Peer { name: "django-plugin-system", packages: &["django-plugin-system==2.0.8"] },
];

/// With more plugins than that, the slowest needs minutes for each run.
const MOST: usize = 1_000;
/// So many lookups are timed.
pub(crate) const LOOKUPS: usize = 100_000;

/// What the peers in Python cost.
#[derive(Debug, Default)]
pub(crate) struct Python {
    /// What was measured, in its versions.
    pub(crate) versions: String,
    pub(crate) sizes: Vec<usize>,
    /// By the name of a peer, or of plugo's program, and size: the whole process.
    started: BTreeMap<(&'static str, usize), Spread>,
    /// By the name of a peer: the mean of one lookup among as many plugins as there are at most.
    found: BTreeMap<&'static str, Duration>,
    /// By the name of a peer: why it was not measured, or no further.
    failed: BTreeMap<&'static str, String>,
}

impl Python {
    pub(crate) fn started(&self, name: &'static str, size: usize) -> Option<Spread> {
        self.started.get(&(name, size)).copied()
    }

    pub(crate) fn found(&self, name: &'static str) -> Option<Duration> {
        self.found.get(name).copied()
    }

    pub(crate) fn failed(&self, name: &'static str) -> Option<&str> {
        self.failed.get(name).map(String::as_str)
    }

    /// Measures those peers that have not failed, with so many plugins each. One that fails is left out
    /// from then on.
    fn measure(&mut self, script: &Script<'_>, peers: &[Peer], size: usize, lookups: usize) {
        for &Peer { name, .. } in peers {
            if self.failed.contains_key(name) {
                continue;
            }
            status("Measuring", &format!("{name} with {size} plugins"));
            let measured = script.measure(name, size, lookups);
            match measured {
                Ok((started, found)) => {
                    self.started.insert((name, size), started);
                    self.found.extend(found.map(|found| (name, found)));
                }
                Err(why) => {
                    status("Failed", &why);
                    self.failed.insert(name, format!("with {size} plugins: {why}"));
                }
            }
        }
    }
}

/// The script that runs a peer.
struct Script<'v> {
    venv: &'v Venv,
}

impl<'v> Script<'v> {
    fn write(venv: &'v Venv, folder: &Path) -> Result<Self> {
        let file = folder.join("peers.py");
        std::fs::write(&file, include_str!("python_peers.py"))
            .with_context(|| format!("`{}` cannot be written", file.display()))?;
        Ok(Script { venv })
    }

    /// What it prints, or why it failed, in one line.
    fn call(&self, arguments: &[&str]) -> Result<String, String> {
        self.venv.run(|python| python.args(["-W", "ignore", "peers.py"]).args(arguments))
    }

    /// How long the whole process takes that has these plugins, and one lookup where lookups are wanted
    /// and the peer has any. Each run checks what the peer did.
    fn measure(
        &self,
        peer: &str,
        size: usize,
        lookups: usize,
    ) -> Result<(Spread, Option<Duration>), String> {
        let run = |lookups: usize| match peer {
            EMPTY => self.venv.run(|python| python.args(["-W", "ignore", "-c", "pass"])),
            _ => self.call(&["run", &size.to_string(), peer, &lookups.to_string()]),
        };
        let started = Spread::measure(|| run(0).map(drop).map_err(anyhow::Error::msg));
        let started = started.map_err(|why| why.to_string())?;
        if lookups == 0 || peer == EMPTY {
            return Ok((started, None));
        }
        let found = match run(lookups)?.as_str() {
            "-" => None,
            said => {
                let nanoseconds: Option<f64> = said.parse().ok();
                let time = nanoseconds.and_then(|n| Duration::try_from_secs_f64(n / 1e9).ok());
                Some(time.ok_or_else(|| format!("{said:?} is no time"))?)
            }
        };
        Ok((started, found))
    }
}

/// The name of plugo's program among what was started.
pub(crate) const PLUGO: &str = "plugo, this one";

/// Installs the peers and measures them beside plugo's program, or says in one line why not.
pub(crate) fn measure(places: &Places, options: &Options) -> Result<Result<Python, String>> {
    let sizes: Vec<usize> = options.sizes().into_iter().filter(|&size| size <= MOST).collect();
    let Some(most) = sizes.iter().copied().max() else {
        return Ok(Err("so few plugins are not measured.".to_owned()));
    };
    status("Installing", "the peers in Python");
    let folder = tempfile::tempdir().context("there is no temporary folder")?;
    let venv = match Venv::new(folder.path()) {
        Ok(venv) => venv,
        Err(why) => return Ok(Err(why)),
    };
    let mut python = Python { sizes: sizes.clone(), ..Python::default() };
    for Peer { name, packages } in PEERS.iter().filter(|peer| !peer.packages.is_empty()) {
        if let Err(why) = venv.install(packages) {
            status("Failed", &why);
            python.failed.insert(name, why);
        }
    }
    let script = Script::write(&venv, folder.path())?;
    python.versions = match script.call(&["versions"]) {
        Ok(versions) => versions,
        Err(why) => return Ok(Err(why)),
    };
    // All of them first, so that what is measured is not lost for one that cannot be written.
    for size in &sizes {
        if let Err(why) = script.call(&["make", &size.to_string(), &size.to_string()]) {
            return Ok(Err(why));
        }
    }
    status("Building", "plugo's programs");
    let wanted: Vec<(Contender, usize)> =
        sizes.iter().map(|&size| (Contender::Plugo, size)).collect();
    for (contender, size, program) in start::build(places, &wanted)? {
        cargo::run(&mut start::call(&program, Mode::Verify, size, 0))
            .with_context(|| format!("{} does not what it should", contender.package(size)))?;
        let run = || cargo::run(&mut start::call(&program, Mode::Initialised, size, 0)).map(drop);
        python.started.insert((PLUGO, size), Spread::measure(run)?);
    }
    for &size in &sizes {
        python.measure(&script, &PEERS, size, if size == most { LOOKUPS } else { 0 });
    }
    Ok(Ok(python))
}

/// With peers that are written here.
#[cfg(test)]
mod tests;
