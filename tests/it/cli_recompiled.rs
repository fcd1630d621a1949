//! `plugo doctor` names what clients do not share, and that is what Cargo compiles.

use serde_json::Value;
use tests::{Project, Run, cargo, plugo};

/// Three clients, of which one has a plugin that turns a feature of a crate on that the plugins of the
/// others need too.
fn app(wants: &str) -> Project {
    let lib = |name: &str, rest: &str| {
        format!(
            "[package]\nname = \"uneven-{name}\"\nversion = \"1.2.0\"\nedition = \"2024\"\n{rest}\n"
        )
    };
    let plugin = |name: &str| format!("#[plugo::plugin(name = {name:?})]\nfn init_plugin() {{}}\n");
    let optional =
        |name: &str| format!("uneven-{name} = {{ path = \"plugins/{name}\", optional = true }}\n");
    let middle = "uneven-middle = { path = \"../../libs/middle\" }\n";
    let shared = |more: &str| format!("uneven-shared = {{ path = \"../../libs/shared\"{more} }}\n");
    Project::fresh("uneven")
        .file("src/main.rs", "plugo::plugins!();\nfn main() {}\n")
        .file("libs/shared/Cargo.toml", lib("shared", "[features]\nfast = []\nsafe = []"))
        .file("libs/shared/src/lib.rs", "")
        .file(
            "libs/middle/Cargo.toml",
            lib("middle", "[dependencies]\nuneven-shared = { path = \"../shared\", features = [\"safe\"] }"),
        )
        .file("libs/middle/src/lib.rs", "")
        .dependencies(&["one", "two"].map(optional).concat())
        .plugin_crate("one", &format!("{middle}{}", shared(wants)), &plugin("one"))
        .plugin_crate("two", middle, &plugin("two"))
        .features("client-acme = [\"dep:uneven-one\"]\nclient-beta = [\"dep:uneven-two\"]\nclient-zeta = [\"dep:uneven-two\"]")
        .client("acme", &["one"])
        .client("beta", &["two"])
        .client("zeta", &["two"])
}

fn told(project: &Project) -> Vec<Value> {
    let run = Run::of(&mut plugo(project.dir(), &["doctor", "--format", "json"]));
    let answer: Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    let notes = answer["notes"].as_array().unwrap().iter();
    notes.filter(|note| note["code"] == "compiled-per-client").cloned().collect()
}

#[test]
fn doctor_names_what_clients_do_not_share_and_cargo_compiles_that_again() {
    let project = app(", features = [\"fast\"]");
    let notes = told(&project);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(
        note["message"],
        "clients do not share `uneven-shared` 1.2.0, which is compiled in 2 ways: with `fast` for acme; \
         without more for beta, zeta; so is uneven-middle, which needs it"
    );

    let compiled = |client: &str| {
        let feature = format!("client-{client}");
        let run = Run::of(&mut cargo(
            project.dir(),
            &["check", "--no-default-features", "--features", &feature],
        ))
        .ok();
        let mut crates: Vec<String> = run
            .stderr
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("Checking uneven-"))
            .map(|rest| rest.split(' ').next().unwrap_or_default().to_owned())
            .collect();
        crates.sort_unstable();
        crates
    };
    assert_eq!(compiled("beta"), ["middle", "shared", "two"]);
    assert_eq!(compiled("zeta"), [""; 0], "it shares everything but the app");
    assert_eq!(compiled("acme"), ["middle", "one", "shared"]);

    assert_eq!(told(&app(", features = [\"safe\"]")), [Value::Null; 0]);
}
