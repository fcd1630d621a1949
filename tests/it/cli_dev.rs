//! `plugo dev`: on a copy of the web example under load, and on an app of a
//! few lines for everything that goes wrong.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests::{Project, Run, plugo, repository, shared_target};

/// For how long something is waited for: the machine may be busy.
const LIMIT: Duration = Duration::from_secs(240);

/// A running `plugo dev`. It ends with the value.
pub(crate) struct Dev {
    child: Child,
    said: Arc<Mutex<String>>,
    /// Up to where it was read.
    read: usize,
    pub(crate) address: String,
}

impl Dev {
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        Dev::start_with(dir, args, |_| {})
    }

    pub(super) fn start_with(dir: &Path, args: &[&str], set: impl FnOnce(&mut Command)) -> Self {
        let command = plugo(dir, &[&["dev", "--listen", "127.0.0.1:0"], args].concat());
        Dev::of(command, set)
    }

    /// Of a command that is it.
    pub(super) fn of(mut command: Command, set: impl FnOnce(&mut Command)) -> Self {
        command.env_remove("ENABLE_PLUGIN_HOT_RELOAD");
        set(&mut command);
        // What the app prints is not what it says.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (stderr, heard) = (child.stderr.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut said = heard.lock().unwrap();
                said.push_str(&line);
                said.push('\n');
            }
        });
        Dev { child, said, read: 0, address: String::new() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it says something that it has not said before, and gives the
    /// whole line.
    #[track_caller]
    pub(crate) fn hears(&mut self, what: &str) -> String {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            let said = self.said();
            if let Some(at) = said[self.read..].find(what) {
                let end = said[self.read + at..].find('\n').unwrap_or_default();
                self.read += at + end;
                let line = said[..self.read].rsplit('\n').next().unwrap().to_owned();
                let verbs = ["Serving on http://", "Started on http://"];
                if let Some((_, url)) = verbs.iter().find_map(|verb| line.split_once(verb)) {
                    self.address = url.split([',', ' ', ';']).next().unwrap().to_owned();
                }
                return line;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it never said `{what}`: {}", self.said());
    }

    /// Waits until it says this, and nothing else before that.
    #[track_caller]
    pub(crate) fn hears_next(&mut self, what: &str) {
        let from = self.read;
        self.hears(what);
        assert_eq!(self.said()[from..self.read].trim().lines().count(), 1, "{}", self.said());
    }

    /// A change of this file is the next that it tells of: what happened before that
    /// it does not.
    #[track_caller]
    pub(crate) fn tells_next_of(&mut self, file: &Path) {
        let begun = fs::read_to_string(file).unwrap_or_default();
        save(file, &(begun + "More.\n"));
        self.hears_next(&format!("{})", file.file_name().unwrap().to_str().unwrap()));
    }

    /// The same, where all that there is to be built is.
    #[track_caller]
    pub(crate) fn is_quiet(&mut self, file: &Path) {
        self.tells_next_of(file);
        self.hears("Unchanged");
    }

    fn get(&self, path: &str) -> String {
        get(&self.address, path).unwrap()
    }

    fn key(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(super) fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// The exit code, when it ends.
    #[track_caller]
    pub(super) fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end: {}", self.said());
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal("-TERM");
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(10) {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Asks over a connection of its own, and gives the whole answer.
pub(crate) fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // In one piece: the small app reads once.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Whether a process is there, and is no zombie.
fn is_there(pid: &str) -> bool {
    let state = Run::of(Command::new("ps").args(["-o", "stat=", "-p", pid])).stdout;
    !state.trim().is_empty() && !state.starts_with('Z')
}

/// Waits until a process is gone.
#[track_caller]
pub(crate) fn is_gone(pid: &str) {
    let begun = Instant::now();
    while is_there(pid) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{pid} is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Saves as many editors do: the new file takes the place of the old one, so
/// that nobody sees half of it, which would be a change of its own.
pub(crate) fn save(path: &Path, text: &str) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let swap = path.with_file_name(format!("{name}~"));
    fs::write(&swap, text).unwrap();
    fs::rename(&swap, path).unwrap();
}

pub(crate) fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    save(path, &text.replace(from, to));
}

// The web example, under load.

/// A copy of the web example: a workspace of its own, whose program has a name
/// of its own.
fn web() -> Project {
    let example = repository().join("examples/web-plugins");
    let mut project = Project::bare("web-dev");
    let mut open = vec![example.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(&example).unwrap().to_str().unwrap();
                project = project.file(inside, fs::read(&path).unwrap());
            }
        }
    }
    let root = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let (_, rest) = root.split_once("[workspace.package]").unwrap();
    let rest = rest.replace("path = \"", &format!("path = \"{}/", repository().display()));
    let app = fs::read_to_string(example.join("Cargo.toml")).unwrap();
    let app = app.replace("name = \"web-plugins\"", "name = \"web-dev\"");
    let members = "[workspace]\nresolver = \"3\"\nmembers = [\"plugins/*\"]\n";
    project.file("Cargo.toml", format!("{app}\n{members}\n[workspace.package]{rest}"))
}

/// A bounded load: a few clients that ask one after the other, half of them
/// over connections that they keep. It ends with the value.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    clients: Vec<std::thread::JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(address: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let served = Arc::new(AtomicUsize::new(0));
        let clients = (0..4).map(|number| {
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            let address = address.to_owned();
            std::thread::spawn(move || {
                let (mut failures, mut kept) = (Vec::new(), None);
                while !stop.load(Ordering::Relaxed) {
                    match ask(&address, &mut kept, number % 2 == 0) {
                        Ok(()) => drop(served.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => failures.push(error.to_string()),
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                failures
            })
        });
        Load { clients: clients.collect(), stop, served }
    }

    /// How many requests were served, and how the others failed.
    fn end(mut self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failures = self.clients.drain(..).flat_map(|client| client.join().unwrap()).collect();
        (self.served.load(Ordering::Relaxed), failures)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Asks for the blog; a connection that is to be kept is, unless the server
/// says that it closes it.
fn ask(address: &str, kept: &mut Option<BufReader<TcpStream>>, keeps: bool) -> std::io::Result<()> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            BufReader::new(stream)
        }
    };
    let connection = if keeps { "keep-alive" } else { "close" };
    let request =
        format!("GET /blog HTTP/1.1\r\nhost: {address}\r\nconnection: {connection}\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes())?;
    let (mut length, mut closes, mut is_ok) = (0, !keeps, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::Error::other("the connection was closed"));
        }
        let line = line.trim().to_ascii_lowercase();
        is_ok |= line.starts_with("http/1.1 200");
        closes |= line == "connection: close";
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    if !is_ok {
        return Err(std::io::Error::other("the status is not 200"));
    }
    *kept = (!closes).then_some(stream);
    Ok(())
}

#[test]
fn edits_of_a_plugin_are_served_and_no_request_fails() {
    let web = web();
    let blog = web.dir().join("plugins/web-blog/src/lib.rs");
    let mut dev = Dev::start(web.dir(), &["--livereload", "127.0.0.1:0"]);
    dev.hears("Serving on");
    let url = dev.said().split("<script src=\"http://").nth(1).unwrap().to_owned();
    let live = url.split('/').next().unwrap().to_owned();
    assert!(get(&live, "/livereload.js").unwrap().contains("EventSource"));
    let mut page = TcpStream::connect(&live).unwrap();
    page.write_all(b"GET /events HTTP/1.1\r\n\r\n").unwrap();
    let mut page = BufReader::new(page).lines();
    assert_eq!(page.next().unwrap().unwrap(), "HTTP/1.1 200 OK");

    let post = "/blog/every-client-its-own-site";
    let load = Load::start(&dev.address);
    for (from, to) in [("All posts", "All my posts"), ("All my posts", "All of my posts")] {
        replace(&blog, from, to);
        dev.hears("Changed plugin `blog` (plugins/web-blog/src/lib.rs)");
        dev.hears("ms after the save");
        // Until the old process has ended, it may take a connection yet; a page hears of it then,
        // and what it loads is new.
        assert!(page.by_ref().any(|line| line.unwrap() == "event: reload"));
        assert!(dev.get(post).contains(to));
    }

    // What does not build is not served, and the compiler says why.
    let good = fs::read_to_string(&blog).unwrap();
    save(&blog, &(good.clone() + "fn\n"));
    dev.hears("expected identifier");
    dev.hears("the last good build keeps serving");
    assert!(dev.get(post).contains("All of my posts"));
    // Written in place, as other editors do.
    fs::write(&blog, good).unwrap();
    dev.hears("Unchanged");

    // To touch and to read is no change, and a save by rename is one.
    Run::of(Command::new("touch").arg(&blog)).ok();
    Run::of(Command::new("cat").arg(&blog)).ok();
    dev.is_quiet(&web.dir().join("notes"));
    replace(&blog, "All of my posts", "Every post");
    dev.hears("ms after the save");
    assert!(dev.get(post).contains("Every post"));
    dev.is_quiet(&web.dir().join("notes"));

    let (served, failures) = load.end();
    assert_eq!(failures, [""; 0], "of {served}");
    assert!(served > 100, "{served}");
    dev.signal("-INT");
    assert_eq!(dev.code(), Some(130));
}

// An app of a few lines.

/// What answers with the number of its process and with what its plugins left.
const MAIN: &str = r#"
use std::io::{Read as _, Write as _};

plugo::plugins!();

fn main() {
    let mut words: Vec<&'static str> = Vec::new();
    println!("{}", plugo::load_plugins(plugo::kwargs! { words: &mut words }).into_result().unwrap());
    if cfg!(target_os = "linux") {
        // As systemd has it.
        assert_eq!(std::env::var("LISTEN_PID").unwrap(), std::process::id().to_string());
    }
    let socket = OPENED;
    if let Some(path) = std::env::var_os("NOTIFY_SOCKET") {
        let notices = std::os::unix::net::UnixDatagram::unbound().unwrap();
        notices.send_to(b"READY=1", path).unwrap();
    }
    for stream in socket.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap();
        if request[..read].starts_with(b"GET /exit") {
            std::process::exit(7);
        }
        let head = "HTTP/1.0 200 OK\r\n\r\n";
        let (client, id) = (PLUGINS.client().unwrap_or("none"), std::process::id());
        write!(stream, "{head}{id} {client} {words:?}").unwrap();
    }
}
"#;

