use std::ffi::OsString;

use clap::{ArgMatches, Args as _, FromArgMatches as _};

use super::run::ProgramArgs;
use crate::app_command;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;

#[plugo::plugin(name = "db", namespace = "plugo.commands", of = dyn Command, priority = 34)]
#[derive(Default)]
struct Db;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    which: ProgramArgs,
    /// What the app does: `migrate`, `sync`, `list`, `set`, `audit`, `rekey` or `user`, with its
    /// arguments; `--help` behind one of them shows those
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_name = "COMMAND",
        help_heading = "Arguments"
    )]
    arguments: Vec<OsString>,
}

impl Command for Db {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Build the app, and have it see and change what operators say in its database")
            .long_about(
                "Build the app, and have it see and change what operators say in its database.\n\n\
                 The app has the commands, from `plugo-admin`; PLUGO_DATABASE_URL names the \
                 database. The exit code is the app's.",
            )
            .after_help("Example: plugo db --client acme sync --mode update --dry-run")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let path = args.which.build(context)?;
        let mut arguments = vec![OsString::from("db")];
        arguments.extend(args.arguments);
        app_command::run(&path, &arguments)
    }
}
