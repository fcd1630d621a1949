use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use plugo_build::{Builder, Diagnostic, Environment, Error, Plan, Severity};
use plugo_core::name::MAX_LENGTH;
use tempfile::TempDir;

use crate::cargo::{Run, cargo, repository};
use crate::kept::{fill, kept, write};

/// A repository: an app, `app`, and what is put beside it. It is planned with
/// [`Project::plan`], or built by Cargo.
///
/// Nothing is written before somebody asks for the folder.
#[derive(Debug)]
pub struct Project {
    folder: Folder,
    /// What is not written yet; `None` once the folder was asked for.
    files: RefCell<Option<BTreeMap<PathBuf, Vec<u8>>>>,
    name: String,
    dependencies: String,
    features: String,
    settings: String,
}

#[derive(Debug)]
enum Folder {
    /// It ends with the value.
    Temporary(TempDir),
    /// It stays.
    Kept(PathBuf),
}

impl Project {
    /// An app without plugins, in a temporary folder.
    pub fn new() -> Self {
        let project = Project::empty(Folder::temporary());
        project.file("src/main.rs", "fn main() {}\n").file("Cargo.lock", "version = 4\n").manifest()
    }

    /// An app that Cargo can build, outside of this workspace, which depends on
    /// plugo by path. The name is the binary's.
    ///
    /// Its folder stays from one run of the tests to the next, so that Cargo
    /// compiles only what has changed since. A test that counts on a build from
    /// the beginning, or on being in no Git repository, takes [`Project::fresh`].
    ///
    /// # Panics
    ///
    /// Where another project of this run of the tests has the name.
    pub fn buildable(name: &str) -> Self {
        Project::empty(Folder::Kept(kept(name))).of_plugo(name)
    }

    /// The same in a temporary folder, of which nothing was built before.
    pub fn fresh(name: &str) -> Self {
        Project::empty(Folder::temporary()).of_plugo(name)
    }

    /// A folder that stays, as that of [`Project::buildable`] does, without any files.
    pub fn bare(name: &str) -> Self {
        Project::empty(Folder::Kept(kept(name)))
    }

    fn empty(folder: Folder) -> Self {
        let [dependencies, features, settings] = [const { String::new() }; 3];
        let files = RefCell::new(Some(BTreeMap::new()));
        Project { folder, files, name: "app".to_owned(), dependencies, features, settings }
    }

    fn of_plugo(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self.file("src/main.rs", "fn main() {}\n")
            .file("build.rs", "fn main() {\n    plugo_build::build();\n}\n")
            .dependencies(&format!("plugo = {}", Project::crate_at("plugo")))
    }

    /// With this repository's lock file as it is. Otherwise an app that Cargo
    /// can build has what is left of it once it is in line with the manifests.
    #[must_use]
    pub fn lagging(self) -> Self {
        self.file("Cargo.lock", seed())
    }

    /// A dependency on one of plugo's crates, as the value of its key.
    pub fn crate_at(name: &str) -> String {
        format!("{{ path = {:?} }}", repository().join(name))
    }

    /// The name of the app.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder, with what was written so far.
    pub fn dir(&self) -> &Path {
        let dir = self.folder.path();
        if let Some(files) = self.files.take() {
            let has = |name: &str| files.contains_key(Path::new(name));
            match has("Cargo.toml") && !has("Cargo.lock") {
                true => self.fill_in_line(files),
                false => fill(dir, &files),
            }
        }
        dir
    }

