use clap::{ArgMatches, Args as _, FromArgMatches as _, Subcommand};

use crate::command::Command;
use crate::context::Context;
use crate::error::Error;

/// `plugo clients affected`.
mod affected;
/// `plugo clients diff`.
mod diff;
/// `plugo clients`.
mod list;
/// `plugo clients matrix`.
mod matrix;
/// `plugo clients use`.
mod select;

#[plugo::plugin(name = "clients", namespace = "plugo.commands", of = dyn Command, priority = 30)]
#[derive(Default)]
struct Clients;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[group(skip)]
struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: list::Args,
}

#[derive(Subcommand)]
enum What {
    /// Say where two clients differ
    #[command(after_help = "Example: plugo clients diff acme zeta")]
    Diff(diff::Args),
    /// Say which clients a change touches, and why
    #[command(after_help = "Example: plugo clients affected --since origin/main")]
    Affected(affected::Args),
    /// Write the jobs of a pipeline: one for each distinct selection
    #[command(after_help = "Example: plugo clients matrix --format github --since origin/main")]
    Matrix(matrix::Args),
    /// Show the editor one client: settings of rust-analyzer
    #[command(after_help = "Example: plugo clients use acme")]
    Use(select::Args),
}

impl Command for Clients {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("List clients, compare them, and find those that a change touches")
            .after_help("Example: plugo clients diff acme zeta")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        match args.what {
            None => list::run(context, &args.list),
            Some(What::Diff(args)) => diff::run(context, &args),
            Some(What::Affected(args)) => affected::run(context, &args),
            Some(What::Matrix(args)) => matrix::run(context, &args),
            Some(What::Use(args)) => select::run(context, &args),
        }
    }
}
