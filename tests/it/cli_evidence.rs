//! `plugo manifest` and `plugo sbom`, the manifest that is handed over to the
//! build script, and what is laid into programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect;
use object::{Object as _, ObjectSection as _};
use plugo_build::{Builder, Built, Directive, Environment, Error};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Project, Run, cargo, plugo, repository, shared_target};

use crate::manifest::{self, host, locked, names, package};

const CLIENTS: [(&str, &[&str]); 2] = [
    ("acme", &["auth", "blog", "catalog", "client-acme", "shop"]),
    ("zeta", &["catalog", "client-zeta", "semver"]),
];

fn example() -> PathBuf {
    repository().join("examples/web-plugins")
}

/// What a command answers.
fn answer(dir: &Path, args: &[&str]) -> String {
    let mut plugo = plugo(dir, args);
    Run::of(plugo.env_remove("SOURCE_DATE_EPOCH")).ok().stdout
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// An entry of a list, by its name.
fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let found = list.as_array().expect("a list").iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list:#}"))
}

#[test]
fn both_ways_agree_on_the_crates_of_each_client() {
    for (client, features) in CLIENTS {
        let exact = json_of(&answer(&example(), &["manifest", "--client", client]));
        crate::schemas::assert_manifest(&exact);
        let built = manifest::json(&manifest::example("web-plugins", features));
        for key in ["app", "client", "differences", "duplicates", "features", "format", "target"] {
            assert_eq!(exact[key], built[key], "{client}: {key}");
        }
        let same = [
            "build_features",
            "checksum",
            "dependencies",
            "features",
            "name",
            "role",
            "source",
            "version",
        ];
        let crates = |manifest: &Value| -> Vec<Value> {
            let crates = manifest["crates"].as_array().unwrap().iter();
            crates.map(|krate| same.iter().map(|&key| krate[key].clone()).collect()).collect()
        };
        assert_eq!(crates(&exact), crates(&built), "{client}");
        let keys = |manifest: &Value| -> BTreeSet<String> {
            manifest["crates"][0].as_object().unwrap().keys().cloned().collect()
        };
        let more: Vec<String> = keys(&exact).difference(&keys(&built)).cloned().collect();
        assert_eq!(more, ["build_script", "features_added_by", "links", "only_because_of", "purl"]);
        let plugins = |manifest: &Value| manifest["plugins"].clone();
        assert_eq!(plugins(&exact), plugins(&built), "{client}");
        let way = |manifest: &Value| manifest["made_by"]["way"].clone();
        assert_eq!((way(&exact), way(&built)), (json!("command-line"), json!("build-script")));
        assert_eq!(exact["verified"], json!(false));
    }
}

/// Two plugins that share a crate. What `blog` switches on in it brings
/// `extra`; a walk through the graph of both would put it down to `shop` too.
fn two_plugins(mut project: Project) -> Project {
    let name = project.name().to_owned();
    let plugin = |plugin: &str, rest: &str| {
        let plugo = format!("plugo = {}\n", Project::crate_at("plugo"));
        package(&format!("{name}-{plugin}"), "1.0.0", &(plugo + rest))
    };
    let shared = "extra = { path = \"../extra\", optional = true }\n\
                  [features]\nfast = []\nmore = [\"dep:extra\"]\n";
    for (plugin_name, rest) in [
        ("blog", "shared = { path = \"../../libs/shared\", features = [\"more\"] }\n"),
        ("shop", "shared = { path = \"../../libs/shared\" }\n"),
    ] {
        let source =
            format!("#[plugo::plugin(name = {plugin_name:?})]\npub fn init_plugin() {{}}\n");
        let path = format!("plugins/{plugin_name}");
        project = project
            .file(&format!("{path}/Cargo.toml"), plugin(plugin_name, rest))
            .file(&format!("{path}/src/lib.rs"), source)
            .dependencies(&format!(
                "{name}-{plugin_name} = {{ path = \"{path}\", optional = true }}"
            ));
    }
    project
        .file("libs/shared/Cargo.toml", package("shared", "1.2.0", shared))
        .file("libs/shared/src/lib.rs", "")
        .file("libs/extra/Cargo.toml", package("extra", "0.1.0", ""))
        .file("libs/extra/src/lib.rs", "")
        .dependencies("shared = { path = \"libs/shared\", optional = true }")
        .features(&format!(
            "blog = [\"dep:{name}-blog\"]\n\
             shop = [\"dep:{name}-shop\", \"shared?/fast\"]\n\
             client-acme = [\"blog\", \"shop\"]\n\
             client-zeta = [\"shop\"]"
        ))
        .client("acme", &["blog", "shop"])
        .client("zeta", &["shop"])
}

