use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use benches::Workload;
use serde_json::Value;

use crate::callgrind::Callgrind;
use crate::cargo;
use crate::compiler::Compiler;
use crate::folders;
use crate::options::Options;
use crate::places::Places;
use crate::spread::Spread;
use crate::stand_in::{self, Calls};
use crate::status::{skip, status};

/// Up to here the whole app is built too, every plugin crate of it.
const BUILT: usize = 100;
/// A build script that takes longer is not counted by callgrind, which takes
/// fifty times as long.
const COUNTED: Duration = Duration::from_secs(5);
/// Of so many runs, the shortest time of each call of Cargo is kept.
const KEPT: usize = 3;

/// What build scripts cost.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) costs: Vec<Cost>,
    /// The sizes at which a second build ran nothing.
    pub(crate) unchanged: Vec<usize>,
}

/// What a build script costs in one size.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) size: usize,
    pub(crate) level: Level,
    /// As Cargo runs it.
    pub(crate) whole: Spread,
    /// With Cargo's answers given at once.
    pub(crate) own: Spread,
    /// The calls of Cargo in it, and the shortest time of each.
    pub(crate) calls: Vec<(String, Duration)>,
    /// The instructions of the build script, without Cargo's.
    pub(crate) instructions: Option<u64>,
}

/// How the build script and its dependencies are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// What Cargo does when nobody says otherwise, in a release build too.
    Default,
    /// `[profile.dev.build-override] opt-level = 3`.
    Optimised,
}

impl Level {
    pub(crate) fn opt_level(self) -> &'static str {
        match self {
            Level::Default => "0",
            Level::Optimised => "3",
        }
    }
}

/// Generates an app for each size, and runs its build script.
pub(crate) fn measure(places: &Places, options: &Options) -> Result<Scripts> {
    let mut apps = Vec::new();
    for size in options.sizes() {
        status("Generating", &format!("an app with {size} plugin folders"));
        let dir = places.work.join(format!("folders-{size}"));
        let workload = Workload::new(size);
        folders::app(&workload, &places.checkout).write(&dir)?;
        cargo::lock(places, &dir)?;
        apps.push(App { size, dir, workload });
    }
    let mut scripts = Scripts { costs: Vec::new(), unchanged: Vec::new() };
    for app in apps.iter().filter(|app| app.size <= BUILT) {
        status("Building", &format!("it with {} plugin folders, twice", app.size));
        app.build(places, Level::Default)?;
        app.build_again(places)?;
        scripts.unchanged.push(app.size);
    }
    let callgrind = Callgrind::find(&places.work);
    if callgrind.is_none() {
        skip("instructions: valgrind is not installed")?;
    }
    let compiler = Compiler::ask()?;
    let smallest = apps.first().context("there is no size")?;
    for level in [Level::Default, Level::Optimised] {
        // Which app a build script was compiled for is told by variables alone.
        let program = smallest.build(places, level)?;
        for app in &apps {
            let shown = level.opt_level();
            status(
                "Measuring",
                &format!("the build script at opt-level {shown}, {} folders", app.size),
            );
            let script = Script { places, program: &program, compiler: &compiler, app };
            scripts.costs.push(script.measure(level, callgrind.as_ref())?);
        }
    }
    Ok(scripts)
}

/// An app with plugin folders.
struct App {
    size: usize,
    dir: PathBuf,
    workload: Workload,
}

impl App {
    fn cargo_build(&self, places: &Places, level: Level) -> Command {
        let mut command = cargo::cargo(&self.dir, "build");
        command
            .arg("--target-dir")
            .arg(places.work.join(format!("target-folders-{}", level.opt_level())))
            .env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_OPT_LEVEL", level.opt_level());
        command
    }

    /// Builds the app, and gives its compiled build script.
    fn build(&self, places: &Places, level: Level) -> Result<PathBuf> {
        let mut command = self.cargo_build(places, level);
        let output = cargo::run(command.args(["--message-format", "json"]))?;
        let manifest = self.dir.join("Cargo.toml");
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .find_map(|line| build_script(line, &manifest))
            .with_context(|| format!("Cargo tells of no build script of `{}`", manifest.display()))
    }

