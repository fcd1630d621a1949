//! `plugo init`, `plugo new-…-plugin`, `plugo add` and `plugo remove`: what a
//! person starts with. `c03` and the like are cases of the predecessor.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use expect_test::expect;
use tempfile::TempDir;
use tests::{Project, Run, cargo, repository, shared_target};

/// The command line, with plugo as it is here.
fn plugo(dir: &Path, args: &[&str]) -> Run {
    Run::of(tests::plugo(dir, args).env("PLUGO_PATH", repository()))
}

/// A folder with what `cargo new <name>` makes.
fn new(name: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    Run::of(&mut cargo(dir.path(), &["new", "--quiet", "--vcs", "none", name])).ok();
    let package = dir.path().canonicalize().unwrap().join(name);
    (dir, package)
}

/// An app: `cargo new`, `plugo init`.
fn app(name: &str) -> (TempDir, PathBuf) {
    let (dir, app) = new(name);
    plugo(&app, &["init"]).ok();
    (dir, app)
}

/// Every file of a folder, and every empty folder.
fn tree(dir: &Path) -> BTreeMap<PathBuf, Option<String>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.insert(path.clone(), None);
                open.push(path);
            } else {
                found.insert(path.clone(), Some(fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

/// The call is refused with a code and a reason, and changes nothing.
#[track_caller]
fn refused(app: &Path, args: &[&str], code: i32, part: &str) {
    let before = tree(app);
    let run = plugo(app, args);
    assert_eq!(run.code, Some(code), "{args:?}\n{}", run.stderr);
    assert!(run.stderr.contains(part), "{args:?}\n{}", run.stderr);
    let says_done = ["Created", "Changed", "Finished"].iter().any(|word| run.stderr.contains(word));
    assert!(!says_done && run.stdout.is_empty(), "{}", run.stderr);
    assert_eq!(tree(app), before, "{args:?}");
}

/// The same files in a folder that stays, with plugo where it is from there.
fn kept(name: &str, app: &Path) -> Project {
    let mut files = tree(app);
    // Offline, Cargo can only choose versions that were downloaded.
    files.remove(&app.join("Cargo.lock"));
    let mut project = Project::bare(name);
    for (path, text) in files {
        let Some(text) = text else { continue };
        let dir = path.parent().unwrap();
        let outside = |part: &str| match dir.join(part).canonicalize() {
            Ok(to) if part.starts_with("../") && !to.starts_with(app) => to.display().to_string(),
            _ => part.to_owned(),
        };
        let text = match path.ends_with("Cargo.toml") {
            true => text.split('"').map(outside).collect::<Vec<_>>().join("\""),
            false => text,
        };
        project = project.file(path.strip_prefix(app).unwrap().to_str().unwrap(), text);
    }
    project
}

fn read(app: &Path, file: &str) -> String {
    fs::read_to_string(app.join(file)).unwrap()
}

/// A running app. It ends with the value.
struct Server {
    child: Child,
    address: String,
    printed: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(program: &str) -> Self {
        let path = shared_target().join("debug").join(program);
        let mut command = Command::new(path);
        command.env("PORT", "0").env_remove("DISABLED_PLUGINS");
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut server = Server { child, address: String::new(), printed: String::new() };
        for line in BufReader::new(server.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                server.address = address.to_owned();
                return server;
            }
            server.printed.push_str(&line);
            server.printed.push('\n');
        }
        panic!("it does not listen: {}", server.printed);
    }

    /// The head and the body of an answer.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!("{method} {path} HTTP/1.0\r\nhost: {}\r\n", self.address);
        let length = body.len();
        write!(stream, "{head}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn get(&self, path: &str) -> String {
        let (head, body) = self.ask("GET", path, "text/plain", "");
        assert!(head.starts_with("HTTP/1.0 200"), "{path}: {head}");
        body
    }
}

/// The calls of `plugo` in the first block of the documentation.
fn documented() -> Vec<Vec<&'static str>> {
    let text = include_str!("../../docs/scaffolding.md");
    let block = text.split("```").nth(1).unwrap();
    let calls = block.lines().filter_map(|line| line.strip_prefix("plugo "));
    let words = |call: &'static str| {
        let quoted = call.split('"').enumerate().flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        });
        quoted.collect()
    };
    calls.map(words).collect()
}

