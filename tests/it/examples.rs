//! The examples do what their own words say.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tests::{Run, cargo, repository, shared_target};

/// The header of an example.
fn header(example: &str) -> String {
    let source = repository().join("examples").join(example).join("src/main.rs");
    let source = fs::read_to_string(source).expect("the example");
    let header = source.lines().map_while(|line| line.strip_prefix("//!"));
    header.map(|line| format!("{line}\n")).collect()
}

/// What the first `text` block in the header of an example says it prints.
fn promised(example: &str) -> String {
    let mut block = String::new();
    for line in header(example).lines().skip_while(|line| *line != " ```text").skip(1) {
        if line == " ```" {
            return block;
        }
        block.push_str(line.strip_prefix(' ').unwrap_or(line));
        block.push('\n');
    }
    panic!("the header of {example} has no `text` block");
}

#[test]
fn the_basic_example_prints_what_its_header_says() {
    let run = Run::of(&mut cargo(repository(), &["run", "--locked", "-p", "basic-plugins"])).ok();
    assert_eq!(run.stdout, promised("basic-plugins"));
}

#[test]
fn the_services_and_the_passwords_print_what_their_headers_say() {
    for example in ["services", "otp"] {
        let run = Run::of(&mut cargo(repository(), &["run", "--locked", "-p", example])).ok();
        assert_eq!(run.stdout, promised(example));
    }
}

#[test]
fn an_operator_takes_plugins_and_items_away_when_the_program_starts() {
    let run = |example: &str, names: &str| {
        let mut run = cargo(repository(), &["run", "--locked", "-p", example]);
        // What the example goes on to do with that plugin may end it.
        Run::of(run.env("DISABLED_PLUGINS", names)).stdout
    };
    let services = run("services", "dynamodb, plugin/s3");
    assert!(services.contains("dynamodb    0.1.0  disabled by DISABLED_PLUGINS"), "{services}");
    let warning = "warning: DISABLED_PLUGINS names `plugin/s3`, which this program does not \
                   contain; did you mean `s3`?";
    assert!(services.contains(warning), "{services}");
    // An item is not selected, and no override brings it back.
    let otp = run("otp", "mail");
    assert!(otp.contains("mail   0.1.0  disabled by DISABLED_PLUGINS"), "{otp}");
    assert!(!otp.contains("mail to Ada"), "{otp}");
}