    /// With a lock file that is in line. Cargo is asked for it only where the
    /// manifests, or this repository's lock file, have changed since.
    fn fill_in_line(&self, mut files: BTreeMap<PathBuf, Vec<u8>>) {
        let dir = self.folder.path();
        let mut hasher = DefaultHasher::new();
        seed().hash(&mut hasher);
        for (path, content) in files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
            (path, content).hash(&mut hasher);
        }
        let made_of = format!("# {:016x}\n", hasher.finish());
        let known = match self.folder {
            Folder::Temporary(_) => None,
            Folder::Kept(_) => Some(dir.with_extension("lock")),
        };
        let lock = PathBuf::from("Cargo.lock");
        let text = known.as_ref().and_then(|known| fs::read_to_string(known).ok());
        if let Some(text) = text.as_ref().and_then(|text| text.strip_prefix(&made_of)) {
            files.insert(lock, text.into());
            return fill(dir, &files);
        }
        files.insert(lock, seed());
        fill(dir, &files);
        Run::of(&mut cargo(dir, &["update", "--quiet", "--workspace"])).ok();
        if let Some(known) = known {
            let text = fs::read_to_string(dir.join("Cargo.lock")).expect("Cargo made it");
            write(&known, (made_of + &text).as_bytes());
        }
    }

    /// Writes a file, with the folders that it needs.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        match &mut *self.files.borrow_mut() {
            Some(files) => drop(files.insert(path.into(), content.as_ref().to_vec())),
            None => write(&self.folder.path().join(path), content.as_ref()),
        }
        self
    }

    fn has(&self, path: &str) -> bool {
        match &*self.files.borrow() {
            Some(files) => files.contains_key(Path::new(path)),
            None => self.folder.path().join(path).exists(),
        }
    }

    fn manifest(self) -> Self {
        let build = match self.has("build.rs") {
            true => format!(
                "[build-dependencies]\nplugo-build = {}\n\n",
                Project::crate_at("plugo-build")
            ),
            false => String::new(),
        };
        let text = format!(
            "[package]\nname = {:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
             {}[dependencies]\n{}\n[features]\n{}\n[package.metadata.plugo]\n{}\n[workspace]\n",
            self.name, build, self.dependencies, self.features, self.settings
        );
        self.file("Cargo.toml", text)
    }

    /// Adds a plugin crate that Cargo can build, in `plugins/<name>`, and
    /// makes it a dependency of the app. `more` are further lines of its
    /// `Cargo.toml` after `[dependencies]`.
    ///
    /// The package is called `<app>-<name>`: Cargo tells crates that share a
    /// target folder apart by name and place in their workspace.
    #[must_use]
    pub fn plugin_crate(self, name: &str, more: &str, source: &str) -> Self {
        let package = format!("{}-{name}", self.name);
        let plugo = Project::crate_at("plugo");
        let manifest = format!(
            "[package]\nname = {package:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nplugo = {plugo}\n{more}\n"
        );
        let again = self.dependencies.contains(&format!("{package} ="));
        let project = self
            .file(&format!("plugins/{name}/Cargo.toml"), manifest)
            .file(&format!("plugins/{name}/src/lib.rs"), source);
        match again {
            true => project,
            false => project.dependencies(&format!("{package} = {{ path = \"plugins/{name}\" }}")),
        }
    }

    /// Adds lines to the `[dependencies]` of the app.
    #[must_use]
    pub fn dependencies(mut self, lines: &str) -> Self {
        self.dependencies.push_str(lines);
        self.dependencies.push('\n');
        self.manifest()
    }

    /// Adds lines to the `[features]` of the app.
    #[must_use]
    pub fn features(mut self, lines: &str) -> Self {
        self.features.push_str(lines);
        self.features.push('\n');
        self.manifest()
    }

    /// Adds lines to the `[package.metadata.plugo]` of the app.
    #[must_use]
    pub fn settings(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self.manifest()
    }

    /// Adds a plugin crate of version 1.0.0 in the plugin directory, with a
    /// `metadata.json`, and makes it a dependency of the app.
    #[must_use]
    pub fn plugin(self, name: &str, metadata: &str) -> Self {
        self.loose_plugin(name, metadata)
            .dependencies(&format!("{name} = {{ path = \"plugins/{name}\" }}"))
    }

    /// Like [`Project::plugin`], as an optional dependency that the feature
    /// of the plugin's name turns on.
    #[must_use]
    pub fn optional_plugin(self, name: &str, metadata: &str) -> Self {
        self.loose_plugin(name, metadata)
            .dependencies(&format!("{name} = {{ path = \"plugins/{name}\", optional = true }}"))
            .features(&format!("{name} = [\"dep:{name}\"]"))
    }

    /// Like [`Project::plugin`], and no dependency of the app.
    #[must_use]
    pub fn loose_plugin(self, name: &str, metadata: &str) -> Self {
        assert!(name.len() <= MAX_LENGTH);
        let project = self
            .file(
                &format!("plugins/{name}/Cargo.toml"),
                format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n"),
            )
            .file(&format!("plugins/{name}/src/lib.rs"), "#[plugo::plugin]\nfn init_plugin() {}\n");
        match metadata {
            "" => project,
            metadata => project.file(&format!("plugins/{name}/metadata.json"), metadata),
        }
    }

    /// Writes `plugins_config.json`: names that it enables, and with `!` names
    /// that it disables.
    #[must_use]
    pub fn config(self, names: &[&str]) -> Self {
        self.file("plugins_config.json", selection(names))
    }

    /// Writes the file of a client, as [`Project::config`] does.
    #[must_use]
    pub fn client(self, client: &str, names: &[&str]) -> Self {
        self.file(&format!("clients/{client}.json"), selection(names))
    }

    /// The environment of a build of the app, with some features on.
    pub fn environment(&self, features: &[&str]) -> Environment {
        let mut environment =
            Environment::new(self.dir(), self.dir().join("out"), "x86_64-unknown-linux-gnu");
        environment.cargo = PathBuf::from(env!("CARGO"));
        environment.features = features.iter().map(|&feature| feature.to_owned()).collect();
        environment
    }

    /// Plans the app with some features on.
    pub fn plan(&self, features: &[&str]) -> Planning {
        self.plan_with(self.environment(features))
    }

    /// Plans the app with the variable `ENABLED_PLUGINS` set.
    pub fn plan_enabling(&self, features: &[&str], enabled: &str) -> Planning {
        let mut environment = self.environment(features);
        environment.enabled_plugins = Some(enabled.to_owned());
        self.plan_with(environment)
    }

    /// Plans the app in an environment.
    pub fn plan_with(&self, environment: Environment) -> Planning {
        Planning(Builder::new().environment(environment).plan())
    }
}