#[test]
fn c03_c04_c10_a_new_app_with_a_plugin_of_each_kind_builds_passes_its_tests_and_serves() {
    let (_dir, app) = new("scaffolded");
    // What the documentation says.
    let said: Vec<String> = documented().iter().map(|args| plugo(&app, args).ok().stderr).collect();
    for (said, part) in said.iter().zip([
        "`scaffolded` is an app",
        "`hello` in plugins/hello",
        "`price-list` in ui/plugins/price-list",
        "`orders` in api/plugins/orders",
    ]) {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(said.len(), 4);
    // A second one of a kind, in a folder that is named.
    let second = ["new-api-plugin", "--name", "Stock", "--output-dir", "extras"];
    let run = plugo(&app, &second).ok();
    assert!(run.stderr.contains("`stock` in extras/stock"), "{}", run.stderr);

    // In the layout of rustfmt itself, and not in that which this repository says.
    let members = ["-p", "scaffolded", "-p", "hello", "-p", "price-list", "-p", "orders"];
    Run::of(&mut cargo(&app, &[&["fmt", "--check"][..], &members].concat())).ok();
    let kept = kept("scaffolded", &app);
    let app = kept.dir();
    let tests = Run::of(&mut cargo(app, &["test", "--workspace"])).ok();
    assert!(!tests.stderr.contains("warning"), "{}", tests.stderr);
    assert_eq!(tests.stdout.matches("test result: ok. 0 passed").count(), 5, "{}", tests.stdout);
    let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    Run::of(&mut cargo(app, &lints)).ok();
    let build = Run::of(&mut cargo(app, &["build"])).ok();
    assert!(!build.stderr.contains("warning"), "{}", build.stderr);

    let server = Server::start(&format!("scaffolded{}", std::env::consts::EXE_SUFFIX));
    let loaded = "Hello says hello to world.\n4 of 4 plugins loaded\n";
    assert!(server.printed.starts_with(loaded), "{}", server.printed);
    let home = server.get("/");
    for link in ["/price-list", "/orders/try", "/stock/try"] {
        assert!(home.contains(&format!("href=\"{link}\"")), "{home}");
    }
    let form = "application/x-www-form-urlencoded";
    let (head, _) = server.ask("POST", "/price-list", form, "name=Tea&details=green");
    assert!(head.contains("303") && head.contains("/price-list/1"), "{head}");
    assert!(server.get("/price-list").contains("Tea"));
    assert!(server.get("/price-list/1").contains("green"));
    assert!(server.get("/price-list/1/edit").contains("value=\"Tea\""));
    assert!(server.get("/price-list/static/style.css").contains("color-scheme"));
    let (head, body) = server.ask("POST", "/orders", "application/json", "{ \"name\": \"Ada\" }");
    assert!(head.contains("201") && body.contains("\"id\":1"), "{head} {body}");
    assert!(server.get("/orders/1").contains("Ada"));
    assert_eq!(server.get("/stock"), "[]", "each plugin has entries of its own");
    assert!(server.get("/orders/try").contains("openapi.json"));
    let document: serde_json::Value =
        serde_json::from_str(&server.get("/orders/openapi.json")).unwrap();
    assert!(document["paths"]["/orders/{id}"]["put"].is_object());
}

#[test]
fn an_app_without_pages_prints_its_report() {
    let (_dir, app) = app("scaffolded-plain");
    plugo(&app, &["new-base-plugin", "--name", "first"]).ok();
    let run = Run::of(&mut cargo(kept("scaffolded-plain", &app).dir(), &["run"])).ok();
    let expected = "First says hello to world.\n1 of 1 plugin loaded\n  first  0.1.0  loaded\n";
    assert_eq!(run.stdout, expected);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn c05_without_a_name_the_call_is_wrong() {
    let (_dir, app) = app("nameless");
    for command in ["new-base-plugin", "new-ui-plugin", "new-api-plugin"] {
        refused(&app, &[command], 2, "no name is given");
        refused(&app, &[command, "--name", " "], 2, "nothing is left of it");
    }
}

#[test]
fn c08_nothing_is_overwritten_and_a_failure_leaves_nothing() {
    let (_dir, app) = app("careful");
    plugo(&app, &["new-base-plugin", "--name", "hello"]).ok();
    let base = |name| ["new-base-plugin", "--name", name];
    refused(&app, &base("hello"), 1, "`plugins/hello` exists already");
    refused(&app, &base("careful"), 1, "the app itself is called `careful`");
    fs::create_dir(app.join("plugins/empty")).unwrap();
    fs::write(app.join("plugins/empty/Cargo.toml"), "[package]\nname = \"else\"\n").unwrap();
    fs::create_dir(app.join("plugins/empty/src")).unwrap();
    fs::write(app.join("plugins/empty/src/lib.rs"), "").unwrap();
    refused(&app, &base("empty"), 1, "`plugins/empty` exists already");
    // In another folder, a package of that name is one too many for Cargo, and all is undone.
    let twice = ["new-ui-plugin", "--name", "else"];
    refused(&app, &twice, 2, "a keyword of Rust");
    let manifest = app.join("plugins/empty/Cargo.toml");
    fs::write(&manifest, "[package]\nname = \"taken\"\n").unwrap();
    let twice = ["new-ui-plugin", "--name", "taken"];
    refused(&app, &twice, 1, "Cargo does not accept the result, so nothing was changed");
    // What cannot be written at all.
    let nowhere = ["new-base-plugin", "--name", "x", "--output-dir", "Cargo.toml/x"];
    refused(&app, &nowhere, 3, "nothing was changed");
    let file = ["new-base-plugin", "--name", "x", "--output-dir", "Cargo.toml"];
    refused(&app, &file, 2, "is no folder");
    let lines = ["new-base-plugin", "--name", "x", "--output-dir", "a\nb"];
    refused(&app, &lines, 2, "has control characters in its name");
    // A feature of that name is the app's own.
    let text = read(&app, "Cargo.toml").replace("[features]", "[features]\nfast = []");
    fs::write(app.join("Cargo.toml"), text).unwrap();
    refused(&app, &base("fast"), 1, "has a cargo feature `fast` already");
    // A config file that cannot be edited.
    fs::write(app.join("plugins_config.json"), "{ \"plugins\": [").unwrap();
    refused(&app, &base("new"), 1, "`plugins_config.json` is not valid JSON");
}

#[test]
fn c09_a_name_that_no_crate_can_have_is_refused_with_the_reason() {
    let (_dir, app) = app("named");
    for (name, part) in [
        ("Größe", "`ö` is none"),
        ("9lives", "begin with a digit"),
        ("match", "a keyword of Rust"),
        ("std", "a crate of Rust itself"),
        ("axum", "a crate that plugins depend on"),
        ("client acme", "a client's"),
    ] {
        refused(&app, &["new-api-plugin", "--name", name], 2, part);
    }
    plugo(&app, &["new-base-plugin", "--name", "../Up & away"]).ok();
    assert!(app.join("plugins/up-away/Cargo.toml").is_file());
}

#[test]
fn a_call_at_the_wrong_place_is_refused() {
    let (dir, package) = new("plain");
    refused(&package, &["new-base-plugin", "--name", "x"], 2, "`plugo init` sets it up");
    refused(&package, &["add", "x"], 2, "`plugo init` sets it up");
    refused(dir.path(), &["init"], 2, "is in no Cargo package");
    refused(&package, &["init", "--plugo-path", "src"], 2, "is no checkout of plugo");
    refused(&package, &["init", "-p", "plian"], 2, "did you mean `plain`?");
    plugo(&package, &["init"]).ok();
    let manifest = read(&package, "Cargo.toml");
    fs::write(
        package.join("Cargo.toml"),
        manifest.replace("[dependencies]", "[dependencies]\naxum = \"0.7\""),
    )
    .unwrap();
    refused(&package, &["new-ui-plugin", "--name", "x"], 1, "depends on `axum` 0.7");
    // A setting that is misspelt is not taken for one that is not there.
    let settings = "\n[package.metadata.plugo]\nplugin-dir = \"extensions\"\n";
    fs::write(package.join("Cargo.toml"), manifest + settings).unwrap();
    refused(&package, &["new-base-plugin", "--name", "x"], 1, "[unknown-field]");
}

#[test]
fn a_dry_run_shows_every_change_and_makes_none() {
    let (_dir, package) = new("dry");
    let check = |args: &[&str], parts: &[&str]| {
        let before = tree(&package);
        let run = plugo(&package, args).ok();
        assert_eq!(tree(&package), before, "{args:?}");
        for part in parts {
            assert!(run.stdout.contains(part), "{args:?} {part}\n{}", run.stdout);
        }
        assert!(run.stderr.contains("nothing was written"), "{}", run.stderr);
    };
    check(
        &["init", "--dry-run"],
        &[
            "+++ b/build.rs",
            "+plugo::plugins!();",
            "-    println!(\"Hello, world!\");",
            "+members = [\"plugins/*\"]",
            "new empty file plugins/.gitkeep",
        ],
    );
    plugo(&package, &["init"]).ok();
    check(
        &["new-ui-plugin", "--name", "Price List", "--dry-run"],
        &[
            "+++ b/ui/plugins/price-list/src/pages.rs",
            "+price-list = { path = \"ui/plugins/price-list\", optional = true }",
            "+    axum::serve(listener, app).await?;",
        ],
    );
    plugo(&package, &["new-base-plugin", "--name", "hello"]).ok();
    fs::write(package.join("Cargo.lock"), "version = 4\n").unwrap();
    let remove = ["remove", "hello", "--delete", "--dry-run"];
    check(&remove, &["-hello = [\"dep:hello\"]", "deleted folder plugins/hello"]);
}

#[test]
fn init_keeps_comments_and_says_what_is_left_to_add() {
    let (_dir, package) = new("mine");
    let manifest = "# Mine.\n[package]\nname = \"mine\" # and no other's\nversion = \"0.1.0\"\nedition = \"2024\"\n\n# What I need.\n[dependencies]\n";
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::write(package.join("build.rs"), "fn main() {}\n").unwrap();
    let main =
        "#![forbid(unsafe_code)]\n\nuse std::env;\n\nfn main() {\n    let _ = env::args();\n}\n";
    fs::write(package.join("src/main.rs"), main).unwrap();
    let run = Run::of(tests::plugo(&package, &["init"]).env_remove("PLUGO_PATH")).ok();
    expect![[r#"
             Created plugins/.gitkeep
             Changed Cargo.toml
             Changed src/main.rs
            Finished `mine` is an app; `plugo new-base-plugin --name hello` makes a first plugin
        warning: `build.rs` is there already, and was left alone; add this line to its `main`:
            plugo_build::build();
        warning: `src/main.rs` has the table of plugins now; load them where they should load:
            let report = plugo::load_plugins(plugo::kwargs! {});
            println!("{report}");
    "#]]
    .assert_eq(&run.stderr);
    expect![[r#"
        # Mine.
        [package]
        name = "mine" # and no other's
        version = "0.1.0"
        edition = "2024"

        # What I need.
        [dependencies]
        plugo = "0.1"

        [build-dependencies]
        plugo-build = "0.1"

        [workspace]
        members = ["plugins/*"]
    "#]]
    .assert_eq(&read(&package, "Cargo.toml"));
    expect![[r#"
        #![forbid(unsafe_code)]

        use std::env;

        plugo::plugins!();

        fn main() {
            let _ = env::args();
        }
    "#]]
    .assert_eq(&read(&package, "src/main.rs"));
    assert_eq!(read(&package, "build.rs"), "fn main() {}\n");

    // A plugin is wired in; its pages are served by what the person adds.
    let run = plugo(&package, &["new-ui-plugin", "--name", "pages"]).ok();
    assert!(run.stderr.contains("kwargs! { app: &mut app }"), "{}", run.stderr);
    assert!(read(&package, "ui/plugins/pages/Cargo.toml").contains("plugo = \"0.1\"\n"));
    let served = read(&package, "src/main.rs") + "// kwargs! { app: &mut app }\n";
    fs::write(package.join("src/main.rs"), served).unwrap();
    let run = plugo(&package, &["new-ui-plugin", "--name", "more"]).ok();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn line_ends_stay_as_they_are() {
    let (_dir, package) = new("carriage");
    let crlf = |file: &str| {
        let text = read(&package, file).replace('\n', "\r\n");
        fs::write(package.join(file), text).unwrap();
    };
    fs::write(package.join("plugins_config.json"), "{\n  \"plugins\": []\n}\n").unwrap();
    let files = ["Cargo.toml", "src/main.rs", "plugins_config.json"];
    files.iter().for_each(|file| crlf(file));
    plugo(&package, &["init"]).ok();
    plugo(&package, &["new-ui-plugin", "--name", "pages"]).ok();
    for file in files {
        let text = read(&package, file);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{file}\n{text:?}");
    }
    let before = read(&package, "Cargo.toml");
    fs::write(package.join("Cargo.lock"), "version = 4\n").unwrap();
    let dry = plugo(&package, &["remove", "pages", "--dry-run"]).ok().stdout;
    let changed = |sign| dry.lines().filter(|line| line.starts_with(sign)).count();
    assert!(changed('-') < before.lines().count(), "only what changes is shown: {dry}");
}

#[test]
#[cfg(unix)]
fn a_file_that_is_a_link_or_secret_stays_that() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (dir, app) = app("private");
    let (manifest, real) = (app.join("Cargo.toml"), dir.path().join("real.toml"));
    fs::rename(&manifest, &real).unwrap();
    symlink("../real.toml", &manifest).unwrap();
    let config = app.join("plugins_config.json");
    fs::write(&config, "{ \"plugins\": [] }\n").unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    plugo(&app, &["new-base-plugin", "--name", "hello"]).ok();
    assert!(fs::symlink_metadata(&manifest).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("hello = [\"dep:hello\"]"));
    assert!(read(&app, "plugins_config.json").contains("hello"));
    assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
#[cfg(unix)]
fn ctrl_c_before_all_is_done_undoes_what_was_done() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, app) = app("stopped");
    // Cargo is asked about the result while Ctrl-C comes.
    let script = format!(
        "#!/bin/sh\nif [ -e plugins/hello/Cargo.toml ]; then kill -INT $PPID; sleep 1; fi\n\
         exec {:?} \"$@\"\n",
        env!("CARGO")
    );
    let cargo = dir.path().join("cargo");
    fs::write(&cargo, script).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let before = tree(&app);
    let mut call = tests::plugo(&app, &["new-base-plugin", "--name", "hello"]);
    let run = Run::of(call.env("PLUGO_PATH", repository()).env("CARGO", &cargo));
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(run.stderr.contains("interrupted, so nothing was changed"), "{}", run.stderr);
    assert!(!run.stderr.contains("Created"), "{}", run.stderr);
    assert_eq!(tree(&app), before);
}

#[test]
fn init_a_second_time_changes_nothing() {
    let (_dir, app) = app("twice");
    plugo(&app, &["new-ui-plugin", "--name", "pages"]).ok();
    let before = tree(&app);
    let run = plugo(&app, &["init"]).ok();
    assert!(run.stderr.contains("`twice` is an app already"), "{}", run.stderr);
    assert_eq!(tree(&app), before);
}

#[test]
fn a_plugin_of_an_app_in_a_workspace_becomes_a_member_and_takes_the_workspaces_plugo() {
    let (dir, app) = new("inner");
    let plugo_at = |name: &str| format!("{{ path = {:?} }}", repository().join(name));
    let root = format!(
        "[workspace]\nmembers = [\"inner\"]\nresolver = \"3\"\n\n[workspace.dependencies]\n\
         plugo = {}\nplugo-build = {}\n",
        plugo_at("plugo"),
        plugo_at("plugo-build")
    );
    fs::write(dir.path().join("Cargo.toml"), root).unwrap();
    plugo(&app, &["init"]).ok();
    let manifest = read(&app, "Cargo.toml");
    assert!(manifest.contains("plugo = { workspace = true }") && !manifest.contains("[workspace]"));
    plugo(dir.path(), &["new-base-plugin", "--name", "hello"]).ok();
    let root = read(dir.path(), "Cargo.toml");
    assert!(root.contains("members = [\"inner\", \"inner/plugins/hello\"]\n"), "{root}");
    assert!(read(&app, "plugins/hello/Cargo.toml").contains("plugo = { workspace = true }"));
    Run::of(&mut cargo(&app, &["metadata", "--no-deps", "--format-version", "1"])).ok();
}

#[test]
fn a_plugin_is_enabled_in_the_config_file_and_put_where_the_settings_say() {
    let (_dir, app) = app("settled");
    let settings =
        "\n[package.metadata.plugo]\nplugin-directory = \"extensions\"\nconfig = \"on.json\"\n";
    fs::write(app.join("Cargo.toml"), read(&app, "Cargo.toml") + settings).unwrap();
    fs::create_dir(app.join("extensions")).unwrap();
    fs::write(app.join("on.json"), "{\n    \"plugins\": []\n}\n").unwrap();
    plugo(&app, &["new-base-plugin", "--name", "hello"]).ok();
    assert!(app.join("extensions/hello/Cargo.toml").is_file());
    let expected =
        "{\n    \"plugins\": [\n        { \"name\": \"hello\", \"enabled\": true }\n    ]\n}\n";
    assert_eq!(read(&app, "on.json"), expected);
}

const PLUGIN: &str = "[dependencies]\nplugo = \"0.1\"\n";

/// A crate with plugins that is part of nothing.
fn library(dir: &Path, name: &str, source: &str) {
    fs::create_dir_all(dir.join("src")).unwrap();
    let manifest = format!("[package]\nname = {name:?}\nedition = \"2024\"\n{PLUGIN}");
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::write(dir.join("src/lib.rs"), source).unwrap();
}

#[test]
fn what_was_added_can_be_removed_and_all_is_as_before() {
    let (_dir, app) = app("adding");
    fs::write(app.join("Cargo.lock"), "version = 4\n").unwrap();
    fs::write(app.join("plugins_config.json"), "{ \"plugins\": [] }\n").unwrap();
    let source = "#[plugo::plugin]\nfn init_plugin() {}\n";
    library(&app.join("../shared"), "blog", source);
    let two =
        "#[plugo::plugin(name = \"a\")]\nfn a() {}\n#[plugo::plugin(name = \"b\")]\nfn b() {}\n";
    library(&app.join("plugins/tools"), "my-tools", two);
    library(&app.join("../none"), "none", "");
    let before = read(&app, "Cargo.toml");

    refused(&app, &["add", "../none"], 1, "there is no plugin in `none`");
    refused(&app, &["add", "../nowhere"], 2, "no `Cargo.toml` in `../nowhere`");
    refused(&app, &["add", "https://example.org/x"], 2, "written into `Cargo.toml` by hand");
    // The folder's name, and a path.
    plugo(&app, &["add", "tools", "../shared"]).ok();
    let manifest = read(&app, "Cargo.toml");
    for line in [
        "blog = { path = \"../shared\", optional = true }\n",
        "my-tools = { path = \"plugins/tools\", optional = true }\n",
        "a = [\"dep:my-tools\"]\n",
        "b = [\"dep:my-tools\"]\n",
        "default = [\"a\", \"b\", \"blog\"]\n",
    ] {
        assert!(manifest.contains(line), "{line}\n{manifest}");
    }
    let listed = plugo(&app, &["list"]).ok().stdout;
    assert_eq!(listed.matches("planned").count(), 3, "{listed}");
    refused(&app, &["add", "../shared"], 1, "has `blog` in its [dependencies] already");

    refused(&app, &["remove", "blgo"], 2, "did you mean `blog`?");
    refused(&app, &["remove", "a", "--delete"], 2, "not the only plugin of `my-tools`");
    refused(&app, &["remove", "blog", "--delete"], 2, "no folder in this workspace");
    plugo(&app, &["remove", "a"]).ok();
    let manifest = read(&app, "Cargo.toml");
    assert!(manifest.contains("my-tools =") && !manifest.contains("\na = "), "{manifest}");
    plugo(&app, &["remove", "b", "blog"]).ok();
    assert_eq!(read(&app, "plugins_config.json"), "{ \"plugins\": [] }\n");
    let after = read(&app, "Cargo.toml").replace("\n[features]\ndefault = []\n", "");
    assert_eq!(after, before);
    assert!(app.join("plugins/tools/src/lib.rs").is_file(), "source is never deleted unasked");
    // Without a config file, all that is compiled in is in a build.
    fs::remove_file(app.join("plugins_config.json")).unwrap();
    plugo(&app, &["add", "tools"]).ok();
    refused(&app, &["remove", "a"], 1, "has the plugin `b` too");
    plugo(&app, &["remove", "my-tools", "--delete"]).ok();
    assert!(!app.join("plugins/tools").exists());
}

#[test]
fn a_plugin_that_is_removed_leaves_clients_that_still_build() {
    let project = Project::new()
        .file("build.rs", "fn main() {\n    plugo_build::build();\n}\n")
        .optional_plugin("auth", "")
        .optional_plugin("blog", "")
        .optional_plugin("shop", r#"{ "dependencies": ["auth"] }"#)
        .features("default = [\"blog\", \"shop\"]\nclient-acme = [\"auth\", \"blog\", \"shop\"]")
        .config(&["blog", "shop"])
        .client("acme", &["blog", "shop"]);
    refused(project.dir(), &["remove", "auth"], 1, "`shop` depends on `auth`");
    let run = plugo(project.dir(), &["remove", "shop"]).ok();
    assert!(run.stderr.contains("the client `acme` had it"), "{}", run.stderr);
    assert_eq!(project.plan(&["blog", "default"]).names(), ["blog"]);
    assert_eq!(project.plan(&["blog", "client-acme"]).names(), ["blog"]);
}

#[test]
fn a_crate_of_a_registry_is_added_with_the_version_that_there_is() {
    let (dir, app) = app("buying");
    // A registry on this machine: a folder that stands in for it.
    let registry = dir.path().join("registry");
    let sources = [
        (
            "greeter",
            "[package.metadata.plugo]\nname = \"greet\"\n",
            "#[plugo::plugin(name = \"greet\")]\nfn f() {}\n",
        ),
        ("plugo", "", ""),
        ("other", "", ""),
    ];
    for (name, metadata, source) in sources {
        let krate = registry.join(name);
        fs::create_dir_all(krate.join("src")).unwrap();
        let dependencies = if name == "greeter" { PLUGIN } else { "" };
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.1.3\"\nedition = \"2024\"\n{metadata}{dependencies}"
        );
        fs::write(krate.join("Cargo.toml"), manifest).unwrap();
        fs::write(krate.join("src/lib.rs"), source).unwrap();
        fs::write(krate.join(".cargo-checksum.json"), "{ \"files\": {} }").unwrap();
    }
    fs::create_dir(app.join(".cargo")).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = {:?}\n",
        registry
    );
    fs::write(app.join(".cargo/config.toml"), config).unwrap();
    let run = plugo(&app, &["add", "greeter@0.1"]).ok();
    assert!(run.stderr.contains("plugin `greet` in `greeter`"), "{}", run.stderr);
    let manifest = read(&app, "Cargo.toml");
    assert!(manifest.contains("greeter = { version = \"0.1\", optional = true }"), "{manifest}");
    assert!(manifest.contains("greet = [\"dep:greeter\"]"), "{manifest}");
    refused(&app, &["add", "other"], 1, "there is no plugin in `other`");
    refused(&app, &["add", "nobody"], 1, "there is no crate `nobody` to be had");
}
