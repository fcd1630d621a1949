use std::fs;
use std::path::{Path, PathBuf};

use plugo_build::{Builder, Diagnostic, Environment, Error, Plan, Severity};
use plugo_core::name::MAX_LENGTH;
use tempfile::TempDir;

use crate::cargo::repository;

/// A repository in a temporary folder: an app, `app`, and what is put beside
/// it. It is planned with [`Project::plan`], or built by Cargo.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
    name: String,
    dependencies: String,
    features: String,
    settings: String,
}

impl Project {
    /// An app without plugins.
    pub fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let project = Project {
            dir,
            name: "app".to_owned(),
            dependencies: String::new(),
            features: String::new(),
            settings: String::new(),
        };
        project.file("src/main.rs", "fn main() {}\n").file("Cargo.lock", "version = 4\n").manifest()
    }

    /// An app that Cargo can build, outside of this repository, which depends
    /// on plugo by path. The name is the binary's; each test has its own.
    pub fn buildable(name: &str) -> Self {
        let mut project = Project::new();
        project.name = name.to_owned();
        let lock = fs::read(repository().join("Cargo.lock")).expect("the repository's lock file");
        project
            .file("Cargo.lock", lock)
            .file("build.rs", "fn main() {\n    plugo_build::build();\n}\n")
            .dependencies(&format!("plugo = {}", Project::crate_at("plugo")))
    }

    /// A dependency on one of plugo's crates, as the value of its key.
    pub fn crate_at(name: &str) -> String {
        format!("{{ path = {:?} }}", repository().join(name))
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, with the folders that it needs.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.dir().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, content).expect("a file");
        self
    }

    fn manifest(self) -> Self {
        let build = match self.dir().join("build.rs").exists() {
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
