use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::{KnownPlugin, Plan, Reason, Source};
use serde_json::{Value, json};

use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
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
        let (plan, warnings) = project.plan()?;
        context.shell.problems(&warnings);
        let mut lines: Vec<Line> =
            project.plugins().map(|plugin| Line::new(plugin, &plan)).collect();
        // In load order, and then what is not in the build.
        lines.sort_by_key(|line| (line.order.is_none(), line.order));
        match args.format.format {
            Format::Json => context.json(&Value::Array(lines.iter().map(Line::json).collect())),
            Format::Table => context.answer(table(&lines)),
        }
    }
}

/// A plugin, and what becomes of it in one build.
struct Line {
    plugin: KnownPlugin,
    state: &'static str,
    order: Option<usize>,
    reasons: Vec<Reason>,
}

impl Line {
    fn new(plugin: KnownPlugin, plan: &Plan) -> Self {
        let planned = plan.plugins.iter().position(|planned| planned.id == plugin.id);
        let (state, reasons) = match (planned, &plugin.unavailable, &plugin.disabled_at) {
            (Some(order), ..) => ("planned", plan.plugins[order].reasons.clone()),
            (None, _, Some(reason)) => ("disabled", vec![reason.clone()]),
            (None, Some(why), None) => {
                ("unavailable", vec![Reason::new(Source::Feature, why.to_string())])
            }
            (None, None, None) => ("disabled", vec![not_listed(plan)]),
        };
        Line { plugin, state, order: planned, reasons }
    }

    fn json(&self) -> Value {
        let reasons: Vec<Value> = self
            .reasons
            .iter()
            .map(|reason| json!({ "source": reason.source.as_str(), "place": reason.place }))
            .collect();
        json!({
            "name": self.plugin.id.name,
            "namespace": self.plugin.id.namespace,
            "version": self.plugin.version.to_string(),
            "state": self.state,
            "order": self.order,
            "reasons": reasons,
        })
    }
}

/// Nothing asks for it.
fn not_listed(plan: &Plan) -> Reason {
    match &plan.client {
        Some(client) => Reason::new(Source::Client, format!("{client} does not list it")),
        None => Reason::new(Source::Config, "the config file does not list it"),
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(["order", "name", "version", "state", "because of"]).right([0]);
    for line in lines {
        let reasons: Vec<String> = line
            .reasons
            .iter()
            .map(|reason| match line.state {
                "unavailable" => reason.place.clone(),
                _ => format!("{}: {}", reason.source, reason.place),
            })
            .collect();
        table.row([
            line.order.map(|order| (order + 1).to_string()).unwrap_or_default(),
            line.plugin.id.to_string(),
            line.plugin.version.to_string(),
            line.state.to_owned(),
            reasons.join(", "),
        ]);
    }
    table
}
