use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use benches::Workload;

use crate::cargo;
use crate::contenders::{self, Contender};
use crate::crates::{self, Kind};
use crate::each_crate;
use crate::places::Places;
use crate::status::status;
use crate::tree::Tree;
use crate::work;

/// Plugins in one crate, and plugins of which each is a crate.
pub(crate) const MANY: usize = 1_000;
pub(crate) const CRATES: usize = 100;
/// Each number is the least of so many.
const REPEATED: usize = 2;
/// A build that does nothing takes too little to be counted once.
const UNCHANGED: u32 = 10;

/// What compiling costs, in CPU time with all processes.
#[derive(Debug)]
pub(crate) struct Builds {
    /// With all plugins in one crate; all other crates are compiled before.
    pub(crate) one_crate: Vec<Row>,
    /// With a crate for each plugin; what they depend on is compiled before.
    pub(crate) many_crates: Vec<Row>,
    /// `plugo_build` and all that it depends on.
    pub(crate) dependency: Duration,
    /// What each crate of that takes, the dearest first.
    pub(crate) each_crate: Vec<(String, Duration)>,
    /// A build script without a dependency.
    pub(crate) no_dependency: Duration,
}

/// What compiling costs with one contender.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// A clean release build, where that was measured.
    pub(crate) release: Option<Duration>,
    pub(crate) dev: Duration,
    /// A dev build after one plugin changed.
    pub(crate) touched: Duration,
    pub(crate) unchanged: Duration,
    /// How many packages Cargo looks at in such a build.
    pub(crate) packages: usize,
}

/// Builds everything, some of it several times.
pub(crate) fn measure(places: &Places) -> Result<Builds> {
    let target = places.work.join("target-build");
    Ok(Builds {
        one_crate: one_crate(places, &target)?,
        many_crates: many_crates(places, &target)?,
        dependency: dependency(places, true)?,
        each_crate: each_crate(places)?,
        no_dependency: dependency(places, false)?,
    })
}

fn one_crate(places: &Places, target: &Path) -> Result<Vec<Row>> {
    const MEASURED: [Contender; 5] = [
        Contender::Plugo,
        Contender::Bare,
        Contender::Static,
        Contender::Inventory,
        Contender::Linkme,
    ];
    let mut rows = Vec::new();
    for contender in MEASURED {
        let package = contender.package(MANY);
        status("Compiling", &format!("{package}, several times"));
        // A workspace each: Cargo reads the manifests of all members.
        let dir = places.work.join(format!("build-{package}"));
        contenders::workspace(&[(contender, MANY)], &places.checkout).write(&dir)?;
        cargo::lock(places, &dir)?;
        let changed = dir.join(&package).join("src/main.rs");
        let app = App { dir: &dir, target, packages: vec![package], changed };
        rows.push(app.measure(contender.name(), true)?);
    }
    Ok(rows)
}

fn many_crates(places: &Places, target: &Path) -> Result<Vec<Row>> {
    let workload = Workload::new(CRATES);
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let name = kind.name();
        status("Compiling", &format!("{CRATES} plugin crates of {name}, several times"));
        let dir = places.work.join(format!("build-crates-{name}"));
        crates::app(kind, &workload, &places.checkout).write(&dir)?;
        cargo::lock(places, &dir)?;
        let mut packages = vec![crates::APP.to_owned()];
        packages.extend(workload.plugins.iter().map(|plugin| plugin.name.clone()));
        let first = &workload.plugins.first().context("there are no plugins")?.name;
        let changed = dir.join("plugins").join(first).join("src/lib.rs");
        let app = App { dir: &dir, target, packages, changed };
        rows.push(app.measure(name, false)?);
        let program = format!("{}{}", crates::APP, std::env::consts::EXE_SUFFIX);
        let output = cargo::run(&mut Command::new(target.join("debug").join(program)))?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            said.starts_with(&format!("{CRATES}")),
            "the app with plugin crates of {name} does not have all: {said}"
        );
    }
    Ok(rows)
}

/// Something that is built.
struct App<'a> {
    dir: &'a Path,
    target: &'a Path,
    /// What is compiled anew; the rest is compiled before.
    packages: Vec<String>,
    /// The file of a plugin.
    changed: PathBuf,
}

