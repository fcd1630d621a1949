use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plugo_build::{Environment, Id, Plan, Project};
use serde_json::{Value, json};

use crate::app::App;
use crate::cargo;
use crate::error::Error;
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::shadow::Shadow;
use crate::shell::Shell;

/// A crate: name and version.
pub(crate) type Crate = (String, String);

/// What is built to find out what a plugin brings: the plan without it, held
/// against the plan with it.
///
/// A plugin cannot be left out while another one depends on it. So both are
/// without those that do: `with` has everything but them, and `without` lacks
/// the plugin too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) id: Id,
    pub(crate) with: BTreeSet<Id>,
    pub(crate) without: BTreeSet<Id>,
}

/// The pairs of a plan, in load order.
pub(crate) fn pairs(plan: &Plan) -> Vec<Pair> {
    let all: BTreeSet<Id> = plan.plugins.iter().map(|plugin| plugin.id.clone()).collect();
    let pair = |i: usize| {
        let mut leaning = BTreeSet::from([i]);
        // Dependencies stand before what depends on them.
        for (j, plugin) in plan.plugins.iter().enumerate().skip(i + 1) {
            if plugin.dependencies.iter().any(|d| leaning.contains(d)) {
                leaning.insert(j);
            }
        }
        let id = plan.plugins[i].id.clone();
        let without: BTreeSet<Id> = all
            .iter()
            .filter(|id| !leaning.iter().any(|&j| plan.plugins[j].id == **id))
            .cloned()
            .collect();
        let with = without.iter().cloned().chain([id.clone()]).collect();
        Pair { id, with, without }
    };
    (0..plan.plugins.len()).map(pair).collect()
}

/// Every set of plugins that is built, the whole one first.
pub(crate) fn sets(plan: &Plan, pairs: &[Pair]) -> Vec<BTreeSet<Id>> {
    let mut sets = vec![plan.plugins.iter().map(|plugin| plugin.id.clone()).collect()];
    for set in pairs.iter().flat_map(|pair| [&pair.with, &pair.without]) {
        if !sets.contains(set) {
            sets.push(set.clone());
        }
    }
    sets
}

/// What a build of some plugins comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    /// The bytes of the stripped program.
    pub(crate) bytes: u64,
    pub(crate) crates: BTreeSet<Crate>,
}

/// Builds an app with one set of plugins after the other, beside the user's
/// own builds and without touching a file of theirs.
pub(crate) struct Measure<'m> {
    app: &'m App,
    project: &'m Project,
    plan: &'m Plan,
    program: &'m str,
    /// `--target`, where the user gave it.
    target: Option<&'m str>,
    shadow: Shadow,
    dir: PathBuf,
    /// The folder is this command's as long as it measures.
    _lock: Lock,
}

impl<'m> Measure<'m> {
    pub(crate) fn new(
        shell: &Shell,
        app: &'m App,
        project: &'m Project,
        plan: &'m Plan,
        program: &'m str,
        target: Option<&'m str>,
    ) -> Result<Self, Error> {
        let dir = app.target_dir.join("plugo").join(".size");
        let told = || shell.status("Blocking", "another command measures here");
        let lock = Lock::wait(&dir.join("lock"), told)?;
        let shadow = Shadow::new(dir.join("shadow"), &app.target_dir)?;
        shadow.open(&app.dir)?;
        Ok(Measure { app, project, plan, program, target, shadow, dir, _lock: lock })
    }

    /// Builds the app with these plugins alone.
    pub(crate) fn build(&self, set: &BTreeSet<Id>) -> Result<Built, Error> {
        self.shadow.write(self.project.config_file(), &selection(set))?;
        let features = self.features(set)?;
        let project = Project::read(self.environment(features.clone()))?;
        let (plan, _) = project.plan()?;
        let planned: BTreeSet<Id> = plan.plugins.iter().map(|plugin| plugin.id.clone()).collect();
        if planned != *set {
            return Err(Error::no(
                "the app's settings do not let its plugins be left out one by one",
            ));
        }
        let documents = project.documents(&plan)?;
        let manifest = Manifest::made(&documents.manifest)?;
        let crates = manifest.crates().map(|k| (k.name().to_owned(), k.version().to_owned()));
        Ok(Built { bytes: self.bytes(&features)?, crates: crates.collect() })
    }

    fn environment(&self, features: BTreeSet<String>) -> Environment {
        let mut environment = self.project.environment().clone();
        environment.package_dir = self.shadow.path(&self.app.dir);
        environment.enabled_plugins = None;
        environment.manifest_dir = None;
        environment.features = features;
        environment
    }

    /// The features of the plan, without those that compile in the crate of a
    /// plugin that is left out.
    fn features(&self, set: &BTreeSet<Id>) -> Result<BTreeSet<String>, Error> {
        let is_client = |feature: &String| feature.starts_with("client-");
        let mut on: BTreeSet<String> =
            self.plan.features.iter().filter(|feature| !is_client(feature)).cloned().collect();
        let package = |id: &Id| {
            let plugin = self.plan.plugins.iter().find(|plugin| plugin.id == *id);
            plugin.map(|plugin| (plugin.package.clone(), plugin.package_version.clone()))
        };
        let needed: BTreeSet<_> = set.iter().filter_map(package).collect();
        let left_out: Vec<&Id> = self
            .plan
            .plugins
            .iter()
            .map(|plugin| &plugin.id)
            .filter(|id| package(id).is_some_and(|package| !needed.contains(&package)))
            .collect();
        loop {
            let project = Project::read(self.environment(on.clone()))?;
            let compiled = project.plugins().find_map(|plugin| {
                let is_left_out = left_out.contains(&&plugin.id) && plugin.unavailable.is_none();
                plugin.feature.filter(|_| is_left_out)
            });
            let Some(feature) = compiled else { return Ok(on) };
            let before = on.len();
            on.retain(|other| !project.closure([other.as_str()]).contains(&feature));
            if on.len() == before {
                return Ok(on);
            }
        }
    }

