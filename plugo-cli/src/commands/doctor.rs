use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::Project;
use serde_json::json;

use crate::args::{AppArgs, Format, FormatArgs};
use crate::command::Command;
use crate::context::Context;
use crate::doctor::{self, Note};
use crate::error::Error;
use crate::exit;

#[plugo::plugin(name = "doctor", namespace = "plugo.commands", of = dyn Command, priority = 24)]
#[derive(Default)]
struct Doctor;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Doctor {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Look for what is wrong, unused or slow, and say what to do about it")
            .after_help("Example: plugo doctor --package shop")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let mut notes = doctor::toolchain(&app)?;
        notes.extend(doctor::before_planning(&app));
        // A doctor changes nothing: without a lock file, none is made.
        if app.workspace.join("Cargo.lock").exists() {
            let mut environment = context.environment(&app, None)?;
            let base = Project::read(environment.clone())?;
            environment.features = base.closure(["default"]);
            let project = Project::read(environment)?;
            notes.extend(doctor::builds(context, &app, &project)?);
        }
        // What is wrong comes first.
        notes.sort_by_key(|note| !note.is_wrong);
        let wrong = notes.iter().filter(|note| note.is_wrong).count();
        match args.format.format {
            Format::Json => context.json(&json!({
                "wrong": wrong > 0,
                "notes": notes.iter().map(Note::json).collect::<Vec<_>>(),
            }))?,
            Format::Table => {
                for note in &notes {
                    context.answer(format_args!("{note}\n"))?;
                }
                if notes.is_empty() {
                    context.answer("nothing to say: all is well\n")?;
                }
            }
        }
        if wrong > 0 {
            return Err(Error::Said(exit::NO));
        }
        Ok(())
    }
}
