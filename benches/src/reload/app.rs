use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::client::Client;
use super::load::Connections;
use super::load::Load;
use super::processes::Group;
use crate::cargo::{clean, lock, program, run};
use crate::places::Places;
use crate::status::status;

/// The name of the copied app and its program.
const NAME: &str = "web-reload";
/// What an edit of the plugin changes.
const TEXT: &str = "All posts";
/// Where that is seen.
const PAGE: &str = "/blog/every-client-its-own-site";
/// What the load asks for.
const LOAD: &[(&str, &[u16])] = &[("/blog", &[200])];
/// How long something may take that has to come.
const LIMIT: Duration = Duration::from_secs(60);
/// How often the page is asked for that an edit changes.
const POLL: Duration = Duration::from_millis(4);

/// A copy of `examples/web-plugins`, outside of every folder that anybody
/// watches. What Cargo makes of it is kept from run to run, elsewhere.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) dir: PathBuf,
    /// Where logs and copies of programs go.
    folder: PathBuf,
    target: PathBuf,
    /// The file of the plugin, and how it was.
    plugin: PathBuf,
    source: String,
    edits: Cell<u64>,
    /// The program `plugo`.
    pub(crate) plugo: PathBuf,
}

impl App {
    pub(crate) fn copy(places: &Places, folder: &Path) -> Result<Self> {
        status("Building", "`plugo` and a copy of examples/web-plugins");
        let (dir, target) = (folder.join("app"), places.work.join("reload"));
        copy(&places.checkout.join("examples/web-plugins"), &dir)?;
        let root = read(&places.checkout.join("Cargo.toml"))?;
        let (_, rest) = root
            .split_once("[workspace.package]")
            .context("the repository's Cargo.toml has no [workspace.package]")?;
        let rest = rest.replace("path = \"", &format!("path = \"{}/", places.checkout.display()));
        let manifest = dir.join("Cargo.toml");
        let app =
            replaced(&read(&manifest)?, "name = \"web-plugins\"", &format!("name = {NAME:?}"))?;
        let members = "[workspace]\nresolver = \"3\"\nmembers = [\"plugins/*\"]\n";
        write(&manifest, &format!("{app}\n{members}\n[workspace.package]{rest}"))?;
        // What is measured is the time after the debounce, so that is known.
        let reloading = dir.join("src/reloading.rs");
        let debounced = format!(
            ".config(config)\n            .debounce(std::time::Duration::from_millis({}))",
            super::selection::DEBOUNCE.as_millis()
        );
        write(&reloading, &replaced(&read(&reloading)?, ".config(config)", &debounced)?)?;
        lock(places, &dir)?;
        let plugin = dir.join("plugins/web-blog/src/lib.rs");
        let source = read(&plugin)?;
        replaced(&source, TEXT, "")?;

        let release = places.program.parent().context("this program is in no folder")?;
        let target_of_plugo = release.parent().context("this program is in no target folder")?;
        let mut build = Command::new(program());
        clean(&mut build);
        clean_here(&mut build);
        build.current_dir(&places.checkout).env("CARGO_TARGET_DIR", target_of_plugo);
        build.args(["build", "--release", "--offline", "--locked", "--package", "plugo-cli"]);
        run(&mut build)?;
        let plugo = target_of_plugo.join("release/plugo");
        let folder = folder.to_owned();
        let app = App { dir, folder, target, plugin, source, edits: Cell::new(0), plugo };
        app.build(&[])?;
        Ok(app)
    }

    /// A program in the app's folder, with the folder that all of them build
    /// into.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        clean(&mut command);
        clean_here(&mut command);
        command.current_dir(&self.dir).env("CARGO_TARGET_DIR", &self.target);
        command.env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Builds as Cargo does, and says how long that took.
    pub(crate) fn build(&self, arguments: &[&str]) -> Result<Duration> {
        let mut cargo = self.command(program());
        cargo.args(["build", "--quiet"]).args(arguments);
        let begun = Instant::now();
        run(&mut cargo)?;
        Ok(begun.elapsed())
    }

