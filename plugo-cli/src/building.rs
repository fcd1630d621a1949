//! Building for clients: the plan, Cargo, what is told of it, the folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use plugo_build::{Plan, Project};

use self::folder::Folder;
use crate::app::App;
use crate::cargo;
use crate::child::{self, Line};
use crate::context::Context;
use crate::crate_graph::Metadata;
use crate::error::Error;
use crate::evidence::Evidence;
use crate::interrupt;

/// The folder that is shipped, while it is made.
mod folder;
/// What Cargo says on stdout.
mod messages;
/// What Cargo says on stderr.
mod output;
/// How far it is.
mod progress;
/// What is asked for.
mod request;
/// What became of it.
pub(crate) mod summary;

pub(crate) use self::messages::Messages;
pub(crate) use self::output::Output;
pub(crate) use self::progress::{Progress, count};
pub(crate) use self::request::{ClientsArgs, HowArgs};
pub(crate) use self::summary::Outcome;

/// The variable that names the manifest to the build script.
pub(crate) const MANIFEST: &str = "PLUGO_MANIFEST";
/// The folder of a build for no client.
pub(crate) const DEFAULT: &str = "default";

/// How the app is built.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) profile: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) locked: bool,
    /// What is passed on to Cargo.
    pub(crate) arguments: Vec<String>,
}

impl Options {
    /// What every call of Cargo gets that has to do with the lock file.
    fn lock(&self) -> Vec<&str> {
        let offline = self.arguments.iter().map(String::as_str);
        let offline = offline.filter(|argument| matches!(*argument, "--offline" | "--frozen"));
        self.locked.then_some("--locked").into_iter().chain(offline).collect()
    }

    /// What is passed on to Cargo, and was not said already.
    pub(crate) fn passed(&self) -> impl Iterator<Item = &String> {
        let said = self.lock();
        self.arguments.iter().filter(move |argument| !said.contains(&argument.as_str()))
    }

    /// Cargo, for the app with the features of a client or its default ones.
    pub(crate) fn cargo(
        &self,
        context: &Context,
        app: &App,
        command: &str,
        client: Option<&str>,
    ) -> Command {
        let mut cargo = context.cargo(app);
        cargo.arg(command).arg("--package").arg(format!("{}@{}", app.name, app.version));
        if let Some(client) = client {
            cargo.args(["--no-default-features", "--features", &format!("client-{client}")]);
            // What a client gets, its file says alone.
            cargo.env_remove("ENABLED_PLUGINS");
        }
        if let Some(target) = &self.target {
            cargo.args(["--target", target]);
        }
        cargo.args(self.lock());
        let color = if context.shell.has_color() { "always" } else { "never" };
        cargo.env("CARGO_TERM_COLOR", color);
        cargo
    }
}

impl Context {
    /// The builds that are asked for, and the repository as a build without
    /// features sees it.
    pub(crate) fn jobs(
        &self,
        app: &App,
        clients: &ClientsArgs,
        options: &Options,
    ) -> Result<(Project, Vec<Job>), Error> {
        let mut environment = self.environment(app, options.target.as_deref())?;
        if !options.locked {
            // As any build would do it.
            let mut update = self.cargo(app);
            update.args(["update", "--workspace", "--quiet"]).args(options.lock());
            cargo::output(&mut update)?;
        }
        if clients.are_named() && environment.enabled_plugins.take().is_some() {
            self.shell.warn("ENABLED_PLUGINS is left out: what a client gets, its file says alone");
        }
        let project = Project::read(environment)?;
        let jobs = clients.jobs(&project)?;
        Ok((project, jobs))
    }
}

/// One build that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) client: Option<String>,
    /// The first client of this command with the same selection.
    pub(crate) shared_with: Option<String>,
}

impl Job {
    /// The name of the folder.
    pub(crate) fn name(&self) -> &str {
        self.client.as_deref().unwrap_or(DEFAULT)
    }
}

/// A build that was made.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) dir: PathBuf,
    pub(crate) programs: Vec<PathBuf>,
    pub(crate) plugins: Vec<String>,
    pub(crate) crates: usize,
    /// The crates that were not there already.
    pub(crate) compiled: usize,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// A build before Cargo is called.
