use clap::ArgMatches;

use crate::context::Context;
use crate::error::Error;

/// The namespace of the commands.
pub const COMMANDS: &str = "plugo.commands";

/// A subcommand of `plugo`, under the name of its plugin.
#[plugo::plugin_type]
pub trait Command: Send + Sync {
    /// Its arguments and its help. The name is the plugin's.
    fn arguments(&self, command: clap::Command) -> clap::Command;

    /// Does what it is for.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; it decides the exit code.
    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error>;
}
