use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::app::known;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::program::{Others, commands, program};

#[plugo::plugin(name = "man", namespace = "plugo.commands", of = dyn Command, priority = 61)]
#[derive(Default)]
struct Man;

#[derive(clap::Args)]
struct Args {
    /// The command whose page is printed [default: plugo itself]
    command: Option<String>,
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

impl Command for Man {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Print a man page, or write all of them")
            .after_help("Example: plugo man --dir ~/.local/share/man/man1")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let mut program = program(&commands(), &Others::new()).disable_help_subcommand(true);
        program.build();
        if let Some(dir) = &args.dir {
            return write(context, &context.path(dir), &program);
        }
        let Some(name) = &args.command else { return context.answer(page(&program)?) };
        let names: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
        match program.get_subcommands().find(|command| command.get_name() == name) {
            Some(command) => context.answer(page(command)?),
            None => {
                let help = known("the commands are", name, &names);
                Err(Error::usage(format!("there is no command `{name}`{help}")))
            }
        }
    }
}

/// A page for each command, and for the commands below it.
fn write(context: &Context, dir: &std::path::Path, program: &clap::Command) -> Result<(), Error> {
    std::fs::create_dir_all(dir).map_err(|error| Error::io("made", dir, &error))?;
    let mut open = vec![program];
    let mut pages = 0;
    while let Some(command) = open.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = dir.join(format!("{name}.1"));
        plugo_build::write(&path, &page(command)?)
            .map_err(|error| Error::io("written", &path, &error))?;
        pages += 1;
        open.extend(command.get_subcommands());
    }
    context.shell.status("Wrote", format_args!("{pages} pages to {}", dir.display()));
    Ok(())
}

fn page(command: &clap::Command) -> Result<String, Error> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Error::environment(format!("the page cannot be made: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
