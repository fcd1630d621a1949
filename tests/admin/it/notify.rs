//! The example `notify` in processes of its own, built by `plugo`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Run, repository, scratch};

use crate::databases::LONG;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// `plugo`, which builds into the target folder that these tests were built in.
pub(crate) fn plugo(arguments: &[&str]) -> Command {
    let mut plugo = tests::plugo(repository(), arguments);
    plugo.env("CARGO_TARGET_DIR", scratch().parent().unwrap());
    plugo
}

/// The example, as it is shipped without a client, and for a client that has no text
/// messages.
pub(crate) fn program(client: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        Run::of(&mut plugo(&["build", "--package", "notify"])).ok();
        Run::of(&mut plugo(&["build", "--package", "notify", "--client", "acme"])).ok();
        scratch().parent().unwrap().join("plugo")
    });
    built.join(client).join("notify")
}

/// Where the example keeps its data in one test.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) folder: Arc<TempDir>,
    /// A database elsewhere.
    pub(crate) url: Option<String>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Place { folder: Arc::new(tempfile::tempdir().unwrap()), url: None }
    }

    pub(crate) fn set(&self, command: &mut Command) {
        for name in ["PLUGO_DATABASE_URL", "PLUGO_SECRET_KEYS", "DISABLED_PLUGINS", "LISTEN_FDS"] {
            command.env_remove(name);
        }
        command.env("NOTIFY_DATA", self.folder.path()).env("PORT", "0").env("USER", "tester");
        command.env("NOTIFY_ADMIN_PASSWORD", PASSWORD).current_dir(self.folder.path());
        if let Some(url) = &self.url {
            command.env("PLUGO_DATABASE_URL", url);
        }
    }

    /// A command of the example.
    pub(crate) fn command(&self, client: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(program(client));
        self.set(command.args(arguments).stdin(Stdio::null()));
        Run::of(&mut command)
    }

    /// The instances, by name.
    pub(crate) fn instance(&self, client: &str, name: &str) -> Value {
        let list = self.command(client, &["db", "list", "--format", "json"]).ok();
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        let found = list.as_array().unwrap().iter().find(|one| one["instance"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {list}")).clone()
    }
}

/// The running example, which ends with the value.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(place: &Place) -> Self {
        let mut command = Command::new(program("default"));
        place.set(&mut command);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        // From here on the child is ended, whatever happens.
        let mut running = Running { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        for line in BufReader::new(running.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let address = line.strip_prefix("notifications are at http://");
            if let Some(address) = address.and_then(|rest| rest.split(',').next()) {
                running.address = address.parse().unwrap();
                return running;
            }
        }
        panic!("it does not listen");
    }

    /// The pages on their own.
    pub(crate) fn admin(place: &Place) -> Self {
        let mut command = Command::new(program("default"));
        place.set(command.args(["admin", "--listen", "127.0.0.1:0"]));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let mut running = Running { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        BufReader::new(running.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        running.address =
            line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
        running
    }

    /// Ends it as the system does.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\ncontent-length: {length}\r\n{headers}\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The instance that notifications go through.
    pub(crate) fn used(&self) -> String {
        let (status, page) = self.ask("GET", "/", "", "");
        assert_eq!(status, 200, "{page}");
        let rest = page.split_once("<strong id=\"used\">").map_or("", |(_, rest)| rest);
        rest.split('<').next().unwrap().to_owned()
    }

    pub(crate) fn until_used(&self, wanted: &str) {
        let start = Instant::now();
        while self.used() != wanted {
            assert!(start.elapsed() < LONG, "{} is used, and not {wanted}", self.used());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// What an operator says through the API of this process.
    pub(crate) fn say(&self, id: &str, change: &Value) {
        let json = "content-type: application/json\r\n";
        let login = json!({ "name": "admin", "password": PASSWORD }).to_string();
        let (status, session) = self.ask("POST", "/admin/api/v1/session", json, &login);
        assert!((200..300).contains(&status), "{status} {session}");
        let session: Value = serde_json::from_str(&session).unwrap();
        let headers = format!(
            "{json}authorization: Bearer {}\r\nif-match: *\r\n",
            session["token"].as_str().unwrap()
        );
        let path = format!("/admin/api/v1/instances/{id}");
        let (status, said) = self.ask("PATCH", &path, &headers, &change.to_string());
        assert_eq!(status, 200, "{said}");
    }
}

pub(crate) fn with_input(place: &Place, arguments: &[&str], input: &str) -> Run {
    let mut command = Command::new(program("default"));
    place.set(command.args(arguments));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run {
        success: output.status.success(),
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}
