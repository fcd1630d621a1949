use clap::{ArgMatches, Args as _, FromArgMatches as _};
use clap_complete::Shell;

use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::program::{Others, commands, program};

#[plugo::plugin(name = "completions", namespace = "plugo.commands", of = dyn Command, priority = 60)]
#[derive(Default)]
struct Completions;

#[derive(clap::Args)]
struct Args {
    /// The shell that completes
    shell: Shell,
}

impl Command for Completions {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Print what makes a shell complete plugo's commands and arguments")
            .after_help("Example: plugo completions bash > ~/.local/share/bash-completion/completions/plugo")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        // What lies on PATH today is not what lies there tomorrow.
        let mut program = program(&commands(), &Others::new());
        let mut script = Vec::new();
        clap_complete::generate(args.shell, &mut program, "plugo", &mut script);
        context.answer(String::from_utf8_lossy(&script))
    }
}
