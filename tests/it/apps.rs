//! Whole apps, built by Cargo outside of this repository.

use std::fs;
use std::path::PathBuf;

use tests::{Project, Run, cargo, plugo, shared_target};

fn binary(profile: &str, name: &str) -> PathBuf {
    shared_target().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn contains(binary: &PathBuf, text: &str) -> bool {
    let bytes = fs::read(binary).expect("a binary");
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Every way to write a plugin that the documentation promises.
fn every_kind() -> Project {
    let macro_made = r#"
macro_rules! made {
    ($init:ident, $name:literal) => {
        #[plugo::plugin(name = $name)]
        pub fn $init(log: &mut Vec<String>) {
            log.push(concat!($name, "-was-here").into());
        }
    };
}
made!(red, "made-red");
made!(init, "made-blue");
"#;
    let renamed = "#[plug_in::plugin(name = \"renamed\")]\n\
        async fn init_plugin(log: &mut Vec<String>) -> Result<(), Box<dyn std::error::Error>> {\n    \
            log.push(\"renamed-was-here\".into());\n    \
            Ok(())\n\
        }\n";
    let safe = r#"
#![forbid(unsafe_code)]
#[plugo::plugin(name = "safe")]
fn init_plugin(log: &mut Vec<String>, missing: Option<&u8>) {
    assert!(missing.is_none());
    assert!(std::env::var_os("FAIL").is_none(), "told to fail");
    log.push("safe-was-here".into());
}
"#;
    let several = r#"
#![forbid(unsafe_code)]
#[plugo::plugin(name = "s3")]
fn s3(log: &mut Vec<String>) {
    log.push("s3-was-here, in a text that is too long for registers".into());
}
mod inner {
    #[plugo::plugin(name = "dynamodb")]
    pub fn dynamodb(log: &mut Vec<String>) {
        log.push("dynamodb-was-here, in a text that is too long for registers".into());
    }
}
"#;
    let app = r#"
#![forbid(unsafe_code)]
plugo::plugins!();

#[plugo::plugin(name = "own", priority = 1)]
fn arguments(log: &mut Vec<String>) {
    log.push("own-was-here".into());
}

fn main() {
    let mut log: Vec<String> = Vec::new();
    let report = {
        let loading = std::pin::pin!(plugo::load_plugins_async(plugo::kwargs! { log: &mut log }));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(report) = loading.poll(&mut context) else { panic!() };
        report
    };
    println!("{report}");
    println!("{}", log.join(" "));
    for name in ["own", "s3", "made-red"] {
        println!("{}", PLUGINS.get(name).unwrap().place());
    }
}
"#;
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}")
    };
    let plugo = Project::crate_at("plugo");
    let renaming = plugo.replacen('{', "{ package = \"plugo\",", 1);
    Project::buildable("every-kind")
        .plugin_crate("safe", "", safe)
        .plugin_crate("renamed", "", renamed)
        .file(
            "plugins/renamed/Cargo.toml",
            manifest("every-kind-renamed", &format!("[dependencies]\nplug-in = {renaming}\n")),
        )
        .plugin_crate(
            "several",
            "[[package.metadata.plugo.plugins]]\nname = \"s3\"\ndependencies = [\"safe\"]\n",
            several,
        )
        .file(
            "plugins/made/Cargo.toml",
            manifest(
                "every-kind-made",
                &format!(
                    "[dependencies]\nplugo = {plugo}\n\
                     [[package.metadata.plugo.plugins]]\nname = \"made-red\"\npriority = -5\n\
                     [[package.metadata.plugo.plugins]]\nname = \"made-blue\"\n"
                ),
            ),
        )
        .file("plugins/made/src/lib.rs", macro_made)
        .dependencies("made = { package = \"every-kind-made\", path = \"plugins/made\" }")
        .file("src/main.rs", app)
        .config(&["safe", "renamed", "s3", "made-red", "made-blue", "own"])
}

