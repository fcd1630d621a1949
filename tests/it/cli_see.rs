//! What is seen of an app: `plugo list`, `explain`, `graph`, `check` and
//! `doctor`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::{Expect, expect};
use plugo_build::Code;
use serde_json::Value;
use tests::{Project, Run, plugo, repository};

fn example() -> PathBuf {
    repository().join("examples/web-plugins")
}

/// An app in a temporary folder. It is never built, so the folder of
/// `plugo-build` need not be its real one, and Cargo finds all it needs here.
fn app() -> Project {
    Project::new()
        .file("build.rs", "fn main() {}\n")
        .file("vendor/plugo-build/Cargo.toml", manifest("plugo-build"))
        .file("vendor/plugo-build/src/lib.rs", "")
        .settings("")
}

fn manifest(name: &str) -> String {
    format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n")
}

/// Makes the app one that the command line takes for an app, with a lock file
/// that says what is there.
fn ready(project: Project) -> Project {
    let text = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    // `Project` writes build-dependencies on the repository's own crates.
    let local =
        text.replace(&Project::crate_at("plugo-build"), "{ path = \"vendor/plugo-build\" }");
    let project = project.file("Cargo.toml", local);
    fs::remove_file(project.dir().join("Cargo.lock")).unwrap();
    let mut lock = tests::cargo(project.dir(), &["generate-lockfile", "--offline"]);
    Run::of(&mut lock).ok();
    project
}

fn run(project: &Project, args: &[&str]) -> Run {
    Run::of(&mut plugo(project.dir(), args))
}

fn with(command: &mut Command, variable: &str, value: &str) -> Run {
    Run::of(command.env(variable, value))
}

#[track_caller]
fn check(dir: &Path, args: &[&str], expected: Expect) {
    expected.assert_eq(&Run::of(&mut plugo(dir, args)).ok().stdout);
}

