//! The app's own commands: what operators do at a terminal, and in scripts.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

#[cfg(feature = "pages")]
use crate::pages::Pages;
use crate::registry::Registry;
use crate::store::StoreOptions;

/// What can be said.
mod arguments;
/// Why a command did not do it, and with which exit code.
mod failure;
/// What is written, and where.
mod answer;
/// Which database, and how it is opened.
mod opening;
/// `db migrate`, `db sync`.
mod sync;
/// Which instance somebody means.
mod naming;
/// `db list`.
mod list;
/// `db set`.
mod set;
/// `db audit`.
mod audit;
/// `db rekey`.
mod rekey;
/// A password, asked for.
mod asking;
/// `db user`.
mod users;
/// `admin`.
#[cfg(feature = "pages")]
mod serve;

use self::answer::Answer;
use self::arguments::{Arguments, Command, Db};
use self::failure::Failure;
use self::opening::Opening;

/// The variable that names the database.
const DATABASE: &str = "PLUGO_DATABASE_URL";
/// The variable by which `plugo db` and `plugo admin` learn that the app has these
/// commands: it names a file that is to be made.
const ANSWERED: &str = "PLUGO_COMMAND";
/// The database where nothing else is said.
const DEFAULT: &str = "sqlite://plugo.sqlite3";

/// The app's commands `db` and `admin`, with the usual answers: see [`Commands`].
///
/// `None` where the arguments call neither of them; then the app goes on. It prints,
/// as a command does, and never exits.
///
/// ```no_run
/// use std::process::ExitCode;
/// # async fn serve() -> ExitCode { ExitCode::SUCCESS }
/// # async fn start() -> ExitCode {
/// let registry = plugo_admin::Registry::of_program();
/// if let Some(code) = plugo_admin::command(&registry, std::env::args_os()).await {
///     return code;
/// }
/// serve().await
/// # }
/// # fn main() {}
/// ```
pub async fn command(
    registry: &Registry,
    arguments: impl IntoIterator<Item = OsString>,
) -> Option<ExitCode> {
    Commands::new(registry.clone()).run(arguments).await
}

/// The app's commands `db` and `admin`:
///
/// ```text
/// app db migrate | sync | list | set | audit | rekey | user …
/// app admin --listen 127.0.0.1:8081
/// ```
///
/// `--database`, or else the variable `PLUGO_DATABASE_URL`, names the database; or else
/// it is what [`database`](Commands::database) says. The variable `PLUGO_SECRET_KEYS`
/// holds the [keys](crate::KeyRing) for secrets, unless
/// [`options`](Commands::options) has some.
///
/// Exit codes: 0 done, 1 the answer is no, 2 the call was wrong, 3 the environment is
/// broken; 128 and the number of a signal that ended a question for a password, as 130
/// for Ctrl-C.
pub struct Commands {
    registry: Registry,
    database: String,
    options: StoreOptions,
    #[cfg(feature = "pages")]
    pages: Box<dyn FnOnce(Pages) -> Pages + Send>,
}

impl Commands {
    /// The commands of an app that has these plugins, with the file `plugo.sqlite3` in
    /// the working folder.
    pub fn new(registry: Registry) -> Self {
        Commands {
            registry,
            database: DEFAULT.to_owned(),
            options: StoreOptions::new(),
            #[cfg(feature = "pages")]
            pages: Box::new(|pages| pages),
        }
    }

    /// The database where nothing else is said, as a URL.
    #[must_use]
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = url.into();
        self
    }

    /// How databases are opened.
    #[must_use]
    pub fn options(mut self, options: StoreOptions) -> Self {
        self.options = options;
        self
    }

    /// What the app says of its pages: the title, the arguments of its plugins.
    #[cfg(feature = "pages")]
    #[must_use]
    pub fn pages(mut self, change: impl FnOnce(Pages) -> Pages + Send + 'static) -> Self {
        self.pages = Box::new(change);
        self
    }

    /// Does what the arguments say, the first of which is the program. `None` where
    /// they call neither `db` nor `admin`.
    pub async fn run(self, arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let first = arguments.get(1)?.to_str()?;
        match first {
            "db" => {}
            "admin" if cfg!(feature = "pages") => {}
            _ => return None,
        }
        let program = match answered() {
            Ok(None) => name(arguments.first()),
            Ok(Some(())) => "plugo".to_owned(),
            Err(failure) => return Some(failure.told("plugo")),
        };
        let parser = Arguments::command().bin_name(&program).display_name(&program);
        let parsed = parser.try_get_matches_from(arguments);
        let parsed = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
            Ok(parsed) => parsed,
            Err(error) => {
                // Help is an answer.
                let code = if error.use_stderr() { failure::USAGE } else { 0 };
                let _ = error.print();
                return Some(code.into());
            }
        };
        Some(match self.called(&program, parsed).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.told(&program),
        })
    }

    async fn called(self, program: &str, arguments: Arguments) -> Result<(), Failure> {
        let Commands { registry, database, options, .. } = self;
        match arguments.command {
            Command::Db { shared, command } => {
                let opening = Opening::of(shared.database, database, options, program)?;
                let answer = Answer::new(shared.format);
                let done = match command {
                    Db::Migrate { no_sync } => {
                        sync::migrate(&opening, answer, &registry, no_sync).await
                    }
                    Db::Sync(how) => sync::sync(&opening, answer, &registry, &how).await,
                    Db::List(which) => list::list(&opening, answer, &registry, &which).await,
                    Db::Set(what) => set::set(&opening, answer, &registry, &what).await,
                    Db::Audit(which) => audit::audit(&opening, answer, &which).await,
                    Db::Rekey => rekey::rekey(&opening, answer).await,
                    Db::User { command } => users::user(&opening, answer, command).await,
                };
                opening.close().await;
                done
            }
            #[cfg(feature = "pages")]
            Command::Admin { database: named, listen } => {
                let opening = Opening::of(named, database, options, program)?;
                let served = serve::serve(&opening, registry, self.pages, listen).await;
                opening.close().await;
                served
            }
        }
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Tells `plugo`, if it is what started this program, that the app has these commands.
fn answered() -> Result<Option<()>, Failure> {
    let Some(path) = std::env::var_os(ANSWERED) else { return Ok(None) };
    let made = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    made.map(|_| Some(())).map_err(|error| {
        let path = Path::new(&path).display();
        Failure::environment(format!("{ANSWERED} names `{path}`, which cannot be made: {error}"))
    })
}

/// The program, as its users call it.
fn name(program: Option<&OsString>) -> String {
    let name = program.and_then(|program| Path::new(program).file_stem());
    name.map_or_else(|| "app".to_owned(), |name| name.to_string_lossy().into_owned())
}