#[test]
fn the_pipeline_prints_what_its_header_says_and_its_word_is_random() {
    let pipeline = |arguments: &[&str]| {
        let arguments = [&["run", "--locked", "-p", "value-pipeline", "--"], arguments].concat();
        Run::of(&mut cargo(repository(), &arguments)).ok().stdout
    };
    let injected = pipeline(&["--word", &word_of(26)]);
    assert_eq!(injected, promised("value-pipeline"));

    let random = || {
        let printed = pipeline(&[]);
        let line = printed.lines().find_map(|line| line.strip_prefix("DEBUG   : current_word="));
        let word = line.expect("the line with the word").to_owned();
        let short = &word[..12];
        let same = printed.replace(&word, &word_of(26)).replace(short, &word_of(12));
        assert_eq!(same, injected, "nothing else is random");
        word
    };
    let (one, other) = (random(), random());
    assert_ne!(one, other);
    for word in [one, other] {
        assert_eq!(word.len(), 100);
        assert!(word.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{word}");
    }
}

/// The first letters of the alphabet.
fn word_of(length: usize) -> String {
    ('A'..='Z').take(length).collect()
}

const WEB: &str = "web-plugins";

fn build_web(arguments: &[&str]) -> Command {
    cargo(repository(), &[&["build", "--locked", "-p", WEB], arguments].concat())
}

fn binary() -> PathBuf {
    shared_target().join("debug").join(format!("{WEB}{}", std::env::consts::EXE_SUFFIX))
}

/// The running web example. It ends with the value.
struct Server {
    child: Child,
    address: SocketAddr,
    /// What it printed until it listened, with the port of the header.
    printed: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts what was built last, on a port that is free.
    fn start() -> Self {
        Server::start_with(&[], Stdio::inherit())
    }

    fn start_with(arguments: &[&str], stderr: Stdio) -> Self {
        Server::start_in(arguments, stderr, |command| command)
    }

    fn start_in(
        arguments: &[&str],
        stderr: Stdio,
        set: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let mut command = Command::new(binary());
        for name in ["CURRENCY", "DISABLED_PLUGINS", "ENABLE_PLUGIN_HOT_RELOAD", "PORT"] {
            command.env_remove(name);
        }
        set(&mut command);
        command.arg("0").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.stderr(stderr).spawn();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        // From here on the child is ended, whatever happens.
        let mut server =
            Server { child: child.expect("the example"), address, printed: String::new() };
        let output = server.child.stdout.take().expect("the output");
        for line in BufReader::new(output).lines() {
            let line = line.expect("UTF-8");
            if let Some(address) = line.strip_prefix("listening on http://") {
                server.address = address.parse().expect("an address");
                server.printed.push_str("listening on http://127.0.0.1:3000\n");
                return server;
            }
            server.printed.push_str(&line);
            server.printed.push('\n');
        }
        panic!("it does not listen: {}", server.printed);
    }

    /// The status of a page, and the text.
    fn get(&self, path: &str) -> (u16, String) {
        let limit = Duration::from_secs(20);
        let mut stream = TcpStream::connect_timeout(&self.address, limit).expect("a connection");
        stream.set_read_timeout(Some(limit)).expect("a limit");
        stream.set_write_timeout(Some(limit)).expect("a limit");
        write!(stream, "GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.address).expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    /// The client and the plugins that `/plugins.json` tells of.
    fn plugins(&self) -> (Value, Vec<String>) {
        let (status, body) = self.get("/plugins.json");
        assert_eq!(status, 200, "{body}");
        let build: Value = serde_json::from_str(&body).expect("JSON");
        let name = |plugin: &Value| plugin["name"].as_str().expect("a name").to_owned();
        let plugins = build["plugins"].as_array().expect("a list").iter().map(name).collect();
        (build["client"].clone(), plugins)
    }
}

const SEMVER: &str = "/semver?version=1.2.3&requirement=%5E1";

/// Texts that stand in plugins of `acme` that `zeta` does not have: in
/// `blog`, in `auth` and in `shop`.
const MARKS: [&str; 3] = ["All posts", "tokens left", "at least 1"];

/// Which of the marks are in the binary.
fn marks() -> Vec<&'static str> {
    let bytes = fs::read(binary()).expect("the binary");
    let found = |mark: &str| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    MARKS.into_iter().filter(|mark| found(mark)).collect()
}

/// The tests of the web example build it in different ways, into one place.
static BUILD: Mutex<()> = Mutex::new(());

#[test]
fn the_web_example_is_what_each_client_gets() {
    let _built = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    Run::of(&mut build_web(&[])).ok();
    let server = Server::start();
    assert_eq!(server.printed, promised(WEB));
    let (status, shop) = server.get("/shop");
    assert!(status == 200 && shop.contains("12.90 EUR"), "{status} {shop}");
    assert_eq!(server.get(SEMVER).0, 404);
    let (client, plugins) = server.plugins();
    assert_eq!(client, Value::Null);
    assert_eq!(plugins, ["blog", "auth", "catalog", "clock", "shop"]);
    // What is served as the manifest is of this build.
    let manifest: Value = serde_json::from_str(&server.get("/manifest.json").1).expect("JSON");
    crate::schemas::assert_manifest(&manifest);
    assert_eq!(manifest["plugins"].as_array().map(Vec::len), Some(5));
    drop(server);

    Run::of(build_web(&[]).env("ENABLED_PLUGINS", "semver")).ok();
    let server = Server::start();
    let (status, semver) = server.get(SEMVER);
    assert!(status == 200, "{status} {semver}");
    drop(server);

    let acme = ["--no-default-features", "--features", "client-acme"];
    let zeta = ["--no-default-features", "--features", "client-zeta"];
    Run::of(&mut build_web(&acme)).ok();
    assert_eq!(marks(), MARKS);
    let server = Server::start();
    let (client, plugins) = server.plugins();
    assert_eq!(client, "acme");
    assert_eq!(plugins, ["blog", "auth", "catalog", "shop"]);
    assert_eq!(server.get("/blog").0, 200);
    assert_eq!(server.get(SEMVER).0, 404);
    drop(server);

    Run::of(&mut build_web(&zeta)).ok();
    assert_eq!(marks(), [""; 0]);
    let server = Server::start();
    let (client, plugins) = server.plugins();
    assert_eq!(client, "zeta");
    assert_eq!(plugins, ["catalog", "semver"]);
    assert_eq!(server.get("/blog").0, 404);
    assert_eq!(server.get(SEMVER).0, 200);
    drop(server);

    // Back to a client that was built: nothing is compiled, and it is acme's again.
    let again = Run::of(&mut build_web(&acme)).ok();
    assert_eq!(again.compiled(), [""; 0]);
    assert_eq!(marks(), MARKS);
}

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        Connection(BufReader::new(stream))
    }

    /// The status of a page. The whole answer is read.
    fn status(&mut self, path: &str) -> u16 {
        let request = format!("GET {path} HTTP/1.1\r\nhost: site\r\n\r\n");
        // In one piece: the second of two waits for the system's acknowledgement.
        self.0.get_mut().write_all(request.as_bytes()).expect("a request");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).expect("a header");
            match line.trim_end().split_once(": ") {
                None => break,
                Some(("content-length", value)) => length = value.parse().expect("a length"),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        status.expect("a status")
    }
}

