use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::args::{AppArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::edits::Edits;
use crate::error::Error;
use crate::scaffold::{Unwire, finish, resolved};

#[plugo::plugin(name = "remove", namespace = "plugo.commands", of = dyn Command, priority = 6)]
#[derive(Default)]
struct Remove;

#[derive(clap::Args)]
struct Args {
    /// The plugins, or the crates that have them
    #[arg(required = true, value_name = "PLUGIN")]
    plugins: Vec<String>,
    /// Delete the folders of their crates too
    #[arg(long)]
    delete: bool,
    /// Show every change, and make none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    app: AppArgs,
}

impl Command for Remove {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Take plugins out of the app: dependency, feature, and every mention in files")
            .after_help("Example: plugo remove price-list")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = resolved(context.app(&args.app)?);
        let project = context.project(&app, &SelectionArgs::default())?;
        let unwire = Unwire::find(&project, &args.plugins)?;
        let mut edits = Edits::new(&app.workspace);
        let unwired = unwire.plan(&project, &app, args.delete, &mut edits)?;
        if edits.is_empty() {
            context.shell.status("Finished", "nothing in the app mentions it");
        } else if !finish(context, &app.dir, &edits, args.dry_run)? {
            return Ok(());
        }
        for client in &unwired.clients {
            context.shell.warn(format_args!("the client `{client}` had it, and does not any more"));
        }
        for folder in &unwired.folders {
            let folder = edits.show(folder);
            context.shell.note(format_args!("`{folder}` is left; `--delete` deletes it too"));
        }
        Ok(())
    }
}
