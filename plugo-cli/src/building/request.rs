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
    /// The options, with what is passed on to Cargo.
    pub(crate) fn options(&self, arguments: Vec<String>) -> Result<Options, Error> {
        refuse(&arguments)?;
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

/// What Cargo may not be told: it would be another build than the one that is
/// planned, or in another place.
fn refuse(arguments: &[String]) -> Result<(), Error> {
    const SELECTION: &str = "which plugins and features are built is decided by the client";
    const OWN: &str = "write it before the `--`";
    let refused = [
        ("--features", SELECTION),
        ("-F", SELECTION),
        ("--all-features", SELECTION),
        ("--no-default-features", SELECTION),
        ("--package", "the app is named before the `--`"),
        ("-p", "the app is named before the `--`"),
        ("--workspace", "a build of the whole workspace mixes the features of its packages"),
        ("--all", "a build of the whole workspace mixes the features of its packages"),
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
    ];
    for argument in arguments.iter().take_while(|argument| *argument != "--") {
        let name = argument.split('=').next().unwrap_or_default();
        let is_it = |flag: &str| match flag.strip_prefix("--") {
            Some(_) => name == flag,
            None => name.starts_with(flag) && !name.starts_with("--"),
        };
        if let Some((flag, why)) = refused.iter().find(|(flag, _)| is_it(flag)) {
            return Err(Error::usage(format!("`{flag}` cannot be passed on to Cargo: {why}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_another_build_is_not_passed_on() {
        let of = |arguments: &[&str]| {
            refuse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
        };
        for taken in [&["--timings", "-j1", "--offline"] as &[&str], &["name", "--", "-p"], &[]] {
            assert!(of(taken).is_ok(), "{taken:?}");
        }
        for refused in ["--features=blog", "-Fblog", "--workspace", "-p", "--target-dir", "-r"] {
            assert!(of(&[refused]).is_err(), "{refused}");
        }
    }
}
