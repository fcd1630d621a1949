use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::Severity;
use serde_json::{Value, json};

use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::outcome::{Because, Outcome, State, outcomes};
use crate::table::Table;

#[plugo::plugin(name = "list", namespace = "plugo.commands", of = dyn Command, priority = 20)]
#[derive(Default)]
struct List;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for List {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("List every plugin that the repository knows, and what becomes of it")
            .after_help("Example: plugo list --client acme")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let project = context.project(&app, &args.selection)?;
        let (plan, problems) = project.draft();
        let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
        let outcomes = outcomes(&project, &plan, refused);
        match args.format.format {
            // A program would take a draft for a plan.
            Format::Json if refused => {}
            Format::Json => context.json(&outcomes.iter().map(document).collect())?,
            Format::Table if outcomes.is_empty() => {
                let dir = project.show(project.plugin_directory());
                context.shell.note(format_args!(
                    "`{}` has no plugins: none in `{dir}`, among its dependencies or in its source",
                    project.app()
                ));
            }
            Format::Table => {
                let all = context.shell.verbosity() > 0;
                context.answer(table(&outcomes, all))?;
            }
        }
        if refused {
            return Err(problems.into());
        }
        context.shell.problems(&problems);
        Ok(())
    }
}

fn document(outcome: &Outcome) -> Value {
    let plugin = &outcome.plugin;
    json!({
        "name": plugin.id.name,
        "namespace": plugin.id.namespace,
        "version": plugin.package.as_ref().map(|_| plugin.version.to_string()),
        "state": outcome.state.as_str(),
        "order": outcome.order,
        "reasons": outcome.because.iter().map(Because::json).collect::<Vec<_>>(),
    })
}

/// With `all`, every reason is shown, not only the most decisive one.
fn table(outcomes: &[Outcome], all: bool) -> Table {
    let shown = if all { usize::MAX } else { 1 };
    let mut table = Table::new(["order", "name", "version", "state", "because of"]).right([0]);
    for Outcome { plugin, state, order, because } in outcomes {
        let because: Vec<String> = match state {
            // What is asked for has a place; several may ask.
            State::Planned | State::Requested => {
                because.iter().map(|b| format!("{}: {}", b.source, b.place)).collect()
            }
            State::Disabled if plugin.disabled_at.is_some() => {
                because.iter().take(shown).map(|b| format!("{}: {}", b.source, b.place)).collect()
            }
            // `explain` says the rest.
            _ => because.iter().take(shown).map(|b| b.message.clone()).collect(),
        };
        table.row([
            order.map(|order| (order + 1).to_string()).unwrap_or_default(),
            plugin.id.to_string(),
            plugin.package.as_ref().map(|_| plugin.version.to_string()).unwrap_or_default(),
            state.as_str().to_owned(),
            because.join(", "),
        ]);
    }
    table
}