pub(super) const TAKES: &str =
    "listenfd::ListenFd::from_env().take_tcp_listener(0).unwrap().expect(\"a socket\")";

pub(super) fn small(name: &str, socket: &str) -> Project {
    small_in(Project::buildable(name), socket)
}

pub(super) fn small_in(project: Project, socket: &str) -> Project {
    let name = project.name().to_owned();
    let mut project = project
        .file("src/main.rs", MAIN.replace("OPENED", socket))
        .dependencies("listenfd = \"1\"");
    for plugin in ["a", "b"] {
        let source = format!(
            "#[plugo::plugin(name = {plugin:?})]\n\
             fn init_plugin(words: &mut Vec<&'static str>) {{\n    words.push(\"{plugin}1\");\n}}\n"
        );
        project = project
            .dependencies(&format!(
                "{name}-{plugin} = {{ path = \"plugins/{plugin}\", optional = true }}"
            ))
            .features(&format!("{plugin} = [\"dep:{name}-{plugin}\"]"))
            .plugin_crate(plugin, "", &source);
    }
    project
        .features("default = [\"a\", \"b\"]\nclient-acme = [\"b\"]")
        .config(&["a", "!b"])
        .client("acme", &["b"])
}

/// The number of the app's process, and what else it answers.
pub(super) fn answer(dev: &Dev) -> (String, String) {
    // The old process does not end its requests: it is just ended.
    let answer = (0..50).find_map(|_| {
        let answer = get(&dev.address, "/").ok().filter(|answer| answer.contains("\r\n\r\n"));
        if answer.is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
        answer
    });
    let answer = answer.expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let (id, rest) = body.split_once(' ').unwrap();
    (id.to_owned(), rest.to_owned())
}

