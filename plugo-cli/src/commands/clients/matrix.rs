use std::path::Path;

use clap::ValueEnum;
use plugo_build::{Client, Project};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::args::AppArgs;
use crate::changes::{affected, root};
use crate::context::Context;
use crate::error::Error;
use crate::selections::{Group, groups, named};

#[derive(clap::Args)]
pub(super) struct Args {
    /// For whom the jobs are written
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    format: Format,
    /// Only clients that a change since this revision of git touches
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// What `strategy.matrix` of a GitHub workflow takes
    Github,
    /// A child pipeline of GitLab
    Gitlab,
    /// A list of jobs
    Json,
}

/// The jobs that a GitHub workflow may make of one matrix.
const GITHUB_JOBS: usize = 256;

pub(super) fn run(context: &Context, args: &Args) -> Result<(), Error> {
    let app = context.app(&args.app)?;
    let environment = context.environment(&app, None)?;
    let project = Project::read(environment.clone())?;
    let clients: Vec<Client> = match &args.since {
        Some(since) => {
            let found = affected(&app, &environment, &project, since)?;
            named(&project, &found.into_keys().collect::<Vec<_>>())?
        }
        None => project.clients().collect(),
    };
    let groups = groups(&project, &clients)?;
    match args.format {
        Format::Json => context.json(&groups.iter().map(job).collect()),
        Format::Github => {
            if groups.len() > GITHUB_JOBS {
                context.shell.warn(format_args!(
                    "a GitHub matrix has up to {GITHUB_JOBS} jobs, and these are {}",
                    groups.len()
                ));
            }
            let jobs: Vec<Value> = groups.iter().map(|group| github(group, &app.name)).collect();
            // A workflow takes an output of one line.
            context.answer(format_args!("{}\n", json!({ "include": jobs })))
        }
        Format::Gitlab => context.json(&gitlab(&groups, &app.name, &Place::of(&app)?)),
    }
}

/// The name of a group: that of its first client.
fn name(group: &Group) -> &str {
    group.clients.first().map_or("", String::as_str)
}

fn job(group: &Group) -> Value {
    json!({
        "name": name(group),
        "clients": group.clients,
        "plugins": group.selection.names(),
        "features": group.selection.features,
    })
}

/// `plugo build --package ${{ matrix.package }} --client ${{ matrix.clients }}`.
fn github(group: &Group, app: &str) -> Value {
    json!({
        "name": name(group),
        "package": app,
        "clients": group.clients.join(","),
        "plugins": group.selection.names().join(","),
    })
}

/// How a pipeline calls plugo, from the folder that its jobs run in.
struct Place {
    /// What names the app, where that takes anything.
    arguments: String,
    /// The folder that builds leave their folders in.
    builds: String,
}

impl Place {
    fn of(app: &App) -> Result<Self, Error> {
        // Jobs run in the root of the repository.
        let root = root(&app.workspace).unwrap_or_else(|| app.workspace.clone());
        let inside = |path: &Path| {
            let path = path.strip_prefix(&root).unwrap_or(path);
            path.to_string_lossy().replace('\\', "/")
        };
        let mut arguments = String::new();
        if app.workspace != root {
            arguments.push_str(&format!(
                " --manifest-path \"{}\"",
                inside(&app.workspace.join("Cargo.toml"))
            ));
        }
        if App::names(&app.workspace)?.len() > 1 {
            arguments.push_str(&format!(" --package {}", app.name));
        }
        Ok(Place { arguments, builds: inside(&app.target_dir.join("plugo")) })
    }
}

/// A pipeline whose jobs a file of the repository may change, through the
/// hidden job that they extend.
fn gitlab(groups: &[Group], app: &str, place: &Place) -> Value {
    let mut pipeline = Map::new();
    let build = format!("plugo build --release{} --client \"$PLUGO_CLIENTS\"", place.arguments);
    pipeline.insert(".plugo".to_owned(), json!({ "script": [build] }));
    for group in groups {
        let folders = group.clients.iter().map(|client| format!("{}/{client}/", place.builds));
        let job = json!({
            "extends": ".plugo",
            "artifacts": { "paths": folders.collect::<Vec<_>>() },
            "variables": {
                "PLUGO_CLIENTS": group.clients.join(","),
                "PLUGO_PLUGINS": group.selection.names().join(","),
            },
        });
        pipeline.insert(format!("{app}: {}", name(group)), job);
    }
    if groups.is_empty() {
        // GitLab refuses a pipeline without jobs.
        pipeline.insert(format!("{app}: nothing"), json!({ "script": ["true"] }));
    }
    Value::Object(pipeline)
}
