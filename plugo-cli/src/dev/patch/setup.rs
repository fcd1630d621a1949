use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::Table;

use super::record::prefixed;
use crate::app::App;
use crate::cargo;
use crate::error::Error;

/// How Cargo builds a program that can be patched, apart from all other builds.
///
/// ```text
/// <target>/plugo/.dev/<app>/patch/
///   rustc               what Cargo calls in place of the compiler
///   calls/              how it calls it for each crate
///   target/             what Cargo builds
///   made/, incremental/ what the compiler makes for patches, and remembers
///   process-3/2/        the second patch, which is of the third process
/// ```
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) dir: PathBuf,
    /// What is turned on.
    feature: String,
    /// The folder of the linker that comes with Rust.
    pub(super) lld: Option<PathBuf>,
}

impl Setup {
    pub(super) fn open(app: &App) -> Result<Self, Error> {
        let feature = feature(app)?;
        let dir = app.target_dir.join("plugo/.dev").join(&app.name).join("patch");
        let setup = Setup { dir, feature, lld: lld() };
        let calls = setup.calls();
        fs::create_dir_all(&calls).map_err(|error| Error::io("made", &calls, &error))?;
        setup.clear();
        setup.write_wrapper()?;
        Ok(setup)
    }

    /// Where the calls of the compiler are noted.
    pub(super) fn calls(&self) -> PathBuf {
        self.dir.join("calls")
    }

    /// The folder of a patch.
    pub(super) fn dir_of(&self, process: u32, patch: u32) -> PathBuf {
        self.dir.join(format!("process-{process}")).join(patch.to_string())
    }

    /// What Cargo calls in place of the compiler. It takes no arguments there, so
    /// a script has them. Cargo looks at its time, so it stays as it is.
    fn write_wrapper(&self) -> Result<(), Error> {
        use std::os::unix::fs::PermissionsExt as _;
        let own = std::env::current_exe();
        let own =
            own.map_err(|error| Error::environment(format!("no path to `plugo`: {error}")))?;
        let quoted = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"));
        let (own, calls) = (quoted(&own), quoted(&self.calls()));
        let script = format!("#!/bin/sh\nexec {own} dev --record {calls} -- \"$@\"\n");
        let path = self.wrapper();
        let written = plugo_build::write(&path, &script);
        written
            .and_then(|_| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| Error::io("written", &path, &error))
    }

    fn wrapper(&self) -> PathBuf {
        self.dir.join("rustc")
    }

    /// Has Cargo build the program so that it can be patched: with all code of
    /// all crates, and `main` to be found in it.
    pub(super) fn prepare(&self, cargo: &mut Command) {
        cargo.args(["--features", &self.feature]);
        cargo.arg("--target-dir").arg(self.dir.join("target"));
        cargo.env("RUSTC_WORKSPACE_WRAPPER", self.wrapper());
        cargo.args(["--", "-Clink-dead-code", "-Clink-arg=-Wl,--export-dynamic-symbol=main"]);
        if let Some(lld) = &self.lld {
            // What no code needs yet, the next patch may need; this linker can be told so.
            cargo.args(["-Clink-arg=-fuse-ld=lld"]).arg(prefixed("-Clink-arg=-B", lld));
            cargo.args(["_ZN*", "_R*"].map(|all| format!("-Clink-arg=-Wl,--undefined-glob={all}")));
        }
    }

    /// Removes what earlier runs left.
    pub(super) fn clear(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("process-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The feature of the app's `plugo` that lets the app be patched.
fn feature(app: &App) -> Result<String, Error> {
    let path = app.manifest();
    let text = fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
    let manifest: Table = text.parse().unwrap_or_default();
    let dependencies = manifest.get("dependencies").and_then(|value| value.as_table());
    let is_plugo = |(name, value): &(&String, &toml::Value)| {
        let package = value.get("package").and_then(|package| package.as_str());
        package.unwrap_or(name) == "plugo"
    };
    let found = dependencies.into_iter().flatten().find(is_plugo);
    found.map(|(name, _)| format!("{name}/reload-patch")).ok_or_else(|| {
        Error::no(format!(
            "`--patch` turns on a feature of `plugo`, which is not among the [dependencies] of \
             `{}`; without `--patch` the app is restarted",
            app.name
        ))
    })
}

/// Why nothing can be patched here, whatever the app is: what links the program
/// has to take the linker that comes with Rust.
pub(crate) fn refused() -> Option<String> {
    let mut linker = Command::new("cc");
    linker.arg("-fuse-ld=lld").arg(prefixed("-B", &lld()?)).arg("-Wl,--version");
    let output = match linker.output() {
        Ok(output) if output.status.success() => return None,
        Ok(output) => output,
        Err(error) => return Some(format!("`cc` cannot be run: {error}")),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Some(format!("`cc` does not take the linker that comes with Rust (-fuse-ld=lld): {first}"))
}

/// The folder of the linker that comes with Rust, where it does.
fn lld() -> Option<PathBuf> {
    let host = cargo::host().ok()?;
    let dir = cargo::sysroot().ok()?.join("lib/rustlib").join(host).join("bin/gcc-ld");
    dir.join("ld.lld").is_file().then_some(dir)
}