impl Folder {
    fn temporary() -> Self {
        Folder::Temporary(TempDir::new().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        match self {
            Folder::Temporary(dir) => dir.path(),
            Folder::Kept(dir) => dir,
        }
    }
}

/// This repository's lock file: offline, Cargo can only choose versions that
/// were downloaded.
fn seed() -> Vec<u8> {
    fs::read(repository().join("Cargo.lock")).expect("the repository's lock file")
}

impl Default for Project {
    fn default() -> Self {
        Project::new()
    }
}

/// A selection file, one entry a line.
fn selection(names: &[&str]) -> String {
    let entries: Vec<String> = names
        .iter()
        .map(|name| {
            let enabled = !name.starts_with('!');
            let name = name.trim_start_matches('!');
            format!("    {{ \"name\": {name:?}, \"enabled\": {enabled} }}")
        })
        .collect();
    format!("{{\n  \"plugins\": [\n{}\n  ]\n}}\n", entries.join(",\n"))
}

/// A plan, or what was refused.
#[derive(Debug)]
pub struct Planning(Result<(Plan, Vec<Diagnostic>), Error>);

impl Planning {
    /// The names in load order; what was refused fails the test.
    pub fn names(&self) -> Vec<String> {
        self.plan().plugins.iter().map(|plugin| plugin.id.to_string()).collect()
    }

    /// The plan; what was refused fails the test.
    pub fn plan(&self) -> &Plan {
        match &self.0 {
            Ok((plan, _)) => plan,
            Err(error) => panic!("{error}"),
        }
    }

    /// The warnings beside a plan, as text.
    pub fn warnings(&self) -> String {
        match &self.0 {
            Ok((_, warnings)) => text(warnings),
            Err(error) => panic!("{error}"),
        }
    }

    /// The errors and warnings, as text; a plan fails the test.
    pub fn refused(&self) -> String {
        match &self.0 {
            Err(Error::Refused(problems)) => {
                assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
                text(problems)
            }
            other => panic!("not refused: {other:#?}"),
        }
    }

    /// The codes of what was refused, in order.
    pub fn codes(&self) -> Vec<&'static str> {
        match &self.0 {
            Err(Error::Refused(problems)) => problems.iter().map(|p| p.code.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

fn text(problems: &[Diagnostic]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}