#[test]
fn a_crate_is_put_down_to_the_plugin_that_brings_it_and_to_no_other() {
    // What the repository patches is no package of the registry either.
    let project = two_plugins(Project::buildable("attributed"))
        .file("libs/itoa/Cargo.toml", package("itoa", "1.99.0", ""))
        .file("libs/itoa/src/lib.rs", "")
        .dependencies("itoa = \"1\"");
    let text = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let patch = "[patch.crates-io]\nitoa = { path = \"libs/itoa\" }\n";
    let project = project.file("Cargo.toml", text + patch);
    Run::of(&mut cargo(project.dir(), &["update", "itoa", "--offline"])).ok();
    let manifest = json_of(&answer(project.dir(), &["manifest", "--client", "acme"]));
    let crates = &manifest["crates"];
    let of = |name: &str| {
        let krate = named(crates, name);
        let plugins = |key: &str| krate[key].to_string();
        (plugins("needed_by"), plugins("only_because_of"), plugins("features_added_by"))
    };
    let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(of("extra"), owned(r#"["blog"]"#, r#"["blog"]"#, "{}"));
    assert_eq!(of("shared"), owned(r#"["blog","shop"]"#, "[]", r#"{"blog":["more"]}"#));
    assert_eq!(of("attributed-shop"), owned(r#"["shop"]"#, r#"["shop"]"#, "{}"));
    assert_eq!(of("plugo-core"), owned(r#"["blog","shop"]"#, "[]", "{}"));
    assert_eq!(named(crates, "plugo-core")["needed_by_app"], json!(true));
    assert_eq!(named(crates, "extra")["needed_by_app"], json!(false));
    assert_eq!(named(crates, "plugo-core")["links"], json!("plugo-core"));
    // What is said of a crate elsewhere is from the same evidence.
    let licenses = ["licenses", "--client", "acme", "--format", "json"];
    let licenses = json_of(&answer(project.dir(), &licenses));
    assert_eq!(named(&licenses["crates"], "extra")["needed_by"], json!(["blog"]));
    // A folder is not the package of the registry that has its name.
    for local in ["shared", "itoa"] {
        assert_eq!(named(crates, local)["purl"], Value::Null);
        assert_eq!(named(crates, local)["checksum"], Value::Null);
    }
    let registry = named(crates, "semver");
    let version = registry["version"].as_str().unwrap();
    assert_eq!(registry["purl"], json!(format!("pkg:cargo/semver@{version}")));
}

#[test]
fn documents_are_the_same_in_every_run_and_folder_and_say_no_time_and_no_path() {
    let [here, there] = [(); 2].map(|()| two_plugins(Project::fresh("twice")));
    let commands = [
        ["manifest", "--client", "acme"].as_slice(),
        &["sbom", "--client", "acme"],
        &["sbom", "--client", "acme", "--format", "spdx"],
    ];
    for args in commands {
        let document = answer(here.dir(), args);
        assert_eq!(document, answer(here.dir(), args), "{args:?}");
        assert_eq!(document, answer(there.dir(), args), "{args:?}");
        for path in [here.dir(), repository()] {
            assert!(!document.contains(&*path.to_string_lossy()), "{document}");
        }
        assert!(!document.contains("\"timestamp\""), "{document}");
        let zeta: Vec<&str> = args.iter().map(|&a| if a == "acme" { "zeta" } else { a }).collect();
        assert_ne!(document, answer(here.dir(), &zeta));
    }
    let created = |time: &str| {
        let mut plugo = plugo(here.dir(), commands[2]);
        let document = json_of(&Run::of(plugo.env("SOURCE_DATE_EPOCH", time)).ok().stdout);
        document["creationInfo"]["created"].clone()
    };
    assert_eq!(created("0"), json!("1970-01-01T00:00:00Z"));
    assert_eq!(created("1700000000"), json!("2023-11-14T22:13:20Z"));
    let mut wrong = plugo(here.dir(), commands[2]);
    let run = Run::of(wrong.env("SOURCE_DATE_EPOCH", "yesterday"));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("SOURCE_DATE_EPOCH"), "{}", run.stderr);
}

#[test]
fn boms_have_the_crates_of_the_manifest() {
    let manifest = json_of(&answer(&example(), &["manifest", "--client", "zeta"]));
    let cyclonedx = json_of(&answer(&example(), &["sbom", "--client", "zeta"]));
    let spdx = json_of(&answer(&example(), &["sbom", "--client", "zeta", "--format", "spdx"]));
    let all = names(&manifest["crates"]);
    let mut components = names(&cyclonedx["components"]);
    components.push("web-plugins");
    components.sort_unstable();
    assert_eq!(components, all);
    assert_eq!(names(&spdx["packages"]), all);
    let excluded = |name: &str| named(&cyclonedx["components"], name)["scope"].clone();
    assert_eq!(excluded("csv"), json!("required"));
    assert_eq!(excluded("plugo-build"), json!("excluded"));
    let references = cyclonedx["dependencies"].as_array().unwrap();
    let known: BTreeSet<&str> = references.iter().filter_map(|e| e["ref"].as_str()).collect();
    assert_eq!(known.len(), all.len());
    for to in references.iter().flat_map(|entry| entry["dependsOn"].as_array().unwrap()) {
        assert!(known.contains(to.as_str().unwrap()), "{to}");
    }
}

#[test]
fn a_committed_manifest_is_compared_and_the_difference_can_be_read() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("acme.json");
    let file = file.to_str().unwrap();
    let check = |args: &[&str]| Run::of(&mut plugo(&example(), args));
    check(&["manifest", "--client", "acme", "--output", file]).ok();
    check(&["manifest", "--client", "acme", "--check", file]).ok();
    // As `plugo build` leaves it.
    let mut verified = json_of(&fs::read_to_string(file).unwrap());
    verified["verified"] = json!(true);
    verified["crates"].as_array_mut().unwrap().iter_mut().for_each(|krate| {
        krate["native_libs"] = json!(["static=z"]);
    });
    crate::schemas::assert_manifest(&verified);
    fs::write(file, verified.to_string()).unwrap();
    check(&["manifest", "--client", "acme", "--check", file]).ok();
    let mut edited = verified.clone();
    edited["fingerprint"] = json!("sha256:00");
    let other = dir.path().join("edited.json");
    fs::write(&other, edited.to_string()).unwrap();
    let run = check(&["manifest", "--client", "acme", "--check", other.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("the fingerprint in"), "{}", run.stderr);
    let run = check(&["manifest", "--client", "zeta", "--check", file]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let plugins: Vec<&str> =
        run.stdout.lines().filter(|line| !line.starts_with("crate ")).collect();
    expect![[r#"
        client: "acme" -> "zeta"
        features: ["auth","blog","catalog","client-acme","shop"] -> ["catalog","client-zeta","semver"]
        plugin auth 1.0.0: removed
        plugin blog 0.3.0: removed
        plugin shop 2.1.0: removed
        plugin catalog: reasons [{"place":"shop","source":"dependency"}] -> [{"place":"examples/web-plugins/clients/zeta.json:3:19","source":"client"}]
        plugin semver 0.2.0: added"#]]
    .assert_eq(&plugins.join("\n"));
    for line in ["crate pulldown-cmark 0.13", "crate web-tools 0.2.0: added"] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
    let run = check(&["manifest", "--client", "acme", "--check", "nowhere.json"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

/// The example, planned as its build script would do it with a manifest that
/// was handed over.
fn with_manifest(features: &[&str], manifest: &Path, out: &Path) -> Result<Built, Error> {
    let mut environment = Environment::new(example(), out, host());
    environment.cargo = env!("CARGO").into();
    environment.features = features.iter().map(|&feature| feature.to_owned()).collect();
    environment.manifest = Some(manifest.to_owned());
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    environment.cargo_home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    Builder::new().environment(environment).run()
}

#[test]
fn the_build_script_takes_a_manifest_of_its_build_and_refuses_any_other() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let text = answer(&example(), &["manifest", "--client", "acme"]);
    let file = dir.path().join("manifest.json");
    fs::write(&file, &text).unwrap();
    let [(_, acme), (_, zeta)] = CLIENTS;

    let built = with_manifest(acme, &file, &out).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(built.manifest, text);
    assert_eq!(fs::read_to_string(out.join("plugo-manifest.json")).unwrap(), text);
    let table = fs::read_to_string(out.join("plugo-table.rs")).unwrap();
    assert!(table.contains(json_of(&text)["fingerprint"].as_str().unwrap()), "{table}");
    assert!(built.directives.contains(&Directive::RerunIfChanged(file.clone())));
    assert!(built.directives.contains(&Directive::RerunIfEnvChanged("PLUGO_MANIFEST")));

    let refused = |features| match with_manifest(features, &file, &out) {
        Err(Error::Refused(problems)) => {
            let [problem] = problems.as_slice() else { panic!("{problems:?}") };
            assert_eq!(problem.code.as_str(), "manifest-mismatch");
            problem.to_string().replace(&*dir.path().to_string_lossy(), "…")
        }
        other => panic!("{other:?}"),
    };
    expect![[r#"
        [manifest-mismatch] `PLUGO_MANIFEST` names a manifest that is not of this build: its client is `acme`, and this build's is `zeta`
          --> …/manifest.json
          note: its features are `auth`, `blog`, `catalog`, `client-acme`, `shop`, and this build's are `catalog`, `client-zeta`, `semver`
          note: its plugins are `blog 0.3.0`, `auth 1.0.0`, `catalog 1.2.0`, `shop 2.1.0`, and this build's are `catalog 1.2.0`, `semver 0.2.0`
          help: build with `plugo build`, which makes the manifest anew, or unset `PLUGO_MANIFEST`"#]]
    .assert_eq(&refused(zeta));

    let changed = |change: &dyn Fn(&mut Value), part: &str| {
        let mut document = json_of(&text);
        change(&mut document);
        fs::write(&file, document.to_string()).unwrap();
        let message = refused(acme);
        assert!(message.contains(part), "{message}");
    };
    changed(&|m| m["app"]["version"] = json!("9.9.9"), "`web-plugins 9.9.9`");
    changed(&|m| m["target"] = json!("wasm32-unknown-unknown"), "its target is `wasm32");
    changed(&|m| m["plugins"].as_array_mut().unwrap().swap(0, 1), "its plugins are `auth 1.0.0`");
    changed(&|m| m["plugins"][0]["version"] = json!("0.3.1"), "`blog 0.3.1`");
    changed(&|m| drop(m["crates"].as_array_mut().unwrap().remove(0)), "this build has are");
    changed(&|m| m["crates"][0]["license"] = json!("MIT"), "its fingerprint");
    changed(&|m| m["format"] = json!(2), "its format is 2");

    // An app may depend on another, whose build script is told of it too.
    let mut document = json_of(&text);
    document["app"]["name"] = json!("around");
    let crates = document["crates"].as_array_mut().unwrap();
    crates.iter_mut().find(|c| c["role"] == "app").unwrap()["role"] = json!("linked");
    fs::write(&file, document.to_string()).unwrap();
    let built = with_manifest(acme, &file, &out).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(manifest::json(&built)["made_by"]["way"], json!("build-script"));
}

/// What is in a section of a program.
pub(crate) fn section(file: &Path, name: &str) -> Option<Value> {
    let bytes = fs::read(file).expect("a program");
    let program = object::File::parse(&*bytes).expect("a program");
    let data = program.section_by_name(name)?.data().expect("a section").to_owned();
    let text = miniz_oxide::inflate::decompress_to_vec_zlib(&data).expect("zlib");
    Some(serde_json::from_slice(&text).expect("JSON"))
}

#[test]
fn a_stripped_program_says_which_plugins_and_crates_are_in_it() {
    let source = "#![forbid(unsafe_code)]\nplugo::plugins!();\n\
                  fn main() {\n    println!(\"{} {}\", PLUGINS.len(), PLUGINS.fingerprint());\n}\n";
    let profile =
        "[profile.fat]\ninherits = \"release\"\nlto = \"fat\"\ncodegen-units = 1\nstrip = true\n";
    let project = two_plugins(Project::buildable("embedded"))
        .file("src/main.rs", source)
        .file(".cargo/config.toml", profile);
    let manifest = project.dir().join("acme.json");
    let to = ["manifest", "--client", "acme", "--output", manifest.to_str().unwrap()];
    answer(project.dir(), &to);
    let build = |client: &str| {
        let features = format!("client-{client}");
        let args = ["build", "--profile", "fat", "--no-default-features", "--features", &features];
        let mut cargo = cargo(project.dir(), &args);
        if client == "acme" {
            cargo.env("PLUGO_MANIFEST", &manifest);
        }
        Run::of(&mut cargo).ok()
    };
    build("acme");
    let program =
        shared_target().join("fat").join(format!("embedded{}", std::env::consts::EXE_SUFFIX));
    let acme = json_of(&fs::read_to_string(&manifest).unwrap());

    let plan = section(&program, ".plugo0").expect("the plan");
    for key in ["app", "client", "features", "fingerprint", "target"] {
        assert_eq!(plan[key], acme[key], "{key}");
    }
    assert_eq!(plan["format"], json!(1));
    assert_eq!(names(&plan["plugins"]), ["blog", "shop"]);
    assert_eq!(plan["plugins"][0]["package"]["name"], json!("embedded-blog"));
    assert_eq!(names(&plan["crates"]), names(&acme["crates"]));
    assert_eq!(named(&plan["crates"], "extra")["plugins"], json!([0]));
    let run = Run::of(&mut std::process::Command::new(&program)).ok();
    assert_eq!(run.stdout.trim(), format!("2 {}", plan["fingerprint"].as_str().unwrap()));

    // As programs that know nothing of plugo read it.
    let limits = auditable_info::Limits::default();
    let info = auditable_info::audit_info_from_file(&program, limits).expect("the crates");
    let crates = info.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>();
    assert_eq!(crates, names(&acme["crates"]));
    let roots: Vec<&str> =
        info.packages.iter().filter(|p| p.root).map(|p| p.name.as_str()).collect();
    assert_eq!(roots, ["embedded"]);
    let dep = section(&program, ".dep-v0").expect("the crates");
    assert_eq!(dep["format"], json!(1));
    let extra = named(&dep["packages"], "extra");
    assert_eq!((&extra["source"], extra.get("kind")), (&json!("local"), None));
    assert_eq!(named(&dep["packages"], "plugo-build")["kind"], json!("build"));

    // Going to another client and back compiles nothing.
    build("zeta");
    assert_eq!(build("acme").compiled(), [""; 0]);
}

#[test]
fn cargo_auditable_writes_its_own_list_and_a_list_by_hand_embeds_nothing() {
    let project = locked(Project::new().plugin("blog", ""));
    let table = |auditable| {
        let mut environment = project.environment(&[]);
        environment.auditable = auditable;
        manifest::run(environment);
        fs::read_to_string(project.dir().join("out/plugo-table.rs")).unwrap()
    };
    assert!(table(false).contains("embed: [dep_v0 plugo0],"));
    assert!(table(true).contains("embed: [plugo0],"));

    // These tests have tables by hand, and no other.
    let this = std::env::current_exe().unwrap();
    assert_eq!((section(&this, ".plugo0"), section(&this, ".dep-v0")), (None, None));
}
