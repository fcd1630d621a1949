use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::cargo;
use crate::places::Places;
use crate::status::status;
use crate::tree::Tree;

/// What a plugin that is not chosen leaves in the stripped release binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// In bytes; less than nothing where the file got smaller.
    pub(crate) bytes: i64,
    /// Whether the file is the same, to the byte, as without the plugin.
    pub(crate) is_same: bool,
    /// Whether its name or a text of it stands in the file.
    pub(crate) is_named: bool,
}

/// By where the plugin stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotChosen {
    /// In a crate of its own, as usual.
    pub(crate) own_crate: Left,
    /// In the crate of a plugin that is chosen.
    pub(crate) shared_crate: Left,
}

/// Builds an app without the plugin and with it, in one folder, for a client that does not get it.
pub(crate) fn measure(places: &Places) -> Result<NotChosen> {
    status("Building", "an app with and without a plugin that is not chosen");
    let dir = places.work.join("not-chosen");
    let target = places.work.join("target-contenders");
    let build = |client: &str, has_own_crate, has_second| -> Result<Vec<u8>> {
        app(&places.checkout, has_own_crate, has_second).write(&dir)?;
        cargo::lock(places, &dir)?;
        let mut build = cargo::cargo(&dir, "build");
        build.args(["--release", "--no-default-features", "--features", client]);
        cargo::run(build.arg("--target-dir").arg(&target))?;
        let program = target.join("release").join(format!("{APP}{}", std::env::consts::EXE_SUFFIX));
        fs::read(&program).with_context(|| format!("`{}` cannot be read", program.display()))
    };
    let is_named = |program: &[u8]| TRACES.iter().any(|trace| contains(program, trace.as_bytes()));
    let who_gets_it = build("client-zeta", true, false)?;
    ensure!(
        TRACES.iter().all(|trace| contains(&who_gets_it, trace.as_bytes())),
        "a program with the plugin does not have what tells that it is there"
    );
    let without = build("client-acme", false, false)?;
    let left = |with: Vec<u8>| Left {
        bytes: with.len() as i64 - without.len() as i64,
        is_same: with == without,
        is_named: is_named(&with),
    };
    Ok(NotChosen {
        own_crate: left(build("client-acme", true, false)?),
        shared_crate: left(build("client-acme", false, true)?),
    })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What tells that the plugin is there: how its mark begins, and what it says.
const TRACES: [&str; 2] = ["plugins/unwanted", "lines before the unwanted plugin's"];

const APP: &str = "not-chosen";

fn app(checkout: &Path, has_own_crate: bool, has_second: bool) -> Tree {
    let plugo = checkout.join("plugo");
    let mut tree = Tree::default();
    let package = |name: &str| {
        format!(
            "[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\nplugo = {{ path = {plugo:?} }}\n"
        )
    };
    let mut manifest = package(APP) + "chosen = { path = \"plugins/chosen\" }\n";
    let mut features = String::from("[features]\nclient-acme = []\n");
    if has_own_crate {
        manifest.push_str("unwanted = { path = \"plugins/unwanted\", optional = true }\n");
        features.push_str("client-zeta = [\"dep:unwanted\"]\n");
        tree.add("clients/zeta.json", selection(&["chosen", "unwanted"]));
        tree.add("plugins/unwanted/Cargo.toml", package("unwanted"));
        tree.add("plugins/unwanted/src/lib.rs", OTHER);
    }
    manifest.push_str(&format!(
        "\n[build-dependencies]\nplugo-build = {{ path = {:?} }}\n\n{features}\n[workspace]\n\n[profile.release]\nstrip = true\n",
        checkout.join("plugo-build"),
    ));
    tree.add("Cargo.toml", manifest);
    tree.add("build.rs", "fn main() {\n    plugo_build::build();\n}\n");
    tree.add("src/main.rs", MAIN);
    tree.add("clients/acme.json", selection(&["chosen"]));
    tree.add("plugins/chosen/Cargo.toml", package("chosen"));
    let second = if has_second { OTHER } else { "" };
    tree.add("plugins/chosen/src/lib.rs", format!("{CHOSEN}{second}"));
    tree
}

fn selection(names: &[&str]) -> String {
    let entries: Vec<String> =
        names.iter().map(|name| format!("{{ \"name\": {name:?}, \"enabled\": true }}")).collect();
    format!("{{ \"plugins\": [{}] }}\n", entries.join(", "))
}

const MAIN: &str = r#"plugo::plugins!();

fn main() {
    let mut lines: Vec<String> = Vec::new();
    println!("{}", plugo::load_plugins(plugo::kwargs! { lines: &mut lines }));
    println!("{}", lines.join("\n"));
}
"#;

const CHOSEN: &str = r#"#[plugo::plugin(name = "chosen")]
fn chosen(lines: &mut Vec<String>) {
    lines.push(format!("{} lines", lines.len()));
}
"#;

const OTHER: &str = r#"#[plugo::plugin(name = "unwanted")]
fn unwanted(lines: &mut Vec<String>) {
    lines.push(format!("{} lines before the unwanted plugin's", lines.len()));
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_in_one_piece() {
        assert!(contains(b"abc", b"bc") && !contains(b"abc", b"ac"));
    }
}
