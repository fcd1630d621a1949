use std::ffi::OsString;
use std::process::ExitCode;

use anstream::ColorChoice;
use clap::ArgMatches;
use plugo::Item;

use crate::app::known;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::external;
use crate::program::{Others, commands, program};
use crate::shell::Shell;

/// The program: reads the arguments, runs the command, says what is wrong,
/// and gives the exit code.
pub fn main() -> ExitCode {
    let arguments = arguments(std::env::args_os().collect());
    let (commands, others) = (commands(), external::all());
    let program = program(&commands, &others).color(color(&arguments));
    let matches = match program.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and the version are answers.
            let code = if error.use_stderr() { exit::USAGE } else { exit::DONE };
            let _ = error.print();
            return code.into();
        }
    };
    let shell = shell(&matches);
    match run(&commands, &others, &matches, shell.clone()) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            match &error {
                Error::Said(_) => {}
                Error::Refused(problems) => {
                    shell.problems(problems);
                    shell.error(&error);
                }
                error => shell.error(error),
            }
            error.code().into()
        }
    }
}

/// Cargo calls `cargo-plugo plugo list`.
fn arguments(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let program = arguments.first().map(std::path::Path::new).and_then(|path| path.file_stem());
    if program.is_some_and(|name| name == "cargo-plugo")
        && arguments.get(1).is_some_and(|first| first == "plugo")
    {
        arguments.remove(1);
    }
    arguments
}

/// The colours that help and wrong calls are shown in: they come before there
/// are matches.
fn color(arguments: &[OsString]) -> clap::ColorChoice {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let mut choice = clap::ColorChoice::Auto;
    while let Some(argument) = arguments.next() {
        let when = match argument.strip_prefix("--color") {
            Some("") => arguments.next(),
            Some(when) => when.strip_prefix('='),
            None if argument == "--" => break,
            None => None,
        };
        match when {
            Some("always") => choice = clap::ColorChoice::Always,
            Some("never") => choice = clap::ColorChoice::Never,
            _ => {}
        }
    }
    choice
}

fn shell(matches: &ArgMatches) -> Shell {
    let color = match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    Shell::new(color, matches.get_flag("quiet"), matches.get_count("verbose"))
}

fn run(
    commands: &[Item<dyn Command>],
    others: &Others,
    matches: &ArgMatches,
    shell: Shell,
) -> Result<(), Error> {
    let Some((name, matches)) = matches.subcommand() else {
        return Err(Error::usage("no command is given"));
    };
    if let Some(item) = commands.iter().find(|item| item.name() == name) {
        let command = item.shared().map_err(|error| Error::environment(error.to_string()))?;
        let dir = std::env::current_dir()
            .map_err(|error| Error::environment(format!("there is no current folder: {error}")))?;
        return command.run(&Context::new(shell, dir), matches);
    }
    if let Some(program) = others.get(name) {
        // Clap keeps what it does not know under no name.
        let arguments = matches.get_many::<OsString>("").into_iter().flatten();
        return external::run(name, program.as_os_str(), arguments);
    }
    let names: Vec<&str> = commands
        .iter()
        .map(|item| -> &str { item.name() })
        .chain(others.keys().map(String::as_str))
        .collect();
    Err(Error::usage(format!(
        "there is no command `{name}`{}",
        known("the commands are", name, &names)
    )))
}
