use std::collections::BTreeMap;
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

/// The releases that are measured. In the one of django-plugin-system after this, 2.0.9, no item
/// can be defined.
const PACKAGES: [&str; 6] = [
    "plugo==4.1.2",
    "plux==1.16.0",
    "pluggy==1.7.0",
    "stevedore==5.10.0",
    "django-plugin-system==2.0.8",
    // plugo imports pkg_resources, which later ones do not have.
    "setuptools==75.9.1",
];

/// How the peers are called; `import` is a list of modules that somebody wrote by hand.
pub(crate) const PEERS: [&str; 6] =
    ["import", "pluggy", "stevedore", "plux", "plugo", "django-plugin-system"];

/// With more plugins than that, the slowest needs minutes for each run.
const MOST: usize = 1_000;
/// So many lookups are timed.
const LOOKUPS: usize = 100_000;

/// What the peers in Python cost.
#[derive(Debug)]
pub(crate) struct Python {
    /// What was measured, in its versions.
    pub(crate) versions: String,
    pub(crate) sizes: Vec<usize>,
    /// By the name of a peer, or of plugo's program, and size: the whole process.
    started: BTreeMap<(String, usize), Spread>,
    /// By the name of a peer: the mean of one lookup among as many plugins as there are at most.
    found: BTreeMap<String, Duration>,
}

impl Python {
    pub(crate) fn started(&self, name: &str, size: usize) -> Option<Spread> {
        self.started.get(&(name.to_owned(), size)).copied()
    }

    pub(crate) fn found(&self, name: &str) -> Option<Duration> {
        self.found.get(name).copied()
    }
}

/// The name of plugo's program among what was started.
pub(crate) const PLUGO: &str = "plugo, this one";

/// Installs the peers and measures them beside plugo's program, or says in one line why not.
pub(crate) fn measure(places: &Places, options: &Options) -> Result<Result<Python, String>> {
    status("Installing", "the peers in Python");
    let folder = tempfile::tempdir().context("there is no temporary folder")?;
    let venv = match Venv::new(folder.path(), &PACKAGES) {
        Ok(venv) => venv,
        Err(why) => return Ok(Err(why)),
    };
    let script = folder.path().join("peers.py");
    std::fs::write(&script, include_str!("python_peers.py"))
        .with_context(|| format!("`{}` cannot be written", script.display()))?;
    let call = |arguments: &[&str]| {
        venv.run(|python| python.args(["-W", "ignore"]).arg(&script).args(arguments))
            .map_err(anyhow::Error::msg)
    };
    let versions = call(&["versions"])?;
    let sizes: Vec<usize> = options.sizes().into_iter().filter(|&size| size <= MOST).collect();
    let most = sizes.iter().copied().max().unwrap_or_default();
    status("Building", "plugo's programs");
    let wanted: Vec<(Contender, usize)> =
        sizes.iter().map(|&size| (Contender::Plugo, size)).collect();
    let (mut started, mut found) = (BTreeMap::new(), BTreeMap::new());
    for (contender, size, program) in start::build(places, &wanted)? {
        cargo::run(&mut start::call(&program, Mode::Verify, size, 0))
            .with_context(|| format!("{} does not what it should", contender.package(size)))?;
        let run = || cargo::run(&mut start::call(&program, Mode::Initialised, size, 0)).map(drop);
        started.insert((PLUGO.to_owned(), size), Spread::measure(run)?);
    }
    for &size in &sizes {
        let plugins = size.to_string();
        call(&["make", &plugins, &plugins])?;
        for peer in PEERS {
            status("Measuring", &format!("{peer} with {size} plugins"));
            // Each checks that every plugin was initialised once.
            let run = || call(&["run", &plugins, peer, "0"]).map(drop);
            let spread =
                Spread::measure(run).with_context(|| format!("{peer} with {size} plugins"))?;
            started.insert((peer.to_owned(), size), spread);
            if size == most {
                let said = call(&["run", &plugins, peer, &LOOKUPS.to_string()])?;
                if let Ok(nanoseconds) = said.parse::<f64>() {
                    found.insert(peer.to_owned(), Duration::from_secs_f64(nanoseconds / 1e9));
                }
            }
        }
    }
    Ok(Ok(Python { versions, sizes, started, found }))
}
