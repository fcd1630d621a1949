use std::collections::BTreeMap;

use plugo_build::{Client, Project, Severity};
use serde_json::{Value, json};

use crate::args::{AppArgs, Format, FormatArgs};
use crate::context::Context;
use crate::error::Error;
use crate::selections::Selection;
use crate::table::Table;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<(), Error> {
    let app = context.app(&args.app)?;
    let project = Project::read(context.environment(&app, None)?)?;
    let lines = lines(&project);
    match args.format.format {
        Format::Json => {
            context.json(&Value::Array(lines.iter().map(|line| line.json(&project)).collect()))
        }
        Format::Table if lines.is_empty() => {
            let dir = project.show(project.clients_directory());
            context.shell.note(format_args!(
                "there are no clients: write `{dir}/acme.json` with {EXAMPLE}, and \
                 `plugo check --fix` writes its cargo feature"
            ));
            Ok(())
        }
        Format::Table => {
            context.answer(table(&lines))?;
            // What is wrong with a file takes more room than a cell.
            for problem in lines.iter().filter_map(|line| line.client.plugins.as_ref().err()) {
                context.shell.problems(problem);
            }
            Ok(())
        }
    }
}

/// A client's file.
const EXAMPLE: &str = r#"`{ "plugins": [{ "name": "blog", "enabled": true }] }`"#;

struct Line {
    client: Client,
    /// The first client with the same selection.
    like: Option<String>,
}

fn lines(project: &Project) -> Vec<Line> {
    let mut first: BTreeMap<Selection, String> = BTreeMap::new();
    let line = |client: Client| {
        let like = Selection::of(project, &client)
            .ok()
            .map(|selection| first.entry(selection).or_insert_with(|| client.name.clone()).clone());
        Line { like: like.filter(|name| *name != client.name), client }
    };
    project.clients().map(line).collect()
}

impl Line {
    /// Whether the file can be built, and the feature is in line with it.
    fn state(&self) -> &'static str {
        match (&self.client.plugins, &self.client.declared, self.client.is_met) {
            (Err(_), ..) => "broken",
            (_, None, _) => "missing",
            (_, _, true) => "in line",
            (_, _, false) => "differs",
        }
    }

    fn plugins(&self) -> Vec<String> {
        self.client.plugins.iter().flatten().map(ToString::to_string).collect()
    }

    fn json(&self, project: &Project) -> Value {
        let Client { name, file, feature, declared, wanted, plugins, .. } = &self.client;
        let problems = plugins.as_ref().err().into_iter().flatten();
        let errors = problems.filter(|problem| problem.severity == Severity::Error);
        json!({
            "name": name,
            "file": project.show(file),
            "plugins": plugins.is_ok().then(|| self.plugins()),
            "feature": feature,
            "state": self.state().replace(' ', "-"),
            "declared": declared,
            "wanted": plugins.is_ok().then_some(wanted),
            "same_as": self.like,
            "problems": errors.map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(["client", "plugins", "", "feature", "state", "same as"]).right([1]);
    for line in lines {
        let plugins = line.plugins();
        let count = match &line.client.plugins {
            Ok(_) => plugins.len().to_string(),
            Err(_) => String::new(),
        };
        table.row([
            line.client.name.clone(),
            count,
            plugins.join(", "),
            line.client.feature.clone(),
            line.state().to_owned(),
            line.like.clone().unwrap_or_default(),
        ]);
    }
    table
}