impl App<'_> {
    fn measure(&self, name: &'static str, release: bool) -> Result<Row> {
        let release = release.then(|| self.clean_build(true)).transpose()?;
        let dev = self.clean_build(false)?;
        let touched = least(|| {
            change(&self.changed)?;
            work::of(&mut self.cargo("build", false))
        })?;
        let mut unchanged = Duration::ZERO;
        for _ in 0..UNCHANGED {
            unchanged += work::of(&mut self.cargo("build", false))?;
        }
        let output = cargo::run(self.cargo("build", false).args(["--message-format", "json"]))?;
        let packages = cargo::packages(&String::from_utf8_lossy(&output.stdout), |_| true);
        Ok(Row { name, release, dev, touched, unchanged: unchanged / UNCHANGED, packages })
    }

    fn clean_build(&self, release: bool) -> Result<Duration> {
        cargo::run(&mut self.cargo("build", release))?;
        least(|| {
            cargo::run(&mut self.cargo("clean", release))?;
            work::of(&mut self.cargo("build", release))
        })
    }

    fn cargo(&self, subcommand: &str, release: bool) -> Command {
        let mut command = cargo::cargo(self.dir, subcommand);
        command.arg("--target-dir").arg(self.target);
        // The app is what is built; its plugins are built for it.
        let count = if subcommand == "clean" { self.packages.len() } else { 1 };
        for package in self.packages.iter().take(count) {
            command.args(["--package", package]);
        }
        if release {
            command.arg("--release");
        }
        command
    }
}

/// The least of several, since other programs only ever add to it.
fn least(measure: impl Fn() -> Result<Duration>) -> Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..REPEATED {
        least = least.min(measure()?);
    }
    Ok(least)
}

/// Gives the first plugin in a file another number.
pub(crate) fn change(file: &Path) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let changed = changed(&text).with_context(|| format!("`{}` has no plugin", file.display()))?;
    fs::write(file, changed).with_context(|| format!("`{}` cannot be written", file.display()))
}

fn changed(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("0x")?;
    let digits = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
    let number = u64::from_str_radix(&rest[..digits], 16).ok()?;
    Some(format!("{before}{:#x}{}", number ^ 1, &rest[digits..]))
}

/// An app without plugins, whose build script is compiled with everything that it depends on.
fn dependency(places: &Places, plugo_build: bool) -> Result<Duration> {
    let name = if plugo_build { "plugo_build" } else { "nothing" };
    status("Compiling", &format!("a build script that depends on {name}"));
    let dir = places.work.join("build-dependency");
    let (dependency, call) = match plugo_build {
        true => (
            format!("plugo-build = {{ path = {:?} }}\n", places.checkout.join("plugo-build")),
            "plugo_build::build();",
        ),
        false => Default::default(),
    };
    let mut tree = Tree::default();
    tree.add(
        "Cargo.toml",
        format!(
            "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [build-dependencies]\n{dependency}"
        ),
    );
    tree.add("build.rs", format!("fn main() {{\n    {call}\n}}\n"));
    tree.add("src/main.rs", "fn main() {}\n");
    tree.write(&dir)?;
    cargo::lock(places, &dir)?;
    least(|| work::of(&mut dependency_build(places, &dir)?))
}

/// A build of that app in a folder that is empty.
fn dependency_build(places: &Places, dir: &Path) -> Result<Command> {
    let target = places.work.join("target-dependency");
    emptied(&target)?;
    // As crates of a registry are, for which Cargo keeps nothing to go on from.
    let mut command = cargo::cargo(dir, "build");
    command.env("CARGO_INCREMENTAL", "0").arg("--target-dir").arg(&target);
    Ok(command)
}

/// What each crate takes that a build script with `plugo_build` depends on.
fn each_crate(places: &Places) -> Result<Vec<(String, Duration)>> {
    let folder = places.work.join("each-crate");
    emptied(&folder)?;
    let mut build = dependency_build(places, &places.work.join("build-dependency"))?;
    each_crate::tell(&mut build, &places.program, &folder);
    cargo::run(&mut build)?;
    each_crate::told(&folder)
}

/// Makes a folder empty.
pub(crate) fn emptied(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)
            .with_context(|| format!("`{}` cannot be removed", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("`{}` cannot be made", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_changes_one_number_and_the_next_one_changes_it_back() {
        let text = "state.step(0x1f);\nstate.step(0x20);\n";
        let once = changed(text).unwrap();
        assert_eq!(once, "state.step(0x1e);\nstate.step(0x20);\n");
        assert_eq!(changed(&once).unwrap(), text);
        assert_eq!(changed("no plugin"), None);
    }
}
