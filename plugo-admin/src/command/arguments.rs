use clap::{Args, Parser, Subcommand, ValueEnum};
use plugo_core::Status;

use crate::model::{Role, status_from_word};
use crate::store::SyncMode;

#[derive(Parser)]
#[command(
    about = "What operators say of this program's plugins",
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 the call was wrong, 3 the environment \
        is broken.",
    subcommand_required = true,
    disable_help_subcommand = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// See and change status and priority of plugins in the database
    #[command(arg_required_else_help = true, disable_help_subcommand = true)]
    Db {
        #[command(flatten)]
        shared: Shared,
        #[command(subcommand)]
        command: Db,
    },
    /// Serve the admin pages, for users of the database
    #[cfg(feature = "pages")]
    Admin {
        /// The database [default: what PLUGO_DATABASE_URL says, or else the app]
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// The address and the port; port 0 is any that is free
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
        listen: std::net::SocketAddr,
    },
}

#[derive(Args)]
pub(super) struct Shared {
    /// The database: sqlite:///path/to/file or postgres://user:password@host/database
    /// [default: what PLUGO_DATABASE_URL says, or else the app]
    #[arg(long, value_name = "URL", global = true)]
    pub(super) database: Option<String>,
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "table", global = true)]
    pub(super) format: Format,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// One JSON document, for programs
    Json,
}

#[derive(Subcommand)]
pub(super) enum Db {
    /// Bring the tables to this program's version, and what it has into them
    Migrate {
        /// Only the tables
        #[arg(long)]
        no_sync: bool,
    },
    /// Bring what this program has into the database; what operators said stays
    Sync(SyncArgs),
    /// List instances, in the order of selection
    List(ListArgs),
    /// Say the status or the priority of an instance
    Set(SetArgs),
    /// Show who changed what, the latest last
    Audit(AuditArgs),
    /// Encrypt all secrets anew, with the first key of the key ring
    Rekey,
    /// Say who may log in to the admin pages
    #[command(arg_required_else_help = true, disable_help_subcommand = true)]
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

#[derive(Args)]
pub(super) struct SyncArgs {
    /// What is done to what is there already
    #[arg(long, value_name = "MODE", default_value = "create")]
    pub(super) mode: Mode,
    /// Delete what this program does not have, for good
    #[arg(long)]
    pub(super) prune: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Prune also when nothing would be left
    #[arg(long, requires = "prune")]
    pub(super) force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Mode {
    /// It is marked present or absent
    Create,
    /// What the code owns is brought up to date, too: description, version, status and
    /// priority by the code
    Update,
}

impl From<Mode> for SyncMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Create => SyncMode::Create,
            Mode::Update => SyncMode::Update,
        }
    }
}

#[derive(Args)]
pub(super) struct ListArgs {
    /// Of this plugin type
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) of: Option<String>,
    /// With this status holding: active, reserve or disabled
    #[arg(long, value_name = "STATUS", value_parser = status_from_word)]
    pub(super) status: Option<Status>,
}

/// What is said, or that the code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said<T>(pub(super) Option<T>);

fn status(word: &str) -> Result<Said<Status>, String> {
    match word {
        "default" => Ok(Said(None)),
        word => status_from_word(word).map(|status| Said(Some(status))).map_err(|_| {
            format!("`{word}` is no status; say active, reserve, disabled, or default")
        }),
    }
}

fn priority(word: &str) -> Result<Said<i32>, String> {
    match word {
        "default" => Ok(Said(None)),
        word => word.parse().map(|number| Said(Some(number))).map_err(|_| {
            format!("a priority is a number from {} to {}, or default", i32::MIN, i32::MAX)
        }),
    }
}

#[derive(Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("said").required(true).multiple(true)))]
pub(super) struct SetArgs {
    /// Which: `item`, `item/instance`, or an id
    #[arg(value_name = "INSTANCE")]
    pub(super) instance: String,
    /// active, reserve, disabled, or default: as the code says
    #[arg(long, value_name = "STATUS", group = "said", value_parser = status)]
    pub(super) status: Option<Said<Status>>,
    /// A number, of which the lower one comes first, or default: as the code says
    #[arg(
        long,
        value_name = "PRIORITY",
        group = "said",
        allow_hyphen_values = true,
        value_parser = priority
    )]
    pub(super) priority: Option<Said<i32>>,
    /// Its plugin type, where several have such an item
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) of: Option<String>,
}

#[derive(Args)]
pub(super) struct AuditArgs {
    /// So many of the latest changes
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "50",
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub(super) limit: u32,
    /// By this user
    #[arg(long, value_name = "NAME")]
    pub(super) actor: Option<String>,
    /// With this text in it
    #[arg(long, value_name = "TEXT")]
    pub(super) search: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a user; the password is asked for, or read from stdin
    Add {
        /// The name to log in with
        name: String,
        /// view or edit
        #[arg(long, value_name = "ROLE", default_value = "view")]
        role: Role,
    },
    /// Give a user another password, and end the user's sessions
    Password {
        /// The name
        name: String,
    },
    /// Give a user another role
    Role {
        /// The name
        name: String,
        /// view or edit
        role: Role,
    },
    /// Keep a user from logging in
    Disable {
        /// The name
        name: String,
        /// Let the user in again
        #[arg(long)]
        undo: bool,
    },
    /// List users
    List,
}