#[test]
fn what_does_not_start_replaces_nothing_and_clients_are_switched_by_a_key() {
    let project = small("dev-keys", TAKES);
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Serving on");
    let (first, words) = answer(&dev);
    assert_eq!(words, "none [\"a1\"]");

    // A second one for the same app is refused, and says which process is the first.
    let second = Run::of(&mut plugo(project.dir(), &["dev", "--listen", "127.0.0.1:0"]));
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    let process = format!("another `plugo dev` works on `dev-keys` (process {})", dev.child.id());
    assert!(second.stderr.contains(&process), "{}", second.stderr);

    let line = "words.push(\"a1\");";
    replace(&plugin, line, "panic!(\"no\");");
    dev.hears(
        "the new build ended before it was ready: exit status: 101; the last good build keeps",
    );
    assert_eq!(answer(&dev), (first.clone(), words));
    replace(&plugin, "panic!(\"no\");", "words.push(\"a2\");");
    dev.hears("ms after the save");
    let (next, words) = answer(&dev);
    assert_eq!(words, "none [\"a2\"]");
    assert_ne!(next, first);
    is_gone(&first);

    // Where there is no room for the new program, the old one goes on.
    let taken = shared_target().join("plugo/.dev/dev-keys/run-4");
    fs::write(&taken, "").unwrap();
    replace(&plugin, "a2", "a3");
    dev.hears(
        "run-4` cannot be made: File exists (os error 17); the last good build keeps serving",
    );
    assert_eq!(answer(&dev), (next.clone(), words));
    fs::remove_file(&taken).unwrap();
    replace(&plugin, "a3", "a4");
    dev.hears("ms after the save");
    is_gone(&next);

    // What is not served since it changes nothing is not what is served later.
    let text = fs::read_to_string(&plugin).unwrap();
    save(&plugin, &(text + "// The end.\n"));
    dev.hears("Unchanged");

    // A crate that the build does not have is not watched.
    let other = project.dir().join("plugins/b/src/lib.rs");
    dev.key("c acm");
    dev.hears("did you mean `acme`?");
    dev.key("c");
    dev.hears("which client?");
    dev.key("acme");
    dev.hears("Switching acme");
    let line = dev.hears("Serving on");
    assert!(!line.contains("the save"), "{line}");
    assert_eq!(answer(&dev).1, "acme [\"b1\"]");
    replace(&plugin, "a4", "a5");
    dev.is_quiet(&project.dir().join("notes"));
    replace(&other, "b1", "b2");
    dev.hears("Changed plugin `b` (plugins/b/src/lib.rs)");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "acme [\"b2\"]");
    dev.key("r");
    dev.hears("Unchanged");

    // What ends by itself is told of, and comes back with the next change.
    let _ = get(&dev.address, "/exit");
    dev.hears("the app ended by itself: exit status: 7");
    dev.key("r");
    dev.hears("Serving on");
    let (last, _) = answer(&dev);
    dev.key("q");
    assert_eq!(dev.code(), Some(0));
    is_gone(&last);
    drop(project);
}