/// The answer as JSON, which fits its schema.
#[track_caller]
fn json(dir: &Path, args: &[&str], code: i32) -> Value {
    let run = Run::of(plugo(dir, args).args(["--format", "json"]));
    assert_eq!(run.code, Some(code), "{}", run.stderr);
    let answer = serde_json::from_str(&run.stdout).expect("JSON alone on stdout");
    let schema = format!("plugo-cli/schemas/{}.schema.json", args[0]);
    let schema = fs::read_to_string(repository().join(schema)).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{answer:#}");
    answer
}

/// A plugin for each reason to be out of a build, and some that are in.
fn every_state() -> Project {
    ready(
        app()
            .plugin("blog", r#"{ "dependencies": ["auth >=1"] }"#)
            .plugin("auth", "")
            .plugin("off", "")
            .plugin("unlisted", "")
            .optional_plugin("featured", "")
            .loose_plugin("loose", "")
            .loose_plugin("tray", "")
            .plugin("unix-only", "")
            .file(
                "plugins/unix-only/src/lib.rs",
                "#[cfg(windows)]\n#[plugo::plugin(name = \"unix-only\")]\nfn init_plugin() {}\n",
            )
            .plugin("commands", "")
            .file(
                "plugins/commands/src/lib.rs",
                "#[plugo::plugin(name = \"blog\", namespace = \"tools\")]\nfn init_plugin() {}\n",
            )
            .file("plugins/bare/metadata.json", "{}")
            .file(
                "src/main.rs",
                "#[plugo::plugin(name = \"own\")]\nfn init_plugin() {}\nfn main() {}\n",
            )
            .config(&["blog", "!off", "own"])
            .dependencies(
                "[target.'cfg(windows)'.dependencies]\ntray = { path = \"plugins/tray\" }",
            ),
    )
}

#[test]
fn list_says_of_every_plugin_what_decided() {
    let project = every_state();
    check(
        project.dir(),
        &["list"],
        expect![[r#"
        order  name        version  state        because of
            1  auth        1.0.0    planned      dependency: blog
            2  blog        1.0.0    planned      config: plugins_config.json:3:15
            3  own         1.0.0    planned      config: plugins_config.json:5:15
               bare                 unavailable  its folder has no Cargo.toml
               tools/blog  1.0.0    disabled     `plugins_config.json` does not list it
               featured    1.0.0    unavailable  the feature `featured` is off
               loose       1.0.0    unavailable  it is no dependency of the app
               off         1.0.0    disabled     config: plugins_config.json:4:15
               tray        1.0.0    unavailable  it is for `cfg(windows)` only
               unix-only   1.0.0    unavailable  `cfg(windows)` does not hold
               unlisted    1.0.0    disabled     `plugins_config.json` does not list it
    "#]],
    );
    let answer = json(project.dir(), &["list"], 0);
    let reasons: Vec<String> = answer
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| {
            let all = plugin["reasons"].as_array().unwrap().iter();
            let sources: Vec<&str> = all.map(|r| r["source"].as_str().unwrap()).collect();
            format!("{}: {}", plugin["name"].as_str().unwrap(), sources.join(", "))
        })
        .collect();
    expect![[r#"
        auth: dependency
        blog: config
        own: config
        bare: crate, config
        blog: config
        featured: feature, config
        loose: dependencies, config
        off: config
        tray: target, config
        unix-only: cfg, config
        unlisted: config"#]]
    .assert_eq(&reasons.join("\n"));
}

#[test]
fn list_names_what_selects_where_no_file_does() {
    let project = ready(app().plugin("blog", "").plugin("auth", "").plugin("maybe", "").file(
        "plugins/maybe/src/lib.rs",
        "#[cfg(made_by_build_script)]\n#[plugo::plugin(name = \"maybe\")]\nfn init_plugin() {}\n",
    ));
    check(
        project.dir(),
        &["list"],
        expect![[r#"
        order  name   version  state        because of
            1  auth   1.0.0    planned      always: Cargo.toml:11:1
            2  blog   1.0.0    planned      always: Cargo.toml:10:1
               maybe  1.0.0    unavailable  whether `cfg(made_by_build_script)` holds is not known
    "#]],
    );
    let run = with(&mut plugo(project.dir(), &["list"]), "ENABLED_PLUGINS", "blog").ok();
    expect![[r#"
        order  name   version  state        because of
            1  blog   1.0.0    planned      environment: ENABLED_PLUGINS
               auth   1.0.0    disabled     the variable ENABLED_PLUGINS does not name it
               maybe  1.0.0    unavailable  whether `cfg(made_by_build_script)` holds is not known
    "#]]
    .assert_eq(&run.stdout);
    // An empty variable is none.
    let run = with(&mut plugo(project.dir(), &["list"]), "ENABLED_PLUGINS", "").ok();
    assert!(run.stdout.contains("auth   1.0.0    planned"), "{}", run.stdout);
    assert!(run.stderr.contains("[not-in-build]"), "warnings go to stderr: {}", run.stderr);
}

#[test]
fn list_of_a_build_that_is_refused_shows_what_is_asked_for_and_every_problem() {
    let project = ready(
        app()
            .plugin("blog", r#"{ "conflicts": ["news"] }"#)
            .plugin("news", "")
            .optional_plugin("shop", "")
            .plugin("hen", r#"{ "dependencies": ["egg"] }"#)
            .plugin("egg", r#"{ "dependencies": ["hen"] }"#)
            .file("plugins/bare/metadata.json", "{}")
            .config(&["blog", "news", "shop", "hen", "bare", "blgo"]),
    );
    let refused = run(&project, &["list"]);
    assert_eq!(refused.code, Some(1));
    expect![[r#"
        order  name  version  state        because of
               blog  1.0.0    requested    config: plugins_config.json:3:15
               egg   1.0.0    requested    dependency: hen
               hen   1.0.0    requested    config: plugins_config.json:6:15, dependency: egg
               news  1.0.0    requested    config: plugins_config.json:4:15
               bare           unavailable  its folder has no Cargo.toml
               shop  1.0.0    unavailable  the feature `shop` is off
    "#]]
    .assert_eq(&refused.stdout);
    expect![[r#"
        error: [not-a-crate] `bare` is requested, but its folder has no Cargo.toml
          --> plugins_config.json:7:15
          note: it is known from plugins/bare/metadata.json
          help: make it a Cargo package with a function that has `#[plugin]`
        error: [unknown-plugin] no plugin is named `blgo`
          --> plugins_config.json:8:15
          help: did you mean `blog`? the known plugins are `bare`, `blog`, `egg`, `hen`, `news` and `shop`
        error: [feature-off] `shop` is requested, but the cargo feature `shop`, which compiles it in, is off
          --> plugins_config.json:5:15
          help: build with `--features shop`, or add it to `default` in [features]
        error: [conflict] `blog` and `news` exclude each other, and both are in the build
          --> plugins/blog/metadata.json:1:17
          note: `blog` is in the build because of config: plugins_config.json:3:15
          note: `news` is in the build because of config: plugins_config.json:4:15
          help: leave one of the two out of the selection
        error: [dependency-cycle] plugins depend on each other in a circle: egg -> hen -> egg
          --> plugins/egg/metadata.json:1:20
          note: `hen` depends on `egg` at plugins/hen/metadata.json:1:20
          help: take one of these dependencies away
        error: 5 problems
    "#]].assert_eq(&refused.stderr);
    // A program would take a draft for a plan.
    let refused = run(&project, &["list", "--format", "json"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));

    let project = project
        .file("plugins_config.json", "{ \"plugins\": [")
        .file("plugins/blog/metadata.json", "[]");
    let refused = run(&project, &["list"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    for code in ["[malformed-json]", "[mistyped-field]"] {
        assert!(refused.stderr.contains(code), "all files are told of: {}", refused.stderr);
    }
}

#[test]
fn list_of_an_app_without_plugins_says_so() {
    let project = ready(app());
    let empty = run(&project, &["list"]).ok();
    assert_eq!(empty.stdout, "");
    assert!(empty.stderr.contains("note: `app` has no plugins"), "{}", empty.stderr);
    assert_eq!(json(project.dir(), &["list"], 0), Value::Array(Vec::new()));
}

#[test]
fn explain_follows_the_reasons_back_to_what_people_wrote() {
    check(
        &example(),
        &["explain", "auth", "--client", "acme"],
        expect![[r#"
        auth 1.0.0 is in the build, as number 2 of 4
        Tokens for visitors

        Because
          `shop` depends on it: examples/web-plugins/plugins/web-shop/metadata.json:5:22
            the client's file enables it: examples/web-plugins/clients/acme.json:4:19

        Where it is
          stands at  examples/web-plugins/plugins/web-auth/src/lib.rs:23:1
          crate      web-auth 1.0.0
          compiled   the feature `auth` is on: examples/web-plugins/Cargo.toml:15:1
          clients    acme

        What depends on it
          shop  2.1.0  planned  as `auth` at examples/web-plugins/plugins/web-shop/metadata.json:5:22
    "#]],
    );
    let project = ready(
        app()
            .plugin("top", r#"{ "dependencies": ["left", "right"] }"#)
            .plugin("left", r#"{ "dependencies": ["base"] }"#)
            .plugin("right", r#"{ "dependencies": ["base", "gone"] }"#)
            .plugin("base", "")
            .plugin("gone", "")
            .config(&["top"]),
    );
    check(
        project.dir(),
        &["explain", "base"],
        expect![[r#"
        base 1.0.0 is in the build, as number 1 of 5

        Because
          `left` depends on it: plugins/left/metadata.json:1:20
            `top` depends on it: plugins/top/metadata.json:1:20
              the config file enables it: plugins_config.json:3:15
          `right` depends on it: plugins/right/metadata.json:1:20
            `top` depends on it: plugins/top/metadata.json:1:28

        Where it is
          stands at  plugins/base/src/lib.rs:1:1
          crate      base 1.0.0
          compiled   always: Cargo.toml:13:1

        What depends on it
          left   1.0.0  planned  as `base` at plugins/left/metadata.json:1:20
          right  1.0.0  planned  as `base` at plugins/right/metadata.json:1:20
    "#]],
    );
    let answer = json(project.dir(), &["explain", "base"], 0);
    assert_eq!(answer["reasons"][0]["because"][0]["because"][0]["source"], "config");
}

/// The steps of an account, without their indent.
fn steps(account: &str) -> String {
    let (_, steps) = account.split_once("To get it into the build\n").unwrap();
    steps.lines().map(|line| format!("{}\n", line.trim_start())).collect()
}

#[test]
fn explain_says_how_a_plugin_gets_into_the_build() {
    let project = every_state();
    let mut texts = String::new();
    for plugin in ["off", "featured", "loose", "tray", "unix-only", "bare", "tools/blog"] {
        let text = run(&project, &["explain", plugin]).ok().stdout;
        let (title, _) = text.split_once('\n').unwrap();
        let (_, steps) = text.split_once("To get it into the build\n").unwrap();
        texts.push_str(&format!("{title}\n{steps}"));
        json(project.dir(), &["explain", plugin], 0);
    }
    expect![[r#"
        off 1.0.0 is not in the build
          1. write `"enabled": true` at plugins_config.json:4:15
        featured 1.0.0 is not in the build, and not compiled
          1. add `{ "name": "featured", "enabled": true }` to plugins_config.json
          2. build with `--features featured`, or add it to `default` in [features] (feature-off)
        loose 1.0.0 is not in the build, and not compiled
          1. add `{ "name": "loose", "enabled": true }` to plugins_config.json
          2. add `loose = { path = "plugins/loose" }` to [dependencies] of the app (not-a-dependency)
        tray 1.0.0 is not in the build, and not compiled
          1. add `{ "name": "tray", "enabled": true }` to plugins_config.json
          2. build for another target with `--target`, or make its crate a dependency for more than `cfg(windows)` (other-target)
        unix-only 1.0.0 is not in the build, and not compiled
          1. add `{ "name": "unix-only", "enabled": true }` to plugins_config.json
          2. build where `cfg(windows)` holds, or take the `cfg` away (configured-out)
        bare is not in the build, and not compiled
          1. add `{ "name": "bare", "enabled": true }` to plugins_config.json
          2. make it a Cargo package with a function that has `#[plugin]` (not-a-crate)
        tools/blog 1.0.0 is not in the build
          1. add `{ "name": "tools/blog", "enabled": true }` to plugins_config.json
    "#]].assert_eq(&texts);
    // What is asked for already needs no other entry.
    let project = project.config(&["featured"]);
    let run = run(&project, &["explain", "featured"]).ok();
    let steps = steps(&run.stdout);
    expect![[r#"
          1. build with `--features featured`, or add it to `default` in [features] (feature-off)
    "#]]
    .assert_eq(&steps);
    assert!(run.stderr.contains("this build is refused"), "{}", run.stderr);
    // For a client, the file decides, and `check --fix` writes the feature.
    let run = Run::of(&mut plugo(&example(), &["explain", "clock", "--client", "acme"])).ok();
    let steps = self::steps(&run.stdout);
    expect![[r#"
          1. add `{ "name": "clock", "enabled": true }` to examples/web-plugins/clients/acme.json
          2. run `plugo check --fix`, which turns its crate on in the client's feature
    "#]]
    .assert_eq(&steps);
}

#[test]
fn explain_takes_a_name_without_its_namespace_where_one_has_it() {
    let project = every_state();
    // `blog` is in the default namespace too, which wins.
    assert!(run(&project, &["explain", "blog"]).ok().stdout.starts_with("blog 1.0.0 is in"));
    let project = project.config(&["blog"]).file(
        "plugins/blog/src/lib.rs",
        "#[plugo::plugin(name = \"blog\", namespace = \"x\")]\nfn init_plugin() {}\n",
    );
    let several = run(&project, &["explain", "blog"]);
    assert_eq!(several.code, Some(2));
    assert!(several.stderr.contains("`tools/blog`, `x/blog`"), "{}", several.stderr);
}

#[test]
fn explain_knows_every_code_without_an_app() {
    let nowhere = tempfile::tempdir().unwrap();
    check(
        nowhere.path(),
        &["explain", "feature-off"],
        expect![[r#"
        feature-off: The cargo feature that compiles a requested plugin in is off.

            plugins_config.json             { "plugins": [{ "name": "blog", "enabled": true }] }
            Cargo.toml                      default = []        blog = ["dep:blog"]

        What to do: build with `--features blog`, or add it to `default`. For a client, `plugo check --fix` adds it to the client's
        feature.
    "#]],
    );
    json(nowhere.path(), &["explain", "[client-feature]"], 0);
    for (name, part) in [
        ("feature-of", "did you mean `feature-off`?"),
        ("nothing-like-it", "is in no Cargo package"),
    ] {
        let unknown = Run::of(&mut plugo(nowhere.path(), &["explain", name]));
        assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""));
        assert!(unknown.stderr.contains(part), "{}", unknown.stderr);
    }
    for (name, nearest) in [("blgo", "blog"), ("conflct", "conflict")] {
        let unknown = Run::of(&mut plugo(&example(), &["explain", name]));
        assert_eq!(unknown.code, Some(2));
        let part = format!("did you mean `{nearest}`?");
        assert!(unknown.stderr.contains(&part), "{}", unknown.stderr);
    }
}

#[test]
fn the_documentation_lists_every_code_with_what_it_means() {
    let mut rows = String::from("| code | what it means |\n| --- | --- |\n");
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| code.as_str());
    for code in codes {
        let meaning = code.explanation().meaning.split_whitespace().collect::<Vec<_>>().join(" ");
        rows.push_str(&format!("| `{code}` | {meaning} |\n"));
    }
    let path = repository().join("docs/diagnostics.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, rest) = text.split_once("| code |").unwrap();
    let (_, end) = rest.split_once("\n\n").unwrap();
    expect_test::expect_file![path].assert_eq(&format!("{begin}{rows}\n{end}"));
    // No code is missing from the list of all.
    let source = fs::read_to_string(repository().join("plugo-build/src/diagnostic.rs")).unwrap();
    let declared = source.lines().filter(|line| line.contains("=> \"") && line.contains("Code::"));
    assert_eq!(declared.count(), Code::ALL.len());
}

#[test]
fn a_lock_file_that_lags_behind_is_told_of_with_what_brings_it_in_line() {
    let project = Project::fresh("lags").lagging();
    let run = Run::of(&mut plugo(project.dir(), &["check"]));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("[missing-lock-file] `Cargo.lock` is not in line"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("help: `cargo check` brings it in line"), "{}", run.stderr);
    Run::of(&mut tests::cargo(project.dir(), &["update", "--workspace"])).ok();
    Run::of(&mut plugo(project.dir(), &["check"])).ok();
}

#[test]
fn graph_draws_the_plan_in_four_forms() {
    check(
        &example(),
        &["graph"],
        expect![[r#"
        flowchart RL
            p0["1 · blog<br/>0.3.0"]
            p1["2 · auth<br/>1.0.0"]
            p2["3 · catalog<br/>1.2.0"]
            p3["4 · clock<br/>0.2.0"]
            p4["5 · shop<br/>2.1.0"]
            p4 --> p1
            p4 --> p2
    "#]],
    );
    check(
        &example(),
        &["graph", "--format", "dot", "--all", "--client", "acme"],
        expect![[r#"
        digraph plugins {
            rankdir=RL;
            node [shape=box, style=rounded, fontname="sans-serif"];
            "blog" [label="1. blog\n0.3.0"];
            "auth" [label="2. auth\n1.0.0"];
            "catalog" [label="3. catalog\n1.2.0"];
            "shop" [label="4. shop\n2.1.0"];
            "clock" [label="clock\n0.2.0, unavailable", style="rounded,dashed", color=gray, fontcolor=gray];
            "semver" [label="semver\n0.2.0, unavailable", style="rounded,dashed", color=gray, fontcolor=gray];
            "shop" -> "auth";
            "shop" -> "catalog";
        }
    "#]],
    );
    let answer = json(&example(), &["graph", "--all"], 0);
    let nodes = answer["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 6);
    assert_eq!(
        answer["edges"][0],
        serde_json::json!({ "from": "shop", "to": "auth", "written": "auth" })
    );

    let svg = Run::of(&mut plugo(&example(), &["graph", "--format", "svg"])).ok().stdout;
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("<title>Plugins of web-plugins</title>"));
    assert!(svg.contains("<title>shop depends on catalog &gt;=1.2</title>"), "names are escaped");
    assert!(!svg.contains("semver"), "it is not in the build");
}

/// Which clients the files and features of `clients` are right for.
fn with_clients() -> Project {
    ready(
        app()
            .optional_plugin("blog", "")
            .optional_plugin("shop", r#"{ "dependencies": ["auth"], "conflicts": ["old"] }"#)
            .optional_plugin("auth", "")
            .optional_plugin("old", "")
            .features("# one for each client\nclient-acme = [\n    \"blog\", # for all\n]\nclient-zeta = [\"blog\"]")
            .client("acme", &["blog", "shop"])
            .client("zeta", &["blog"]),
    )
}

#[test]
fn check_finds_what_each_build_would_be_refused_for() {
    let project = with_clients().client("both", &["shop", "old"]).client("typo", &["blgo"]);
    let refused = run(&project, &["check"]);
    assert_eq!(refused.code, Some(1));
    expect![[r#"
        build    plugins  result
        default           refused
        acme              refused
        both              refused
        typo              refused
        zeta              refused
    "#]]
    .assert_eq(&refused.stdout);
    expect![[r#"
        error: [client-feature] the feature `client-acme` and the file of the client `acme` differ
          --> Cargo.toml:21:1
          note: the file needs `auth` and `shop`, which the feature leaves off
          note: `plugo check --fix` writes it
          help: write `client-acme = ["blog", "auth", "shop"]` in [features]
        error: [client-feature] the client `both` has no feature `client-both`
          --> Cargo.toml
          note: `plugo check --fix` writes it
          help: write `client-both = ["auth", "old", "shop"]` in [features]
        error: [unknown-plugin] no plugin is named `blgo`
          --> clients/typo.json:3:15
          help: did you mean `blog`? the known plugins are `auth`, `blog`, `old` and `shop`
        error: [conflict] `shop` and `old` exclude each other, and both are in the build
          --> plugins/shop/metadata.json:1:43
          note: `shop` is in the build because of client: clients/both.json:3:15
          note: `old` is in the build because of client: clients/both.json:4:15
          note: in the build for both
          help: leave one of the two out of the selection
        error: 5 of 5 builds are refused
    "#]]
    .assert_eq(&refused.stderr);
    let answer = json(project.dir(), &["check"], 1);
    let conflict = answer["problems"].as_array().unwrap().iter().find(|p| p["code"] == "conflict");
    assert_eq!(conflict.unwrap()["builds"], serde_json::json!(["both"]));
    assert_eq!(conflict.unwrap()["line"], 1);

    let unknown = run(&project, &["check", "--client", "acm"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""));
    assert!(unknown.stderr.contains("did you mean `acme`?"), "{}", unknown.stderr);
    check(
        &example(),
        &["check"],
        expect![[r#"
        build    plugins  result
        default        5  fine
        acme           4  fine
        zeta           2  fine
    "#]],
    );
}

#[test]
fn check_says_what_no_build_can_read_and_what_cargo_has_against_it() {
    let project = with_clients().file("clients/zeta.json", "{");
    let refused = run(&project, &["check"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("[malformed-json]"), "{}", refused.stderr);
    json(project.dir(), &["check"], 1);
    // A dependency that the lock file lacks.
    let project = with_clients().client("acme", &["blog"]);
    let manifest = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let project = project
        .file("vendor/new/Cargo.toml", self::manifest("new"))
        .file("vendor/new/src/lib.rs", "")
        .file(
            "Cargo.toml",
            manifest
                .replace("[dependencies]\n", "[dependencies]\nnew = { path = \"vendor/new\" }\n"),
        );
    let refused = run(&project, &["check"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("[missing-lock-file]"), "{}", refused.stderr);
}

#[test]
fn check_fix_writes_the_features_and_nothing_else() {
    let project = with_clients();
    let path = project.dir().join("Cargo.toml");
    let before = fs::read_to_string(&path).unwrap();
    let dry = run(&project, &["check", "--fix", "--dry-run"]);
    assert_eq!(dry.code, Some(1), "something is wrong still");
    assert!(dry.stderr.contains("nothing was written"), "{}", dry.stderr);
    expect![[r#"
        --- a/Cargo.toml
        +++ b/Cargo.toml
        @@ -19,7 +19,9 @@
         old = ["dep:old"]
         # one for each client
         client-acme = [
        +    "auth",
             "blog", # for all
        +    "shop",
         ]
         client-zeta = ["blog"]

    "#]]
    .assert_eq(&dry.stdout.replace("\n \n", "\n\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    let answer = json(project.dir(), &["check", "--fix", "--dry-run"], 1);
    assert_eq!(answer["would_fix"], serde_json::json!(["client-acme"]));
    assert_eq!(fs::read_to_string(&path).unwrap(), before);

    // Another client's features are left alone.
    run(&project, &["check", "--fix", "--client", "zeta"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);

    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        || fs::metadata(&path).unwrap().permissions().mode() & 0o777
    };
    let fixed = run(&project, &["check", "--fix"]).ok();
    #[cfg(unix)]
    assert_eq!(mode(), 0o600, "who may read a file stays as it is");
    assert!(fixed.stderr.contains("Fixed client-acme in Cargo.toml"), "{}", fixed.stderr);
    let after = before.replace(
        "    \"blog\", # for all\n",
        "    \"auth\",\n    \"blog\", # for all\n    \"shop\",\n",
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
    let again = run(&project, &["check", "--fix"]).ok();
    assert!(!again.stderr.contains("Fixed"), "{}", again.stderr);
}

#[test]
fn a_feature_that_is_wrong_is_one_error_and_not_one_for_each_plugin() {
    let optional =
        |name: &str| format!("{name} = {{ path = \"plugins/{name}\", optional = true }}");
    let project = ready(
        app()
            .loose_plugin("saw", "")
            .loose_plugin("file", "")
            .dependencies(&optional("saw"))
            .dependencies(&optional("file"))
            // One feature for both, so that a client names the crate.
            .features("tools = [\"dep:saw\", \"dep:file\"]\nclient-acme = []")
            .client("acme", &["saw"]),
    );
    let answer = json(project.dir(), &["check"], 1);
    let codes: Vec<&str> = answer["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["client-feature"]);
    let answer = json(project.dir(), &["check", "--fix"], 0);
    assert_eq!(answer["fixed"], serde_json::json!(["client-acme"]));
    let manifest = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("client-acme = [\"dep:saw\"]"), "{manifest}");
}

#[test]
#[cfg(unix)]
fn check_fix_writes_through_a_link() {
    let project = with_clients();
    let (link, real) = (project.dir().join("Cargo.toml"), project.dir().join("real.toml"));
    fs::rename(&link, &real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    run(&project, &["check", "--fix"]).ok();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("\"shop\",\n]"));
}

#[test]
fn check_fix_claims_nothing_that_it_cannot_mend() {
    let project = with_clients().client("acme", &["blgo"]);
    let before = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let refused = run(&project, &["check", "--fix"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("[unknown-plugin]"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("Fixed"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(project.dir().join("Cargo.toml")).unwrap(), before);
    let wrong = run(&project, &["check", "--dry-run"]);
    assert_eq!(wrong.code, Some(2), "there is nothing to run dry without `--fix`");
}

#[test]
fn doctor_says_what_is_unused_slow_or_wrong() {
    let project = with_clients().client("acme", &["blog"]).loose_plugin("forgotten", "");
    let mut doctor = plugo(project.dir(), &["doctor"]);
    doctor.env("PLUGO_MANIFEST_DIR", "dist").env_remove("CARGO_PROFILE_DEV_DEBUG");
    let said = with(&mut doctor, "ENABLED_PLUGINS", "auth");
    // The default build has no feature on.
    assert_eq!(said.code, Some(1));
    expect![[r#"
        wrong: [refused-build] the default build is refused, with 1 problem
          help: run `plugo check`, which names them
        note: [environment-selects] ENABLED_PLUGINS is set: whenever it changes, the build script runs again and the app is compiled
          help: select with cargo features, which are built once each: a client, or `--features`
        note: [debug-information] rebuilds write full debug information: no [profile.dev] says otherwise
          help: write `debug = "line-tables-only"` to [profile.dev] of the workspace's Cargo.toml, unless you use a debugger
        note: [unused-plugin-crate] the plugin crate `plugins/forgotten` is no dependency of the app, so no build has it
          help: make it a dependency, or remove the folder
        note: [unused-plugin-crate] no build has the plugins of the crate `plugins/old`
          help: enable them in the config file or for a client, or remove the crate
        note: [unused-plugin-crate] no build has the plugins of the crate `plugins/shop`
          help: enable them in the config file or for a client, or remove the crate
        note: [in-no-client] no client gets `auth`, which the default build has
          help: enable for a client what it should get; what is for development may stay as it is
        note: [manifest-folder] PLUGO_MANIFEST_DIR is `dist`, and not what the settings say: builds with and without it run the build script in turn
          help: set `manifest-dir` in [package.metadata.plugo], and unset the variable
    "#]].assert_eq(&said.stdout);
    let answer = json(project.dir(), &["doctor"], 0);
    assert_eq!(answer["wrong"], false);
}

#[test]
fn doctor_is_content_with_the_example_and_names_what_is_twice_in_it() {
    let answer = json(&example(), &["doctor"], 0);
    let notes = answer["notes"].as_array().unwrap();
    let duplicate = notes.iter().find(|note| note["code"] == "duplicate-crate").unwrap();
    assert!(duplicate["message"].as_str().unwrap().contains("`heck`"), "{duplicate}");
}

#[test]
fn the_schema_of_doctor_has_every_kind_of_note() {
    let folder = repository().join("plugo-cli/src/doctor");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.chain([repository().join("plugo-cli/src/doctor.rs")]);
    let source: String = files.map(|path| fs::read_to_string(path).unwrap()).collect();
    let made = source.split("Note::new(").chain(source.split("Note::wrong(")).skip(1);
    let codes: BTreeSet<&str> = made
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .filter(|code| code.contains('-'))
        .collect();
    let schema = repository().join("plugo-cli/schemas/doctor.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let listed = &schema["properties"]["notes"]["items"]["properties"]["code"]["enum"];
    let listed: BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(codes, listed);
}

#[test]
fn doctor_looks_at_rust_and_makes_no_lock_file() {
    let project = ready(app());
    let manifest = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let project = project.file(
        "Cargo.toml",
        manifest.replace("edition = \"2024\"", "edition = \"2024\"\nrust-version = \"1.999\"")
            + "[profile.dev]\ndebug = \"line-tables-only\"\n",
    );
    fs::remove_file(project.dir().join("Cargo.lock")).unwrap();
    let answer = json(project.dir(), &["doctor"], 1);
    let codes: Vec<&str> =
        answer["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["rust-version", "no-lock-file"], "what is wrong comes first");
    assert!(!project.dir().join("Cargo.lock").exists());
}
