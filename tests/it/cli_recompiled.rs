//! `plugo doctor` names what clients do not share, and that is what Cargo compiles.

use serde_json::Value;
use tests::{Project, Run, cargo, plugo};

fn lib(name: &str, rest: &str) -> String {
    format!(
        "[package]\nname = \"uneven-{name}\"\nversion = \"1.2.0\"\nedition = \"2024\"\n{rest}\n"
    )
}

fn plugin(name: &str) -> String {
    format!("#[plugo::plugin(name = {name:?})]\nfn init_plugin() {{}}\n")
}

/// A crate with two features.
fn libraries(project: Project) -> Project {
    project
        .file("libs/shared/Cargo.toml", lib("shared", "[features]\nfast = []\nsafe = []"))
        .file("libs/shared/src/lib.rs", "")
}

/// Three clients, of which one has a plugin that turns a feature of a crate on that the plugins of the
/// others need too.
fn app() -> Project {
    let middle = "uneven-middle = { path = \"../../libs/middle\" }\n";
    let shared = "uneven-shared = { path = \"../../libs/shared\", features = [\"fast\"] }\n";
    optional(libraries(Project::fresh("uneven")))
        .file("src/main.rs", "plugo::plugins!();\nfn main() {}\n")
        .file(
            "libs/middle/Cargo.toml",
            lib("middle", "[dependencies]\nuneven-shared = { path = \"../shared\", features = [\"safe\"] }"),
        )
        .file("libs/middle/src/lib.rs", "")
        .plugin_crate("one", &format!("{middle}{shared}"), &plugin("one"))
        .plugin_crate("two", middle, &plugin("two"))
        .features("client-acme = [\"dep:uneven-one\"]\nclient-beta = [\"dep:uneven-two\"]\nclient-zeta = [\"dep:uneven-two\"]")
        .client("acme", &["one"])
        .client("beta", &["two"])
        .client("zeta", &["two"])
}

/// The plugins' crates, which are still to be written, are optional.
fn optional(project: Project) -> Project {
    let line =
        |name: &str| format!("uneven-{name} = {{ path = \"plugins/{name}\", optional = true }}\n");
    project.dependencies(&["one", "two"].map(line).concat())
}

/// Cargo.lock has the packages of the workspace.
fn locked(project: Project) -> Project {
    Run::of(&mut cargo(project.dir(), &["update", "--workspace"])).ok();
    project
}

/// The crates that Cargo compiles for a client, beside the app.
fn compiled(project: &Project, client: &str) -> Vec<String> {
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
}

/// The notes of the doctor.
fn said(project: &Project) -> Vec<Value> {
    let run = Run::of(&mut plugo(project.dir(), &["doctor", "--format", "json"]));
    let answer: Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    answer["notes"].as_array().unwrap().clone()
}

fn told(project: &Project) -> Vec<Value> {
    let notes = said(project).into_iter();
    notes.filter(|note| note["code"] == "compiled-per-client").collect()
}

#[test]
fn doctor_names_what_clients_do_not_share_and_cargo_compiles_that_again() {
    let project = app();
    let notes = told(&project);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(
        note["message"],
        "clients do not share `uneven-shared` 1.2.0, which is compiled in 2 ways for the program: with `fast` for \
         acme, asked for by the plugin `one`; without more for beta, zeta; so is uneven-middle, which needs it"
    );
    assert_eq!(
        note["help"],
        "if all clients may have them, ask for `uneven-shared` with `features = [\"fast\"]` wherever the workspace \
         needs it, as `[workspace.dependencies]` can"
    );

    assert_eq!(compiled(&project, "beta"), ["middle", "shared", "two"]);
    assert_eq!(compiled(&project, "zeta"), [""; 0], "it shares everything but the app");
    assert_eq!(compiled(&project, "acme"), ["middle", "one", "shared"]);

    // Whoever needs it asks for it so.
    let advised = std::fs::read_to_string(project.dir().join("libs/middle/Cargo.toml")).unwrap();
    let project = project
        .file("libs/middle/Cargo.toml", advised.replace("[\"safe\"]", "[\"safe\", \"fast\"]"));
    assert_eq!(told(&project), [Value::Null; 0]);
    assert_eq!(compiled(&project, "beta"), ["two"], "acme has the others like this");
    assert_eq!(compiled(&project, "acme"), [""; 0]);
}