#[derive(Debug)]
pub(crate) struct Prepared {
    plan: Plan,
    evidence: Evidence,
    /// The file that `PLUGO_MANIFEST` names.
    pub(crate) manifest: PathBuf,
}

/// Builds for clients, one after the other.
pub(crate) struct Building<'c> {
    context: &'c Context,
    app: &'c App,
    options: &'c Options,
    /// The repository, as a build without features sees it.
    base: Project,
    /// What Cargo tells of the workspace, as soon as it was asked.
    metadata: Option<Metadata>,
    progress: Progress<'c>,
    output: Output<'c>,
    refused: BTreeSet<String>,
}

impl<'c> Building<'c> {
    pub(crate) fn new(
        context: &'c Context,
        app: &'c App,
        options: &'c Options,
        base: Project,
        jobs: usize,
    ) -> Self {
        Building {
            context,
            app,
            options,
            base,
            metadata: None,
            progress: Progress::new(&context.shell, jobs),
            output: Output::new(&context.shell),
            refused: BTreeSet::new(),
        }
    }

    /// Makes one build. What stood in its folder is replaced when the new one
    /// is whole and verified, and stays as it was otherwise.
    pub(crate) fn build(&mut self, job: &Job) -> Result<Built, Error> {
        let built = self.try_build(job);
        self.progress.clear();
        // A signal that a child got too is why the child failed.
        if built.is_err() {
            interrupt::check()?;
        }
        built
    }

    /// Says what is wrong, and once what is wrong for every client.
    pub(crate) fn explain(&mut self, error: &Error) {
        if let Error::Refused(problems) = error {
            for problem in problems {
                if self.refused.insert(problem.to_string()) {
                    self.context.shell.problems([problem]);
                }
            }
        }
    }

    fn try_build(&mut self, job: &Job) -> Result<Built, Error> {
        let started = Instant::now();
        let root = self.app.target_dir.join("plugo");
        // Without a folder of its own for what Cargo gives, one build at a time.
        let lock = if self.app.build_dir.is_some() { job.name() } else { "all" };
        let folder = Folder::open(&root, job.name(), lock, &self.context.shell)?;
        let Prepared { plan, evidence, manifest } = self.prepare(job)?;
        let crates = evidence.content.crates().len();
        self.progress.begin(job.name(), crates, plan.plugins.len());
        let messages = self.compile(job, &folder, &manifest)?;
        let evidence = evidence.verified(&messages.compiled)?;
        let files: Vec<&PathBuf> = messages
            .compiled
            .programs
            .iter()
            .map(|(_, program)| program)
            .chain(&messages.libraries)
            .collect();
        if files.is_empty() {
            return Err(Error::no(format!(
                "`{}` has no program, and no library that is shipped",
                self.app.name
            )));
        }
        let mut bytes = 0;
        for file in &files {
            bytes += folder.add(file)?;
        }
        evidence.write(folder.fresh())?;
        interrupt::check()?;
        let dir = folder.place().to_owned();
        let name =
            |(_, program): &(String, PathBuf)| dir.join(program.file_name().unwrap_or_default());
        let programs = messages.compiled.programs.iter().map(name).collect();
        folder.publish()?;
        let fresh = messages.compiled.crates.iter().filter(|krate| !krate.fresh);
        Ok(Built {
            programs,
            plugins: plan.plugins.iter().map(|plugin| plugin.id.to_string()).collect(),
            crates,
            compiled: fresh.map(|krate| &krate.package_id).collect::<BTreeSet<_>>().len(),
            bytes,
            seconds: started.elapsed().as_secs_f64(),
            dir,
        })
    }

