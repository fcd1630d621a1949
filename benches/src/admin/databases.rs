use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::cargo;

/// Where databases are made, one for each measurement.
pub(crate) enum Database<'s> {
    Sqlite { folder: PathBuf, made: Cell<u32> },
    Postgres { server: &'s Server, made: Cell<u32> },
}

impl<'s> Database<'s> {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        Database::Sqlite { folder: folder.to_owned(), made: Cell::new(0) }
    }

    pub(crate) fn postgres(server: &'s Server) -> Self {
        Database::Postgres { server, made: Cell::new(0) }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Database::Sqlite { .. } => "SQLite",
            Database::Postgres { .. } => "PostgreSQL",
        }
    }

    /// The URL of an empty one.
    pub(crate) fn fresh(&self) -> Result<String> {
        let (Database::Sqlite { made, .. } | Database::Postgres { made, .. }) = self;
        made.set(made.get() + 1);
        let name = format!("bench{}", made.get());
        Ok(match self {
            Database::Sqlite { folder, .. } => {
                format!("sqlite://{}", folder.join(name).display())
            }
            Database::Postgres { server, .. } => {
                server.psql(&format!("CREATE DATABASE {name}"))?;
                format!("postgres://plugo@localhost:{PORT}/{name}?host={}", server.folder.display())
            }
        })
    }
}

/// What the socket is called after; nobody listens there but at the socket.
const PORT: &str = "5432";

/// A server of PostgreSQL on a Unix socket, with the settings that it comes with.
pub(crate) struct Server {
    folder: PathBuf,
    bin: PathBuf,
    process: Child,
    pub(crate) version: String,
}

impl Server {
    /// None where none is installed.
    pub(crate) fn start(folder: &Path) -> Result<Option<Self>> {
        let Some(bin) = bin() else { return Ok(None) };
        fs::create_dir_all(folder).context("there is no temporary folder")?;
        let data = folder.join("data");
        if is_root() {
            // The server refuses to be root's, and has to reach its folder.
            let parent = folder.parent().unwrap_or(folder);
            cargo::run(Command::new("chmod").arg("a+x").arg(parent))?;
            cargo::run(Command::new("chown").arg("postgres").arg(folder))?;
        }
        let mut init = as_postgres(&bin.join("initdb"));
        init.args(["-A", "trust", "-U", "plugo", "-E", "UTF8", "--locale=C.UTF-8"]);
        cargo::run(init.arg("-D").arg(&data).current_dir(folder))?;
        // The shell stops the server when its stdin ends, which it does with this
        // process, however that ends.
        let script = r#""$0" "$@" & server=$!; read -r _; kill -INT "$server"; wait "$server""#;
        let mut command = as_postgres(Path::new("sh"));
        command.arg("-c").arg(script).arg(bin.join("postgres")).arg("-D").arg(&data);
        command.arg("-k").arg(folder).args(["-p", PORT, "-c", "listen_addresses="]);
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null());
        let log = folder.join("log");
        let file = fs::File::create(&log).context("its log cannot be written")?;
        let process = command.stderr(file).spawn().context("it does not start")?;
        let (folder, version) = (folder.to_owned(), String::new());
        let mut server = Server { folder, bin, process, version };
        let start = Instant::now();
        loop {
            match server.psql("SHOW server_version") {
                Ok(version) => {
                    server.version = version;
                    return Ok(Some(server));
                }
                Err(_) if start.elapsed() > Duration::from_secs(60) => {
                    let said = fs::read_to_string(&log).unwrap_or_default();
                    bail!("it does not start: {}", said.lines().next_back().unwrap_or_default());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn psql(&self, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.bin.join("psql"));
        clean(&mut psql).args(["-p", PORT]);
        psql.args(["-X", "-q", "-A", "-t", "-U", "plugo", "-d", "postgres", "-c", sql]);
        let said = cargo::run(psql.arg("-h").arg(&self.folder).stdin(Stdio::null()))?;
        Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("initdb"));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = installed.map(|version| version.path().join("bin/initdb"));
    let found = on_path.chain(installed).find_map(|initdb| initdb.canonicalize().ok())?;
    let bin = found.parent()?.to_owned();
    ["postgres", "psql"].iter().all(|name| bin.join(name).is_file()).then_some(bin)
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

fn as_postgres(program: &Path) -> Command {
    let mut command = match is_root() {
        true => Command::new("setpriv"),
        false => Command::new(program),
    };
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]);
        command.arg(program);
    }
    clean(&mut command);
    command
}

/// Leaves out what the caller's variables say of other servers.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG"))
    {
        command.env_remove(name);
    }
    command
}
