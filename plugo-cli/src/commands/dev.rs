use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args as _, FromArgMatches as _, ValueEnum};

use crate::args::AppArgs;
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;

#[plugo::plugin(name = "dev", namespace = "plugo.commands", of = dyn Command, priority = 33)]
#[derive(Default)]
struct Dev;

#[derive(clap::Args)]
struct Args {
    /// The client that is built for [default: the default selection]
    #[arg(short, long, value_name = "CLIENT", help_heading = "Selection")]
    client: Option<String>,
    /// The program, where the app has several
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    bin: Option<String>,
    /// A change of the selecting file is left to the app, which follows it itself
    #[arg(long, help_heading = "Selection")]
    ignore_selection: bool,
    /// Features of the app, beside those that the selection turns on
    #[arg(
        short = 'F',
        long,
        value_name = "FEATURES",
        value_delimiter = ',',
        help_heading = "Build"
    )]
    features: Vec<String>,
    /// Patch plugins into the running process, where that can be done (Linux on x86-64)
    #[arg(long, conflicts_with = "release", help_heading = "Build")]
    patch: bool,
    /// With optimisations
    #[arg(short, long, conflicts_with = "profile", help_heading = "Build")]
    release: bool,
    /// With a profile of the Cargo.toml
    #[arg(long, value_name = "PROFILE", help_heading = "Build")]
    profile: Option<String>,
    /// Where the app is reached; may be given several times
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        help_heading = "Serving"
    )]
    listen: Vec<String>,
    /// How the new process takes over
    #[arg(long, value_name = "HOW", default_value = "overlap", help_heading = "Serving")]
    handover: Handover,
    /// Let pages in browsers load themselves again: where they hear of it
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:35729",
        help_heading = "Serving"
    )]
    livereload: Option<String>,
    /// How long it has to be quiet after a change, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 50, help_heading = "Serving")]
    debounce_ms: u64,
    #[command(flatten)]
    app: AppArgs,
    /// For `plugo dev` itself: becomes the program that is given
    #[arg(long, hide = true)]
    child_of: Option<i32>,
    /// For `plugo dev` itself: notes a call of the compiler in this folder
    #[arg(long, hide = true)]
    record: Option<PathBuf>,
    /// What the app gets
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Handover {
    /// The new process starts beside the old one, which ends when it is ready
    Overlap,
    /// The old process ends first
    Sequential,
}

impl Command for Dev {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("Run the app, and rebuild and replace it when its code changes")
            .long_about(
                "Run the app, and rebuild and replace it when its code changes.\n\n\
                 The sockets stay open all the time and are passed to the app, as LISTEN_FDS. The \
                 new process starts beside the old one, and when it is ready the old one ends its \
                 requests. What does not build or does not start replaces nothing.\n\n\
                 ENABLE_PLUGIN_HOT_RELOAD=false builds and runs once.",
            )
            .after_help("Example: plugo dev --client acme --listen 127.0.0.1:8080 -- --verbose")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        develop(context, args)
    }
}

#[cfg(unix)]
fn develop(context: &Context, args: Args) -> Result<(), Error> {
    use crate::building::Options;
    use crate::dev::{Settings, become_child, record, run};

    if let Some(parent) = args.child_of {
        return become_child(parent, &args.arguments);
    }
    if let Some(into) = &args.record {
        return record(into, &args.arguments);
    }
    if args.patch {
        check_patch(args.profile.as_deref())?;
    }
    let app = context.app(&args.app)?;
    let settings = Settings {
        program: app.program(args.bin.as_deref())?,
        client: args.client,
        features: args.features,
        patches: args.patch,
        listen: args.listen,
        livereload: args.livereload,
        debounce: Duration::from_millis(args.debounce_ms),
        is_sequential: args.handover == Handover::Sequential,
        ignores_selection: args.ignore_selection,
        arguments: args.arguments,
    };
    let options = Options {
        profile: args.release.then(|| "release".to_owned()).or(args.profile),
        ..Options::default()
    };
    run(context, &app, &options, settings)
}

/// Whether code can be patched here at all.
#[cfg(unix)]
fn check_patch(profile: Option<&str>) -> Result<(), Error> {
    if let Some(profile @ ("release" | "bench")) = profile {
        return Err(Error::usage(format!(
            "`--patch` and `--profile {profile}` do not go together: nothing of patching is in a \
             release"
        )));
    }
    match cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        true => Ok(()),
        false => Err(Error::environment(
            "`--patch` works on Linux on x86-64 alone; without it the app is restarted",
        )),
    }
}

#[cfg(not(unix))]
fn develop(_: &Context, _: Args) -> Result<(), Error> {
    Err(Error::environment(
        "`plugo dev` passes sockets from one process to the next, which it can on Unix only",
    ))
}
