use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in the repository")
}

/// The target folder that apps built by tests share, so that plugo and what
/// it depends on are compiled once.
pub fn shared_target() -> PathBuf {
    scratch().join("apps")
}

/// A folder of the tests, under the target folder that they were built in.
pub fn scratch() -> PathBuf {
    let binary = std::env::current_exe().expect("the running test");
    // target/debug/deps/it-…
    let target = binary.ancestors().nth(3).expect("a target folder");
    target.join("tests")
}

/// `cargo` in a folder, without the network and without what the outer Cargo
/// left in the environment.
pub fn cargo(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(dir).args(args);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let of_outer = name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST")
            || name.starts_with("CARGO_CFG_")
            || matches!(
                name.as_str(),
                "ENABLED_PLUGINS"
                    | "DISABLED_PLUGINS"
                    | "PLUGO_MANIFEST"
                    | "PLUGO_MANIFEST_DIR"
                    | "RUSTFLAGS"
            );
        if of_outer {
            command.env_remove(name);
        }
    }
    command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
    // Nobody debugs these apps, and debug information is half of what compiling and linking them costs.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0");
    command.env("CARGO_TARGET_DIR", shared_target());
    command
}

/// The command line, `plugo`, in a folder, without the network.
///
/// The tests do not depend on the package, since Cargo gives the path of a
/// program only to tests of its own package; so it is built here, into the
/// target folder that these tests were built in.
pub fn plugo(dir: &Path, args: &[&str]) -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let target = scratch().parent().expect("a target folder").to_owned();
        let mut build = cargo(repository(), &["build", "--locked", "--package", "plugo-cli"]);
        Run::of(build.env("CARGO_TARGET_DIR", &target)).ok();
        target.join("debug").join(format!("plugo{}", std::env::consts::EXE_SUFFIX))
    });
    // The environment is the same as for Cargo.
    let cargo = cargo(dir, &[]);
    let mut plugo = Command::new(program);
    plugo.current_dir(dir).args(args);
    for (name, value) in cargo.get_envs() {
        match value {
            Some(value) => plugo.env(name, value),
            None => plugo.env_remove(name),
        };
    }
    plugo
}

/// What a program did.
#[derive(Debug)]
pub struct Run {
    /// Whether it exited with 0.
    pub success: bool,
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a program to its end.
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("the program starts");
        Run {
            success: status.success(),
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// What it printed; a failure fails the test.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.success, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The packages that Cargo says it compiled.
    pub fn compiled(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("Compiling "))
            .filter_map(|rest| rest.split(' ').next())
            .collect()
    }
}