    /// Starts the program as it was built last, under a name that Cargo leaves
    /// alone.
    pub(crate) fn start(&self, name: &str, arguments: &[OsString]) -> Result<(Group, SocketAddr)> {
        let program = self.folder.join(name);
        let built = self.target.join("debug").join(NAME);
        fs::copy(&built, &program)
            .with_context(|| format!("`{}` cannot be copied", built.display()))?;
        let address = free_address()?;
        let mut command = self.command(&program);
        command.arg(address.port().to_string()).args(arguments);
        let group = Group::start(&mut command, &self.log(name))?;
        self.wait_for(address, &group, "200", |answer| answer.0 == 200)?;
        Ok((group, address))
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    pub(crate) fn load(&self, address: SocketAddr, connections: Connections) -> Load {
        Load::start(address, connections, LOAD)
    }

    /// Changes a word of the plugin, and says which one is to be seen.
    pub(crate) fn edit(&self) -> Result<String> {
        self.edits.set(self.edits.get() + 1);
        let word = format!("All posts, {}.", self.edits.get());
        write(&self.plugin, &self.source.replace(TEXT, &word))?;
        Ok(word)
    }

    /// Makes it something that does not compile.
    pub(crate) fn break_it(&self) -> Result<()> {
        write(&self.plugin, &format!("{}fn\n", self.source))
    }

    /// Edits, and waits until that is served. How long that took.
    pub(crate) fn edit_until_served(&self, address: SocketAddr, by: &Group) -> Result<Duration> {
        let begun = Instant::now();
        let word = self.edit()?;
        self.wait_for(address, by, &word, |(_, body)| body.contains(&word))?;
        Ok(begun.elapsed())
    }

    /// Asks for the page until it is right.
    pub(crate) fn wait_for(
        &self,
        address: SocketAddr,
        by: &Group,
        what: &str,
        is_it: impl Fn(&(u16, String)) -> bool,
    ) -> Result<()> {
        let mut client = Client::new(address, false);
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            // Nobody may be there yet.
            if let Ok(answer) = client.get(PAGE)
                && is_it(&(answer.status, answer.body))
            {
                return Ok(());
            }
            if !by.process().is_running() {
                bail!("it ended by itself:\n{}", by.said_last());
            }
            std::thread::sleep(POLL);
        }
        bail!("`{what}` was not served within {} s:\n{}", LIMIT.as_secs(), by.said_last())
    }

    /// Whether somebody answers within this time.
    pub(crate) fn is_served(&self, address: SocketAddr, within: Duration) -> bool {
        let (sender, answered) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let answer = Client::new(address, false).get(PAGE);
            let _ = sender.send(answer.is_ok_and(|answer| answer.status == 200));
        });
        answered.recv_timeout(within).unwrap_or(false)
    }
}

/// An address that nobody has. Who is told of it takes it at once.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    listener.local_addr().context("a socket has no address")
}

/// Leaves out of a command's variables what would have the app built otherwise or elsewhere, listen
/// elsewhere, or be told of somebody else's reload.
fn clean_here(command: &mut Command) {
    const BEGIN: [&str; 5] = ["CARGO_PROFILE_", "CARGO_BUILD_", "LISTEN_", "NOTIFY_", "PLUGO_"];
    const NAMES: [&str; 3] = ["CARGO_INCREMENTAL", "ENABLE_PLUGIN_HOT_RELOAD", "PORT"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if NAMES.contains(&&*text) || BEGIN.iter().any(|begin| text.starts_with(begin)) {
            command.env_remove(name);
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let cannot = || format!("`{}` cannot be copied", from.display());
    fs::create_dir_all(to).with_context(cannot)?;
    for entry in fs::read_dir(from).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let to = to.join(entry.file_name());
        match entry.file_type().with_context(cannot)?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to).with_context(cannot)?),
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("`{}` cannot be written", path.display()))
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    if !text.contains(from) {
        bail!("the example has no `{from}` any more; benches/src/reload/app.rs has to follow it");
    }
    Ok(text.replace(from, to))
}
