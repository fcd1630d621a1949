//! `plugo dev --patch`: plugins of an app of a few lines, patched into the
//! running process, and everything that is not.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tests::{Project, Run, cargo, plugo, shared_target};

use crate::cli_dev::{Dev, TAKES, answer, get, replace, save, small};

/// What answers with the number of its process and with what its plugins left.
/// What each leaves is asked for anew, so that state shows.
const MAIN: &str = r#"
use std::io::{Read as _, Write as _};

use patch_words::Words;

plugo::plugins!();

fn main() {
    let manager = plugo::PluginManager::new("plugins").unwrap();
    let reloader = plugo::reload::ReloaderBuilder::<Words>::new(manager).part("words", |_| Words::default());
    let reloader = reloader
        .start(|parts| Ok(parts.iter().flat_map(|part| part.value().0.clone()).collect::<Vec<_>>()))
        .unwrap();
    let socket = listenfd::ListenFd::from_env().take_tcp_listener(0).unwrap().expect("a socket");
    if let Some(path) = std::env::var_os("NOTIFY_SOCKET") {
        let notices = std::os::unix::net::UnixDatagram::unbound().unwrap();
        notices.send_to(b"READY=1", path).unwrap();
    }
    for stream in socket.incoming() {
        let (mut stream, generation) = (stream.unwrap(), reloader.current());
        std::thread::spawn(move || {
            let mut request = [0; 1024];
            let read = stream.read(&mut request).unwrap_or(0);
            let mut words: Vec<String> = generation.value().iter().map(|word| word()).collect();
            if request[..read].starts_with(b"GET /hold") {
                // The generation is held until the client goes.
                let _ = stream.read(&mut request);
            } else if request[..read].starts_with(b"GET /log") {
                words = patch_words::LOG.lock().unwrap().clone();
            }
            let head = "HTTP/1.0 200 OK\r\n\r\n";
            let _ = write!(stream, "{head}{} {}", std::process::id(), words.join(" "));
        });
    }
}
"#;

const WORDS: &str = r#"
use std::sync::{Arc, Mutex};

pub type Word = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Default)]
pub struct Words(pub Vec<Word>);

pub static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub fn shout(word: &str) -> String {
    format!("{word}!")
}

std::thread_local! {
    pub static DEPTH: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}
"#;

/// Writes down when it comes and goes.
const C: &str = r#"
use patch_words::LOG;

#[derive(Default)]
struct C;

#[plugo::plugin(name = "c")]
impl plugo::Plugin for C {
    fn load(&self) {
        LOG.lock().unwrap().push("c1-up".to_owned());
    }

    fn stop(&self) {
        LOG.lock().unwrap().push("c1-down".to_owned());
    }
}
"#;

/// Depends on `c`.
const D: &str = r#"
#[plugo::plugin(name = "d")]
fn init_plugin() {
    patch_words::LOG.lock().unwrap().push("d-up".to_owned());
}
"#;

/// Says how it is written and how often it was asked.
fn plugin(name: &str) -> String {
    format!(
        "use patch_words::Words;\nuse std::sync::atomic::{{AtomicUsize, Ordering}};\n\n\
         static ASKED: AtomicUsize = AtomicUsize::new(0);\n\n\
         fn word() -> String {{\n    \
             let asked = ASKED.fetch_add(1, Ordering::Relaxed) + 1;\n    \
             format!(\"{name}1:{{asked}}\")\n}}\n\n\
         #[plugo::plugin(name = {name:?})]\n\
         fn init_plugin(words: &mut Words) -> Result<(), String> {{\n    \
             words.0.push(std::sync::Arc::new(word));\n    Ok(())\n}}\n"
    )
}

fn app() -> Project {
    let name = "dev-patch";
    let plugo = Project::crate_at("plugo");
    let mut project = Project::buildable(name)
        .file("src/main.rs", MAIN)
        .dependencies("listenfd = \"1\"\npatch-words = { path = \"words\" }")
        .features("live = [\"plugo/reload\"]")
        .file("words/src/lib.rs", WORDS)
        .file(
            "words/Cargo.toml",
            format!(
                "[package]\nname = \"patch-words\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\nplugo = {plugo}\n"
            ),
        );
    let words = "patch-words = { path = \"../../words\" }";
    let after_c = format!("{words}\n\n[package.metadata.plugo]\ndependencies = [\"c\"]\n");
    for (name, more, source) in [
        ("a", words, plugin("a").as_str()),
        ("b", words, &plugin("b")),
        ("c", words, C),
        ("d", &after_c, D),
    ] {
        project = project.plugin_crate(name, more, source);
    }
    project
}

