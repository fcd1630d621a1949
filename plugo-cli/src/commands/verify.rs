use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _};
use plugo_build::Code;
use serde_json::{Value, json};

use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::binary::Shipped;
use crate::cargo;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::manifest::Manifest;
use crate::verification::{Difference, Expected, differences};

#[plugo::plugin(name = "verify", namespace = "plugo.commands", of = dyn Command, priority = 43)]
#[derive(Default)]
struct Verify;

#[derive(clap::Args)]
struct Args {
    /// The program: any file that was built, stripped or not
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Compare with this plugo-manifest.json, and not with the repository
    #[arg(long, value_name = "PATH", conflicts_with_all = ["client", "features", "all_features", "no_default_features", "target", "package", "manifest_path"])]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Verify {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Verify that a program has exactly the planned plugins, without building it")
            .after_help("Example: plugo verify target/plugo/acme/shop --client acme")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let mut args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let shipped = Shipped::read(&context.path(&args.file))?;
        if !shipped.is_app() {
            context.shell.warn(format_args!("`{}` {}", args.file.display(), shipped.nothing()));
        }
        let expected = match &args.manifest {
            Some(manifest) => read(context, manifest)?,
            None => plan(context, &mut args, &shipped)?,
        };
        let mut differences = differences(&shipped, &expected);
        let named_nobody = args.manifest.is_none() && args.selection.client.is_none();
        for other in differences.iter_mut().filter(|d| named_nobody && d.kind == "other-client") {
            if let Some(client) = &other.found {
                other.message =
                    format!("it was built for `{client}`; did you mean `--client {client}`?");
            }
        }
        let shown = args.file.display();
        let what = match &expected.client {
            Some(client) => format!("`{}` for `{client}`", expected.app),
            None => format!("`{}`", expected.app),
        };
        let count = expected.plugins.len();
        match args.format.format {
            Format::Json => context.json(&document(&shipped, &expected, &differences))?,
            Format::Table if differences.is_empty() => context.answer(format_args!(
                "`{shown}` is {what}: its {count} {}, no more and no less\n",
                if count == 1 { "plugin" } else { "plugins" }
            ))?,
            Format::Table => {
                let lines = lines(&differences);
                context.answer(format_args!("`{shown}` is not {what}:\n{lines}"))?;
            }
        }
        match differences.as_slice() {
            [] => Ok(()),
            _ => Err(Error::Said(exit::NO)),
        }
    }
}

fn read(context: &Context, path: &PathBuf) -> Result<Expected, Error> {
    let text = Error::input(&context.path(path))?;
    let manifest = Manifest::parse(&text).map_err(|why| {
        Error::usage(format!("`{}` is no manifest to compare with: {why}", path.display()))
    })?;
    // With another list and the old fingerprint it would pass for the real one.
    if let Err(fingerprint) = manifest.is_sealed() {
        return Err(Error::no(format!(
            "`{}` was changed after it was made: it says that its fingerprint is {}, and what it \
             says has {fingerprint}; `plugo manifest` makes it anew",
            path.display(),
            manifest.fingerprint()
        )));
    }
    Ok(Expected::manifest(&manifest))
}

/// The target that a file says that it is for. Nobody vouches for the file.
fn target(said: &str) -> Result<String, Error> {
    let is_name = !said.is_empty()
        && !said.starts_with('-')
        && said.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        // The compiler would read a file of this name.
        && !said.ends_with(".json");
    let shown = said.escape_debug();
    if !is_name {
        return Err(Error::no(format!(
            "the file says that its target is `{shown}`, which is the name of none; \
             `--target` names another one"
        )));
    }
    match cargo::cfgs(said) {
        Ok(_) => Ok(said.to_owned()),
        Err(Error::Usage(_)) => Err(Error::no(format!(
            "the file says that its target is `{shown}`, which rustc does not know; \
             `--target` names another one"
        ))),
        Err(error) => Err(error),
    }
}

/// What the repository says that a build has.
fn plan(context: &Context, args: &mut Args, shipped: &Shipped) -> Result<Expected, Error> {
    if let (None, Some(embedded)) = (&args.selection.target, shipped.embedded.get()) {
        args.selection.target = Some(target(&embedded.target)?);
    }
    let app = context.app(&args.app)?;
    let project = context.project(&app, &args.selection)?;
    let (plan, warnings) = project.plan()?;
    context.shell.problems(&warnings);
    // A file about which not everything is known is not verified.
    let documents = project.documents(&plan).or_else(|problems| {
        let is_cargo = problems.iter().any(|problem| problem.code == Code::CargoFailed);
        match is_cargo && context.fetch(&app).is_ok() {
            true => project.documents(&plan),
            false => Err(problems),
        }
    })?;
    let manifest = Expected::manifest(&Manifest::made(&documents.manifest)?);
    Ok(Expected { crates: manifest.crates, ..Expected::plan(&plan) })
}

/// A line for each difference; what may be many stands in one.
fn lines(differences: &[Difference]) -> String {
    let many = [
        ("feature-off", "features that were off, and should be on"),
        ("feature-on", "features that were on, and should be off"),
        ("crate-missing", "crates that are planned, and were not in the build"),
        ("crate-surplus", "crates that were in the build, and are not planned"),
    ];
    let one = differences.iter().filter(|d| many.iter().all(|(kind, _)| *kind != d.kind));
    let mut text: String = one.map(|difference| format!("  {}\n", difference.message)).collect();
    for (kind, what) in many {
        let subjects: Vec<String> = differences
            .iter()
            .filter(|difference| difference.kind == kind)
            .map(|difference| {
                let values = [&difference.subject, &difference.expected, &difference.found];
                values.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
            })
            .collect();
        if !subjects.is_empty() {
            text.push_str(&format!("  {what}: {}\n", subjects.join(", ")));
        }
    }
    text
}

fn document(shipped: &Shipped, expected: &Expected, differences: &[Difference]) -> Value {
    let differences: Vec<Value> = differences
        .iter()
        .map(|difference| {
            json!({
                "kind": difference.kind,
                "subject": difference.subject,
                "expected": difference.expected,
                "found": difference.found,
                "message": difference.message,
            })
        })
        .collect();
    json!({
        "verified": differences.is_empty(),
        "app": expected.app,
        "client": expected.client,
        "fingerprint": shipped.embedded.get().map(|embedded| &embedded.fingerprint),
        "plugins": expected.plugins.len(),
        "differences": differences,
    })
}