#[test]
fn every_kind_of_plugin_loads_in_the_planned_order_in_every_profile() {
    let project = every_kind().file(
        ".cargo/config.toml",
        "[profile.fat]\ninherits = \"release\"\nlto = \"fat\"\ncodegen-units = 1\nstrip = true\n",
    );
    let expected = "6 of 6 plugins loaded\n  \
                      made-red   1.0.0  loaded\n  \
                      made-blue  1.0.0  loaded\n  \
                      renamed    1.0.0  loaded\n  \
                      safe       1.0.0  loaded\n  \
                      s3         1.0.0  loaded\n  \
                      own        1.0.0  loaded\n\
                    made-red-was-here made-blue-was-here renamed-was-here safe-was-here s3-was-here, in a text that is too long for registers own-was-here\n\
                    src/main.rs:5:1\nplugins/several/src/lib.rs:3:1\nplugins/made/Cargo.toml:8:8\n";
    for (profile, folder) in [("dev", "debug"), ("fat", "fat")] {
        let run = Run::of(&mut cargo(project.dir(), &["run", "--profile", profile])).ok();
        assert_eq!(run.stdout, expected, "{profile}");
        // `dynamodb` shares a crate with `s3`, and was not planned.
        let binary = binary(folder, "every-kind");
        assert!(contains(&binary, "s3-was-here"), "{profile}");
        assert!(!contains(&binary, "dynamodb-was-here"), "{profile}");
        // The file tells the same, by the marks of the entry points.
        let file = binary.to_str().unwrap();
        let inspect = Run::of(&mut plugo(project.dir(), &["inspect", file, "--format", "json"]));
        let inspected: serde_json::Value = serde_json::from_str(&inspect.ok().stdout).unwrap();
        let plugins = inspected["plugins"].as_array().unwrap();
        let linked = plugins.iter().filter(|plugin| plugin["linked"] == true);
        let mut names: Vec<&str> = linked.filter_map(|plugin| plugin["name"].as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["made-blue", "made-red", "own", "renamed", "s3", "safe"], "{profile}");
    }
    // Debug information names what was compiled; without it nothing is left.
    assert!(!contains(&binary("fat", "every-kind"), "dynamodb"));
    let disabled = Run::of(
        cargo(project.dir(), &["run"])
            .env("DISABLED_PLUGINS", "safe, mad-red")
            .current_dir(project.dir()),
    )
    .ok();
    assert_eq!(
        disabled.stdout,
        "4 of 6 plugins loaded\n  \
           made-red   1.0.0  loaded\n  \
           made-blue  1.0.0  loaded\n  \
           renamed    1.0.0  loaded\n  \
           safe       1.0.0  disabled by DISABLED_PLUGINS\n  \
           s3         1.0.0  skipped: it depends on `safe`, which is disabled\n  \
           own        1.0.0  loaded\n\
         warning: DISABLED_PLUGINS names `mad-red`, which this program does not contain; did you mean `made-red`?\n\
         made-red-was-here made-blue-was-here renamed-was-here own-was-here\n\
         src/main.rs:5:1\nplugins/several/src/lib.rs:3:1\nplugins/made/Cargo.toml:8:8\n"
    );
    let failed = Run::of(cargo(project.dir(), &["run"]).env("FAIL", "1")).ok();
    assert_eq!(
        failed.stdout,
        "4 of 6 plugins loaded\n  \
           made-red   1.0.0  loaded\n  \
           made-blue  1.0.0  loaded\n  \
           renamed    1.0.0  loaded\n  \
           safe       1.0.0  failed: it panicked: told to fail\n  \
           s3         1.0.0  skipped: it depends on `safe`, which did not load\n  \
           own        1.0.0  loaded\n\
         made-red-was-here made-blue-was-here renamed-was-here own-was-here\n\
         src/main.rs:5:1\nplugins/several/src/lib.rs:3:1\nplugins/made/Cargo.toml:8:8\n"
    );
}

#[test]
fn the_build_script_reruns_when_something_it_read_changes_and_never_otherwise() {
    let name = "reruns";
    let built = |project: &Project| {
        let run = Run::of(&mut cargo(project.dir(), &["build"])).ok();
        run.compiled().contains(&name)
    };
    let settles = |project: &Project, what: &str| {
        assert!(built(project), "{what} changes the build");
        assert!(!built(project), "a second build after {what} compiles nothing");
    };
    let project = Project::fresh(name)
        .file("src/main.rs", "plugo::plugins!();\nfn main() { println!(\"{}\", PLUGINS.len()); }\n")
        .plugin_crate("one", "", "#[plugo::plugin(name = \"one\")] fn init_plugin() {}\n")
        .features("client-acme = []");
    let project = project.client("acme", &["one"]);
    settles(&project, "the first build");

    let project = project.file("README.md", "Nothing that is read.");
    assert!(!built(&project), "a file that nobody reads changes nothing");

    let project = project.file("plugins_config.json", "{ \"plugins\": [] }");
    settles(&project, "a config that appears");
    let run = Run::of(&mut cargo(project.dir(), &["run", "-q"])).ok();
    assert_eq!(run.stdout, "0\n");

    let project =
        project.file("plugins/two/metadata.json", "{ \"description\": \"not a crate yet\" }");
    settles(&project, "a folder that appears in the plugin directory");
    fs::remove_dir_all(project.dir().join("plugins/two")).unwrap();
    settles(&project, "a folder that disappears from the plugin directory");

    let project = project.features("client-zeta = []");
    settles(&project, "a feature that is added");
    let project = project.file("clients/zeta.json", "{ \"plugins\": [] }");
    settles(&project, "a client that is added");

    fs::remove_file(project.dir().join("plugins_config.json")).unwrap();
    settles(&project, "a config that disappears");
    let run = Run::of(&mut cargo(project.dir(), &["run", "-q"])).ok();
    assert_eq!(run.stdout, "1\n");

    let enabled = |value: &str| {
        let mut command = cargo(project.dir(), &["build"]);
        Run::of(command.env("ENABLED_PLUGINS", value)).ok().compiled().contains(&name)
    };
    assert!(enabled("one") && !enabled("one"), "the variable");
}