#[test]
fn the_selection_is_followed_unless_the_app_follows_it_itself() {
    let project = small("dev-selection", TAKES);
    let config = project.dir().join("plugins_config.json");
    let mut dev = Dev::start(project.dir(), &["--handover", "sequential"]);
    dev.hears("Serving on");
    assert_eq!(answer(&dev).1, "none [\"a1\"]");
    // Both are compiled in, and the config file decides.
    replace(&config, "false", "true");
    dev.hears("Changed plugins_config.json");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"a1\", \"b1\"]");
    // Half a file is refused, and what runs goes on.
    let whole = fs::read_to_string(&config).unwrap();
    save(&config, &whole[..whole.len() / 2]);
    dev.hears("the last good build keeps serving");
    save(&config, &whole);
    dev.hears("Unchanged");
    // Where the new one does not start, the last good one comes back.
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    replace(&plugin, "words.push(\"a1\");", "panic!(\"no\");");
    dev.hears("the last good build starts again");
    dev.hears("Serving on");
    assert_eq!(answer(&dev).1, "none [\"a1\", \"b1\"]");
    drop(dev);

    replace(&plugin, "panic!(\"no\");", "words.push(\"a1\");");
    let mut dev = Dev::start(project.dir(), &["--ignore-selection"]);
    dev.hears("Serving on");
    replace(&config, "true", "false");
    dev.hears("Left plugins_config.json to the app");
    dev.tells_next_of(&project.dir().join("notes"));
}

