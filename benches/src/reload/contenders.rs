use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::app::App;

/// For how long files have to be left alone before anything happens, where a
/// contender lets one say so.
pub(crate) const QUIET_MS: &str = "50";

/// A way to have the app rebuilt and restarted.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// What has to be on `PATH`, and the package that has it.
    programs: &'static [(&'static str, &'static str)],
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plugo { patches: bool },
    CargoWatch,
    Watchexec { has_socket: bool },
    Bacon,
}

const CARGO_WATCH: (&str, &str) = ("cargo-watch", "cargo-watch");
const WATCHEXEC: (&str, &str) = ("watchexec", "watchexec-cli");
const BACON: (&str, &str) = ("bacon", "bacon");
const SYSTEMFD: (&str, &str) = ("systemfd", "systemfd");

/// plugo is the first one; the others are compared with it.
pub(crate) const ALL: [Contender; 9] = [
    Contender { name: "plugo dev", programs: &[], kind: Kind::Plugo { patches: false } },
    Contender { name: "plugo dev --patch", programs: &[], kind: Kind::Plugo { patches: true } },
    Contender { name: "cargo-watch", programs: &[CARGO_WATCH], kind: Kind::CargoWatch },
    Contender {
        name: "cargo-watch + systemfd",
        programs: &[CARGO_WATCH, SYSTEMFD],
        kind: Kind::CargoWatch,
    },
    Contender {
        name: "watchexec",
        programs: &[WATCHEXEC],
        kind: Kind::Watchexec { has_socket: false },
    },
    Contender {
        name: "watchexec --socket",
        programs: &[WATCHEXEC],
        kind: Kind::Watchexec { has_socket: true },
    },
    Contender {
        name: "watchexec + systemfd",
        programs: &[WATCHEXEC, SYSTEMFD],
        kind: Kind::Watchexec { has_socket: false },
    },
    Contender { name: "bacon", programs: &[BACON], kind: Kind::Bacon },
    Contender { name: "bacon + systemfd", programs: &[BACON, SYSTEMFD], kind: Kind::Bacon },
];

impl Contender {
    pub(crate) fn is_plugo(&self) -> bool {
        self.kind == Kind::Plugo { patches: false }
    }

    pub(crate) fn patches(&self) -> bool {
        self.kind == Kind::Plugo { patches: true }
    }

    /// Why it is not measured, if it is not.
    pub(crate) fn missing(&self, app: &App) -> Result<Option<String>> {
        if self.patches() && !can_patch(&app.plugo)? {
            return Ok(Some("this `plugo dev` has no `--patch`".to_owned()));
        }
        let absent = self.programs.iter().filter(|(program, _)| find(program).is_none());
        let install: Vec<_> = absent.map(|(_, package)| *package).collect();
        let how = format!("not installed; `cargo install --locked {}`", install.join(" "));
        Ok(Some(how).filter(|_| !install.is_empty()))
    }

    /// What it is started with, so that the app is reached at the address.
    pub(crate) fn command(&self, app: &App, address: SocketAddr) -> Command {
        let port = address.port().to_string();
        let has_systemfd = self.programs.contains(&SYSTEMFD);
        let gets_socket = has_systemfd || self.kind == Kind::Watchexec { has_socket: true };
        // Who gets no socket opens one, on the port that is its argument.
        let run = match gets_socket {
            true => vec!["cargo", "run"],
            false => vec!["cargo", "run", "--", &port],
        };
        let mut words: Vec<String> = Vec::new();
        match self.kind {
            Kind::Plugo { patches } => {
                words.push(app.plugo.display().to_string());
                words.extend(["dev", "--listen", &address.to_string()].map(str::to_owned));
                words.extend(["--debounce-ms", QUIET_MS].map(str::to_owned));
                words.extend(patches.then(|| "--patch".to_owned()));
            }
            Kind::CargoWatch => {
                words.extend(["cargo-watch", "watch", "-d", "0.05"].map(str::to_owned));
                words.extend(["-x".to_owned(), run[1..].join(" ")]);
            }
            Kind::Watchexec { has_socket } => {
                words.extend(["watchexec", "--restart", "--debounce"].map(str::to_owned));
                words.push(format!("{QUIET_MS}ms"));
                if has_socket {
                    words.extend(["--socket".to_owned(), address.to_string()]);
                }
                words.push("--".to_owned());
                words.extend(run.iter().map(|word| (*word).to_owned()));
            }
            Kind::Bacon => {
                let job = format!(
                    "[jobs.serve]\ncommand = {run:?}\nneed_stdout = true\nallow_warnings = true\n\
                     background = false\non_change_strategy = \"kill_then_restart\"\nwatch = \
                     [\"plugins\"]\ngrace_period = \"{QUIET_MS}ms\"\n"
                );
                words.extend(["bacon", "--headless", "--config-toml"].map(str::to_owned));
                words.extend([job, "--job".to_owned(), "serve".to_owned()]);
            }
        }
        if has_systemfd {
            // Its queue has room for one connection unless this says otherwise, and who does not
            // fit in waits for a second at least.
            let before = ["systemfd", "--no-pid", "--backlog", "128", "--socket"];
            let before = before.map(str::to_owned).into_iter();
            let socket = [format!("http::{address}"), "--".to_owned()];
            words = before.chain(socket).chain(words).collect();
        }
        let mut words = words.into_iter();
        let mut command = app.command(words.next().unwrap_or_default());
        command.args(words);
        command
    }

    /// The versions of what it needs.
    pub(crate) fn versions(&self) -> Vec<String> {
        let version = |(program, _): &(&str, &str)| {
            let mut command = Command::new(program);
            let output = command.arg("--version").stderr(Stdio::null()).output().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
        };
        self.programs.iter().filter_map(version).collect()
    }
}

fn can_patch(plugo: &Path) -> Result<bool> {
    let help = crate::cargo::run(Command::new(plugo).args(["dev", "--help"]))?;
    Ok(String::from_utf8_lossy(&help.stdout).contains("--patch"))
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}
