use std::ffi::OsString;
use std::process::ExitCode;

use anstream::ColorChoice;
use clap::{Arg, ArgAction, ArgMatches};
use plugo::Item;

use crate::app::known;
use crate::command::{COMMANDS, Command};
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::external;
use crate::shell::Shell;

/// The program: reads the arguments, runs the command, says what is wrong,
/// and gives the exit code.
pub fn main() -> ExitCode {
    let arguments = arguments(std::env::args_os().collect());
    let commands = commands();
    let matches = match program(&commands).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and the version are answers.
            let code = if error.use_stderr() { exit::USAGE } else { exit::DONE };
            let _ = error.print();
            return code.into();
        }
    };
    let shell = shell(&matches);
    match run(&commands, &matches, shell.clone()) {
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

/// The commands of this program, by priority, then name.
fn commands() -> Vec<Item<dyn Command>> {
    let all = plugo::items::<dyn Command>().all();
    all.into_iter().filter(|item| item.plugin().namespace() == COMMANDS).collect()
}

/// The command line.
pub(crate) fn program(commands: &[Item<dyn Command>]) -> clap::Command {
    let mut program = clap::Command::new("plugo")
        .bin_name("plugo")
        .version(env!("CARGO_PKG_VERSION"))
        .about("One Rust application for many clients, each with exactly its own plugins")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .allow_external_subcommands(true)
        .max_term_width(100)
        .arg(
            Arg::new("color")
                .long("color")
                .value_name("WHEN")
                .help("Whether to show colours; `NO_COLOR` turns them off")
                .value_parser(["auto", "always", "never"])
                .default_value("auto")
                .global(true),
        )
        .arg(
            Arg::new("quiet")
                .short('q')
                .long("quiet")
                .help("Say only what is wrong, beside the answer")
                .action(ArgAction::SetTrue)
                .global(true),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .help("Say more")
                .action(ArgAction::Count)
                .conflicts_with("quiet")
                .global(true),
        )
        .after_help("Example: plugo list --client acme");
    for item in commands {
        // An instance that cannot be made is told of when it is called.
        if let Ok(command) = item.shared() {
            program = program.subcommand(command.arguments(clap::Command::new(item.name())));
        }
    }
    let others = external::all();
    let others = others.keys().filter(|name| !commands.iter().any(|item| item.name() == *name));
    for (name, place) in others.map(|name| (name.clone(), format!("The program plugo-{name}"))) {
        let arguments = Arg::new("arguments")
            .num_args(..)
            .value_parser(clap::value_parser!(OsString))
            .trailing_var_arg(true)
            .allow_hyphen_values(true);
        program = program.subcommand(
            clap::Command::new(name).about(place).disable_help_flag(true).arg(arguments),
        );
    }
    program
}

fn shell(matches: &ArgMatches) -> Shell {
    let color = match matches.get_one::<String>("color").map(String::as_str) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    Shell::new(color, matches.get_flag("quiet"), matches.get_count("verbose"))
}

fn run(commands: &[Item<dyn Command>], matches: &ArgMatches, shell: Shell) -> Result<(), Error> {
    let Some((name, matches)) = matches.subcommand() else {
        return Err(Error::usage("no command is given"));
    };
    if let Some(item) = commands.iter().find(|item| item.name() == name) {
        let command = item.shared().map_err(|error| Error::environment(error.to_string()))?;
        let dir = std::env::current_dir()
            .map_err(|error| Error::environment(format!("there is no current folder: {error}")))?;
        return command.run(&Context::new(shell, dir), matches);
    }
    let others = external::all();
    if let Some(program) = others.get(name) {
        let arguments = matches.get_many::<OsString>("arguments").into_iter().flatten();
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