#[test]
fn nothing_outlives_it() {
    let project = small("dev-ends", TAKES);
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Serving on");
    let (app, _) = answer(&dev);
    // A build is under way, and the app serves.
    let script = "fn main() {\n    \
                      std::fs::write(\"pid.new\", std::process::id().to_string()).unwrap();\n    \
                      std::fs::rename(\"pid.new\", \"pid\").unwrap();\n    \
                      std::thread::sleep(std::time::Duration::from_secs(300));\n}\n";
    let project = project.file("plugins/a/build.rs", script);
    let pid = project.dir().join("plugins/a/pid");
    let begun = Instant::now();
    while !pid.exists() {
        assert!(begun.elapsed() < LIMIT, "{}", dev.said());
        std::thread::sleep(Duration::from_millis(10));
    }
    let script = fs::read_to_string(&pid).unwrap();
    assert!(is_there(&app) && is_there(&script));
    dev.signal("-INT");
    assert_eq!(dev.code(), Some(130));
    is_gone(&app);
    is_gone(&script);

    fs::remove_file(project.dir().join("plugins/a/build.rs")).unwrap();
    if cfg!(target_os = "linux") {
        // What it cannot put away any more goes with this folder, which is not watched.
        let temporary = TempDir::new().unwrap();
        let mut dev = Dev::start_with(project.dir(), &[], |command| {
            command.env("TMPDIR", temporary.path());
        });
        dev.hears("Serving on");
        let (app, _) = answer(&dev);
        dev.signal("-KILL");
        assert_eq!(dev.code(), None);
        is_gone(&app);
    }

    // Without watching, the end of the app is the end.
    let mut dev = Dev::start_with(project.dir(), &[], |command| {
        command.env("ENABLE_PLUGIN_HOT_RELOAD", "off");
    });
    dev.hears("ENABLE_PLUGIN_HOT_RELOAD says no");
    dev.hears("Serving on");
    let plugin = project.dir().join("plugins/a/src/lib.rs");
    replace(&plugin, "a1", "a2");
    let _ = get(&dev.address, "/exit");
    assert_eq!(dev.code(), Some(7), "{}", dev.said());
    let said = dev.said();
    assert!(said.ends_with("error: the app ended by itself: exit status: 7\n"), "{said}");
    assert!(!said.contains("Watching") && !said.contains("Changed"), "{said}");
    // Also before it is ready. What fails there is not for want of the socket.
    replace(&plugin, "words.push(\"a2\");", "panic!(\"no\");");
    let mut dev = Dev::start_with(project.dir(), &[], |command| {
        command.env("ENABLE_PLUGIN_HOT_RELOAD", "0");
    });
    assert_eq!(dev.code(), Some(101), "{}", dev.said());
    let said = dev.said();
    assert!(said.ends_with("error: the app ended by itself: exit status: 101\n"), "{said}");
}

#[test]
fn an_app_that_does_not_take_the_socket_is_told_how() {
    let own = "std::net::TcpListener::bind(std::env::args().nth(1).unwrap()).unwrap()";
    let project = small("dev-deaf", own);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut dev = Dev::start(project.dir(), &["--", &address]);
    dev.hears("Address already in use");
    dev.hears("the new build ended before it was ready");
    dev.hears("the app knows nothing of LISTEN_FDS");
    dev.hears("listenfd::ListenFd::from_env().take_tcp_listener(0)");
    drop(dev);

    // An app that says nothing and takes nothing: whoever connects waits.
    let main =
        "plugo::plugins!();\nfn main() {\n    loop {\n        std::thread::park();\n    }\n}\n";
    let project = project.file("src/main.rs", main);
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Started on");
    let _waits = TcpStream::connect(&dev.address).unwrap();
    dev.hears("somebody has connected");
    dev.hears("listenfd::ListenFd::from_env().take_tcp_listener(0)");
    drop(dev);

    // One that takes its time is not said to serve before it is ready.
    let says = "    let path = std::env::var(\"NOTIFY_SOCKET\").unwrap();\n    \
                let notices = std::os::unix::net::UnixDatagram::unbound().unwrap();\n    \
                std::thread::sleep(std::time::Duration::from_secs(2));\n    \
                notices.send_to(b\"READY=1\", path).unwrap();\n    loop";
    let project = project.file("src/main.rs", main.replace("    loop", says));
    let mut dev = Dev::start(project.dir(), &[]);
    dev.hears("Started on");
    dev.hears_next("Serving on");
    drop(dev);

    // Where it is to be reached, somebody else is.
    let run = Run::of(&mut plugo(project.dir(), &["dev", "--listen", &address]));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("another program listens on"), "{}", run.stderr);
    let run = ["dev", "--listen", "127.0.0.1:0", "--livereload", &address];
    let run = Run::of(&mut plugo(project.dir(), &run));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("`--livereload` names another address"), "{}", run.stderr);
}