#[test]
fn doctor_tells_the_side_and_who_asks_there() {
    // A macro needs the crate; plugins need it in their build scripts, and one also in the program.
    let shared = |more: &str| format!("uneven-shared = {{ path = \"../../libs/shared\"{more} }}\n");
    let fast = shared(", features = [\"fast\"]");
    let macros = "uneven-macros = { path = \"../../libs/macros\" }\n";
    let clients = ["acme", "beta", "gamma", "delta", "epsilon", "zeta"];
    let project = |one: &str, two: &str| {
        let project = optional(libraries(Project::fresh("uneven")))
            .file("src/main.rs", "fn main() {}\n")
            .file(
                "libs/macros/Cargo.toml",
                lib("macros", &format!("[lib]\nproc-macro = true\n[dependencies]\n{}", shared(""))),
            )
            .file("libs/macros/src/lib.rs", "")
            .plugin_crate("one", one, &plugin("one"))
            .plugin_crate("two", two, &plugin("two"))
            .file("plugins/one/build.rs", "fn main() {}\n")
            .file("plugins/two/build.rs", "fn main() {}\n")
            .features("client-acme = [\"dep:uneven-one\"]");
        let others = clients[1..].iter().fold(project, |project, client| {
            let line = format!("client-{client} = [\"dep:uneven-two\"]");
            project.features(&line).client(client, &["two"])
        });
        others.client("acme", &["one"])
    };
    let many = "beta, delta, epsilon, gamma and 1 more";

    let host = format!("{macros}\n[build-dependencies]\n{fast}");
    let notes = told(&project(&host, macros));
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(
        note["message"],
        format!(
            "clients do not share `uneven-shared` 1.2.0, which is compiled in 2 ways for build scripts and macros: \
             without more for {many}; with `fast` for acme, asked for by the plugin `one`; so is uneven-macros, \
             which needs it"
        )
    );
    assert_eq!(
        note["help"],
        "if all clients may have them, ask for `uneven-shared` with `features = [\"fast\"]` wherever build scripts \
         and macros of the workspace need it, as `[workspace.dependencies]` can"
    );
    let even = project(&host, &format!("{macros}\n[build-dependencies]\n{fast}"));
    assert_eq!(told(&even), [Value::Null; 0], "the advice was followed");

    // The same on both sides is one note, and two where they differ.
    let plain = shared("");
    let both = |dependency: &str| format!("{dependency}\n[build-dependencies]\n{dependency}");
    let notes = told(&project(&both(&fast), &both(&plain)));
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    let message = note["message"].as_str().unwrap();
    let ways = format!(
        "which is compiled in 2 ways for the program, and for build scripts and macros: without more for {many}; with \
         `fast` for acme, asked for by the plugin `one`"
    );
    assert!(message.ends_with(&ways), "{message}");
    let safe = shared(", features = [\"safe\"]");
    let notes = told(&project(&format!("{fast}\n[build-dependencies]\n{safe}"), &both(&plain)));
    let messages: Vec<&str> = notes.iter().map(|note| note["message"].as_str().unwrap()).collect();
    let [program, building] = messages.as_slice() else { panic!("{messages:?}") };
    let way = |side: &str, feature: &str| {
        format!(
            "2 ways for {side}: without more for {many}; with `{feature}` for acme, asked for by"
        )
    };
    assert!(program.contains(&way("the program", "fast")), "{program}");
    assert!(building.contains(&way("build scripts and macros", "safe")), "{building}");
}

#[test]
fn what_only_others_need_the_app_has_to_ask_for() {
    only_others_need("", "dependencies");
}

#[test]
fn what_only_macros_of_others_need_the_app_has_to_ask_for_while_it_is_built() {
    only_others_need("[lib]\nproc-macro = true\n", "build-dependencies");
}

