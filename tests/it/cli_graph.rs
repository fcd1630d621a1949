//! The crates of a manifest are those that Cargo would compile: random
//! selections, held against Cargo's own list of what it builds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;
use tests::{Run, cargo, plugo, repository};

const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-gnu",
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
    "wasm32-unknown-unknown",
    "aarch64-unknown-linux-musl",
];

/// How many selections are tried: each asks Cargo twice, so all of them only where nothing is left out.
fn cases() -> usize {
    if std::env::var_os("PLUGO_REQUIRE_ALL").is_some_and(|value| value != "0") { 80 } else { 15 }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides
    }

    fn some<'a>(&mut self, of: &[&'a str]) -> Vec<&'a str> {
        of.iter().copied().filter(|_| self.roll(2) == 0).collect()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// What is compiled: name, version, whether for the host, features.
type Units = BTreeSet<(String, String, bool, Vec<String>)>;

fn texts(list: &Value) -> Vec<String> {
    let mut texts: Vec<String> =
        list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

/// The crates of a manifest, as `plugo manifest` prints it.
fn of_manifest(manifest: &str) -> Units {
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    crate::schemas::assert_manifest(&manifest);
    let mut units = Units::new();
    for krate in manifest["crates"].as_array().unwrap() {
        let text = |key: &str| krate[key].as_str().unwrap().to_owned();
        let mut add = |on_host, features| {
            units.insert((text("name"), text("version"), on_host, texts(features)));
        };
        add(krate["role"] == "build", &krate["features"]);
        if !krate["build_features"].is_null() {
            add(true, &krate["build_features"]);
        }
    }
    units
}

/// What Cargo would build. Build scripts are units of their own there.
fn of_unit_graph(graph: &str) -> Units {
    let graph: Value = serde_json::from_str(graph).unwrap();
    let mut units = Units::new();
    for unit in graph["units"].as_array().unwrap() {
        if unit["target"]["kind"][0] == "custom-build" {
            continue;
        }
        let (place, package) = unit["pkg_id"].as_str().unwrap().rsplit_once('#').unwrap();
        let (name, version) =
            package.split_once('@').unwrap_or((place.rsplit('/').next().unwrap(), package));
        let on_host = unit["platform"].is_null();
        units.insert((name.to_owned(), version.to_owned(), on_host, texts(&unit["features"])));
    }
    units
}

/// A workspace with an app, and what may be switched on in it.
struct Workspace {
    dir: TempDir,
    app: &'static str,
    features: Vec<&'static str>,
    /// Features that cannot be on without others.
    needs: Vec<(&'static str, &'static [&'static str])>,
    /// Features that stand alone.
    clients: Vec<&'static str>,
}

impl Workspace {
    /// A selection, as Cargo's command line says it.
    fn selection(&self, dice: &mut Dice) -> String {
        if !self.clients.is_empty() && dice.roll(5) == 0 {
            return dice.one(&self.clients).to_owned();
        }
        let mut on = dice.some(&self.features);
        for (feature, needs) in &self.needs {
            if on.contains(feature) {
                on.extend(*needs);
            }
        }
        on.sort_unstable();
        on.dedup();
        on.join(",")
    }

    fn check(&self, features: &str, target: &str) {
        let dir = self.dir.path();
        let selection = ["--no-default-features", "--features", features, "--target", target];
        let manifest = ["manifest", "--package", self.app];
        let run = Run::of(&mut plugo(dir, &[manifest.as_slice(), &selection].concat()));
        assert!(run.success, "{} [{features}] for {target}: {}", self.app, run.stderr);
        let planned = of_manifest(&run.stdout);
        let build = ["build", "--unit-graph", "-Z", "unstable-options", "--locked", "--package"];
        let mut graph = cargo(dir, &[build.as_slice(), &[self.app], &selection].concat());
        let graph = Run::of(graph.env("RUSTC_BOOTSTRAP", "1")).ok();
        let built = of_unit_graph(&graph.stdout);
        assert!(
            planned == built,
            "{} [{features}] for {target}\nonly in the manifest: {:#?}\nonly built: {:#?}",
            self.app,
            planned.difference(&built).collect::<Vec<_>>(),
            built.difference(&planned).collect::<Vec<_>>(),
        );
    }
}

fn write(dir: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// With the versions that this repository has.
fn lock(dir: &Path) {
    fs::copy(repository().join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    Run::of(&mut cargo(dir, &["update", "--workspace", "--offline"])).ok();
}

/// The example, without a config file: all that is compiled in is planned.
fn web_plugins() -> Workspace {
    let dir = TempDir::new().unwrap();
    let example = repository().join("examples/web-plugins");
    copy(&example, &dir.path().join("web-plugins"));
    fs::remove_file(dir.path().join("web-plugins/plugins_config.json")).unwrap();
    let root = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let start = root.find("members = [").unwrap();
    let end = start + root[start..].find("]\n").unwrap();
    let members = "members = [\"web-plugins\", \"web-plugins/plugins/*\"";
    let root = format!("{}{members}{}", &root[..start], &root[end..]);
    let root = root.replace("path = \"", &format!("path = \"{}/", repository().display()));
    write(dir.path(), "Cargo.toml", root);
    lock(dir.path());
    Workspace {
        dir,
        app: "web-plugins",
        features: vec!["auth", "blog", "catalog", "clock", "semver", "shop"],
        needs: vec![("shop", &["auth", "catalog"])],
        clients: vec!["client-acme", "client-zeta"],
    }
}

/// The small crates that the traps are made of.
fn libraries(dir: &Path) {
    let library = |name: &str, rest: &str| {
        let manifest =
            format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2021\"\n{rest}");
        write(dir, &format!("libs/{name}/Cargo.toml"), manifest);
        write(dir, &format!("libs/{name}/src/lib.rs"), "");
    };
    library("leaf", "[features]\ndeep = []\nleaked = []\n");
    library("of-unix", "");
    library("of-windows", "");
    library("of-wasm", "");
    // A weak feature, a strong one, and one that only names the dependency.
    library(
        "extra",
        "[features]\nx = [\"dep:leaf\"]\ny = []\nz = [\"leaf?/deep\"]\n\
         [dependencies]\nleaf = { path = \"../leaf\", optional = true }\n",
    );
    library(
        "common",
        "[features]\ndefault = [\"std\"]\nstd = []\na = []\nb = [\"extra?/y\"]\nc = [\"extra/z\"]\n\
         on = [\"dep:extra\"]\nw = [\"extra?/x\"]\n\
         [dependencies]\nextra = { path = \"../extra\", optional = true }\n\
         [target.'cfg(unix)'.dependencies]\nof-unix = { path = \"../of-unix\" }\n\
         [target.'cfg(windows)'.dependencies]\nof-windows = { path = \"../of-windows\" }\n\
         [target.'cfg(target_arch = \"wasm32\")'.dependencies]\nof-wasm = { path = \"../of-wasm\" }\n\
         [dev-dependencies]\nleaf = { path = \"../leaf\", features = [\"leaked\"] }\n",
    );
    // For the host, with other features.
    library(
        "derived",
        "[lib]\nproc-macro = true\n\
         [dependencies]\ncommon = { path = \"../common\", features = [\"a\", \"w\"] }\n",
    );
    library(
        "scripted",
        "[dependencies]\ncommon = { path = \"../common\", default-features = false }\n\
         [build-dependencies]\ncommon = { path = \"../common\", features = [\"b\", \"on\"] }\n\
         [target.'cfg(unix)'.build-dependencies]\nheck = \"0.5\"\n\
         [target.'cfg(windows)'.build-dependencies]\nof-windows = { path = \"../of-windows\" }\n\
         [target.'cfg(windows)'.dependencies]\nheck = \"0.4\"\n",
    );
    write(dir, "libs/scripted/build.rs", "fn main() {}\n");
    // No build script, so its build dependencies are not built.
    library(
        "unscripted",
        "[dependencies]\nleaf = { path = \"../leaf\" }\n\
         [build-dependencies]\nof-wasm = { path = \"../of-wasm\" }\n",
    );
}

/// What a plugin of the traps depends on; each line is one of these.
const TRAPS: [&str; 12] = [
    "common = { path = \"../../libs/common\" }",
    "common = { path = \"../../libs/common\", default-features = false, features = [\"w\"] }",
    "renamed = { package = \"common\", path = \"../../libs/common\", features = [\"c\"] }",
    "extra = { path = \"../../libs/extra\", features = [\"x\"] }",
    "derived = { path = \"../../libs/derived\" }",
    "scripted = { path = \"../../libs/scripted\" }",
    "unscripted = { path = \"../../libs/unscripted\" }",
    "serde = { version = \"1\", features = [\"derive\"] }",
    "serde_json = { version = \"1\", features = [\"preserve_order\"] }",
    "semver = { version = \"1\", features = [\"serde\"] }",
    "uuid = { version = \"1\", features = [\"v4\"] }",
    "anyhow = { version = \"1\", default-features = false }",
];

/// Traps, in a workspace with a resolver: of the root, or by its edition.
fn traps(name: &'static str, root: &str, app_dir: &str, dice: &mut Dice) -> Workspace {
    let dir = TempDir::new().unwrap();
    let path = dir.path();
    libraries(path);
    let plugo_at = |krate: &str| format!("{{ path = {:?} }}", repository().join(krate));
    let up = if app_dir.is_empty() { "" } else { "../" };
    let mut dependencies = format!("plugo = {}\n", plugo_at("plugo"));
    let mut features = String::new();
    for plugin in ["p0", "p1", "p2", "p3", "p4"] {
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..4 {
            let line = TRAPS[dice.roll(TRAPS.len())];
            let key = line.split(' ').next().unwrap();
            // One package under two names, or twice under one, is another trap, and Cargo's.
            let package = |line: &str| line.replace("renamed", "common");
            let same = |other: &String| package(other).starts_with(&package(key));
            if !lines.iter().any(same) {
                lines.push(line.to_owned());
            }
        }
        let manifest = format!(
            "[package]\nname = {plugin:?}\nversion = \"1.0.0\"\nedition = \"2021\"\n\
             [features]\nattach = [\"dep:leaf\"]\n\
             [dependencies]\nplugo = {}\nleaf = {{ path = \"../../libs/leaf\", optional = true }}\n{}\n\
             [target.'cfg(windows)'.dependencies]\nof-windows = {{ path = \"../../libs/of-windows\" }}\n\
             [dev-dependencies]\nextra = {{ path = \"../../libs/extra\", features = [\"x\", \"y\"] }}\n",
            plugo_at("plugo"),
            lines.join("\n"),
        );
        let folder = path.join(app_dir).join("plugins");
        // The libraries are two folders up from a plugin, wherever the app is.
        let manifest = match up {
            "" => manifest,
            _ => manifest.replace("../../libs", "../../../libs"),
        };
        write(&folder, &format!("{plugin}/Cargo.toml"), manifest);
        let source = format!("#[plugo::plugin(name = {plugin:?})]\nfn init_plugin() {{}}\n");
        write(&folder, &format!("{plugin}/src/lib.rs"), source);
        dependencies
            .push_str(&format!("{plugin} = {{ path = \"plugins/{plugin}\", optional = true }}\n"));
        features.push_str(&format!("{plugin} = [\"dep:{plugin}\"]\n"));
    }
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"1.0.0\"\n{root}\
         [features]\n{features}\
         attach = [\"p3?/attach\"]\nextra-a = [\"common/a\"]\noptional = [\"dep:renamed-leaf\"]\n\
         deep = [\"renamed-leaf?/deep\"]\n\
         [dependencies]\n{dependencies}\
         common = {{ path = \"{up}libs/common\", default-features = false }}\n\
         renamed-leaf = {{ package = \"leaf\", path = \"{up}libs/leaf\", optional = true }}\n\
         [build-dependencies]\nplugo-build = {}\ncommon = {{ path = \"{up}libs/common\" }}\n\
         [dev-dependencies]\ncommon = {{ path = \"{up}libs/common\", features = [\"on\", \"w\"] }}\n",
        plugo_at("plugo-build"),
    );
    let app = path.join(app_dir);
    write(&app, "Cargo.toml", manifest);
    write(&app, "src/main.rs", "fn main() {}\n");
    write(&app, "build.rs", "fn main() {\n    plugo_build::build();\n}\n");
    if !app_dir.is_empty() {
        let members = format!(
            "[workspace]\nresolver = \"2\"\nmembers = [\"{app_dir}\", \"{app_dir}/plugins/*\", \"libs/*\"]\n"
        );
        write(path, "Cargo.toml", members);
    }
    lock(path);
    let features = ["p0", "p1", "p2", "p3", "p4", "attach", "extra-a", "optional", "deep"];
    let on_the_command_line = ["common/b", "common/on"];
    Workspace {
        dir,
        app: name,
        features: [features.as_slice(), &on_the_command_line].concat(),
        needs: Vec::new(),
        clients: Vec::new(),
    }
}

#[test]
fn the_crates_of_any_selection_are_those_that_cargo_would_build() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let oldest = "edition = \"2018\"\n[workspace]\nmembers = [\"plugins/*\", \"libs/*\"]\n";
    let workspaces = [
        web_plugins(),
        traps("trapped", "edition = \"2021\"\n", "app", &mut dice),
        traps("trapped-v1", oldest, "", &mut dice),
    ];
    let cases: Vec<(&Workspace, String, &str)> = (0..cases())
        .map(|i| {
            let workspace = &workspaces[i % workspaces.len()];
            (workspace, workspace.selection(&mut dice), dice.one(&TARGETS))
        })
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((workspace, features, target)) =
                    cases.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    workspace.check(features, target);
                }
            });
        }
    });
}
