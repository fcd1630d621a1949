use std::path::PathBuf;

use clap::{ArgMatches, Args as _, FromArgMatches as _, ValueEnum};

use crate::args::{AppArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;

#[plugo::plugin(name = "sbom", namespace = "plugo.commands", of = dyn Command, priority = 41)]
#[derive(Default)]
struct Sbom;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Which format it has
    #[arg(long, value_name = "FORMAT", default_value = "cyclonedx")]
    format: Format,
    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// CycloneDX 1.6
    Cyclonedx,
    /// SPDX 2.3
    Spdx,
}

impl Command for Sbom {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Write the software bill of materials of a build, as CycloneDX or SPDX")
            .after_help(
                "The time in it is that of the variable `SOURCE_DATE_EPOCH`, and else none, or 1970 \
                 where the format needs one.\n\n\
                 Example: plugo sbom --client acme --format spdx --output bom.spdx.json",
            )
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let evidence = context.evidence(&context.app(&args.app)?, &args.selection)?;
        let document = match args.format {
            Format::Cyclonedx => &evidence.cyclonedx,
            Format::Spdx => &evidence.spdx,
        };
        context.give(document, args.output.as_deref())
    }
}