    /// Builds the app again, and fails when anything runs.
    fn build_again(&self, places: &Places) -> Result<()> {
        let output = cargo::run(self.cargo_build(places, Level::Default).arg("--verbose"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(said.contains(&format!("Fresh {}", folders::APP)), "Cargo said nothing:\n{said}");
        let ran = said.lines().find(|line| {
            ["Running", "Compiling", "Dirty"].iter().any(|word| line.trim().starts_with(word))
        });
        match ran {
            Some(line) => bail!("a second build, without any change, ran this:\n{line}"),
            None => Ok(()),
        }
    }
}

/// The build script that one of Cargo's messages is about.
fn build_script(message: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_script = message["target"]["kind"][0] == "custom-build";
    let is_ours = Path::new(message["manifest_path"].as_str()?) == manifest;
    (is_script && is_ours).then(|| message["filenames"][0].as_str().map(PathBuf::from))?
}

/// A compiled build script, and an app that it is run for.
struct Script<'s> {
    places: &'s Places,
    program: &'s Path,
    compiler: &'s Compiler,
    app: &'s App,
}

impl Script<'_> {
    fn measure(&self, level: Level, callgrind: Option<&Callgrind>) -> Result<Cost> {
        // What an earlier run left would be verified where this one writes nothing.
        for what in ["answers", "out"] {
            let folder = self.folder(what)?;
            fs::remove_dir_all(&folder)
                .with_context(|| format!("`{}` cannot be removed", folder.display()))?;
        }
        let answers = self.folder("answers")?;
        for _ in 0..KEPT {
            self.run(Calls::Kept(&answers))?;
        }
        self.verify()?;
        let calls = stand_in::kept(&answers)?;
        let whole = Spread::measure(|| self.run(Calls::Real))?;
        let own = Spread::measure(|| self.run(Calls::Answered(&answers)))?;
        self.verify()?;
        let instructions = callgrind
            .filter(|_| own.median < COUNTED)
            .map(|callgrind| callgrind.count(&self.command(Calls::Answered(&answers))?))
            .transpose()?;
        Ok(Cost { size: self.app.size, level, whole, own, calls, instructions })
    }

    fn run(&self, calls: Calls<'_>) -> Result<()> {
        let output = cargo::run(&mut self.command(calls)?)?;
        let said = String::from_utf8_lossy(&output.stdout);
        match said.lines().find(|line| line.starts_with("cargo::error=")) {
            Some(error) => bail!("the build script of {} plugins: {error}", self.app.size),
            None => Ok(()),
        }
    }

    /// As Cargo runs it.
    fn command(&self, calls: Calls<'_>) -> Result<Command> {
        let mut command = Command::new(self.program);
        cargo::clean(&mut command);
        command
            .current_dir(&self.app.dir)
            .env("CARGO_MANIFEST_DIR", &self.app.dir)
            .env("CARGO_PKG_NAME", folders::APP)
            .env("CARGO_PKG_VERSION", folders::VERSION)
            .env("OUT_DIR", self.folder("out")?)
            .env("HOST", &self.compiler.host)
            .env("TARGET", &self.compiler.host)
            .env("PROFILE", "debug")
            .envs(&self.compiler.cfgs);
        calls.set(&mut command, &self.places.program, &cargo::program());
        Ok(command)
    }

    fn folder(&self, what: &str) -> Result<PathBuf> {
        let folder = self.places.work.join(format!("{what}-{}", self.app.size));
        fs::create_dir_all(&folder)
            .with_context(|| format!("`{}` cannot be made", folder.display()))?;
        Ok(folder)
    }

    /// The manifest must have the plugins of the workload, as planned.
    fn verify(&self) -> Result<()> {
        let file = self.folder("out")?.join("plugo-manifest.json");
        let text = fs::read_to_string(&file)
            .with_context(|| format!("`{}` cannot be read", file.display()))?;
        let manifest: Value = serde_json::from_str(&text)
            .with_context(|| format!("`{}` is not JSON", file.display()))?;
        let name = |plugin: &Value| plugin["name"].as_str().unwrap_or_default().to_owned();
        let names: Vec<String> =
            manifest["plugins"].as_array().into_iter().flatten().map(name).collect();
        let workload = &self.app.workload;
        let planned = workload.plan().into_iter().map(|i| &workload.plugins[i].name);
        ensure!(names.iter().eq(planned), "the manifest of {} plugins is wrong", self.app.size);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_script_of_the_app_is_told_from_others() {
        let message = |kind: &str, manifest: &str| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"manifest_path\":\"{manifest}\",\
                 \"target\":{{\"kind\":[\"{kind}\"]}},\"filenames\":[\"/t/build-script-build\"]}}"
            )
        };
        let found = |kind, manifest| {
            build_script(&message(kind, manifest), Path::new("/app/Cargo.toml")).is_some()
        };
        assert!(found("custom-build", "/app/Cargo.toml"));
        assert!(!found("custom-build", "/plugo-core/Cargo.toml"));
        assert!(!found("bin", "/app/Cargo.toml"));
    }
}