    /// Plans a build, and hands its manifest over: the build script lays it
    /// into the program, in place of its own. It reads one file for everything
    /// that is done with the build, so going from one to the other rebuilds
    /// nothing.
    pub(crate) fn prepare(&mut self, job: &Job) -> Result<Prepared, Error> {
        self.fetch(job)?;
        let (project, plan) = self.plan(job)?;
        let metadata = match self.metadata.take() {
            Some(metadata) => metadata,
            None => Metadata::read(&self.app.dir)?,
        };
        let evidence = Evidence::plan(self.metadata.insert(metadata), &project, &plan)?;
        let manifest = evidence.hand_over(&self.app.target_dir.join("plugo").join(".plans"))?;
        Ok(Prepared { plan, evidence, manifest })
    }

    /// What this build needs is on this machine before it is planned: the
    /// plan reads the metadata of plugins that Cargo downloaded.
    fn fetch(&self, job: &Job) -> Result<(), Error> {
        let mut tree = self.options.cargo(self.context, self.app, "tree", job.client.as_deref());
        if self.options.target.is_none() {
            tree.args(["--target", &self.base.environment().target]);
        }
        tree.args(["--edges", "normal,build"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut said = Vec::new();
        let status = child::run(&mut tree, |line| {
            if let Line::Err(line) = line {
                said.push(line);
            }
        })?;
        if status.success() {
            return Ok(());
        }
        let said = said.join("\n");
        let said = anstream::adapter::strip_str(&said).to_string();
        let said = said.trim_start_matches("error: ").trim();
        let help = match said.contains("--locked was passed") {
            true => "\n  help: `--no-locked` brings Cargo.lock in line, as `cargo build` would",
            false => "",
        };
        Err(Error::no(format!("Cargo cannot resolve the crates of this build: {said}{help}")))
    }

    fn plan(&self, job: &Job) -> Result<(Project, Plan), Error> {
        let mut environment = self.base.environment().clone();
        environment.features = match &job.client {
            Some(client) => self.base.closure([format!("client-{client}").as_str()]),
            None => self.base.closure(["default"]),
        };
        let project = Project::read(environment)?;
        // The build script tells of the warnings.
        let (plan, _) = project.plan()?;
        Ok((project, plan))
    }

    fn compile(&mut self, job: &Job, folder: &Folder, manifest: &Path) -> Result<Messages, Error> {
        let mut cargo = self.options.cargo(self.context, self.app, "build", job.client.as_deref());
        cargo.env(MANIFEST, manifest);
        cargo.arg("--message-format=json-render-diagnostics");
        if let Some(profile) = &self.options.profile {
            cargo.args(["--profile", profile]);
        }
        if let Some(build_dir) = &self.app.build_dir {
            // Cargo's final artifacts bear the same names for every client;
            // what is compiled on the way stands where it always does.
            cargo.arg("--target-dir").arg(folder.artifacts());
            if *build_dir == self.app.target_dir {
                let path = serde_json::Value::from(build_dir.to_string_lossy());
                cargo.arg("--config").arg(format!("build.build-dir={path}"));
            }
        }
        cargo.args(self.options.passed());
        cargo.stdout(Stdio::piped());
        if self.context.shell.verbosity() > 0 {
            cargo.args((1..self.context.shell.verbosity()).map(|_| "-v"));
        } else {
            cargo.stderr(Stdio::piped());
        }
        let mut messages = Messages::new(self.app.manifest());
        let (progress, output) = (&mut self.progress, &mut self.output);
        let status = child::run(&mut cargo, |line| match line {
            Line::Out(line) => {
                output.goes_on();
                if let Some(krate) = messages.read(&line) {
                    progress.done(krate);
                }
            }
            Line::Err(line) => output.line(line, progress),
            Line::Nothing => {
                output.end(progress);
                output.tell(progress);
                progress.tell();
            }
        })?;
        output.end(progress);
        if std::mem::take(&mut output.unwritable) && !status.success() {
            return Err(Error::environment("Cargo cannot write to the target folder"));
        }
        if !status.success() {
            return Err(Error::no("Cargo could not build it"));
        }
        Ok(messages)
    }
}

/// Whether there is an earlier build of this name.
pub(crate) fn earlier(app: &App, name: &str) -> Option<PathBuf> {
    let dir = app.target_dir.join("plugo").join(name);
    fs::metadata(&dir).is_ok().then_some(dir)
}