#[test]
fn a_copy_of_the_manifest_is_that_of_the_last_build() {
    let project = Project::buildable("copies")
        .file(
            "src/main.rs",
            "plugo::plugins!();\nfn main() { print!(\"{}\", plugo::manifest!()); }\n",
        )
        .settings("manifest-dir = \"dist\"")
        .features("x = []");
    let copy = project.dir().join("dist/plugo-manifest.json");
    for args in [&["run"][..], &["run", "--features", "x"], &["run"]] {
        let run = Run::of(&mut cargo(project.dir(), args)).ok();
        assert_eq!(run.stdout, fs::read_to_string(&copy).unwrap(), "{args:?}");
        let again = Run::of(&mut cargo(project.dir(), args)).ok();
        assert_eq!(again.compiled(), [""; 0], "{args:?}");
    }
    fs::remove_dir_all(project.dir().join("dist")).unwrap();
    Run::of(&mut cargo(project.dir(), &["build"])).ok();
    assert!(copy.exists(), "a copy that was deleted is made again");
}

#[test]
fn a_namespace_a_keyword_and_a_colon_survive_the_way_into_the_table() {
    let project = Project::buildable("odd-names")
        .file(
            "src/main.rs",
            "plugo::plugins!();\n\
             fn main() {\n\
                 for plugin in &PLUGINS { println!(\"{:?}\", plugin.authors().collect::<Vec<_>>()); }\n\
                 println!(\"{}\", plugo::load_namespace(\"pages\", plugo::kwargs! {}));\n\
             }\n",
        )
        .file(
            "plugins/async/Cargo.toml",
            format!(
                "[package]\nname = \"odd-names-async\"\nversion = \"1.0.0+build.1\"\nedition = \"2024\"\n\
                 authors = [\"Team: Core\", \"B\"]\n[lib]\nname = \"async\"\n\
                 [dependencies]\nplugo = {}\n",
                Project::crate_at("plugo")
            ),
        )
        .file(
            "plugins/async/src/lib.rs",
            "#[plugo::plugin(name = \"loop\", namespace = \"pages\")]\nfn arguments() {}\n",
        )
        .dependencies("odd-names-async = { path = \"plugins/async\" }");
    let run = Run::of(&mut cargo(project.dir(), &["run"])).ok();
    let report = "1 of 1 plugin loaded in namespace `pages`\n  loop  1.0.0+build.1  loaded\n";
    assert_eq!(run.stdout, format!("[\"Team: Core\", \"B\"]\n{report}"));
    let disabled = |value: &str| {
        Run::of(cargo(project.dir(), &["run"]).env("DISABLED_PLUGINS", value)).ok().stdout
    };
    assert!(disabled("pages/loop").contains("disabled by DISABLED_PLUGINS"));
    assert!(disabled("loop").contains("1 of 1 plugin loaded"), "another namespace's");
}

#[test]
fn a_build_that_is_refused_fails_with_every_message_and_mends() {
    let project = Project::buildable("refused")
        .file("src/main.rs", "plugo::plugins!();\nfn main() {}\n")
        .plugin_crate("blog", "", "#[plugo::plugin(name = \"blog\")] fn init_plugin() {}\n")
        .config(&["blgo", "auth"]);
    let run = Run::of(&mut cargo(project.dir(), &["build"]));
    assert!(!run.success);
    for line in [
        "error: refused@1.0.0: [unknown-plugin] no plugin is named `auth`\n",
        "error: refused@1.0.0: [unknown-plugin] no plugin is named `blgo`\n",
        "error: refused@1.0.0:   --> plugins_config.json:3:15\n",
        "error: refused@1.0.0:   help: did you mean `blog`? the known plugins are `blog`\n",
    ] {
        assert!(run.stderr.contains(line), "{line}\n{}", run.stderr);
    }
    let project = project.config(&["blog"]);
    Run::of(&mut cargo(project.dir(), &["build"])).ok();
}

/// Plugins made by a macro, so that the source does not say their names.
fn made(names: &[&str]) -> String {
    let calls: String =
        names.iter().enumerate().map(|(i, name)| format!("made!(init{i}, {name:?});\n")).collect();
    format!(
        "macro_rules! made {{\n    ($init:ident, $name:literal) => {{\n        \
         #[plugo::plugin(name = $name)]\n        \
         pub fn $init() {{ println!(\"{{}} of {{}}\", $name, module_path!()); }}\n    }};\n}}\n{calls}"
    )
}

