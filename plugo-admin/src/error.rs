use std::error::Error as StdError;
use std::fmt;

use plugo_settings::Problems;

use crate::model::{At, InstanceId, Version};

/// Why the database did not do what it was asked for. Each says what, where and
/// what to do; passwords are hidden.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The URL names no database that this program can use.
    Url {
        /// The URL as it is shown.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database does not answer: it is not there, not reachable, or too slow.
    Away {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
        /// What the library says.
        why: String,
    },
    /// Another process holds the database's lock for longer than this one waits.
    Busy {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
    },
    /// Nothing can be written to the database.
    ReadOnly {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
        /// What the library says.
        why: String,
    },
    /// There is no room left for the database.
    Full {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
        /// What the library says.
        why: String,
    },
    /// The file is no database, or is damaged.
    Damaged {
        /// The database as it is shown.
        database: String,
        /// What the library says.
        why: String,
    },
    /// A newer version of plugo-admin has migrated the database.
    Newer {
        /// The database as it is shown.
        database: String,
        /// The version of its tables.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The tables are missing or old, and the options say not to migrate.
    Unmigrated {
        /// The database as it is shown.
        database: String,
        /// The version of its tables; 0 where there are none.
        found: i64,
        /// The version that this program needs.
        known: i64,
    },
    /// This program has nothing, so prune would take everything away.
    NothingRegistered,
    /// This program has none of the items in the database, so prune would take every
    /// one away.
    NothingLeft {
        /// How many items there are.
        items: usize,
    },
    /// There is a secret to encrypt, and no key in the key ring.
    NoKey,
    /// The key ring is not as it should be, or a secret cannot be encrypted.
    Secret(String),
    /// The lookups of this process follow another database already.
    Followed {
        /// The database that is followed.
        database: String,
    },
    /// Whether the last change was saved is not known: the connection was lost
    /// while it was committed.
    Uncertain {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
        /// What the library says.
        why: String,
    },
    /// Anything else that the database says.
    Database {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
        /// What the library says.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// What an error of the library means.
    pub(crate) fn of(database: &str, doing: &'static str, error: sqlx::Error) -> Self {
        let database = database.to_owned();
        let why = error.to_string();
        match &error {
            sqlx::Error::Configuration(_) => Error::Url { url: database, why },
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Error::Away { database, doing, why },
            sqlx::Error::Database(said) => match said.code().as_deref().map(meaning) {
                Some(Meaning::Busy) => Error::Busy { database, doing },
                Some(Meaning::ReadOnly) => Error::ReadOnly { database, doing, why },
                Some(Meaning::Full) => Error::Full { database, doing, why },
                Some(Meaning::Damaged) => Error::Damaged { database, why },
                Some(Meaning::Away) => Error::Away { database, doing, why },
                Some(Meaning::Other) | None => {
                    Error::Database { database, doing, source: error.into() }
                }
            },
            _ => Error::Database { database, doing, source: error.into() },
        }
    }

    /// Whether waiting may help, as the database may be back or free later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Away { .. } | Error::Busy { .. } | Error::Uncertain { .. })
    }
}

enum Meaning {
    Busy,
    ReadOnly,
    Full,
    Damaged,
    Away,
    Other,
}

/// SQLite's codes are numbers, of which the low byte is the kind; PostgreSQL's
/// have five letters.
fn meaning(code: &str) -> Meaning {
    if code.len() == 5 {
        return match code {
            // Lock not available, deadlock, serialisation, statement timeout.
            "55P03" | "40P01" | "40001" | "57014" => Meaning::Busy,
            "25006" => Meaning::ReadOnly,
            "53100" | "53200" => Meaning::Full,
            "XX001" | "XX002" => Meaning::Damaged,
            // Connections, shut-down, too many connections.
            _ if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
                Meaning::Away
            }
            _ => Meaning::Other,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Meaning::Busy,
        Ok(8) => Meaning::ReadOnly,
        Ok(13) => Meaning::Full,
        Ok(11 | 26) => Meaning::Damaged,
        Ok(10 | 14) => Meaning::Away,
        _ => Meaning::Other,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Url { url, why } => write!(
                f,
                "`{url}` names no database: {why}; write sqlite:///path/to/file or \
                 postgres://user:password@host/database"
            ),
            Error::Away { database, doing, why } => {
                write!(f, "could not {doing}: {database} does not answer ({why})")
            }
            Error::Busy { database, doing } => write!(
                f,
                "could not {doing}: another process holds the lock of {database}; try again, or \
                 end what holds it"
            ),
            Error::ReadOnly { database, doing, why } => write!(
                f,
                "could not {doing}: {database} cannot be written to ({why}); nothing was changed"
            ),
            Error::Full { database, doing, why } => write!(
                f,
                "could not {doing}: there is no room for {database} ({why}); nothing was changed"
            ),
            Error::Damaged { database, why } => {
                write!(f, "{database} is no database or is damaged ({why}); restore a backup")
            }
            Error::Newer { database, found, known } => write!(
                f,
                "the tables of {database} have version {found}, and this program knows versions up \
                 to {known}; run a newer build of the app, or restore a backup from before the \
                 migration"
            ),
            Error::Unmigrated { database, found: 0, .. } => {
                write!(f, "{database} has no tables of plugo yet; migrate it first")
            }
            Error::Unmigrated { database, found, known } => write!(
                f,
                "the tables of {database} have version {found}, and this program needs version \
                 {known}; migrate it first"
            ),
            Error::NothingRegistered => f.write_str(
                "pruning would delete everything, since this program has no plugins; that is \
                 rarely meant, and has to be forced",
            ),
            Error::NothingLeft { items } => write!(
                f,
                "pruning would delete every item ({items}), since this program has none of them; \
                 that is rarely meant, and has to be forced"
            ),
            Error::NoKey => f.write_str(
                "there is a secret field, and the store was opened without a key to encrypt it with \
                 (`StoreOptions::keys`); put one into the key ring",
            ),
            Error::Secret(why) => f.write_str(why),
            Error::Followed { database } => write!(
                f,
                "the lookups of this process follow {database} already; drop that `Following` first"
            ),
            Error::Uncertain { database, doing, why } => write!(
                f,
                "the connection to {database} was lost while it should {doing} ({why}); whether \
                 that was saved shows when the database is back"
            ),
            Error::Database { database, doing, source } => {
                write!(f, "could not {doing}: {database} says: {source}")
            }
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Database { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

/// Why nothing was edited.
#[derive(Debug)]
#[non_exhaustive]
pub enum EditError {
    /// There is no such instance, or not any more.
    NotFound(InstanceId),
    /// Somebody else was there first.
    Conflict(Box<Conflict>),
    /// The value does not do; the text says why.
    Invalid(String),
    /// The settings do not fit their schema; each problem says where. No secret is in
    /// it.
    Settings(Problems),
    /// The item has another instance of this name.
    NameTaken(String),
    /// The database did not do it.
    Store(Error),
}

/// What somebody else changed since an editor looked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conflict {
    /// The instance.
    pub id: InstanceId,
    /// Item and instance as people name them.
    pub subject: String,
    /// The version that the editor saw.
    pub seen: Version,
    /// The version that there is now.
    pub now: Version,
    /// Who changed it last, as far as the audit log knows.
    pub by: Option<String>,
    /// When, as far as the audit log knows.
    pub at: Option<At>,
    /// Whether it was ever changed by hand in the database, which the audit log
    /// does not know: then the last change may be that one.
    pub by_hand: bool,
    /// What the last change in the audit log was, in words: one for each field.
    pub changes: Vec<String>,
}

impl From<Error> for EditError {
    fn from(error: Error) -> Self {
        EditError::Store(error)
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::NotFound(id) => write!(f, "there is no instance {id} (any more)"),
            EditError::Conflict(conflict) => conflict.fmt(f),
            EditError::Invalid(why) => f.write_str(why),
            EditError::Settings(problems) => {
                write!(f, "the settings do not fit, and nothing was saved: {problems}")
            }
            EditError::NameTaken(name) => {
                write!(f, "the item has an instance that is called `{name}` already")
            }
            EditError::Store(error) => error.fmt(f),
        }
    }
}

impl StdError for EditError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            EditError::Store(error) => Some(error),
            EditError::Settings(problems) => Some(problems),
            _ => None,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was changed meanwhile", self.subject)?;
        match (&self.by, self.by_hand) {
            (Some(by), false) => write!(f, " by {by}")?,
            (Some(by), true) => write!(f, ", by hand in the database or by {by}")?,
            (None, _) => f.write_str(", by hand in the database")?,
        }
        for change in &self.changes {
            write!(f, "; {change}")?;
        }
        f.write_str("; look at what holds now, then decide again")
    }
}