/// Asks for a page over and over, some hundred times a second, and counts how
/// often each status came. Every second time it is a new connection.
fn ask_for(
    address: SocketAddr,
    path: &'static str,
    is_over: Arc<AtomicBool>,
) -> JoinHandle<BTreeMap<u16, u32>> {
    std::thread::spawn(move || {
        let mut statuses = BTreeMap::new();
        let mut kept = Connection::new(address);
        while !is_over.load(Ordering::Relaxed) {
            *statuses.entry(kept.status(path)).or_default() += 1;
            *statuses.entry(Connection::new(address).status(path)).or_default() += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        statuses
    })
}

/// `TOGGLES=100 cargo test -p tests --test it -- toggled --nocapture` does it
/// more often, and says how many requests there were.
#[test]
fn the_web_example_has_its_config_toggled_under_load_and_no_request_fails() {
    let _built = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    Run::of(&mut build_web(&["--features", "reload"])).ok();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plugins_config.json");
    let example = repository().join("examples").join(WEB).join("plugins_config.json");
    let on = fs::read_to_string(example).unwrap();
    let off = on.replace(r#""clock", "enabled": true"#, r#""clock", "enabled": false"#);
    assert_ne!(on, off);
    let save = |text: &str| {
        let beside = dir.path().join("plugins_config.json.tmp");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, &config).unwrap();
    };
    save(&on);
    let arguments = ["--reload", config.to_str().unwrap()];
    let mut server = Server::start_with(&arguments, Stdio::piped());
    assert_eq!(server.printed, promised(WEB));
    let said = BufReader::new(server.child.stderr.take().unwrap());
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|l| sender.send(l)));
    let next = || lines.recv_timeout(Duration::from_secs(60)).expect("it says what it did");

    let is_over = Arc::new(AtomicBool::new(false));
    let [clock, blog] =
        ["/clock", "/blog"].map(|path| ask_for(server.address, path, Arc::clone(&is_over)));
    let mut watching = Connection::new(server.address);
    let toggles = std::env::var("TOGGLES").map_or(6, |toggles| toggles.parse().unwrap());
    for toggle in 0..toggles {
        let is_on = toggle % 2 == 1;
        save(if is_on { &on } else { &off });
        let wanted = if is_on { "started clock" } else { "stopping clock" };
        assert_eq!(next(), format!("{wanted}; 4 left alone"));
        assert_eq!(watching.status("/clock"), if is_on { 200 } else { 404 });
        assert_eq!(watching.status("/shop"), 200);
    }
    // A plugin that is not in the build: nothing changes, and it says what and where.
    save(&off.replace("blog", "blgo"));
    assert_eq!(next(), "the plugins are as they were: `blgo` is enabled, and not built in");
    assert_eq!(next(), format!("  --> {}:3:19", config.display()));
    assert_eq!(
        next(),
        "  help: did you mean `blog`? built in are `blog`, `auth`, `catalog`, `clock`, `shop`"
    );
    is_over.store(true, Ordering::Relaxed);
    let (clock, blog) = (clock.join().expect("no failure"), blog.join().expect("no failure"));
    let message = format!("{toggles} toggles, /clock: {clock:?}, /blog: {blog:?}\n");
    let _ = std::io::stderr().write_all(message.as_bytes());
    assert!(clock.keys().all(|status| [200, 404].contains(status)), "{clock:?}");
    assert!(clock.len() == 2 && blog.keys().eq(&[200]), "{message}");
    #[cfg(unix)]
    {
        // A request that never ends keeps neither the program nor the other plugins.
        let mut endless = Connection::new(server.address);
        let head = "POST /auth HTTP/1.1\r\nhost: site\r\ncontent-type: application/json\r\n\
                    content-length: 9\r\nexpect: 100-continue\r\n\r\n";
        endless.0.get_mut().write_all(head.as_bytes()).expect("a request");
        let mut line = String::new();
        endless.0.read_line(&mut line).expect("an answer");
        assert_eq!(line, "HTTP/1.1 100 Continue\r\n", "the plugin has it");
        let id = server.child.id().to_string();
        Run::of(Command::new("kill").args(["-INT", &id])).ok();
        let said = next();
        let wanted = "warning: not every plugin was stopped: `auth` is still being stopped after ";
        assert!(said.starts_with(wanted), "{said}");
        assert_eq!(server.child.wait().expect("its end").code(), Some(0));
    }
}

#[test]
fn the_web_example_says_that_it_does_not_watch() {
    let _built = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    Run::of(&mut build_web(&["--features", "reload"])).ok();
    let config = "examples/web-plugins/plugins_config.json";
    // The command of its header, where the header says.
    assert!(header(WEB).contains(&format!(" -- --reload {config}")));
    let mut server = Server::start_in(&["--reload", config], Stdio::piped(), |command| {
        command.current_dir(repository()).env("ENABLE_PLUGIN_HOT_RELOAD", "off")
    });
    let mut said = String::new();
    let stderr = server.child.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut said).expect("UTF-8");
    assert_eq!(said, format!("{config}: not watching: ENABLE_PLUGIN_HOT_RELOAD says no\n"));
}
