use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::scaffold::{Kind, NewArgs, new_plugin};

#[plugo::plugin(name = "new-base-plugin", namespace = "plugo.commands", of = dyn Command, priority = 2)]
#[derive(Default)]
struct NewBasePlugin;

impl Command for NewBasePlugin {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        NewArgs::augment_args(command)
            .about("Make a plugin, and wire it into the app")
            .after_help("It is put into the app's folder, its plugin directory (`plugins`), unless `--output-dir` says otherwise.\n\nExample: plugo new-base-plugin --name hello")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            NewArgs::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        new_plugin(Kind::Base, context, &args)
    }
}
