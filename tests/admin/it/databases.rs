//! Databases for tests: SQLite files, and a PostgreSQL server of one's own where
//! one is installed.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::{env, fs};

use plugo_admin::{
    Actor, InstanceQuery, InstanceRow, RegisteredItem, RegisteredPlugin, RegisteredType, Registry,
    Store, Via,
};
use tempfile::TempDir;

/// Longer than anything here takes, where it works at all.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(future)
}

#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub(crate) fn skipped(what: &str) {
    println!("skipped {what}");
}

/// A test is left out for want of a program, unless somebody wants to know of it.
pub(crate) fn missing(what: &str) {
    let is_required = env::var_os("PLUGO_REQUIRE_ALL").is_some_and(|value| value != "0");
    assert!(!is_required, "PLUGO_REQUIRE_ALL is set, and there are no tests {what}");
    skipped(what);
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Two items without settings and one with, and a plain plugin.
pub(crate) fn registry() -> Registry {
    let otp = RegisteredType::new("Otp", "shop")
        .description("Sends codes.")
        .with_item(RegisteredItem::new("sms").priority(10).description("by text"))
        .with_item(RegisteredItem::new("mail").priority(20));
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "account": { "type": "string" },
            "key": { "type": "string", "format": "password", "writeOnly": true },
        },
    });
    let payment = RegisteredType::new("Payment", "shop")
        .with_item(RegisteredItem::new("stripe").schema(schema));
    Registry::by_hand().with_type(otp).with_type(payment).with_plugin(RegisteredPlugin::new("blog"))
}

pub(crate) fn ann() -> Actor {
    Actor::new("ann", Via::Page)
}

/// All instances, as a selection goes.
pub(crate) async fn rows(store: &Store) -> Vec<InstanceRow> {
    let all = InstanceQuery { per_page: 1000, ..InstanceQuery::default() };
    store.instances(&all).await.unwrap().rows
}

/// The default instance of an item.
pub(crate) async fn row(store: &Store, item: &str) -> InstanceRow {
    rows(store).await.into_iter().find(|row| row.item.name == item && row.is_default).unwrap()
}

/// A database for one test.
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres(Arc<Server>, String),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Database::Sqlite(tempfile::tempdir().unwrap())
    }

    /// One of each kind that this machine has.
    pub(crate) fn each() -> Vec<Self> {
        [Some(Database::sqlite()), Database::postgres()].into_iter().flatten().collect()
    }

    pub(crate) fn postgres() -> Option<Self> {
        let server = Server::shared()?;
        let name = server.create();
        Some(Database::Postgres(server, name))
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Database::Sqlite(_) => format!("sqlite://{}", self.file().display()),
            Database::Postgres(server, name) => server.url(name),
        }
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Database::Sqlite(folder) => folder.path().join("plugo.sqlite3"),
            Database::Postgres(..) => panic!("it is no file"),
        }
    }

    /// What somebody types into `psql` or `sqlite3`.
    pub(crate) async fn by_hand(&self, sql: &str) -> Result<(), String> {
        match self {
            Database::Sqlite(_) => {
                use sqlx::{ConnectOptions, Connection, Executor};
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
                let options = options.create_if_missing(true);
                let mut connection = options.connect().await.unwrap();
                let done = connection.execute(sql).await;
                connection.close().await.unwrap();
                done.map(drop).map_err(|error| error.to_string())
            }
            Database::Postgres(server, name) => server.psql(name, sql).map(drop),
        }
    }

    /// What a query gives, whose rows are one text each.
    pub(crate) async fn ask(&self, sql: &str) -> Result<Vec<String>, String> {
        match self {
            Database::Sqlite(_) => {
                use sqlx::{ConnectOptions, Connection};
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
                let mut connection = options.connect().await.unwrap();
                let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
                connection.close().await.unwrap();
                rows.map_err(|error| error.to_string())
            }
            Database::Postgres(server, name) => {
                Ok(server.psql(name, sql)?.lines().map(str::to_owned).collect())
            }
        }
    }

    /// A backup, as operators make one: what restores it into the database, open as
    /// that is. None where there is no program for it.
    pub(crate) fn backup(&self) -> Option<Backup<'_>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        let mut dump = match self {
            Database::Sqlite(_) => {
                let mut dump = Command::new("sqlite3");
                dump.arg(self.file()).arg(format!(".backup {}", file.display()));
                dump
            }
            Database::Postgres(server, name) => {
                let mut dump = Command::new(server.bin.join("pg_dump"));
                dump.args(["-c", "-U", "plugo", "-d", name, "-h"]).arg(server.folder.path());
                dump.arg("-f").arg(&file);
                dump
            }
        };
        match dump.output() {
            Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
            Err(_) => {
                missing("that restore a backup: there is no sqlite3 or pg_dump");
                return None;
            }
        }
        Some(Backup { database: self, folder })
    }

    /// Statements of PostgreSQL that go on until what this gives is dropped.
    pub(crate) fn hold(&self, sql: &str) -> Held {
        let Database::Postgres(server, name) = self else { panic!("it is a file") };
        let mut psql = Command::new(server.bin.join("psql"));
        psql.args(["-X", "-q", "-U", "plugo", "-d", name, "-h"]).arg(server.folder.path());
        psql.args(["-c", sql]).stdout(Stdio::null()).stderr(Stdio::null());
        Held(psql.spawn().unwrap(), Arc::clone(server), name.clone())
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Database::Postgres(..))
    }
}

