use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction};
use plugo::Item;

use crate::command::{COMMANDS, Command};

/// Programs that are commands, by the name of the command.
pub(crate) type Others = BTreeMap<String, PathBuf>;

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 the answer is no, 2 the call was wrong, 3 the environment is broken,
130 interrupted.

Example: plugo list --client acme";

/// The heading of the options that every command has.
const GENERAL: &str = "General";

/// What stands below the help. Programs that are commands are told of here and
/// nowhere else: all that stands behind their names is theirs, options that
/// every command has too.
fn after_help(commands: &[Item<dyn Command>], others: &Others) -> String {
    let mut text = String::from("A program called plugo-<name> on PATH is the command <name>");
    let others = others.keys().filter(|name| !commands.iter().any(|item| item.name() == *name));
    let names: Vec<&str> = others.map(String::as_str).collect();
    match names.as_slice() {
        [] => text.push('.'),
        names => text.push_str(&format!("; here are: {}.", names.join(", "))),
    }
    format!("{text}\n\n{AFTER_HELP}")
}

/// The commands of this program, by priority, then name.
pub(crate) fn commands() -> Vec<Item<dyn Command>> {
    let all = plugo::items::<dyn Command>().all();
    all.into_iter().filter(|item| item.plugin().namespace() == COMMANDS).collect()
}

/// The command line.
pub(crate) fn program(commands: &[Item<dyn Command>], others: &Others) -> clap::Command {
    let mut program = clap::Command::new("plugo")
        .bin_name("plugo")
        .version(env!("CARGO_PKG_VERSION"))
        .about("One Rust application for many clients, each with exactly its own plugins")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(OsString))
        .max_term_width(100)
        .arg(
            Arg::new("color")
                .long("color")
                .value_name("WHEN")
                .help("Whether to show colours; `NO_COLOR` turns them off, `CLICOLOR_FORCE` on")
                .value_parser(["auto", "always", "never"])
                .default_value("auto")
                .help_heading(GENERAL)
                .global(true),
        )
        .arg(
            Arg::new("quiet")
                .short('q')
                .long("quiet")
                .help("Say only what is wrong, beside the answer")
                .action(ArgAction::SetTrue)
                .help_heading(GENERAL)
                .global(true),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .help("Say more")
                .action(ArgAction::Count)
                .conflicts_with("quiet")
                .help_heading(GENERAL)
                .global(true),
        )
        .after_help(after_help(commands, others));
    for item in commands {
        // An instance that cannot be made is told of when it is called.
        if let Ok(command) = item.shared() {
            program = program.subcommand(command.arguments(clap::Command::new(item.name())));
        }
    }
    program
}
