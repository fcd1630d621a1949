//! `plugo stats`: how many plugins each client gets.

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_cli::args::{AppArgs, SelectionArgs};
use plugo_cli::{Command, Context, Error};

#[plugo::plugin(name = "stats", namespace = "plugo.commands", of = dyn Command, priority = 90)]
#[derive(Default)]
struct Stats;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
}

impl Command for Stats {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Count the plugins that each client gets")
            .after_help("Example: plugo stats --package shop")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let project = context.project(&app, &SelectionArgs::default())?;
        for client in project.clients() {
            let plugins = client.plugins?.len();
            context.answer(format_args!("{} {plugins}\n", client.name))?;
        }
        Ok(())
    }
}