/// What a database held once.
pub(crate) struct Backup<'d> {
    database: &'d Database,
    folder: TempDir,
}

impl Backup<'_> {
    /// Restores it into the database, and then runs statements, all at once.
    pub(crate) fn restore(&self, then: &str) {
        let file = self.folder.path().join("backup");
        let mut restore = match self.database {
            Database::Sqlite(_) => {
                let mut restore = Command::new("sqlite3");
                restore.arg("-cmd").arg(".timeout 10000").arg(self.database.file());
                restore.arg(format!(".restore {}", file.display())).arg(then);
                restore
            }
            Database::Postgres(server, name) => {
                let mut restore = Command::new(server.bin.join("psql"));
                restore.args(["-X", "-q", "-1", "-U", "plugo", "-d", name]);
                restore.args(["-v", "ON_ERROR_STOP=1", "-h"]).arg(server.folder.path());
                // What the dump calls by name alone is in no schema then.
                let then = format!("SET search_path = public; {then}");
                restore.arg("-f").arg(file).args(["-c", &then]);
                restore
            }
        };
        let done = restore.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && said.is_empty(), "{said}");
    }
}

/// Somebody in `psql`.
pub(crate) struct Held(Child, Arc<Server>, String);

impl Drop for Held {
    fn drop(&mut self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE query LIKE '%pg_sleep%' AND datname = current_database() \
            AND pid <> pg_backend_pid()";
        self.1.psql(&self.2, end).unwrap();
        self.0.wait().unwrap();
    }
}

/// A server of PostgreSQL on a Unix socket, which ends with this process at the
/// latest.
pub(crate) struct Server {
    folder: TempDir,
    bin: PathBuf,
    process: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Server {
    /// The one that tests share while they run; none where none is installed.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Server::start_new()?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    /// One for a test that stops it.
    pub(crate) fn start_new() -> Option<Self> {
        let Some(bin) = bin() else {
            missing("with PostgreSQL: neither PATH nor /usr/lib/postgresql has initdb");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(owned.success());
        }
        let data = folder.path().join("data");
        let mut init = as_postgres(&bin.join("initdb"));
        init.args(["-A", "trust", "-U", "plugo", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        let said = init.arg("-D").arg(&data).current_dir(folder.path()).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let server =
            Server { folder, bin, process: Mutex::new(None), databases: AtomicU32::new(0) };
        server.start();
        Some(server)
    }

    pub(crate) fn start(&self) {
        let data = self.folder.path().join("data");
        // The shell stops the server when its stdin ends, which it does with this
        // process, however that ends.
        let script = r#""$0" "$@" & server=$!; read -r _; kill -INT "$server"; wait "$server""#;
        let mut command = as_postgres(Path::new("sh"));
        command.arg("-c").arg(script).arg(self.bin.join("postgres")).arg("-D").arg(data);
        command.arg("-k").arg(self.folder.path()).args(["-c", "listen_addresses="]);
        command.args(["-c", "fsync=off", "-c", "max_connections=200"]);
        command.current_dir(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let child = command.stderr(log).spawn().unwrap();
        *self.process.lock().unwrap() = Some(child);
        let start = Instant::now();
        while self.psql("postgres", "SELECT 1").is_err() {
            assert!(start.elapsed() < LONG, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn stop(&self) {
        if let Some(mut child) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    /// An empty database, by its name.
    pub(crate) fn create(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        name
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://plugo@localhost/{database}?host={}", self.folder.path().display())
    }

    /// What `psql` says to a statement: rows without any decoration.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-U",
            "plugo",
            "-d",
            database,
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        let done = psql.arg("-h").arg(self.folder.path()).output().unwrap();
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        Err(String::from_utf8_lossy(&done.stderr).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn bin() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let on_path = env::split_paths(&path).map(|folder| folder.join("initdb"));
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = installed.map(|version| version.path().join("bin/initdb"));
    // A link on PATH leads to where the other programs are.
    let found = on_path.chain(installed).find_map(|initdb| initdb.canonicalize().ok())?;
    let bin = found.parent()?.to_owned();
    ["postgres", "psql"].iter().all(|name| bin.join(name).is_file()).then_some(bin)
}

pub(crate) fn is_root() -> bool {
    let mut status = String::new();
    let read = fs::File::open("/proc/self/status").and_then(|mut f| f.read_to_string(&mut status));
    read.is_ok() && status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]);
    command.arg(program);
    command
}
