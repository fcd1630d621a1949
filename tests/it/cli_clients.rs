//! `plugo clients`, `build`, `run` and `test`: on the example with two
//! clients, and on apps that the tests make.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use expect_test::{Expect, expect};
use serde_json::Value;
use tests::{Project, Run, cargo, plugo, repository, shared_target};

fn example() -> PathBuf {
    repository().join("examples/web-plugins")
}

/// The answer of a command in JSON, held against its schema.
#[track_caller]
fn json(run: &Run, schema: &str) -> Value {
    let answer: Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    let path = repository().join(format!("plugo-cli/schemas/{schema}.schema.json"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0], "{answer:#}");
    answer
}

#[track_caller]
fn is_error(run: &Run, code: i32, parts: &[&str]) {
    assert_eq!(run.code, Some(code), "{}\n{}", run.stdout, run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

/// What the table shows; `[..]` stands for what is of one machine.
fn check(args: &[&str], expected: Expect) {
    expected.assert_eq(&Run::of(&mut plugo(&example(), args)).ok().stdout);
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

/// An app with two plugins, `a` and `b`, each turned on by a feature, and
/// with clients, each of which gets some of them.
fn app(project: Project, clients: &[(&str, &[&str])]) -> Project {
    let main = "plugo::plugins!();\n\
                fn main() {\n\
                    println!(\"{:?}\", PLUGINS.client());\n\
                    println!(\"{}\", plugo::load_plugins(plugo::kwargs! {}));\n\
                    let code = std::env::args().nth(1).map(|code| code.parse().unwrap());\n\
                    std::process::exit(code.unwrap_or(0));\n\
                }\n\
                #[test]\n\
                fn a_is_in() {\n    assert!(cfg!(feature = \"a\"));\n}\n";
    let name = project.name().to_owned();
    let mut project = project.file("src/main.rs", main);
    for plugin in ["a", "b"] {
        let source = format!("#[plugo::plugin(name = {plugin:?})]\nfn init_plugin() {{}}\n");
        project = project
            .dependencies(&format!(
                "{name}-{plugin} = {{ path = \"plugins/{plugin}\", optional = true }}"
            ))
            .features(&format!("{plugin} = [\"dep:{name}-{plugin}\"]"))
            .plugin_crate(plugin, "", &source);
    }
    for (client, plugins) in clients {
        let on: Vec<String> = plugins.iter().map(|plugin| format!("{plugin:?}")).collect();
        project = project
            .features(&format!("client-{client} = [{}]", on.join(", ")))
            .client(client, plugins);
    }
    project
}

/// Brings the lock file in line with manifests that were edited.
fn lock(project: &Project) {
    Run::of(&mut cargo(project.dir(), &["update", "--workspace"])).ok();
}

fn folder(client: &str) -> PathBuf {
    shared_target().join("plugo").join(client)
}

/// Nothing of an earlier run of the test is there.
fn clear(clients: &[&str]) {
    for client in clients {
        let _ = fs::remove_dir_all(folder(client));
    }
}

fn files(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn clients_are_listed_with_their_plugins_and_whether_their_features_are_in_line() {
    check(
        &["clients"],
        expect![[r#"
            client  plugins                             feature      state    same as
            acme          4  auth, blog, catalog, shop  client-acme  in line
            zeta          2  catalog, semver            client-zeta  in line
        "#]],
    );
    let project = Project::new()
        .file("build.rs", "fn main() {}\n")
        .optional_plugin("blog", "{}")
        .optional_plugin("shop", "{}")
        .features("client-acme = [\"blog\"]\nclient-zeta = [\"blog\"]\nclient-bravo = [\"blog\"]")
        .client("acme", &["blog"])
        .client("bravo", &["blog"])
        .client("late", &["shop"])
        .client("typo", &["shp"])
        .client("zeta", &["shop"]);
    let run = Run::of(&mut plugo(project.dir(), &["clients", "--format", "json"])).ok();
    let clients = json(&run, "clients");
    let of = |key: &str| -> Vec<Value> {
        clients.as_array().unwrap().iter().map(|client| client[key].clone()).collect()
    };
    assert_eq!(of("name"), ["acme", "bravo", "late", "typo", "zeta"]);
    assert_eq!(of("state"), ["in-line", "in-line", "missing", "broken", "differs"]);
    assert_eq!(of("same_as")[..2], [Value::Null, "acme".into()]);
    assert_eq!(of("wanted")[4], Value::from(vec!["shop"]));
    assert!(strings(&of("problems")[3])[0].contains("did you mean `shop`?"), "{clients:#}");
}

#[test]
fn a_comparison_of_two_clients_tells_what_one_has_and_the_other_lacks() {
    let diff =
        |args: &[&str]| Run::of(&mut plugo(&example(), &[&["clients", "diff"], args].concat()));
    let run = diff(&["acme", "zeta", "--format", "json"]).ok();
    let answer = json(&run, "clients-diff");
    let plugins = answer["plugins"].as_array().unwrap();
    let names: Vec<&Value> = plugins.iter().map(|plugin| &plugin["name"]).collect();
    assert_eq!(names, ["auth", "blog", "semver", "shop"], "catalog is in both");
    assert_eq!((&plugins[1]["a"], &plugins[1]["b"]), (&"0.3.0".into(), &Value::Null));
    let crates = answer["crates"].as_array().unwrap();
    assert!(crates.iter().any(|krate| krate["name"] == "jiff" && krate["a"].is_null()));
    assert!(!crates.iter().any(|krate| krate["name"] == "axum"), "{crates:?}");
    assert_eq!(diff(&["acme", "zeta", "--exit-code"]).code, Some(1));
    let same = diff(&["acme", "acme", "--exit-code"]).ok();
    assert!(same.stdout.is_empty() && same.stderr.contains("get the same"));
    is_error(&diff(&["acme", "zta"]), 2, &["did you mean `zeta`?"]);
}

#[test]
fn a_thousand_clients_with_thirty_selections_are_thirty_jobs() {
    let mut project = Project::new().file("build.rs", "fn main() {}\n");
    let plugins: Vec<String> = (0..30).map(|i| format!("plugin-{i}")).collect();
    for name in &plugins {
        project = project.optional_plugin(name, "{}");
    }
    let mut features = String::new();
    for i in 0..1000 {
        let (client, plugin) = (format!("client-{i:03}"), &plugins[i % plugins.len()]);
        features.push_str(&format!("client-{client} = [{plugin:?}]\n"));
        project = project.client(&client, &[plugin]);
    }
    let project = project.features(&features);
    let matrix = |format: &str| {
        let args = ["clients", "matrix", "--format", format];
        Run::of(&mut plugo(project.dir(), &args)).ok()
    };
    let run = matrix("json");
    let jobs = json(&run, "clients-matrix");
    let jobs = jobs.as_array().unwrap();
    assert_eq!(jobs.len(), 30);
    let clients: BTreeSet<&str> = jobs.iter().flat_map(|job| strings(&job["clients"])).collect();
    assert_eq!(clients.len(), 1000);
    assert_eq!(jobs[0]["name"], "client-000");
    assert!(strings(&jobs[0]["clients"]).contains(&"client-030"));
    assert_eq!(strings(&jobs[0]["plugins"]), ["plugin-0"]);
    // A workflow takes it as an output, which is one line.
    let github = matrix("github").stdout;
    assert_eq!(github.lines().count(), 1);
    let github: Value = serde_json::from_str(&github).unwrap();
    assert_eq!(github["include"].as_array().unwrap().len(), 30);
    assert!(github["include"][0]["clients"].as_str().unwrap().starts_with("client-000,"));
    // The hidden job, and the thirty.
    let gitlab: Value = serde_json::from_str(&matrix("gitlab").stdout).unwrap();
    assert_eq!(gitlab.as_object().unwrap().len(), 31);
    let variables = &gitlab["app: client-001"]["variables"];
    assert!(variables["PLUGO_CLIENTS"].as_str().unwrap().starts_with("client-001,client-031"));
}

fn git(dir: &Path, args: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(dir).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
    Run::of(git.args(args)).ok();
}

/// A repository with a commit: an app in a folder of its own, whose clients
/// `one` and `both` get one plugin and two.
fn committed() -> Project {
    let project = app(Project::fresh("affected"), &[("one", &["a"]), ("both", &["a", "b"])])
        .file(".gitignore", "target\n")
        .file("docs/read.md", "Read.\n");
    git(project.dir(), &["init", "--quiet", "--initial-branch", "main"]);
    git(project.dir(), &["add", "--all"]);
    git(project.dir(), &["commit", "--quiet", "--message", "first"]);
    project
}

#[test]
fn a_change_touches_the_clients_that_are_built_with_it() {
    let project = committed();
    let dir = project.dir();
    let affected = || {
        let args = ["clients", "affected", "--since", "main", "--format", "json"];
        let run = Run::of(&mut plugo(dir, &args)).ok();
        let answer = json(&run, "clients-affected");
        let of = |client: &Value| client["client"].as_str().unwrap().to_owned();
        answer.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let change = |path: &str, from: &str, to: &str| {
        git(dir, &["checkout", "--quiet", "--", "."]);
        let path = dir.join(path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    assert_eq!(affected(), [""; 0]);
    for (path, from, to, clients) in [
        ("plugins/a/src/lib.rs", "{}", "{ }", &["both", "one"] as &[&str]),
        ("plugins/b/src/lib.rs", "{}", "{ }", &["both"]),
        ("clients/one.json", "{", "{ ", &["one"]),
        ("src/main.rs", "fn", " fn", &["both", "one"]),
        // Features and dependencies touch those who turn them on.
        ("Cargo.toml", "[features]", "[features]\nclient-new = [\"b\"]", &[]),
        ("Cargo.toml", "b = [\"dep", "b = [\"a\", \"dep", &["both"]),
        ("Cargo.toml", "edition", "publish = false\nedition", &["both", "one"]),
    ] {
        change(path, from, to);
        assert_eq!(affected(), clients, "{path}: {to}");
    }
    git(dir, &["checkout", "--quiet", "--", "."]);
    // A crate that plugo needs, and one that nothing compiles. The
    // lock file was otherwise before, since Cargo reads what it is now.
    let lock = fs::read_to_string(dir.join("Cargo.lock")).unwrap();
    for (name, clients) in [("semver", &["both", "one"] as &[&str]), ("serde_derive", &[])] {
        let entry = format!("name = {name:?}\nversion = \"");
        assert!(lock.contains(&entry), "{lock}");
        let before = lock.replacen(&entry, &format!("{entry}9"), 1);
        fs::write(dir.join("Cargo.lock"), before).unwrap();
        git(dir, &["commit", "--quiet", "--all", "--message", "before"]);
        fs::write(dir.join("Cargo.lock"), &lock).unwrap();
        assert_eq!(affected(), clients, "{name}");
    }
    git(dir, &["commit", "--quiet", "--all", "--message", "as it is"]);
    // What git does not know yet counts too, and what is committed on a branch.
    fs::write(dir.join("plugins/b/src/more.rs"), "").unwrap();
    assert_eq!(affected(), ["both"]);
    git(dir, &["checkout", "--quiet", "-b", "branch"]);
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--message", "second"]);
    assert_eq!(affected(), ["both"]);
    let run = Run::of(&mut plugo(dir, &["clients", "affected", "--since", "main"])).ok();
    expect![[r#"
        client  because of
        both    plugins/b/src/more.rs  the crate of `b`
    "#]]
    .assert_eq(&run.stdout);
    let run = Run::of(&mut plugo(dir, &["clients", "matrix", "--since", "main"])).ok();
    assert_eq!(json(&run, "clients-matrix")[0]["name"], "both");
}

#[cfg(unix)]
#[test]
fn a_plugin_behind_a_link_and_a_manifest_in_another_hand_are_found_too() {
    let project = app(Project::fresh("linked"), &[("one", &["a"]), ("both", &["a", "b"])]);
    let dir = project.dir();
    fs::create_dir(dir.join("shared")).unwrap();
    fs::rename(dir.join("plugins/b"), dir.join("shared/b")).unwrap();
    std::os::unix::fs::symlink("../shared/b", dir.join("plugins/b")).unwrap();
    // A client's file that is a link into a folder that is another's.
    fs::rename(dir.join("clients/one.json"), dir.join("shared/b/one.json")).unwrap();
    std::os::unix::fs::symlink("../shared/b/one.json", dir.join("clients/one.json")).unwrap();
    // A path crate that is in no plugin folder.
    fs::create_dir_all(dir.join("libs/x/src")).unwrap();
    fs::write(dir.join("libs/x/src/lib.rs"), "").unwrap();
    let package = "package.name = \"x\"\npackage.version = \"1.0.0\"\n";
    fs::write(dir.join("libs/x/Cargo.toml"), package).unwrap();
    let b = dir.join("shared/b/Cargo.toml");
    let text = fs::read_to_string(&b).unwrap().replace("[package]", "[ package ]");
    let text = text.replace("[dependencies]", "[dependencies]\nx = { path = \"../../libs/x\" }");
    fs::write(&b, text).unwrap();
    lock(&project);
    git(dir, &["init", "--quiet", "--initial-branch", "main"]);
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--message", "first"]);
    for (path, expected) in [
        ("shared/b/src/lib.rs", "both    shared/b/src/lib.rs  the crate of `b`"),
        ("libs/x/src/lib.rs", "both    libs/x/src/lib.rs  the crate x"),
        ("shared/b/one.json", "one     shared/b/one.json  the client's file"),
    ] {
        let text = fs::read_to_string(dir.join(path)).unwrap();
        fs::write(dir.join(path), text.replacen('{', "{ ", 1) + "\n").unwrap();
        let run = Run::of(&mut plugo(dir, &["clients", "affected", "--since", "main"])).ok();
        let lines: Vec<&str> = run.stdout.lines().skip(1).map(str::trim_end).collect();
        assert_eq!(lines, [expected], "{}", run.stdout);
        git(dir, &["checkout", "--quiet", "--", "."]);
    }
}

/// A git repository whose workspace is a folder in it, with two apps.
fn nested() -> Project {
    let package = |name: &str, more: &str| {
        format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n{more}\n")
    };
    let build = format!("[build-dependencies]\nplugo-build = {}", Project::crate_at("plugo-build"));
    let shop = format!("[features]\nclient-one = []\nclient-two = []\n{build}");
    let project = Project::new()
        .file("rust/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"shop\", \"site\"]\n")
        .file("rust/Cargo.lock", fs::read(repository().join("Cargo.lock")).unwrap())
        .file("rust/shop/Cargo.toml", package("shop", &shop))
        .file("rust/shop/clients/one.json", r#"{ "plugins": [] }"#)
        .file("rust/shop/clients/two.json", r#"{ "plugins": [] }"#)
        .file("rust/site/Cargo.toml", package("site", &build));
    let project = ["shop", "site"].into_iter().fold(project, |project, app| {
        project
            .file(&format!("rust/{app}/build.rs"), "fn main() {}\n")
            .file(&format!("rust/{app}/src/main.rs"), "fn main() {}\n")
    });
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::remove_file(project.dir().join(file)).unwrap();
    }
    fs::remove_dir_all(project.dir().join("src")).unwrap();
    Run::of(&mut cargo(&project.dir().join("rust"), &["update", "--workspace"])).ok();
    git(project.dir(), &["init", "--quiet", "--initial-branch", "main"]);
    git(project.dir(), &["add", "--all"]);
    git(project.dir(), &["commit", "--quiet", "--message", "first"]);
    project
}

#[test]
fn a_file_of_no_package_touches_everyone_unless_it_is_obviously_for_no_build() {
    let project = nested();
    let dir = project.dir().join("rust/shop");
    for (path, why) in [
        ("proto/shop.proto", Some("a file of no package")),
        ("rust/assets/logo.svg", Some("a file of no package")),
        ("rust/shop/.sqlx/query.json", Some("the app")),
        ("rust/site/src/more.rs", None),
        ("docs/read.md", None),
        (".github/workflows/ci.yml", None),
        (".gitignore", None),
    ] {
        let file = project.dir().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "other").unwrap();
        let args = ["clients", "affected", "--since", "main", "--format", "json"];
        let answer = json(&Run::of(&mut plugo(&dir, &args)).ok(), "clients-affected");
        let found = answer.as_array().unwrap();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|one| {
                (one["client"].as_str().unwrap(), one["reasons"][0]["why"].as_str().unwrap())
            })
            .collect();
        let expected = why.map(|why| vec![("one", why), ("two", why)]).unwrap_or_default();
        assert_eq!(found, expected, "{path}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_pipelines_jobs_name_the_app_and_keep_what_they_build() {
    let project = nested();
    let args = ["clients", "matrix", "--format", "gitlab"];
    let mut plugo = plugo(&project.dir().join("rust/shop"), &args);
    let run = Run::of(plugo.env_remove("CARGO_TARGET_DIR")).ok();
    expect![[r#"
        {
          ".plugo": {
            "script": [
              "plugo build --release --manifest-path \"rust/Cargo.toml\" --package shop --client \"$PLUGO_CLIENTS\""
            ]
          },
          "shop: one": {
            "artifacts": {
              "paths": [
                "rust/target/plugo/one/",
                "rust/target/plugo/two/"
              ]
            },
            "extends": ".plugo",
            "variables": {
              "PLUGO_CLIENTS": "one,two",
              "PLUGO_PLUGINS": ""
            }
          }
        }
    "#]]
    .assert_eq(&run.stdout);
}

/// What a command does at a terminal at which somebody types, with a Cargo
/// that first does something else: its exit code, or nothing when it hangs.
#[cfg(target_os = "linux")]
fn at_terminal(dir: &Path, cargo: &str, typed: &str) -> Option<i32> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    let fake = dir.join("cargo");
    fs::write(&fake, format!("#!/bin/sh\n{cargo}\nexec {:?} \"$@\"\n", env!("CARGO"))).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let plugo = plugo(dir, &["list"]);
    let mut terminal = Command::new("script");
    terminal.current_dir(dir).env("CARGO", &fake).env("CARGO_NET_OFFLINE", "true");
    terminal.args(["--quiet", "--return", "--command"]);
    terminal.arg(format!("{} list", plugo.get_program().display())).arg("/dev/null");
    let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..600 {
        if dir.join("asked").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    stdin.write_all(typed.as_bytes()).unwrap();
    for _ in 0..300 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_cargo_can_ask_and_ctrl_c_reaches_it() {
    // Where nothing makes a terminal, nothing can be said of it.
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let project = Project::new().file("build.rs", "fn main() {}\n").features("");
    let ask = "[ -e asked ] || { touch asked; read answer < /dev/tty; echo $answer > answer; }";
    assert_eq!(at_terminal(project.dir(), ask, "sesame\n"), Some(0));
    assert_eq!(fs::read_to_string(project.dir().join("answer")).unwrap(), "sesame\n");

    fs::remove_file(project.dir().join("asked")).unwrap();
    let hang = "echo $$ > pid; touch asked; exec sleep 300";
    assert_eq!(at_terminal(project.dir(), hang, "\x03"), Some(130));
    let pid = fs::read_to_string(project.dir().join("pid")).unwrap();
    let state = Run::of(Command::new("ps").args(["-o", "stat=", "-p", pid.trim()])).stdout;
    assert!(state.is_empty() || state.starts_with('Z'), "{state}");
}

#[test]
fn what_git_cannot_answer_is_told_with_what_to_do() {
    let project = committed();
    let affected = |dir: &Path, since: &str| {
        Run::of(&mut plugo(dir, &["clients", "affected", "--since", since]))
    };
    is_error(&affected(project.dir(), "nope"), 2, &["does not know the revision `nope`"]);
    is_error(&affected(project.dir(), "--help"), 2, &[]);

    let clone = tempfile::TempDir::new().unwrap();
    git(project.dir(), &["commit", "--quiet", "--allow-empty", "--message", "second"]);
    let from = format!("file://{}", project.dir().display());
    git(clone.path(), &["clone", "--quiet", "--depth", "1", &from, "shallow"]);
    let first = affected(&clone.path().join("shallow"), "HEAD~1");
    is_error(&first, 3, &["shallow clone", "git fetch --unshallow"]);

    fs::remove_dir_all(project.dir().join(".git")).unwrap();
    is_error(&affected(project.dir(), "HEAD"), 2, &["is in no git repository"]);
    let mut without = plugo(project.dir(), &["clients", "affected", "--since", "HEAD"]);
    let rust = Path::new(env!("CARGO")).parent().unwrap();
    is_error(&Run::of(without.env("PATH", rust)), 3, &["git", "is not installed"]);
}

#[test]
fn the_editors_settings_for_a_client_leave_other_settings_and_comments_alone() {
    let project = Project::new()
        .file("build.rs", "fn main() {}\n")
        .optional_plugin("blog", "{}")
        .features("client-acme = [\"blog\"]")
        .client("acme", &["blog"]);
    let path = project.dir().join(".vscode/settings.json");
    let run =
        |args: &[&str]| Run::of(&mut plugo(project.dir(), &[&["clients", "use"], args].concat()));
    let printed = run(&["acme", "--print"]).ok().stdout;
    expect![[r#"
        {
          "rust-analyzer.cargo.features": ["client-acme"],
          "rust-analyzer.cargo.noDefaultFeatures": true,
          "rust-analyzer.cargo.targetDir": true
        }
    "#]]
    .assert_eq(&printed);
    assert!(!path.exists());
    run(&["acme"]).ok();
    assert_eq!(fs::read_to_string(&path).unwrap(), printed);

    let own = "{\n    // Ours.\n    \"editor.tabSize\": 4, // four\n}\n";
    fs::write(&path, own).unwrap();
    run(&["acme"]).ok();
    let with = fs::read_to_string(&path).unwrap();
    assert!(with.contains("// Ours.") && with.contains("client-acme"), "{with}");
    run(&["--none"]).ok();
    let without = fs::read_to_string(&path).unwrap();
    assert!(without.contains("// four") && !without.contains("rust-analyzer"), "{without}");

    #[cfg(unix)]
    {
        let real = project.dir().join("settings.json");
        fs::rename(&path, &real).unwrap();
        std::os::unix::fs::symlink(&real, &path).unwrap();
        run(&["acme"]).ok();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert!(fs::read_to_string(&real).unwrap().contains("client-acme"));
    }

    fs::write(&path, "{ not json").unwrap();
    is_error(&run(&["acme"]), 1, &["is left as it is"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "{ not json");
    is_error(&run(&["acm"]), 2, &["did you mean `acme`?"]);
}

#[test]
fn every_client_gets_a_folder_and_switching_back_compiles_nothing() {
    let clients = ["fold-one", "fold-like", "fold-two"];
    let project = Project::fresh("folders").lagging();
    let project =
        app(project, &[("fold-one", &["a"]), ("fold-like", &["a"]), ("fold-two", &["a", "b"])]);
    clear(&clients);
    let build = |args: &[&str]| Run::of(&mut plugo(project.dir(), &[&["build"], args].concat()));

    // The lock file is that of another repository.
    let before = fs::read(project.dir().join("Cargo.lock")).unwrap();
    is_error(&build(&["--client", "fold-one"]), 1, &["--no-locked", "no build for `fold-one`"]);
    assert_eq!(fs::read(project.dir().join("Cargo.lock")).unwrap(), before);
    assert!(!folder("fold-one").exists());
    let run = build(&["--all-clients", "--no-locked", "--format", "json"]).ok();
    let first = json(&run, "build");
    let first = first.as_array().unwrap();
    // Those with the same selection come one after the other.
    let names: Vec<&Value> = first.iter().map(|build| &build["client"]).collect();
    assert_eq!(names, ["fold-like", "fold-one", "fold-two"]);
    assert_eq!(first[1]["shared_with"], "fold-like");
    assert_eq!(first[1]["compiled"], 1, "the app's own crate, which holds the client's name");
    assert_eq!(strings(&first[2]["plugins"]), ["a", "b"]);

    let program = format!("folders{}", std::env::consts::EXE_SUFFIX);
    for client in clients {
        let dir = folder(client);
        let found = files(&dir);
        let told = ["bom.cdx.json", "bom.spdx.json", "plugo-manifest.json"];
        let all = told.into_iter().chain(["requirements-plugins.toml", &program]);
        assert_eq!(found, all.map(str::to_owned).collect());
        let manifest = fs::read_to_string(dir.join("plugo-manifest.json")).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["client"], client);
        let said = Run::of(&mut Command::new(dir.join(&program))).ok().stdout;
        assert!(said.contains(&format!("Some({client:?})")), "{said}");
        assert_eq!(said.contains("  b "), client == "fold-two", "{said}");
        // Nothing but the next build's files is there after it.
        fs::write(dir.join("stale"), "").unwrap();
    }

    // A client that is named twice is built once, and no variable changes what it gets.
    let mut again = plugo(project.dir(), &["build", "-c", "fold-two,fold-one", "-c", "fold-two"]);
    let again = Run::of(again.args(["--format", "json"]).env("ENABLED_PLUGINS", "b")).ok();
    assert!(again.stderr.contains("ENABLED_PLUGINS is left out"), "{}", again.stderr);
    let second = json(&again, "build");
    let compiled: Vec<&Value> =
        second.as_array().unwrap().iter().map(|build| &build["compiled"]).collect();
    assert_eq!(compiled, [0, 0], "{}", again.stderr);
    assert!(!folder("fold-one").join("stale").exists());
    let work = files(&shared_target().join("plugo/.work"));
    let left = work.iter().filter(|name| name.starts_with("fold-") && !name.ends_with(".lock"));
    assert_eq!(left.count(), 0, "{work:?}");

    // Two commands at once wait for each other, and each leaves the folder whole.
    let both = [(); 2].map(|()| {
        let mut plugo = plugo(project.dir(), &["build", "-c", "fold-one", "-c", "fold-two"]);
        plugo.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    });
    assert!(both.into_iter().all(|mut child| child.wait().unwrap().success()));
    assert!(files(&folder("fold-one")).contains(&program));

    // The program's exit code is passed on; tests see what the client gets.
    let run = Run::of(&mut plugo(project.dir(), &["run", "-c", "fold-one", "--", "7"]));
    assert_eq!(run.code, Some(7), "{}", run.stderr);
    assert!(run.stdout.starts_with("Some(\"fold-one\")"), "{}", run.stdout);
    let run = Run::of(&mut plugo(project.dir(), &["test", "-c", "fold-one", "--", "a_is_in"])).ok();
    assert!(run.stdout.contains("1 passed"), "{}", run.stdout);
    // Between building and testing nothing is compiled for the other's sake.
    let run = build(&["-c", "fold-one", "--format", "json"]).ok();
    assert_eq!(json(&run, "build")[0]["compiled"], 0, "{}", run.stderr);
    let run = Run::of(&mut plugo(project.dir(), &["test", "--", "a_is_in"]));
    is_error(&run, 1, &[]);
}

#[test]
fn a_clients_program_is_the_same_to_the_byte_whatever_else_the_repository_has() {
    clear(&["bytes-acme"]);
    let project =
        app(Project::buildable("bytes"), &[("bytes-acme", &["a"]), ("bytes-zeta", &["b"])]);
    let program = || {
        Run::of(&mut plugo(project.dir(), &["build", "--client", "bytes-acme"])).ok();
        fs::read(folder("bytes-acme").join("bytes")).unwrap()
    };
    let with = program();
    // Without the other plugin, its client and all that is said of them.
    fs::remove_dir_all(project.dir().join("plugins/b")).unwrap();
    fs::remove_file(project.dir().join("clients/bytes-zeta.json")).unwrap();
    let manifest = project.dir().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let of_b = |line: &&str| line.contains("bytes-b") || line.contains("bytes-zeta");
    let left: Vec<&str> = text.lines().filter(|line| !of_b(line)).collect();
    assert!(left.len() + 2 < text.lines().count(), "{text}");
    fs::write(&manifest, left.join("\n") + "\n").unwrap();
    lock(&project);
    // The app is compiled again, and not just found as it was.
    let main = project.dir().join("src/main.rs");
    fs::write(&main, fs::read_to_string(&main).unwrap() + "// Anew.\n").unwrap();
    assert!(with == program(), "the two programs differ");
}

#[test]
fn a_client_that_fails_leaves_no_folder_and_takes_nothing_from_the_others() {
    let project =
        app(Project::buildable("failing"), &[("fail-bad", &["b"]), ("fail-good", &["a"])]);
    let (bad, good) = ("fail-bad", "fail-good");
    clear(&[bad, good]);
    let source = project.dir().join("plugins/b/src/lib.rs");
    let right = fs::read_to_string(&source).unwrap();
    let build =
        || Run::of(&mut plugo(project.dir(), &["build", "--all-clients", "--format", "json"]));

    fs::write(&source, format!("{right}\nlet mistake;\n")).unwrap();
    let run = build();
    is_error(&run, 1, &["mistake", "no build for `fail-bad`", "1 of 2 builds failed"]);
    let answer = json(&run, "build");
    assert_eq!((&answer[0]["state"], &answer[1]["state"]), (&"failed".into(), &"built".into()));
    assert!(!folder(bad).exists() && folder(good).exists());

    fs::write(&source, &right).unwrap();
    build().ok();
    let manifest = fs::read(folder(bad).join("plugo-manifest.json")).unwrap();
    fs::write(&source, format!("{right}\nlet mistake;\n")).unwrap();
    let run = build();
    is_error(&run, 1, &["is still that of an earlier build"]);
    assert_eq!(fs::read(folder(bad).join("plugo-manifest.json")).unwrap(), manifest);

    // What is wrong with this machine ends it; what was built until then is told of.
    fs::write(&source, &right).unwrap();
    let lock = shared_target().join("plugo/.work").join(format!("{good}.lock"));
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let run = build();
    fs::remove_dir(&lock).unwrap();
    is_error(&run, 3, &["no build for `fail-good`", "cannot be written"]);
    let answer = json(&run, "build");
    assert_eq!((&answer[0]["state"], &answer[1]["state"]), (&"built".into(), &"failed".into()));

    // A plan that is refused is told of as the build script tells of it, once.
    let run = {
        fs::write(&source, &right).unwrap();
        fs::write(project.dir().join("clients/fail-good.json"), r#"{"plugins": 1}"#).unwrap();
        Run::of(&mut plugo(project.dir(), &["build", "--client", bad]))
    };
    is_error(&run, 1, &["fail-good.json", "1 problem"]);
    assert!(!run.stderr.contains("Building"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_asked_for_is_said_before_anything_is_built() {
    let build = |args: &[&str]| Run::of(&mut plugo(&example(), &[&["build"], args].concat()));
    is_error(&build(&["--client", "acm"]), 2, &["did you mean `acme`?"]);
    is_error(&build(&["--client", "acme", "--all-clients"]), 2, &["cannot be used with"]);
    is_error(&build(&["--client", "acme", "--", "--workspace"]), 2, &["mixes the features"]);
    is_error(&build(&["--client", "acme", "--", "--tests"]), 2, &["`plugo test` runs its tests"]);
    is_error(&build(&["--client", "acme", "--", "-qFblog"]), 2, &["decided by the client"]);
    is_error(&build(&["--target", "z80-none-none"]), 2, &["there is no target"]);
    // Cargo would work for minutes before the folder turns out to be none.
    let target = tempfile::TempDir::new().unwrap();
    fs::write(target.path().join("plugo"), "a file").unwrap();
    let mut plugo = plugo(&example(), &["build", "--client", "acme"]);
    let run = Run::of(plugo.env("CARGO_TARGET_DIR", target.path()));
    is_error(&run, 3, &["cannot be made"]);
    assert_eq!(files(target.path()), BTreeSet::from(["plugo".to_owned()]));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_was_started_and_leaves_nothing_behind() {
    use std::time::Duration;

    let script = "fn main() {\n    \
                      let mut child = std::process::Command::new(\"sleep\").arg(\"300\").spawn().unwrap();\n    \
                      let pids = format!(\"{} {}\", std::process::id(), child.id());\n    \
                      std::fs::write(\"pids.new\", pids).unwrap();\n    \
                      std::fs::rename(\"pids.new\", \"pids\").unwrap();\n    \
                      child.wait().unwrap();\n}\n";
    let project = app(Project::buildable("interrupted"), &[("interrupted", &["a"])])
        .file("plugins/a/build.rs", script);
    clear(&["interrupted"]);
    let mut plugo = plugo(project.dir(), &["build", "--client", "interrupted"]);
    // As a shell starts it at a terminal; without one this changes nothing.
    std::os::unix::process::CommandExt::process_group(&mut plugo, 0);
    let child = plugo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pids = project.dir().join("plugins/a/pids");
    for _ in 0..3000 {
        if pids.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let pids = fs::read_to_string(&pids).expect("the build script was started");
    let kill = |signal: &str, pid: &str| {
        Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(pids.split(' ').all(|pid| kill("-0", pid)));
    assert!(kill("-INT", &child.id().to_string()));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted"), "{stderr}");
    assert!(output.stdout.is_empty());
    assert!(!folder("interrupted").exists());
    let work = files(&shared_target().join("plugo/.work"));
    assert!(!work.contains("interrupted.new") && !work.contains("interrupted.cargo"), "{work:?}");
    for pid in pids.split(' ') {
        // What has ended and was not waited for is a zombie, whose state is Z.
        let state = Run::of(Command::new("ps").args(["-o", "stat=", "-p", pid])).stdout;
        assert!(state.is_empty() || state.starts_with('Z'), "{pid} is still there: {state}");
    }
}
