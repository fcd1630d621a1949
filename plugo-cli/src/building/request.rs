use clap::Args;
use plugo_build::Project;

use super::{DEFAULT, Job, Options};
use crate::error::Error;
use crate::selections::{groups, named};

/// Which clients the app is built for.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub(crate) struct ClientsArgs {
    /// A client that is built for; may be given several times [default: the default selection]
    #[arg(short, long, value_name = "CLIENT", value_delimiter = ',')]
    client: Vec<String>,
    /// Every client of the repository
    #[arg(long, conflicts_with = "client")]
    all_clients: bool,
}

/// How the app is built.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Build")]
pub(crate) struct HowArgs {
    /// With optimisations
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// With a profile of the Cargo.toml
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// The triple that is built for [default: this machine's]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Let Cargo change Cargo.lock
    #[arg(long)]
    no_locked: bool,
}

impl HowArgs {
    /// The options, with what is passed on to `cargo build`.
    pub(crate) fn options(&self, arguments: Vec<String>) -> Result<Options, Error> {
        refuse(&arguments, &OF_TARGETS)?;
        self.with(arguments)
    }

    /// The options, with what is passed on to `cargo test`, which may be told
    /// what is tested.
    pub(crate) fn test_options(&self, arguments: Vec<String>) -> Result<Options, Error> {
        self.with(arguments)
    }

    fn with(&self, arguments: Vec<String>) -> Result<Options, Error> {
        refuse(&arguments, &OF_ALL)?;
        Ok(Options {
            profile: self.release.then(|| "release".to_owned()).or(self.profile.clone()),
            target: self.target.clone(),
            locked: !self.no_locked,
            arguments,
        })
    }
}

impl ClientsArgs {
    /// One client, or the default selection.
    pub(crate) fn one(client: Option<String>) -> Self {
        ClientsArgs { client: client.into_iter().collect(), all_clients: false }
    }

    /// Whether the build is for clients, and not of the default selection.
    pub(super) fn are_named(&self) -> bool {
        self.all_clients || !self.client.is_empty()
    }

    /// The builds that are asked for, those of one selection together.
    pub(crate) fn jobs(&self, project: &Project) -> Result<Vec<Job>, Error> {
        let clients = match self.all_clients {
            true => project.clients().collect(),
            false => named(project, &self.client)?,
        };
        if self.all_clients && clients.is_empty() {
            let dir = project.show(project.clients_directory());
            return Err(Error::usage(format!("there are no clients: `{dir}` has no files")));
        }
        if clients.is_empty() {
            if project.clients().any(|client| client.name == DEFAULT) {
                return Err(Error::usage(format!(
                    "a build for no client is put where that of the client `{DEFAULT}` is; \
                     name a client with `--client`"
                )));
            }
            return Ok(vec![Job { client: None, shared_with: None }]);
        }
        let jobs = groups(project, &clients)?.into_iter().flat_map(|group| {
            let first = group.clients.first().cloned();
            group.clients.into_iter().map(move |client| {
                let shared_with = first.clone().filter(|first| *first != client);
                Job { client: Some(client), shared_with }
            })
        });
        Ok(jobs.collect())
    }
}

const SELECTION: &str = "which plugins and features are built is decided by the client";
const OWN: &str = "write it before the `--`";
const APP: &str = "the app is named before the `--`";
const MIXED: &str = "a build of the whole workspace mixes the features of its packages";
const PROGRAM: &str = "what a client gets is the app's program; `plugo test` runs its tests";
const NO_BUILD: &str = "it builds nothing; `cargo build --help` prints it";
const UNSTABLE: &str = "it changes what Cargo builds and says; set it in .cargo/config.toml";

/// What Cargo may not be told: it would be another build than the one that is
/// planned, or in another place.
const OF_ALL: [(&str, &str); 21] = [
    ("--features", SELECTION),
    ("-F", SELECTION),
    ("--all-features", SELECTION),
    ("--no-default-features", SELECTION),
    ("--package", APP),
    ("-p", APP),
    ("--workspace", MIXED),
    ("--all", MIXED),
    ("--exclude", "a build is of the app alone"),
    ("--manifest-path", OWN),
    ("--target", OWN),
    ("--release", OWN),
    ("-r", OWN),
    ("--profile", OWN),
    ("--target-dir", "set CARGO_TARGET_DIR, or `build.target-dir` in .cargo/config.toml"),
    ("--artifact-dir", "the program is in the client's folder"),
    ("--message-format", "plugo reads Cargo's messages"),
    ("--locked", "it is so without being asked for"),
    ("--help", NO_BUILD),
    ("-h", NO_BUILD),
    ("-Z", UNSTABLE),
];

/// What `cargo build` may not be told either: it would build something else
/// than the program, which could take the program's name.
const OF_TARGETS: [(&str, &str); 7] = [
    ("--tests", PROGRAM),
    ("--test", PROGRAM),
    ("--all-targets", PROGRAM),
    ("--examples", PROGRAM),
    ("--example", PROGRAM),
    ("--benches", PROGRAM),
    ("--bench", PROGRAM),
];

fn refuse(arguments: &[String], refused: &[(&str, &str)]) -> Result<(), Error> {
    for argument in arguments.iter().take_while(|argument| *argument != "--") {
        let flags = flags(argument);
        let found = refused.iter().find(|(flag, _)| flags.iter().any(|given| given == flag));
        if let Some((flag, why)) = found {
            return Err(Error::usage(format!("`{flag}` cannot be passed on to Cargo: {why}")));
        }
    }
    Ok(())
}

/// The flags of an argument: several short ones may stand together, and the
/// value of the last one too.
fn flags(argument: &str) -> Vec<String> {
    const WITH_VALUE: &str = "jpFZC";
    if argument.starts_with("--") {
        return vec![argument.split('=').next().unwrap_or_default().to_owned()];
    }
    let mut flags = Vec::new();
    for short in argument.strip_prefix('-').unwrap_or_default().chars() {
        flags.push(format!("-{short}"));
        if WITH_VALUE.contains(short) {
            break;
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(arguments: &[&str], refused: &[(&str, &str)]) -> bool {
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        refuse(&arguments, refused).is_err()
    }

    #[test]
    fn what_would_be_another_build_is_not_passed_on() {
        let taken = ["--timings", "-j1", "-qj4", "--offline", "-jp", "-vv"];
        for taken in [&taken as &[&str], &["name", "--", "-p"], &[], &["-"]] {
            assert!(!is_refused(taken, &OF_ALL), "{taken:?}");
        }
        let alone = ["--features=blog", "-Fblog", "--workspace", "-p", "--target-dir", "-r"];
        let together = ["-qr", "-qpalpha", "-vFbeta", "-h", "-qh", "--help", "-Zunstable-options"];
        for refused in alone.into_iter().chain(together) {
            assert!(is_refused(&[refused], &OF_ALL), "{refused}");
        }
    }

    #[test]
    fn what_is_tested_may_be_said_and_is_not_built_in_place_of_the_program() {
        for (flag, _) in OF_TARGETS {
            let how = HowArgs::default();
            assert!(how.options(vec![flag.to_owned()]).is_err(), "{flag}");
            assert!(how.options(vec![format!("{flag}=name")]).is_err(), "{flag}");
            assert!(how.test_options(vec![flag.to_owned()]).is_ok(), "{flag}");
        }
    }
}
