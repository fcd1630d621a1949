use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::{Client, Environment, Project, Severity};
use serde_json::{Value, json};

use crate::app::App;
use crate::args::{AppArgs, Format, FormatArgs};
use crate::checks::{Build, Checks, Finding, Which};
use crate::command::Command;
use crate::context::Context;
use crate::edits::{Edits, Manifest};
use crate::error::Error;
use crate::exit;
use crate::table::Table;

#[plugo::plugin(name = "check", namespace = "plugo.commands", of = dyn Command, priority = 23)]
#[derive(Default)]
struct Check;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    /// Only the build for a client; may be given several times
    #[arg(short, long, value_name = "CLIENT", help_heading = "Selection")]
    client: Vec<String>,
    /// Only the builds for clients, and not the default one
    #[arg(long, conflicts_with = "client", help_heading = "Selection")]
    all_clients: bool,
    /// The triple that is built for [default: this machine's]
    #[arg(long, value_name = "TRIPLE", help_heading = "Selection")]
    target: Option<String>,
    /// Write the features of clients in Cargo.toml as their files need them
    #[arg(long)]
    fix: bool,
    /// Show what `--fix` would write, and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Check {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Say what the build script would refuse, for every build and without building")
            .after_help("Example: plugo check --fix --dry-run")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let environment = context.environment(&app, args.target.as_deref())?;
        let which = match (args.client.as_slice(), args.all_clients) {
            ([], false) => Which::All,
            ([], true) => Which::Clients,
            (names, _) => Which::These(names.to_vec()),
        };
        let fix = if args.fix { fix(&app, &environment, &which)? } else { None };
        if let Some(Fix { edits, features }) = &fix {
            match args.dry_run {
                // The answer of a dry run is what it would do.
                true if args.format.format == Format::Table => {
                    context.answer(edits)?;
                    context.shell.note("this is a dry run: nothing was written");
                }
                true => {}
                false => {
                    edits.apply()?.keep()?;
                    let features = match features.len() {
                        many if many > SHOWN => format!("{many} features"),
                        _ => features.join(", "),
                    };
                    context.shell.status("Fixed", format_args!("{features} in Cargo.toml"));
                }
            }
        }
        let mut checks = Checks::run(&environment, &which)?;
        // A build downloads before its build script runs. What that says against it
        // is what the check then finds, still.
        if checks.lacks_crates() && context.fetch(&app).is_ok() {
            checks = Checks::run(&environment, &which)?;
        }
        context.shell.problems(&checks.problems());
        match args.format.format {
            Format::Json => context.json(&document(&checks, fix.as_ref(), args.dry_run))?,
            Format::Table if args.dry_run && fix.is_some() => {}
            Format::Table => context.answer(table(&checks.builds))?,
        }
        match (checks.refused(), checks.builds.len()) {
            (0, _) => Ok(()),
            (refused, all) => {
                let are = if refused == 1 { "is" } else { "are" };
                context.shell.error(format_args!("{refused} of {all} builds {are} refused"));
                Err(Error::Said(exit::NO))
            }
        }
    }
}

/// What brings the features of clients in line with their files.
struct Fix {
    edits: Edits,
    /// The features that it writes.
    features: Vec<String>,
}

/// What the clients' features need, if anything.
fn fix(app: &App, environment: &Environment, which: &Which) -> Result<Option<Fix>, Error> {
    // Files that cannot be read are for the check to tell of.
    let Ok(project) = Project::read(environment.clone()) else { return Ok(None) };
    let asked = |client: &Client| match which {
        Which::All | Which::Clients => true,
        Which::These(names) => names.contains(&client.name),
    };
    let mut edits = Edits::new(&app.workspace);
    let mut features = Vec::new();
    let mut manifest = Manifest::read(&edits, &app.dir)?;
    for client in project.clients().filter(asked) {
        if client.plugins.is_ok() && !client.is_met {
            manifest.set_feature(&client.feature, &client.wanted)?;
            features.push(client.feature);
        }
    }
    manifest.save(&mut edits)?;
    Ok((!edits.is_empty()).then_some(Fix { edits, features }))
}

/// Above this many builds, those that are fine are counted.
const SHOWN: usize = 20;

fn table(builds: &[Build]) -> Table {
    let mut table = Table::new(["build", "plugins", "result"]).right([1]);
    let all = builds.len() <= SHOWN;
    for build in builds.iter().filter(|build| all || build.plugins.is_none()) {
        table.row([
            build.client.clone().unwrap_or_else(|| "default".to_owned()),
            build.plugins.map(|plugins| plugins.to_string()).unwrap_or_default(),
            if build.plugins.is_some() { "fine" } else { "refused" }.to_owned(),
        ]);
    }
    if !all {
        let fine = builds.iter().filter(|build| build.plugins.is_some()).count();
        table.row([format!("{fine} others"), String::new(), "fine".to_owned()]);
    }
    table
}

fn document(checks: &Checks, fix: Option<&Fix>, dry_run: bool) -> Value {
    let builds: Vec<Value> = checks
        .builds
        .iter()
        .map(|build| {
            json!({
                "client": build.client,
                "plugins": build.plugins,
                "refused": build.plugins.is_none(),
            })
        })
        .collect();
    let features = fix.map(|fix| fix.features.clone()).unwrap_or_default();
    let (fixed, would_fix) = if dry_run { (Vec::new(), features) } else { (features, Vec::new()) };
    json!({
        "refused": checks.refused() > 0,
        "builds": builds,
        "problems": checks.findings.iter().map(problem).collect::<Vec<_>>(),
        "fixed": fixed,
        "would_fix": would_fix,
        "edit": fix.map(|fix| fix.edits.to_string()),
    })
}

fn problem(finding: &Finding) -> Value {
    let problem = &finding.problem;
    let severity = match problem.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let position = problem.place.as_ref().and_then(|place| place.position);
    json!({
        "code": problem.code.as_str(),
        "severity": severity,
        "message": problem.message,
        "file": problem.place.as_ref().map(|place| &place.file),
        "line": position.map(|(line, _)| line),
        "column": position.map(|(_, column)| column),
        "notes": problem.notes,
        "help": problem.help,
        // The default build has no client.
        "builds": finding.builds,
    })
}