    /// The bytes of the program with these features.
    fn bytes(&self, features: &BTreeSet<String>) -> Result<u64, Error> {
        let features: Vec<&str> = features.iter().map(String::as_str).collect();
        let dir = self.shadow.path(&self.app.dir);
        let mut build = cargo::cargo();
        build
            .current_dir(&dir)
            .args(["build", "--release", "--locked", "--message-format", "json-render-diagnostics"])
            .args(["--config", "profile.release.strip=true"])
            .args(["--package", &format!("{}@{}", self.app.name, self.app.version)])
            .args(["--bin", self.program, "--no-default-features"])
            .args(["--features", &features.join(",")])
            .arg("--manifest-path")
            .arg(dir.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.dir.join("build"))
            .env("PLUGO_MANIFEST_DIR", self.dir.join("manifest"))
            .env_remove("ENABLED_PLUGINS");
        if let Some(target) = self.target {
            build.args(["--target", target]);
        }
        let messages = cargo::output(&mut build).map_err(|error| match error {
            Error::Environment(why) => Error::no(why),
            error => error,
        })?;
        let program = executable(&messages, self.program)
            .ok_or_else(|| Error::environment("Cargo does not say where the program is"))?;
        let found = program.metadata().map_err(|error| Error::io("read", &program, &error))?;
        Ok(found.len())
    }
}

/// Where Cargo says that a program is.
fn executable(messages: &str, program: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = messages
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| message["target"]["name"] == program)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    found.next_back()
}

/// A config file that enables these plugins and no others.
fn selection(set: &BTreeSet<Id>) -> String {
    let plugins: Vec<Value> =
        set.iter().map(|id| json!({ "enabled": true, "name": id.to_string() })).collect();
    format!("{:#}\n", json!({ "plugins": plugins }))
}

/// What is not to be passed over: bytes for the whole, and for plugins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) total: Option<u64>,
    pub(crate) plugins: BTreeMap<String, u64>,
}

impl Budget {
    /// Reads a file such as `{ "total": 3000000, "plugins": { "blog": 20000 } }`.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |why: String| Error::usage(format!("`{}` is no budget: {why}", path.display()));
        let text = Error::input(path)?;
        let json: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let object = json.as_object().ok_or_else(|| wrong("it is no object".to_owned()))?;
        let mut budget = Budget::default();
        for (key, value) in object {
            match (key.as_str(), value.as_u64(), value.as_object()) {
                ("total", Some(bytes), _) => budget.total = Some(bytes),
                ("plugins", _, Some(plugins)) => {
                    for (name, bytes) in plugins {
                        let bytes = bytes.as_u64().ok_or_else(|| {
                            wrong(format!("the bytes of `{name}` are no whole number"))
                        })?;
                        budget.plugins.insert(name.clone(), bytes);
                    }
                }
                ("total" | "plugins", ..) => {
                    return Err(wrong(format!("`{key}` has another type")));
                }
                _ => return Err(wrong(format!("it has `total` and `plugins`, and no `{key}`"))),
            }
        }
        Ok(budget)
    }

    /// Adds what stands on the command line: `3000000`, or `blog=20000`.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), Error> {
        let (name, bytes) = match text.split_once('=') {
            Some((name, bytes)) => (Some(name), bytes),
            None => (None, text),
        };
        let bytes: u64 = bytes.replace('_', "").parse().map_err(|_| {
            Error::usage(format!(
                "`--budget {text}`: write bytes, such as `3000000`, or a plugin with its bytes, \
                 such as `blog=20000`"
            ))
        })?;
        match name {
            Some(name) => drop(self.plugins.insert(name.to_owned(), bytes)),
            None => self.total = Some(bytes),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read_from_a_file_and_added_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("budget.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Budget::read(&path).map_err(|error| error.to_string())
        };
        let mut budget = read(r#"{ "total": 10, "plugins": { "blog": 5 } }"#).unwrap();
        budget.add("blog=7_000").unwrap();
        budget.add("20").unwrap();
        assert_eq!((budget.total, budget.plugins["blog"]), (Some(20), 7000));
        assert!(budget.add("20 MB").is_err() && budget.add("blog=").is_err());
        for (text, part) in [
            ("[]", "no object"),
            ("{", "no budget"),
            (r#"{ "totl": 1 }"#, "no `totl`"),
            (r#"{ "total": -1 }"#, "another type"),
            (r#"{ "plugins": { "a": "1" } }"#, "`a`"),
        ] {
            assert!(read(text).unwrap_err().contains(part), "{text}");
        }
    }

    #[test]
    fn the_program_is_where_cargo_says() {
        let messages = "noise\n\
            {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"shop\"},\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"shop\"},\"executable\":\"/t/shop\"}\n\
            {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"other\"},\"executable\":\"/t/other\"}\n";
        assert_eq!(executable(messages, "shop"), Some(PathBuf::from("/t/shop")));
        assert_eq!(executable(messages, "none"), None);
    }
}
