use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::Plan;
use serde_json::{Value, json};

use crate::app::{App, known};
use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::measure::{Budget, Crate, Measure, pairs, sets};
use crate::table::{Table, grouped};

#[plugo::plugin(name = "size", namespace = "plugo.commands", of = dyn Command, priority = 44)]
#[derive(Default)]
struct Size;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// The program that is measured, where the app has several
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// The most bytes that the program may have, or a plugin: `3000000`, `blog=20000`
    #[arg(long, value_name = "BYTES", help_heading = "Budget")]
    budget: Vec<String>,
    /// A file with such numbers: { "total": 3000000, "plugins": { "blog": 20000 } }
    #[arg(long, value_name = "PATH", help_heading = "Budget")]
    budget_file: Option<PathBuf>,
    /// Say what would be built, and build nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Size {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Measure what each plugin adds to the program, by release builds without it")
            .after_help("Example: plugo size --client acme --budget 3000000 --budget blog=200000")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let app = context.app(&args.app)?;
        let program = program(&app, args.bin.as_deref())?;
        let project = context.project(&app, &args.selection)?;
        let (plan, warnings) = project.plan()?;
        context.shell.problems(&warnings);
        let budget = budget(context, &args, &plan)?;

        let pairs = pairs(&plan);
        let sets = sets(&plan, &pairs);
        // What each build is without.
        let without: Vec<Vec<String>> = sets
            .iter()
            .map(|set| {
                let left_out = plan.plugins.iter().filter(|plugin| !set.contains(&plugin.id));
                left_out.map(|plugin| plugin.id.to_string()).collect()
            })
            .collect();
        context.shell.status(
            if args.dry_run { "Would" } else { "Measuring" },
            format_args!(
                "{}`{program}` in {} release {} in `{}`",
                if args.dry_run { "measure " } else { "" },
                sets.len(),
                if sets.len() == 1 { "build" } else { "builds" },
                app.target_dir.join("plugo").join(".size").display(),
            ),
        );
        if args.dry_run {
            return match args.format.format {
                Format::Json => context.json(&planned(&plan, program, &budget, &without)),
                Format::Table => {
                    let lines = without.iter().enumerate();
                    let lines = lines.map(|(i, names)| format!("{}  {}\n", i + 1, what(names)));
                    context.answer(lines.collect::<String>())
                }
            };
        }
        let target = args.selection.target.as_deref();
        let measure = Measure::new(&context.shell, &app, &project, &plan, program, target)?;
        let mut built = BTreeMap::new();
        for (i, set) in sets.iter().enumerate() {
            let what = what(&without[i]);
            context.shell.status("Building", format_args!("{} of {}: {what}", i + 1, sets.len()));
            built.insert(set.clone(), measure.build(set)?);
        }
        let whole = &built[&sets[0]];
        let lines: Vec<Line> = pairs
            .iter()
            .map(|pair| {
                let (with, without) = (&built[&pair.with], &built[&pair.without]);
                let id = pair.id.to_string();
                Line {
                    budget: budget.plugins.get(&id).copied(),
                    name: id,
                    bytes: i64::try_from(with.bytes).unwrap_or(i64::MAX)
                        - i64::try_from(without.bytes).unwrap_or(i64::MAX),
                    crates: with.crates.difference(&without.crates).cloned().collect(),
                }
            })
            .collect();
        let total = Total { bytes: whole.bytes, crates: whole.crates.len(), budget: budget.total };
        match args.format.format {
            Format::Json => context.json(&document(&plan, program, &total, &lines, &without))?,
            Format::Table => context.answer(table(&total, &lines))?,
        }
        let over = over(program, &total, &lines);
        over.iter().for_each(|line| context.shell.error(line));
        if over.is_empty() { Ok(()) } else { Err(Error::Said(exit::NO)) }
    }
}

/// The program that is measured.
fn program<'a>(app: &'a App, bin: Option<&str>) -> Result<&'a str, Error> {
    let names: Vec<&str> = app.programs.iter().map(String::as_str).collect();
    match (bin, names.as_slice()) {
        (Some(bin), names) => names.iter().copied().find(|name| *name == bin).ok_or_else(|| {
            let help = known("the programs are", bin, names);
            Error::usage(format!("`{}` has no program `{bin}`{help}", app.name))
        }),
        (None, []) => Err(Error::usage(format!("`{}` has no program to measure", app.name))),
        (None, [only]) => Ok(only),
        (None, names) => names.iter().copied().find(|name| *name == app.name).ok_or_else(|| {
            Error::usage(format!(
                "`{}` has several programs, `{}`; name one with `--bin`",
                app.name,
                names.join("`, `")
            ))
        }),
    }
}

