use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::args::AppArgs;
use crate::command::Command;
use crate::context::Context;
use crate::edits::Edits;
use crate::error::Error;
use crate::scaffold::{Existing, finish, resolved};

#[plugo::plugin(name = "add", namespace = "plugo.commands", of = dyn Command, priority = 5)]
#[derive(Default)]
struct Add;

#[derive(clap::Args)]
struct Args {
    /// Crates that have plugins: folders, or crates of the registry such as
    /// `blog` or `blog@1.2`
    #[arg(required = true, value_name = "CRATE")]
    crates: Vec<String>,
    /// Show every change, and make none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    app: AppArgs,
}

impl Command for Add {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Wire plugins that exist already into the app")
            .after_help("Example: plugo add ../shared/blog")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = resolved(context.app(&args.app)?);
        let mut edits = Edits::new(&app.workspace);
        for given in &args.crates {
            Existing::find(context, &app, given)?.wire().plan(&app, &mut edits)?;
        }
        if finish(context, &app.dir, &edits, args.dry_run)? {
            context.shell.status("Finished", "`cargo run` loads what was added");
        }
        Ok(())
    }
}
