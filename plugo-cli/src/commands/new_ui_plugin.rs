use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::scaffold::{Kind, NewArgs, new_plugin};

#[plugo::plugin(name = "new-ui-plugin", namespace = "plugo.commands", of = dyn Command, priority = 3)]
#[derive(Default)]
struct NewUiPlugin;

impl Command for NewUiPlugin {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        NewArgs::augment_args(command)
            .about("Make a plugin with pages, and wire it into the app")
            .after_help("It is put into the app's folder, `ui/plugins`, unless `--output-dir` says otherwise.\n\nExample: plugo new-ui-plugin --name \"Price List\"")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            NewArgs::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        new_plugin(Kind::Ui, context, &args)
    }
}
