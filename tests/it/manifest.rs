//! What the manifest says, held against what Cargo says. `docs/manifest.md`
//! describes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use expect_test::expect;
use plugo_build::{Builder, Built, Environment, Error};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Project, Run, cargo, repository};

/// The triple of this machine.
pub(crate) fn host() -> String {
    let version = Run::of(&mut cargo(repository(), &["-vV"])).ok().stdout;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo says what it runs on").to_owned()
}

/// An example, planned as its build script would do it, without a build.
pub(crate) fn example(name: &str, features: &[&str]) -> Built {
    let out = TempDir::new().expect("a temporary folder");
    let dir = repository().join("examples").join(name);
    let mut environment = Environment::new(dir, out.path(), host());
    environment.cargo = env!("CARGO").into();
    environment.features = features.iter().map(|&feature| feature.to_owned()).collect();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    environment.cargo_home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    run(environment)
}

#[track_caller]
pub(crate) fn run(environment: Environment) -> Built {
    match Builder::new().environment(environment).run() {
        Ok(built) => built,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn json(built: &Built) -> Value {
    serde_json::from_str(&built.manifest).expect("the manifest is JSON")
}

/// The crates of a manifest with some roles, as Cargo shows them.
fn crates(manifest: &Value, roles: &[&str]) -> BTreeSet<String> {
    let crates = manifest["crates"].as_array().unwrap().iter();
    let of_role = crates.filter(|c| roles.contains(&c["role"].as_str().unwrap()));
    of_role.map(|c| format!("{} v{}", text(&c["name"]), text(&c["version"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// The crates that `cargo tree` names.
fn tree(client: &str, edges: &str) -> BTreeSet<String> {
    let features = format!("client-{client}");
    let run = Run::of(&mut cargo(
        repository(),
        &[
            ["tree", "-p", "web-plugins", "-e", edges, "--no-default-features"].as_slice(),
            &["--features", &features, "--target", &host(), "--offline", "--locked"],
            &["--prefix", "none", "--format", "{p}"],
        ]
        .concat(),
    ));
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    run.ok().stdout.lines().filter(|line| !line.is_empty()).map(words).collect()
}

#[test]
fn the_crates_of_a_client_are_those_that_cargo_names() {
    let acme = ["auth", "blog", "catalog", "client-acme", "shop"];
    let zeta = ["catalog", "client-zeta", "semver"];
    for (client, features) in [("acme", acme.as_slice()), ("zeta", &zeta)] {
        let manifest = json(&example("web-plugins", features));
        let all = crates(&manifest, &["app", "plugin", "linked", "build"]);
        assert_eq!(all, tree(client, "normal,build"), "{client}");
        let linked = crates(&manifest, &["app", "plugin", "linked"]);
        assert_eq!(linked, tree(client, "normal,no-proc-macro"), "{client}");
    }
}

/// A package of a project, without a dependency on plugo: a manifest is made
/// of what Cargo resolves, and nothing is compiled.
pub(crate) fn package(name: &str, version: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2024\"\n\n\
         [dependencies]\n{dependencies}"
    )
}

/// Two plugins that share a crate, and have one each for themselves. They
/// have different versions of `heck`, and ask for `shared` in two ways.
fn two_plugins() -> Project {
    let plugin = |name: &str, heck: &str, features: &str| {
        let dependencies = format!(
            "heck = {heck:?}\n\
             of-{name} = {{ path = \"../../libs/of-{name}\" }}\n\
             shared = {{ path = \"../../libs/shared\", version = \"1\"{features} }}\n"
        );
        package(name, "1.0.0", &dependencies)
    };
    let shared = package("shared", "1.2.0", "") + "[features]\nfast = []\n";
    let project = Project::new()
        .plugin("blog", "{}")
        .plugin("shop", "{}")
        .file("plugins/blog/Cargo.toml", plugin("blog", "0.4", ""))
        .file("plugins/shop/Cargo.toml", plugin("shop", "0.5", ", features = [\"fast\"]"))
        .file("libs/shared/Cargo.toml", shared)
        .file("libs/shared/src/lib.rs", "")
        .file("libs/of-blog/Cargo.toml", package("of-blog", "0.1.0", ""))
        .file("libs/of-blog/src/lib.rs", "")
        .file("libs/of-shop/Cargo.toml", package("of-shop", "0.1.0", ""))
        .file("libs/of-shop/src/lib.rs", "");
    locked(project)
}

/// With the lock file that Cargo makes of this repository's one, and a folder
/// for the build script.
pub(crate) fn locked(project: Project) -> Project {
    let lock = fs::read(repository().join("Cargo.lock")).expect("the repository's lock file");
    let project = project.file("Cargo.lock", lock);
    Run::of(&mut cargo(project.dir(), &["update", "--workspace", "--offline"])).ok();
    fs::create_dir_all(project.dir().join("out")).expect("a folder");
    project
}

#[test]
fn what_only_a_disabled_plugin_needs_is_absent() {
    let project = two_plugins();
    let both = json(&run(project.environment(&[])));
    assert_eq!(both["plugins"].as_array().unwrap().len(), 2);
    let all = ["app", "blog", "heck", "heck", "of-blog", "of-shop", "shared", "shop"];
    assert_eq!(names(&both["crates"]), all);

    let project = project.config(&["shop", "!blog"]);
    let manifest = json(&run(project.environment(&[])));
    assert_eq!(names(&manifest["plugins"]), ["shop"]);
    assert_eq!(names(&manifest["crates"]), ["app", "heck", "of-shop", "shared", "shop"]);
    // Who needs what, in either build.
    let needed_by = |manifest: &Value, name: &str| {
        let crates = manifest["crates"].as_array().unwrap();
        crates.iter().find(|c| c["name"] == name).expect(name)["needed_by"].clone()
    };
    assert_eq!(needed_by(&both, "shared"), json!(["blog", "shop"]));
    assert_eq!(needed_by(&both, "of-blog"), json!(["blog"]));
    assert_eq!(needed_by(&both, "app"), json!([]));
    assert_eq!(needed_by(&manifest, "shared"), json!(["shop"]));
}

#[test]
fn a_crate_of_a_feature_is_there_when_the_feature_is_on() {
    let project = Project::new()
        .file("libs/extra/Cargo.toml", package("extra", "1.0.0", ""))
        .file("libs/extra/src/lib.rs", "")
        .dependencies("extra = { path = \"libs/extra\", optional = true }")
        .features("default = [\"dep:extra\"]");
    let project = locked(project);
    let crates = |features: &[&str]| json(&run(project.environment(features)))["crates"].clone();
    assert_eq!(names(&crates(&["default"])), ["app", "extra"]);
    assert_eq!(names(&crates(&[])), ["app"]);
}

pub(crate) fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|item| text(&item["name"])).collect()
}

const FILES: [&str; 2] = ["plugo-manifest.json", "requirements-plugins.toml"];

fn read(dir: &Path) -> [String; 2] {
    FILES.map(|name| fs::read_to_string(dir.join(name)).expect(name))
}

#[test]
fn the_same_repository_in_another_folder_gives_the_same_bytes() {
    let (here, there) = (two_plugins(), two_plugins());
    let built = [&here, &there].map(|project| run(project.environment(&[])));
    let files = [&here, &there].map(|project| read(&project.dir().join("out")));
    assert_eq!(files[0], files[1]);
    assert_eq!(files[0], [built[0].manifest.clone(), built[0].requirements.clone()]);
    for text in &files[0] {
        assert!(!text.contains(&*here.dir().to_string_lossy()), "{text}");
        assert!(!text.contains("/tmp"), "{text}");
    }
    let web = example("web-plugins", &["auth", "blog", "catalog", "client-acme", "shop"]);
    for text in [web.manifest, web.requirements] {
        assert!(!text.contains(&*repository().to_string_lossy()), "{text}");
    }
}

#[test]
fn a_file_whose_content_stays_is_not_touched() {
    let project = two_plugins().settings("manifest-dir = \"dist\"");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let files: Vec<PathBuf> = ["out", "dist"]
        .iter()
        .flat_map(|dir| FILES.map(|name| project.dir().join(dir).join(name)))
        .chain([project.dir().join("out/plugo-table.rs")])
        .collect();
    run(project.environment(&[]));
    for file in &files {
        fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
    }
    let modified = |file: &PathBuf| fs::metadata(file).unwrap().modified().unwrap();
    run(project.environment(&[]));
    for file in &files {
        assert_eq!(modified(file), long_ago, "{}", file.display());
    }
    let project = project.config(&["shop"]);
    run(project.environment(&[]));
    for file in &files {
        assert_ne!(modified(file), long_ago, "{}", file.display());
    }
}

#[test]
fn what_plugins_ask_for_differently_stands_side_by_side() {
    let built = run(two_plugins().environment(&[]));
    let manifest = json(&built);
    assert_eq!(manifest["duplicates"], json!([{ "name": "heck", "versions": ["0.4.1", "0.5.0"] }]));
    let asks = |plugin: &str, requirement: &str, features: &[&str], source: &str| {
        json!({
            "plugins": [plugin], "requirement": requirement, "features": features,
            "default_features": true, "target": null, "source": source,
        })
    };
    let differences = json!([
        {
            "package": "heck",
            "resolved": ["0.4.1", "0.5.0"],
            "declared": [asks("blog", "0.4", &[], "registry"), asks("shop", "0.5", &[], "registry")],
        },
        {
            "package": "shared",
            "resolved": ["1.2.0"],
            "declared": [
                asks("blog", "1", &[], "path+libs/shared"),
                asks("shop", "1", &["fast"], "path+libs/shared"),
            ],
        },
    ]);
    assert_eq!(manifest["differences"], differences);

    toml::de::DeTable::parse(&built.requirements).expect("the requirements are TOML");
    expect![[r##"
        # What the plugins of this build ask Cargo for: each package once, each declaration as it
        # stands in a plugin's Cargo.toml. Made by plugo-build; every build that changes it makes it
        # anew.
        format = 1

        [[package]]
        name = "heck"
        resolved = ["0.4.1", "0.5.0"]
        differs = true

        [[package.declared]]
        plugins = ["blog"]
        requirement = "0.4"

        [[package.declared]]
        plugins = ["shop"]
        requirement = "0.5"

        [[package]]
        name = "of-blog"
        resolved = ["0.1.0"]

        [[package.declared]]
        plugins = ["blog"]
        source = "path+libs/of-blog"

        [[package]]
        name = "of-shop"
        resolved = ["0.1.0"]

        [[package.declared]]
        plugins = ["shop"]
        source = "path+libs/of-shop"

        [[package]]
        name = "shared"
        resolved = ["1.2.0"]
        differs = true

        [[package.declared]]
        plugins = ["blog"]
        requirement = "1"
        source = "path+libs/shared"

        [[package.declared]]
        plugins = ["shop"]
        requirement = "1"
        features = ["fast"]
        source = "path+libs/shared"
    "##]]
    .assert_eq(&built.requirements);
}

#[test]
fn an_app_without_plugins_has_an_empty_list() {
    let built = run(locked(Project::new()).environment(&[]));
    let manifest = json(&built);
    assert_eq!(manifest["plugins"], json!([]));
    assert_eq!(names(&manifest["crates"]), ["app"]);
    assert_eq!(manifest["client"], Value::Null);
    assert_eq!(manifest["verified"], json!(false));
    assert_eq!(manifest["made_by"]["way"], json!("build-script"));
    crate::schemas::assert_manifest(&manifest);
    let requirements = toml::de::DeTable::parse(&built.requirements).unwrap();
    let keys: Vec<&str> = requirements.get_ref().keys().map(|key| key.get_ref().as_ref()).collect();
    assert_eq!(keys, ["format"]);
}

#[test]
fn a_copy_goes_to_the_folder_of_the_client() {
    let project = two_plugins()
        .settings("manifest-dir = \"dist/{client}/manifest\"")
        .features("client-acme = []")
        .client("acme", &["shop"]);
    let (default, acme) = (project.environment(&[]), project.environment(&["client-acme"]));
    for (environment, dir, plugins) in
        [(default, "default", ["blog", "shop"].as_slice()), (acme.clone(), "acme", &["shop"])]
    {
        let built = run(environment);
        let copies = read(&project.dir().join("dist").join(dir).join("manifest"));
        assert_eq!(copies, [built.manifest.clone(), built.requirements.clone()]);
        assert_eq!(names(&json(&built)["plugins"]), plugins);
    }

    // The variable is stronger, and the other folder is left alone.
    fs::remove_dir_all(project.dir().join("dist")).unwrap();
    let elsewhere = TempDir::new().unwrap();
    for (dir, found) in [
        (elsewhere.path().join("{client}"), elsewhere.path().join("acme")),
        (PathBuf::from("release"), project.dir().join("release")),
    ] {
        let mut environment = acme.clone();
        environment.manifest_dir = Some(dir);
        let built = run(environment);
        assert_eq!(read(&found), [built.manifest, built.requirements]);
    }
    assert!(!project.dir().join("dist").exists());
}

/// The files in a folder.
fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> =
        files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_copy_that_cannot_be_written_is_refused_and_leaves_nothing_behind() {
    let whole = [
        "plugo-dep-v0",
        "plugo-manifest.json",
        "plugo-table.rs",
        "plugo0",
        "requirements-plugins.toml",
    ];
    let project = two_plugins().settings("manifest-dir = \"dist\"");
    let refused = |project: &Project| {
        let result = Builder::new().environment(project.environment(&[])).run();
        let Err(Error::Refused(problems)) = result else { panic!("{result:?}") };
        let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(codes, BTreeSet::from(["unwritable"]));
        problems.iter().map(|problem| format!("{problem}\n")).collect::<String>()
    };
    // A file stands where the folder should be.
    let project = project.file("dist", "mine");
    let text = refused(&project);
    assert!(text.contains(&*project.dir().join("dist").to_string_lossy()), "{text}");
    assert_eq!(fs::read_to_string(project.dir().join("dist")).unwrap(), "mine");
    assert_eq!(files(&project.dir().join("out")), whole);

    // A folder stands where one of the files should be.
    fs::remove_file(project.dir().join("dist")).unwrap();
    let project = project.file("dist/plugo-manifest.json/mine", "mine");
    refused(&project);
    assert_eq!(files(&project.dir().join("dist")), ["requirements-plugins.toml"]);
    assert_eq!(files(&project.dir().join("dist/plugo-manifest.json")), ["mine"]);
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn the_python_of_the_documentation_reads_a_manifest() {
    let page = fs::read_to_string(repository().join("docs/manifest.md")).unwrap();
    let (_, rest) = page.split_once("```python\n").expect("a snippet");
    let (snippet, _) = rest.split_once("```").expect("the end of the snippet");
    let project = two_plugins().plugin("migrate", "{}").file(
        "plugins/migrate/src/lib.rs",
        "#[plugo::plugin(name = \"migrate\", namespace = \"commands\")]\nfn init_plugin() {}\n",
    );
    let project = locked(project);
    run(project.environment(&[]));
    let mut python = Command::new("python3");
    let Ok(output) = python.args(["-c", snippet]).current_dir(project.dir().join("out")).output()
    else {
        println!("there is no python3, which runs the snippet of docs/manifest.md");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    expect![[r#"
        blog 1.0.0 needs blog, heck, of-blog, shared
        commands/migrate 1.0.0 needs migrate
        shop 1.0.0 needs heck, of-shop, shared, shop
    "#]]
    .assert_eq(&String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_documentation_names_every_key() {
    fn keys(schema: &Value, found: &mut BTreeSet<String>) {
        let Value::Object(fields) = schema else { return };
        for (name, value) in fields {
            if name == "properties" {
                found.extend(value.as_object().unwrap().keys().cloned());
                value.as_object().unwrap().values().for_each(|value| keys(value, found));
            } else {
                keys(value, found);
            }
        }
    }
    let page = fs::read_to_string(repository().join("docs/manifest.md")).unwrap();
    let schema: Value = serde_json::from_str(plugo_build::schema::MANIFEST).unwrap();
    let mut found = BTreeSet::new();
    keys(&schema, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for key in found {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn the_app_is_told_of_though_the_workspace_builds_other_members_by_default() {
    let project = Project::new()
        .plugin("blog", "")
        .file("extra/Cargo.toml", "[package]\nname = \"extra\"\nversion = \"1.0.0\"\n")
        .file("extra/src/lib.rs", "");
    let manifest = fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let members = "[workspace]\nmembers = [\"extra\"]\ndefault-members = [\"extra\"]";
    let project = project.file("Cargo.toml", manifest.replace("[workspace]", members));
    let locked = cargo(project.dir(), &["generate-lockfile", "--offline"]).status().unwrap();
    assert!(locked.success());
    fs::create_dir(project.dir().join("out")).unwrap();
    let built = run(project.environment(&[]));
    let manifest: Value = serde_json::from_str(&built.manifest).unwrap();
    let names: Vec<&str> =
        manifest["crates"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["app", "blog"]);
    // The manifests that `cargo tree` read are watched.
    let watched = plugo_build::Directive::RerunIfChanged(project.dir().join("plugins"));
    assert!(built.directives.contains(&watched), "{:?}", built.directives);
}
