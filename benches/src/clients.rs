use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use benches::Workload;

use crate::build;
use crate::cargo;
use crate::folders;
use crate::places::Places;
use crate::status::status;
use crate::tree::Tree;
use crate::work;

pub(crate) const CLIENTS: usize = 10;
pub(crate) const PLUGINS: usize = 50;
/// How many plugins each client chooses; what they depend on comes with them.
pub(crate) const CHOSEN: usize = 20;

/// What builds for many clients cost, one way each.
#[derive(Debug)]
pub(crate) struct Ways {
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
pub(crate) fn measure(places: &Places) -> Result<Ways> {
    status("Building", "the command line");
    let command_line = command_line(places)?;
    let dir = places.work.join("clients");
    let workload = Workload::new(PLUGINS);
    app(&workload, &places.checkout).write(&dir)?;
    cargo::lock(places, &dir)?;
    let changed = dir.join("plugins").join(&workload.plugins[0].name).join("src/lib.rs");
    let plugo = |target: &Path| -> Result<Cost> {
        let mut command = Command::new(&command_line);
        cargo::clean(&mut command);
        command.current_dir(&dir).args(["build", "--all-clients"]).env("CARGO_TARGET_DIR", target);
        counted(command.env("CARGO_NET_OFFLINE", "true"))
    };
    let by_hand = |target: &Path| -> Result<Cost> {
        let mut all = Cost { work: Duration::ZERO, compiled: 0 };
        for client in 0..CLIENTS {
            let mut command = cargo::cargo(&dir, "build");
            command.args([
                "--no-default-features",
                "--features",
                &format!("client-{}", name(client)),
            ]);
            let cost = counted(command.arg("--target-dir").arg(target))?;
            all = Cost { work: all.work + cost.work, compiled: all.compiled + cost.compiled };
        }
        Ok(all)
    };
    let way = |what: &str, build: &dyn Fn(&Path) -> Result<Cost>| -> Result<Way> {
        status("Building", &format!("for {CLIENTS} clients {what}, three times"));
        let target = places.work.join("target-clients");
        if target.exists() {
            fs::remove_dir_all(&target)
                .with_context(|| format!("`{}` cannot be removed", target.display()))?;
        }
        let (first, second) = (build(&target)?, build(&target)?);
        build::change(&changed)?;
        Ok(Way { first, second, changed: build(&target)? })
    };
    let ways = Ways {
        plugo: way("with `plugo build`", &plugo)?,
        by_hand: way("with `cargo build`", &by_hand)?,
    };
    for cost in [ways.plugo.changed, ways.by_hand.changed] {
        ensure!(cost.compiled > 0, "a plugin changed, and nothing was compiled");
    }
    Ok(ways)
}

/// Builds the program `plugo`, and says where it is.
fn command_line(places: &Places) -> Result<PathBuf> {
    let target = places.work.join("target-command-line");
    let mut build = cargo::cargo(&places.checkout, "build");
    build.args(["--locked", "--package", "plugo-cli"]).arg("--target-dir").arg(&target);
    cargo::run(&mut build)?;
    Ok(target.join("debug").join(format!("plugo{}", std::env::consts::EXE_SUFFIX)))
}

/// Runs a build, and counts the crates that Cargo compiles, by its lines on stderr.
fn counted(command: &mut Command) -> Result<Cost> {
    let (work, output) = work::with_output(command)?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Cost { work, compiled: compiled(&said) })
}

fn compiled(said: &str) -> usize {
    said.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count()
}

fn name(client: usize) -> String {
    format!("client{client}")
}

/// What a client chooses, as indices: another part of the plugins for each.
fn chosen(client: usize) -> impl Iterator<Item = usize> {
    (0..CHOSEN).map(move |i| (client * (PLUGINS / CLIENTS) + i * 2) % PLUGINS)
}

/// An app whose plugins are optional, with a file and a feature for each client.
fn app(workload: &Workload, checkout: &Path) -> Tree {
    let mut tree = folders::app(workload, checkout);
    let names = |plugin: usize| &workload.plugins[plugin].name;
    let mut features = String::from("\n[features]\n");
    for plugin in &workload.plugins {
        features.push_str(&format!("{0} = [\"dep:{0}\"]\n", plugin.name));
    }
    for client in 0..CLIENTS {
        let mut all: Vec<usize> = chosen(client).collect();
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
    fn crates_that_were_compiled_are_counted_and_no_other_line() {
        let said = "   Compiling a v1.0.0 (/x)\n    Finished `dev`\n   Compiling b v1\n  warning: Compiling c\n";
        assert_eq!(compiled(said), 2);
    }

    #[test]
    fn no_two_clients_choose_the_same() {
        let mut all: Vec<Vec<usize>> = (0..CLIENTS)
            .map(|client| {
                let mut chosen: Vec<usize> = chosen(client).collect();
                chosen.sort_unstable();
                chosen.dedup();
                chosen
            })
            .collect();
        assert!(all.iter().all(|chosen| chosen.len() == CHOSEN), "{all:?}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), CLIENTS);
    }
}
