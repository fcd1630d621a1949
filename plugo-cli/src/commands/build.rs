use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::app::App;
use crate::args::{AppArgs, Format, FormatArgs};
use crate::building::{
    Building, ClientsArgs, HowArgs, Job, Options, Outcome, count, earlier, summary,
};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::interrupt;

#[plugo::plugin(name = "build", namespace = "plugo.commands", of = dyn Command, priority = 31)]
#[derive(Default)]
struct Build;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    clients: ClientsArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// What is passed on to `cargo build`
    #[arg(last = true, value_name = "CARGO ARGUMENTS")]
    arguments: Vec<String>,
}

impl Command for Build {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Build the app for clients, into a folder for each")
            .long_about(
                "Build the app for clients, into a folder for each.\n\n\
                 <target>/plugo/<client>/ gets the program and what is told of it. It is replaced \
                 when the new build is whole and verified, and stays as it was otherwise. Without \
                 a client, the default selection is built into <target>/plugo/default/.",
            )
            .after_help("Example: plugo build --client acme --client zeta --release")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let options = args.how.options(args.arguments)?;
        let app = context.app(&args.app)?;
        let built = build(context, &app, &args.clients, &options)?;
        match args.format.format {
            Format::Json => context.json(&summary::json(&built.outcomes))?,
            Format::Table => context.answer(summary::table(&built.outcomes))?,
        }
        built.success()
    }
}

/// What became of the builds that were asked for.
pub(super) struct Builds {
    pub(super) outcomes: Vec<Outcome>,
    /// The exit code of what kept all the rest from being built.
    stopped: Option<u8>,
}

/// Builds what is asked for. A build that fails is told of, and the others
/// are made all the same, unless none could be.
pub(super) fn build(
    context: &Context,
    app: &App,
    clients: &ClientsArgs,
    options: &Options,
) -> Result<Builds, Error> {
    let (project, jobs) = context.jobs(app, clients, options)?;
    // What is half done is put right at the end of each build.
    interrupt::listen()?;
    let mut building = Building::new(context, app, options, project, jobs.len());
    let mut builds = Builds { outcomes: Vec::new(), stopped: None };
    for job in jobs {
        if builds.stopped.is_some() {
            let why = "it was not tried, since another one could not be built here";
            builds.outcomes.push(Outcome { job, built: Err(why.to_owned()) });
            continue;
        }
        let built = match building.build(&job) {
            Ok(built) => {
                context.shell.status("Built", context.show(&built.dir));
                Ok(built)
            }
            Err(Error::Said(code)) => {
                let why = "interrupted, and nothing was written for";
                context.shell.error(format_args!("{why} `{}`", job.name()));
                return Err(Error::Said(code));
            }
            Err(error) => {
                // No other build would do better.
                if matches!(error, Error::Environment(_) | Error::Usage(_)) {
                    builds.stopped = Some(error.code());
                }
                building.explain(&error);
                told(context, app, &job, &error);
                Err(error.to_string())
            }
        };
        builds.outcomes.push(Outcome { job, built });
    }
    Ok(builds)
}

impl Builds {
    /// The answer is no when a build failed.
    pub(super) fn success(&self) -> Result<(), Error> {
        if let Some(code) = self.stopped {
            return Err(Error::Said(code));
        }
        match self.outcomes.iter().filter(|outcome| outcome.built.is_err()).count() {
            0 => Ok(()),
            // It was told of, and there is no other.
            _ if self.outcomes.len() == 1 => Err(Error::Said(exit::NO)),
            failed => {
                let all = count(self.outcomes.len(), "build");
                Err(Error::no(format!("{failed} of {all} failed")))
            }
        }
    }
}

fn told(context: &Context, app: &App, job: &Job, error: &Error) {
    let kept = match earlier(app, job.name()) {
        Some(dir) => format!("; `{}` is still that of an earlier build", context.show(&dir)),
        None => String::new(),
    };
    context.shell.error(format_args!("no build for `{}`: {error}{kept}", job.name()));
}
