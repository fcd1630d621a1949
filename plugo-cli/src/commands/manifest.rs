use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::args::{AppArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::evidence::{Evidence, difference};
use crate::manifest;

#[plugo::plugin(name = "manifest", namespace = "plugo.commands", of = dyn Command, priority = 40)]
#[derive(Default)]
struct Manifest;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Compare it with the one in a file; 1 when they differ
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    check: Option<PathBuf>,
}

impl Command for Manifest {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Say what a build contains: its plugins, and every crate with who needs it")
            .after_help("Example: plugo manifest --client acme --check clients/acme.manifest.json")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let evidence = context.evidence(&context.app(&args.app)?, &args.selection)?;
        if let Some(path) = &args.check {
            return check(&evidence, &context.path(path), context);
        }
        context.give(&evidence.manifest, args.output.as_deref())
    }
}

fn check(evidence: &Evidence, path: &std::path::Path, context: &Context) -> Result<(), Error> {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::usage(format!(
                "`{shown}` does not exist; `--output` in place of `--check` writes it"
            )));
        }
        Err(error) => return Err(Error::io("read", path, &error)),
    };
    if text == evidence.manifest {
        context.shell.status("Unchanged", format_args!("{shown}"));
        return Ok(());
    }
    let old = manifest::Manifest::parse(&text)
        .map_err(|why| Error::usage(format!("`{shown}` is no manifest to compare with: {why}")))?;
    let mut known_before = old.json().clone();
    plugo_build::seal(&mut known_before);
    let new = &evidence.content;
    // What `plugo build` leaves also says what was verified; the build is the same.
    if known_before["fingerprint"] == new.fingerprint() {
        if old.fingerprint() != new.fingerprint() {
            return Err(Error::no(format!(
                "the fingerprint in `{shown}` was changed after it was made: it is {}, and what \
                 the file says has {}; `--output` in place of `--check` writes the file anew",
                old.fingerprint(),
                new.fingerprint()
            )));
        }
        context.shell.status("Unchanged", format_args!("{shown}"));
        return Ok(());
    }
    let lines = difference(old.json(), new.json());
    for line in &lines {
        context.answer(format_args!("{line}\n"))?;
    }
    let what = if lines.len() == 1 { "difference" } else { "differences" };
    Err(Error::no(format!(
        "this build is not the one in `{shown}`: {} {what}; `--output` in place of `--check` writes \
         the file anew",
        lines.len()
    )))
}
