use std::fmt;

use clap::{ArgMatches, Args as _, FromArgMatches as _, ValueEnum};
use plugo_build::Severity;

use crate::args::{AppArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::graph::Graph;
use crate::outcome::outcomes;

#[plugo::plugin(name = "graph", namespace = "plugo.commands", of = dyn Command, priority = 22)]
#[derive(Default)]
struct Draw;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Show the plugins too that are not in the build
    #[arg(long)]
    all: bool,
    /// How the graph is written
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    format: Form,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A Mermaid flowchart, which Markdown pages show
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture that needs no other tool
    Svg,
    /// One JSON document, for programs
    Json,
}

impl Command for Draw {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Draw the plugins in their order, with what they depend on")
            .after_help("Example: plugo graph --client acme --format svg > acme.svg")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let project = context.project(&app, &args.selection)?;
        let (plan, problems) = project.plan()?;
        context.shell.problems(problems.iter().filter(|p| p.severity == Severity::Warning));
        if plan.plugins.is_empty() {
            context.shell.note(format_args!("`{}` has no plugin in this build", plan.app));
        }
        let graph = Graph::new(&outcomes(&project, &plan, false), args.all);
        let failed = |_: fmt::Error| Error::environment("the graph cannot be written");
        match args.format {
            Form::Mermaid => context.answer(graph.mermaid().map_err(failed)?),
            Form::Dot => context.answer(graph.dot().map_err(failed)?),
            Form::Svg => {
                let client = plan.client.map(|client| format!(" for {client}"));
                let title = format!("Plugins of {}{}", plan.app, client.unwrap_or_default());
                context.answer(graph.svg(&title).map_err(failed)?)
            }
            Form::Json => context.json(&graph.json()),
        }
    }
}