fn budget(context: &Context, args: &Args, plan: &Plan) -> Result<Budget, Error> {
    let mut budget = match &args.budget_file {
        Some(path) => Budget::read(&context.path(path))?,
        None => Budget::default(),
    };
    for text in &args.budget {
        budget.add(text)?;
    }
    let names: Vec<String> = plan.plugins.iter().map(|plugin| plugin.id.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match budget.plugins.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(budget),
        Some(name) => {
            let help = known("the plugins are", name, &names);
            Err(Error::usage(format!(
                "there is a budget for `{name}`, which is not in this build{help}"
            )))
        }
    }
}

struct Total {
    bytes: u64,
    crates: usize,
    budget: Option<u64>,
}

/// What a plugin adds.
struct Line {
    name: String,
    /// Leaving code out can make a program larger by a few bytes.
    bytes: i64,
    crates: Vec<Crate>,
    budget: Option<u64>,
}

impl Line {
    fn over(&self) -> Option<u64> {
        let bytes = u64::try_from(self.bytes).unwrap_or_default();
        self.budget.filter(|budget| bytes > *budget).map(|budget| bytes - budget)
    }
}

/// What is over its budget.
fn over(program: &str, total: &Total, lines: &[Line]) -> Vec<String> {
    let plugins = lines.iter().filter_map(|line| {
        Some(format!("`{}` is {} bytes over its budget", line.name, grouped(line.over()?)))
    });
    let whole = total.budget.filter(|budget| total.bytes > *budget).map(|budget| {
        format!("`{program}` is {} bytes over its budget", grouped(total.bytes - budget))
    });
    plugins.chain(whole).collect()
}

/// What a build is, as people read it.
fn what(without: &[String]) -> String {
    match without {
        [] => "with every plugin".to_owned(),
        names => format!("without {}", names.join(", ")),
    }
}

/// The answer of a dry run: nothing was measured.
fn planned(plan: &Plan, program: &str, budget: &Budget, without: &[Vec<String>]) -> Value {
    let plugins = plan.plugins.iter().map(|plugin| {
        let name = plugin.id.to_string();
        json!({
            "budget": budget.plugins.get(&name),
            "bytes": null,
            "crates": null,
            "name": name,
        })
    });
    json!({
        "app": plan.app,
        "client": plan.client,
        "program": program,
        "builds": without.len(),
        "without": without,
        "bytes": null,
        "budget": budget.total,
        "crates": null,
        "over": [],
        "plugins": plugins.collect::<Vec<_>>(),
    })
}

fn document(
    plan: &Plan,
    program: &str,
    total: &Total,
    lines: &[Line],
    without: &[Vec<String>],
) -> Value {
    let plugins: Vec<Value> = lines
        .iter()
        .map(|line| {
            let crates: Vec<Value> = line
                .crates
                .iter()
                .map(|(name, version)| json!({ "name": name, "version": version }))
                .collect();
            json!({
                "name": line.name,
                "bytes": line.bytes,
                "budget": line.budget,
                "crates": crates,
            })
        })
        .collect();
    json!({
        "app": plan.app,
        "client": plan.client,
        "program": program,
        "builds": without.len(),
        "without": without,
        "bytes": total.bytes,
        "budget": total.budget,
        "crates": total.crates,
        "over": over(program, total, lines),
        "plugins": plugins,
    })
}

fn table(total: &Total, lines: &[Line]) -> Table {
    let mut table =
        Table::new(["plugin", "bytes", "crates", "crates that only it brings"]).right([1, 2]);
    for line in lines {
        let sign = if line.bytes < 0 { "-" } else { "" };
        let crates: Vec<String> =
            line.crates.iter().map(|(name, version)| format!("{name} {version}")).collect();
        table.row([
            line.name.clone(),
            format!("{sign}{}", grouped(line.bytes.unsigned_abs())),
            line.crates.len().to_string(),
            crates.join(", "),
        ]);
    }
    table.row([
        "the program".to_owned(),
        grouped(total.bytes),
        total.crates.to_string(),
        String::new(),
    ]);
    table
}
