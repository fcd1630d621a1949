use std::ffi::OsString;

use clap::{ArgMatches, Args as _, FromArgMatches as _};

use super::run::ProgramArgs;
use crate::app_command;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;

#[plugo::plugin(name = "admin", namespace = "plugo.commands", of = dyn Command, priority = 35)]
#[derive(Default)]
struct Admin;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    which: ProgramArgs,
    /// The address and the port of the pages [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

impl Command for Admin {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Build the app, and have it serve its admin pages")
            .long_about(
                "Build the app, and have it serve its admin pages, without the rest of it.\n\n\
                 The app has the command, from `plugo-admin`; PLUGO_DATABASE_URL names the \
                 database. `plugo db user add` says who may log in.",
            )
            .after_help("Example: plugo admin --client acme --listen 127.0.0.1:9000")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let path = args.which.build(context)?;
        let mut arguments = vec![OsString::from("admin")];
        if let Some(listen) = args.listen {
            arguments.extend(["--listen".into(), listen.into()]);
        }
        app_command::run(&path, &arguments)
    }
}
