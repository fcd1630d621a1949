/// A plugin: why it is in the build or not.
mod account;
/// How a plugin gets into the build.
mod steps;

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::{Code, Id, Severity};
use serde_json::json;

use self::account::Account;
use crate::app::known;
use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::outcome::{Outcome, outcomes};

#[plugo::plugin(name = "explain", namespace = "plugo.commands", of = dyn Command, priority = 21)]
#[derive(Default)]
struct Explain;

#[derive(clap::Args)]
struct Args {
    /// A plugin, or the code of a diagnostic, such as `feature-off`
    #[arg(value_name = "PLUGIN|CODE")]
    name: String,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    format: FormatArgs,
}

const AFTER_HELP: &str = "\
Example: plugo explain auth --client acme

A name that is a code is explained as one; write `plugins/conflict` for a plugin of such a name.";

impl Command for Explain {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Say why a plugin is in the build or not, or what a diagnostic means")
            .after_help(AFTER_HELP)
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        match Code::named(args.name.trim_start_matches('[').trim_end_matches(']')) {
            Some(code) => explain_code(context, code, args.format.format),
            None => explain_plugin(context, &args),
        }
    }
}

fn explain_code(context: &Context, code: Code, format: Format) -> Result<(), Error> {
    let text = code.explanation();
    match format {
        Format::Json => {
            let example: Vec<&str> = text
                .example
                .lines()
                .map(|line| line.strip_prefix("    ").unwrap_or(line))
                .collect();
            context.json(&json!({
                "kind": "diagnostic",
                "code": code.as_str(),
                "meaning": one_line(text.meaning),
                "example": example.join("\n"),
                "mend": one_line(text.mend),
            }))
        }
        Format::Table => context.answer(format_args!(
            "{code}: {}\n\n{}\n\nWhat to do: {}\n",
            text.meaning, text.example, text.mend
        )),
    }
}

/// Without the line breaks, which are there for people.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn explain_plugin(context: &Context, args: &Args) -> Result<(), Error> {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let app = context.app(&args.app).map_err(|error| match error {
        // Outside of an app, only codes are known.
        Error::Usage(why) => match plugo::name::nearest(&args.name, codes.iter().copied()) {
            Some(nearest) => Error::usage(format!(
                "`{}` is no diagnostic code; did you mean `{nearest}`? And there are no plugins: {why}",
                args.name
            )),
            None => Error::Usage(why),
        },
        error => error,
    })?;
    let project = context.project(&app, &args.selection)?;
    let (plan, problems) = project.draft();
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    let outcomes = outcomes(&project, &plan, refused);
    let outcome = find(&outcomes, &args.name, &codes)?;
    let account = Account::new(&project, &outcomes, outcome, refused);
    match args.format.format {
        Format::Json => context.json(&account.json())?,
        Format::Table => context.answer(&account)?,
    }
    if refused {
        context.shell.warn("this build is refused; `plugo check` says why");
    }
    Ok(())
}

/// The plugin of a name. The namespace may be left out where only one has it.
fn find<'o>(outcomes: &'o [Outcome], name: &str, codes: &[&str]) -> Result<&'o Outcome, Error> {
    let id = Id::parse(name);
    if let Some(outcome) = outcomes.iter().find(|outcome| outcome.plugin.id == id) {
        return Ok(outcome);
    }
    let alike = outcomes.iter().filter(|outcome| outcome.plugin.id.name == name);
    match alike.collect::<Vec<_>>().as_slice() {
        [one] => Ok(one),
        [] => {
            let ids: Vec<String> = outcomes.iter().map(|o| o.plugin.id.to_string()).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let every = ids.iter().chain(codes).copied();
            let mut message = format!("`{name}` is neither a plugin nor a diagnostic code");
            if let Some(nearest) = plugo::name::nearest(name, every) {
                message.push_str(&format!("; did you mean `{nearest}`?"));
            }
            // The nearest one is said; of the rest, the plugins.
            message.push_str(&known("the plugins are", "", &ids));
            Err(Error::usage(message))
        }
        several => {
            let ids: Vec<String> =
                several.iter().map(|outcome| format!("`{}`", outcome.plugin.id)).collect();
            Err(Error::usage(format!(
                "several namespaces have a plugin `{name}`: {}; name one of them",
                ids.join(", ")
            )))
        }
    }
}
