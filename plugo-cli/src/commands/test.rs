use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::args::AppArgs;
use crate::building::{Building, ClientsArgs, HowArgs, MANIFEST, count};
use crate::child;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::exit;

#[plugo::plugin(name = "test", namespace = "plugo.commands", of = dyn Command, priority = 33)]
#[derive(Default)]
struct Test;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    clients: ClientsArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    app: AppArgs,
    /// What is passed on to `cargo test`; after another `--`, to the tests
    #[arg(last = true, value_name = "CARGO ARGUMENTS")]
    arguments: Vec<String>,
}

impl Command for Test {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Run the app's tests with what clients get")
            .after_help("Example: plugo test --all-clients -- --lib -- --nocapture")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let options = args.how.test_options(args.arguments)?;
        let app = context.app(&args.app)?;
        let (project, jobs) = context.jobs(&app, &args.clients, &options)?;
        let mut building = Building::new(context, &app, &options, project, jobs.len());
        let mut failed = Vec::new();
        for job in &jobs {
            context.shell.status("Testing", format_args!("{} for `{}`", app.name, job.name()));
            // A client that cannot be planned is told of, and the others are tested.
            let prepared = match building.prepare(job) {
                Ok(prepared) => prepared,
                Err(error @ (Error::No(_) | Error::Refused(_))) => {
                    building.explain(&error);
                    context.shell.error(format_args!("no tests for `{}`: {error}", job.name()));
                    failed.push(job.name());
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut cargo = options.cargo(context, &app, "test", job.client.as_deref());
            cargo.env(MANIFEST, &prepared.manifest);
            if let Some(profile) = &options.profile {
                cargo.args(["--profile", profile]);
            }
            if context.shell.is_quiet() {
                cargo.arg("--quiet");
            }
            cargo.args(options.passed());
            if !child::run(&mut cargo, |_| {})?.success() {
                failed.push(job.name());
            }
        }
        match (failed.as_slice(), jobs.as_slice()) {
            ([], _) => Ok(()),
            // Cargo said what failed.
            (_, [_]) => Err(Error::Said(exit::NO)),
            (failed, jobs) => Err(Error::no(format!(
                "tests failed for {} of {}: `{}`",
                failed.len(),
                count(jobs.len(), "client"),
                failed.join("`, `")
            ))),
        }
    }
}