/// Waits until the plugins have written this down.
#[track_caller]
fn writes_down(dev: &Dev, what: &str) {
    let begun = Instant::now();
    while !get(&dev.address, "/log").unwrap().ends_with(what) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{}",
            get(&dev.address, "/log").unwrap()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a program has these bytes in it.
fn has(program: &Path, bytes: &[u8]) -> bool {
    fs::read(program).unwrap().windows(bytes.len()).any(|window| window == bytes)
}

#[test]
fn plugins_are_patched_into_the_process_and_what_cannot_be_restarts_it() {
    let project = app();
    let at = |path: &str| project.dir().join(path);
    let (a, b) = (at("plugins/a/src/lib.rs"), at("plugins/b/src/lib.rs"));
    // Two files that are saved one after the other are one change.
    let arguments = ["--patch", "--features", "live", "--debounce-ms", "250"];
    let mut dev = Dev::start(project.dir(), &arguments);
    dev.hears("Serving on");
    let (first, words) = answer(&dev);
    assert_eq!(words, "a1:1 b1:1");

    // The one is of the new code, and begins anew; the other one goes on as it was.
    replace(&a, "a1:", "a2:");
    dev.hears("Patched plugin `a`, ");
    assert_eq!(answer(&dev), (first.clone(), "a2:1 b1:2".to_owned()));
    replace(&b, "b1:", "b2:");
    dev.hears("Patched plugin `b`, ");
    assert_eq!(answer(&dev), (first.clone(), "a2:2 b2:1".to_owned()));
    // What no code needed before is there too.
    replace(
        &a,
        "format!(\"a2:{asked}\")",
        "patch_words::shout(&format!(\"a3:{asked:>3}\").replace(' ', \"_\"))",
    );
    dev.hears("Patched plugin `a`, ");
    assert_eq!(answer(&dev), (first.clone(), "a3:__1! b2:2".to_owned()));

    // An error of the compiler, and an init that fails, leave everything alone.
    let good = fs::read_to_string(&a).unwrap();
    save(&a, &(good.clone() + "fn\n"));
    dev.hears("expected identifier");
    dev.hears("what runs keeps serving");
    replace(&a, "    Ok(())\n}\nfn\n", "    Err(\"not today\".into())\n}\n");
    dev.hears("plugin `a` did not come up, and what runs keeps serving");
    assert!(dev.said().contains("not today"), "{}", dev.said());
    assert_eq!(answer(&dev), (first.clone(), "a3:__2! b2:3".to_owned()));
    save(&a, &good);
    dev.hears("Patched plugin `a`, ");
    assert_eq!(answer(&dev), (first.clone(), "a3:__1! b2:4".to_owned()));

    // The old instance is stopped when its last user is done, and what depends on it
    // begins anew with it.
    writes_down(&dev, " c1-up d-up");
    let mut holds = TcpStream::connect(&dev.address).unwrap();
    holds.write_all(b"GET /hold HTTP/1.0\r\n\r\n").unwrap();
    // The app has taken it when it answers who came later.
    assert_eq!(answer(&dev).0, first);
    replace(&at("plugins/c/src/lib.rs"), "c1", "c2");
    dev.hears_next("Changed plugin `c` (plugins/c/src/lib.rs)");
    dev.hears("Patched plugin `c`, ");
    writes_down(&dev, " c1-up d-up c2-up d-up");
    std::thread::sleep(Duration::from_millis(300));
    writes_down(&dev, " c1-up d-up c2-up d-up");
    drop(holds);
    writes_down(&dev, " c1-up d-up c2-up d-up c1-down");

    // While requests come, none fails.
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = {
        let (stop, served, address) = (Arc::clone(&stop), Arc::clone(&served), dev.address.clone());
        std::thread::spawn(move || {
            let mut failures = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                match get(&address, "/") {
                    Ok(answer) if answer.contains("a3:") => {
                        served.fetch_add(1, Ordering::Relaxed);
                    }
                    answer => failures.push(format!("{answer:?}")),
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            failures
        })
    };
    for (from, to) in [("b2:", "b3:"), ("b3:", "b4:"), ("b4:", "b5:")] {
        replace(&b, from, to);
        dev.hears("Patched plugin `b`, ");
        assert!(answer(&dev).1.contains(to));
    }
    stop.store(true, Ordering::Relaxed);
    let failures = load.join().unwrap();
    assert_eq!(failures, [""; 0]);
    assert!(served.load(Ordering::Relaxed) > 10);
    assert_eq!(answer(&dev).0, first);

    // What a thread has of another crate has no address.
    replace(&b, "let asked", "patch_words::DEPTH.with(|depth| depth.set(1));\n    let asked");
    dev.hears(
        "Restarting since plugin `b` cannot be patched: it uses a thread-local of another crate",
    );
    dev.hears("Serving on");
    let first = answer(&dev).0;

    // What others use, what the plan is made of, and the app itself restart it.
    replace(&at("words/src/lib.rs"), "{word}!", "{word}?");
    dev.hears("Restarting since crate `patch-words` is used by others than the app: ");
    dev.hears("Serving on");
    let (second, words) = answer(&dev);
    assert_ne!(second, first);
    assert_eq!(words, "a3:__1? b5:1");
    replace(&b, "name = \"b\"", "name = \"b\", priority = -1");
    dev.hears("Restarting since what its `#[plugin]` says has changed");
    dev.hears("Serving on");
    let (third, words) = answer(&dev);
    assert_ne!(third, second);
    assert_eq!(words, "b5:1 a3:__1?");
    replace(&at("src/main.rs"), "join(\" \")", "join(\"  \")");
    dev.hears("Restarting since the app itself has changed");
    dev.hears("Serving on");
    let (fourth, words) = answer(&dev);
    assert_ne!(fourth, third);
    assert_eq!(words, "b5:1  a3:__1?");

    // And the next process is patched as well.
    replace(&a, "a3:", "a4:");
    dev.hears("Patched plugin `a`, ");
    assert_eq!(answer(&dev), (fourth.clone(), "b5:2  a4:__1?".to_owned()));
    // What is built is the program that this process began with, and it runs other code.
    replace(&a, "a4:", "a3:");
    save(&b, &(fs::read_to_string(&b).unwrap() + "// The end.\n"));
    dev.hears("Restarting since several crates have changed");
    dev.hears("Serving on");
    let (fifth, words) = answer(&dev);
    assert_ne!(fifth, fourth);
    assert_eq!(words, "b5:1  a3:__1?");
    // An app whose code names a plugin's crate may have made its types its own.
    let main = at("src/main.rs");
    replace(&main, "fn main() {", "#[allow(unused_imports)]\nuse dev_patch_a as _;\n\nfn main() {");
    dev.hears("Restarting since the app itself has changed");
    dev.hears("Serving on");
    replace(&a, "a3:", "a5:");
    dev.hears("Restarting since the app's own code names `dev_patch_a`");
    dev.hears("Serving on");
    assert_eq!(answer(&dev).1, "b5:1  a5:__1?");
    drop(dev);

    // None of it is in what is built without `--patch`; in what is, it is.
    let patched = shared_target().join("plugo/.dev/dev-patch/patch/target/debug/dev-patch");
    assert!(has(&patched, b"subsecond") && has(&patched, b"PLUGO_PATCH"));
    for (args, dir) in [(&[] as &[&str], "debug"), (&["--release"], "release")] {
        let build = ["build", "--features", "live"];
        Run::of(&mut cargo(project.dir(), &[&build, args].concat())).ok();
        let program = shared_target().join(dir).join("dev-patch");
        assert!(!has(&program, b"subsecond") && !has(&program, b"PLUGO_PATCH"), "{dir}");
    }
    let feature = ["check", "--release", "--features", "live,plugo/reload-patch"];
    let refused = Run::of(&mut cargo(project.dir(), &feature));
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("is for `plugo dev --patch` alone"), "{}", refused.stderr);
}

#[test]
fn a_release_is_not_patched() {
    let project = Project::buildable("dev-patch-release");
    for (args, says) in [
        (&["--release"] as &[&str], "cannot be used with"),
        (&["--profile", "release"], "nothing of patching is in a release"),
    ] {
        let run = Run::of(&mut plugo(project.dir(), &[&["dev", "--patch"], args].concat()));
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn where_cc_does_not_take_the_linker_that_comes_with_rust_every_change_restarts_the_app() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = small("dev-old-cc", TAKES);
    let programs = tempfile::TempDir::new().unwrap();
    let path = std::env::var("PATH").unwrap();
    let script = format!(
        "#!/bin/sh\nfor argument; do\n    if [ \"$argument\" = -fuse-ld=lld ]; then\n        \
         echo \"cc: error: unrecognized command line option '-fuse-ld=lld'\" >&2\n        \
         exit 1\n    fi\ndone\nPATH='{path}' exec cc \"$@\"\n"
    );
    let cc = programs.path().join("cc");
    fs::write(&cc, script).unwrap();
    fs::set_permissions(&cc, fs::Permissions::from_mode(0o755)).unwrap();
    let mut dev = Dev::start_with(project.dir(), &["--patch"], |command| {
        command.env("PATH", format!("{}:{path}", programs.path().display()));
    });
    dev.hears("nothing is patched, and every change restarts: `cc` does not take the linker");
    dev.hears("Serving on");
    replace(&project.dir().join("plugins/a/src/lib.rs"), "a1", "a2");
    dev.hears("ms after the save");
    assert_eq!(answer(&dev).1, "none [\"a2\"]");
}
