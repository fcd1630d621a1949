use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use benches::Workload;
use serde_json::Value;

use crate::build;
use crate::cargo;
use crate::folders;
use crate::places::Places;
use crate::status::status;
use crate::tree::Tree;
use crate::work;

/// How many clients there are, in turn.
const CLIENTS: [usize; 2] = [10, 100];
pub(crate) const PLUGINS: usize = 50;
/// How many plugins each client chooses; what they depend on comes with them.
pub(crate) const CHOSEN: usize = 20;

/// What builds for many clients cost, one way each.
#[derive(Debug)]
pub(crate) struct Ways {
    pub(crate) clients: usize,
    pub(crate) plugo: Way,
    pub(crate) by_hand: Way,
}

/// Builds for all clients in turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// What other crates cost is in the first.
    pub(crate) first: Cost,
    pub(crate) second: Cost,
    /// After one plugin changed, which some of the clients have.
    pub(crate) changed: Cost,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) work: Duration,
    pub(crate) compiled: usize,
}

/// Builds for all clients with `plugo build`, and with one `cargo build` each.
pub(crate) fn measure(places: &Places) -> Result<Vec<Ways>> {
    status("Building", "the command line");
    let command_line = command_line(places)?;
    CLIENTS.into_iter().map(|clients| measure_for(places, &command_line, clients)).collect()
}

fn measure_for(places: &Places, command_line: &Path, clients: usize) -> Result<Ways> {
    let dir = places.work.join(format!("clients{clients}"));
    let workload = Workload::new(PLUGINS);
    app(&workload, &places.checkout, clients).write(&dir)?;
    cargo::lock(places, &dir)?;
    let changed = dir.join("plugins").join(&workload.plugins[0].name).join("src/lib.rs");
    let plugo = |target: &Path| -> Result<Cost> {
        let mut command = Command::new(command_line);
        cargo::clean(&mut command);
        command
            .current_dir(&dir)
            .args(["build", "--all-clients", "--format", "json"])
            .env("CARGO_TARGET_DIR", target);
        let (work, output) = work::with_output(command.env("CARGO_NET_OFFLINE", "true"))?;
        let answer: Value = serde_json::from_slice(&output.stdout)
            .context("`plugo build` did not answer with JSON")?;
        let compiled = answered(&answer).context("`plugo build` does not tell what it compiled")?;
        Ok(Cost { work, compiled })
    };
    let by_hand = |target: &Path| -> Result<Cost> {
        let mut all = Cost { work: Duration::ZERO, compiled: 0 };
        for client in 0..clients {
            let mut command = cargo::cargo(&dir, "build");
            command.args([
                "--no-default-features",
                "--features",
                &format!("client-{}", name(client)),
            ]);
            command.args(["--message-format", "json"]).arg("--target-dir").arg(target);
            let (work, output) = work::with_output(&mut command)?;
            let said = String::from_utf8_lossy(&output.stdout);
            let compiled = cargo::packages(&said, |message| message["fresh"] == false);
            all = Cost { work: all.work + work, compiled: all.compiled + compiled };
        }
        Ok(all)
    };
    let way = |what: &str, build: &dyn Fn(&Path) -> Result<Cost>| -> Result<Way> {
        status("Building", &format!("for {clients} clients {what}, three times"));
        let target = places.work.join("target-clients");
        build::emptied(&target)?;
        let (first, second) = (build(&target)?, build(&target)?);
        build::change(&changed)?;
        Ok(Way { first, second, changed: build(&target)? })
    };
    let ways = Ways {
        clients,
        plugo: way("with `plugo build`", &plugo)?,
        by_hand: way("with `cargo build`", &by_hand)?,
    };
    for cost in [ways.plugo.changed, ways.by_hand.changed] {
        ensure!(cost.compiled > 0, "a plugin changed, and nothing was compiled");
    }
    Ok(ways)
}

/// Builds the program `plugo` where the repository's other programs are, as it is installed, and says
/// where it is.
fn command_line(places: &Places) -> Result<PathBuf> {
    let target = places.work.parent().context("what is generated is in no target folder")?;
    let mut build = cargo::cargo(&places.checkout, "build");
    build.args(["--locked", "--release", "--package", "plugo-cli"]);
    cargo::run(build.arg("--target-dir").arg(target))?;
    Ok(target.join("release").join(format!("plugo{}", std::env::consts::EXE_SUFFIX)))
}

/// How many packages `plugo build` compiled, for all clients.
fn answered(answer: &Value) -> Option<usize> {
    let clients = answer.as_array()?.iter();
    let compiled = clients.map(|client| Some(client["compiled"].as_u64()? as usize));
    compiled.sum()
}

fn name(client: usize) -> String {
    format!("client{client}")
}

/// What a client chooses, as indices: other plugins for each.
fn chosen(client: usize) -> Vec<usize> {
    let mut plugins: Vec<usize> = (0..PLUGINS).collect();
    plugins.sort_by_key(|&plugin| mixed((client * PLUGINS + plugin) as u64));
    plugins.truncate(CHOSEN);
    plugins
}

/// A number that looks like chance, and is the same in every run (the end of splitmix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// An app whose plugins are optional, with a file and a feature for each client.
fn app(workload: &Workload, checkout: &Path, clients: usize) -> Tree {
    let mut tree = folders::app(workload, checkout);
    let names = |plugin: usize| &workload.plugins[plugin].name;
    let mut features = String::from("\n[features]\n");
    for plugin in &workload.plugins {
        features.push_str(&format!("{0} = [\"dep:{0}\"]\n", plugin.name));
    }
    for client in 0..clients {
        let mut all = chosen(client);
        let entries: Vec<String> = all
            .iter()
            .map(|&plugin| format!("{{ \"name\": {:?}, \"enabled\": true }}", names(plugin)))
            .collect();
        tree.add(
            format!("clients/{}.json", name(client)),
            format!("{{ \"plugins\": [{}] }}\n", entries.join(", ")),
        );
        // With all that they depend on.
        let mut at = 0;
        while let Some(&plugin) = all.get(at) {
            for &dependency in &workload.plugins[plugin].dependencies {
                if !all.contains(&dependency) {
                    all.push(dependency);
                }
            }
            at += 1;
        }
        all.sort_unstable();
        let list: Vec<&String> = all.into_iter().map(names).collect();
        features.push_str(&format!("client-{} = {list:?}\n", name(client)));
    }
    let manifest = folders::manifest(workload, checkout, true);
    tree.add("Cargo.toml", format!("{manifest}{features}"));
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_clients_choose_the_same() {
        let most = CLIENTS[CLIENTS.len() - 1];
        let mut all: Vec<Vec<usize>> = (0..most)
            .map(|client| {
                let mut chosen = chosen(client);
                chosen.sort_unstable();
                chosen.dedup();
                chosen
            })
            .collect();
        assert!(all.iter().all(|chosen| chosen.len() == CHOSEN), "{all:?}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), most);
    }
}