/// A crate that is not of the workspace needs another one, with more features for one client, and the
/// app asks for these in a table of its own.
#[track_caller]
fn only_others_need(lib: &str, table: &str) {
    let shared = "uneven-shared = { path = \"../shared\", features = [\"safe\"] }";
    let outside = format!(
        "[package]\nname = \"uneven-hyper\"\nversion = \"4.0.0\"\nedition = \"2024\"\n{lib}\n\
         [features]\nquick = [\"uneven-shared/fast\"]\n[dependencies]\n{shared}\n[workspace]\n"
    );
    let hyper = |more: &str| format!("uneven-hyper = {{ path = \"../../libs/hyper\"{more} }}\n");
    let project = optional(libraries(Project::fresh("uneven").lagging()))
        .file("src/main.rs", "fn main() {}\n")
        .file("libs/hyper/Cargo.toml", outside)
        .file("libs/hyper/src/lib.rs", "")
        .plugin_crate("one", &hyper(", features = [\"quick\"]"), &plugin("one"))
        .plugin_crate("two", &hyper(""), &plugin("two"))
        .features("client-acme = [\"dep:uneven-one\"]\nclient-beta = [\"dep:uneven-two\"]")
        .client("acme", &["one"])
        .client("beta", &["two"]);
    let text = std::fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let project = project
        .file("Cargo.toml", text.replace("[workspace]\n", "[workspace]\nexclude = [\"libs\"]\n"));
    let project = locked(project);
    let notes = told(&project);
    let [one, other] = notes.as_slice() else { panic!("{notes:?}") };
    let (hyper, shared) = match one["message"].as_str().unwrap().contains("`uneven-hyper`") {
        true => (one, other),
        false => (other, one),
    };
    let message = hyper["message"].as_str().unwrap();
    assert!(message.contains("with `quick` for acme, asked for by the plugin `one`"), "{message}");
    assert!(hyper["help"].as_str().unwrap().contains("wherever the workspace needs it"));
    let message = shared["message"].as_str().unwrap();
    let way = "with `fast` for acme, asked for by `uneven-hyper` (for the plugin `one`)";
    assert!(message.contains(way), "{message}");
    assert_eq!(
        shared["help"],
        format!(
            "if all clients may have them, let the app itself ask for `uneven-shared`, in its `[{table}]` with \
             `features = [\"fast\"]`: crates that are not of the workspace need it too, which ask for what they want"
        )
    );

    let text = std::fs::read_to_string(project.dir().join("Cargo.toml")).unwrap();
    let line = "uneven-shared = { path = \"libs/shared\", features = [\"fast\"] }";
    let text = text.replace(&format!("\n[{table}]\n"), &format!("\n[{table}]\n{line}\n"));
    let project = locked(project.file("Cargo.toml", text));
    let notes = told(&project);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(note["message"], hyper["message"], "that one is the workspace's");
}

#[test]
fn doctor_says_once_what_was_not_looked_at_and_why() {
    // `Cargo.lock` does not have the plugins' crates.
    let project = app().lagging();
    let notes = said(&project);
    let unseen: Vec<&Value> = notes.iter().filter(|note| note["code"] == "not-looked-at").collect();
    let [note] = unseen.as_slice() else { panic!("{notes:?}") };
    let message = note["message"].as_str().unwrap();
    let cause = message
        .strip_prefix(
            "the crates of the default build were not looked at, and what clients share was not looked \
             at: ",
        )
        .expect(message);
    assert!(cause.contains("cannot update the lock file"), "{cause}");

    // Whether clients share anything is not asked where there is one selection.
    let project = Project::buildable("uneven-alone").config(&["nobody"]).client("acme", &[]);
    let notes = said(&project.features("client-acme = []"));
    assert!(notes.iter().any(|note| note["code"] == "refused-build"), "{notes:?}");
    assert!(notes.iter().all(|note| note["code"] != "not-looked-at"), "{notes:?}");
}