#[test]
fn what_the_plan_cannot_see_the_linker_decides() {
    let named = |name: &str| format!("[package.metadata.plugo]\nname = {name:?}\n");
    let project = Project::buildable("linker")
        .file("src/main.rs", "plugo::plugins!();\nfn main() { PLUGINS.load(plugo::kwargs! {}).into_result().unwrap(); }\n")
        .plugin_crate("one", &named("missing"), &made(&["other"]));
    let run = Run::of(&mut cargo(project.dir(), &["build"]));
    assert!(
        !run.success && run.stderr.contains("linker-one.1.0.0.plugins.missing"),
        "{}",
        run.stderr
    );

    // `two` has a `same` that nobody planned; it cannot stand in for the one that was.
    let project = project
        .plugin_crate("two", &named("second"), &made(&["second", "same"]))
        .plugin_crate("one", &named("same"), &made(&["same"]));
    let run = Run::of(&mut cargo(project.dir(), &["run"])).ok();
    assert_eq!(run.stdout, "same of linker_one\nsecond of linker_two\n");

    let project = project.plugin_crate("one", &named("same"), &made(&["same", "same"]));
    let run = Run::of(&mut cargo(project.dir(), &["build"]));
    assert!(!run.success && run.stderr.contains("is already defined"), "{}", run.stderr);
}

#[test]
fn a_syntax_error_in_a_plugin_is_the_compilers_to_tell() {
    let project = Project::buildable("syntax")
        .file("src/main.rs", "plugo::plugins!();\nfn main() {}\n")
        .plugin_crate(
            "broken",
            "",
            "#[plugo::plugin(name = \"broken\")] fn init_plugin() { let x = ; }\n",
        );
    let run = Run::of(&mut cargo(project.dir(), &["build"]));
    assert!(
        !run.success && run.stderr.contains("expected expression, found `;`"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_a_build_script_the_macro_says_what_to_do() {
    let project = Project::buildable("no-script");
    fs::remove_file(project.dir().join("build.rs")).unwrap();
    let project =
        project.file("src/main.rs", "plugo::plugins!();\nfn main() {}\n").dependencies("");
    let run = Run::of(&mut cargo(project.dir(), &["check"]));
    assert!(!run.success);
    assert!(
        run.stderr.contains("write `fn main() { plugo_build::build() }` in build.rs"),
        "{}",
        run.stderr
    );
}

#[test]
fn linkme_and_no_collection_at_all_work_too() {
    let source = "plugo::plugins!();\n\
         #[plugo::plugin(name = \"one\")] fn init_plugin() {}\n\
         fn main() {\n\
             println!(\"{}\", plugo::tables().len());\n\
             println!(\"{}\", PLUGINS.load(plugo::kwargs! {}));\n\
             println!(\"{}\", plugo::load_plugins(plugo::kwargs! {}));\n\
         }\n";
    let project = Project::buildable("collections")
        .file("src/main.rs", source)
        .features("linkme = [\"plugo/linkme\"]");
    let loaded = "1 of 1 plugin loaded\n  one  1.0.0  loaded\n";
    let run = Run::of(&mut cargo(project.dir(), &["run", "--features", "linkme"])).ok();
    assert_eq!(run.stdout, format!("1\n{loaded}{loaded}"));
    let manifest = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let bare = manifest.replace("plugo = { path", "plugo = { default-features = false, path");
    let project = project.file("Cargo.toml", bare);
    let run = Run::of(&mut cargo(project.dir(), &["run"])).ok();
    assert!(
        run.stdout.starts_with(&format!("0\n{loaded}warning: this program has no table")),
        "{}",
        run.stdout
    );
}

#[test]
fn two_versions_of_the_core_are_refused_by_cargo() {
    let copy =
        |name: &str| fs::read_to_string(tests::repository().join("plugo-core").join(name)).unwrap();
    let old = copy("Cargo.toml")
        .replace("rust-version.workspace = true", "")
        .replace("version.workspace = true", "version = \"0.0.9\"")
        .replace("edition.workspace = true", "edition = \"2024\"")
        .replace("license.workspace = true", "")
        .replace("[lints]\nworkspace = true", "");
    let project = Project::buildable("two-cores")
        .lagging()
        .file("old-core/Cargo.toml", old)
        .file("old-core/build.rs", copy("build.rs"))
        .file("old-core/src/lib.rs", "")
        .dependencies("old-core = { path = \"old-core\", package = \"plugo-core\" }");
    let run = Run::of(&mut cargo(project.dir(), &["check"]));
    assert!(!run.success);
    assert!(run.stderr.contains("links to the native library `plugo-core`"), "{}", run.stderr);
}
