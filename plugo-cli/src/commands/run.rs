use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process;

use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::args::AppArgs;
use crate::building::{Built, ClientsArgs, HowArgs};
use crate::command::Command;
use crate::commands::build::build;
use crate::context::Context;
use crate::error::Error;

#[plugo::plugin(name = "run", namespace = "plugo.commands", of = dyn Command, priority = 32)]
#[derive(Default)]
struct Run;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    which: ProgramArgs,
    /// What the program gets
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Which program of the app, and how it is built.
#[derive(clap::Args)]
pub(super) struct ProgramArgs {
    /// The client that is built for [default: the default selection]
    #[arg(short, long, value_name = "CLIENT", help_heading = "Selection")]
    client: Option<String>,
    /// The program, where the app has several
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    bin: Option<String>,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    app: AppArgs,
}

impl ProgramArgs {
    /// Builds the program, and says where it is.
    pub(super) fn build(self, context: &Context) -> Result<PathBuf, Error> {
        let options = self.how.options(Vec::new())?;
        let app = context.app(&self.app)?;
        let program = app.program(self.bin.as_deref())?;
        let clients = ClientsArgs::one(self.client);
        let builds = build(context, &app, &clients, &options)?;
        builds.success()?;
        let built = builds.outcomes.into_iter().find_map(|outcome| outcome.built.ok());
        let path = built.and_then(|built| path(built, &program)).ok_or_else(|| {
            Error::no(format!("Cargo did not build the program `{program}` of `{}`", app.name))
        })?;
        context.shell.status("Running", context.show(&path));
        Ok(path)
    }
}

impl Command for Run {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Build the app for a client, and run it")
            .after_help("Example: plugo run --client acme -- --port 8080")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let path = args.which.build(context)?;
        execute(&path, &args.arguments)
    }
}

fn path(built: Built, program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    // For another target it may end otherwise.
    let is_it = |path: &&PathBuf| {
        path.file_name().is_some_and(|name| name == file.as_str())
            || path.file_stem().is_some_and(|stem| stem == program)
    };
    built.programs.iter().find(is_it).cloned()
}

/// The program takes the place of this one: its signals and its exit code are
/// its own.
#[cfg(unix)]
fn execute(path: &Path, arguments: &[OsString]) -> Result<(), Error> {
    use std::os::unix::process::CommandExt as _;
    let error = process::Command::new(path).args(arguments).exec();
    Err(Error::environment(format!("`{}` cannot be run: {error}", path.display())))
}

#[cfg(not(unix))]
fn execute(path: &Path, arguments: &[OsString]) -> Result<(), Error> {
    let status = process::Command::new(path).args(arguments).status();
    let status = status.map_err(|error| {
        Error::environment(format!("`{}` cannot be run: {error}", path.display()))
    })?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Error::Said(u8::try_from(code).unwrap_or(crate::exit::NO))),
        None => Err(Error::no("the program was ended")),
    }
}
