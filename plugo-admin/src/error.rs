use std::error::Error as StdError;
use std::fmt;

/// Why nothing was edited.
mod edit;
/// Why nothing was done about a user.
mod user;

pub use self::edit::{Conflict, EditError};
pub use self::user::UserError;

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
    /// The server has no such database, or does not let the role of the URL do it.
    Refused {
        /// The database as it is shown.
        database: String,
        /// What was to be done.
        doing: &'static str,
        /// What the library says.
        why: String,
        /// What to do about it.
        remedy: &'static str,
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
    /// What is searched for is too long.
    Search {
        /// How long it may be, in characters.
        longest: usize,
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
                Some(Meaning::Away(remedy)) => {
                    Error::Away { database, doing, why: format!("{why}{remedy}") }
                }
                Some(Meaning::Refused(remedy)) => Error::Refused { database, doing, why, remedy },
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
    /// With what to do about it, where that is known.
    Away(&'static str),
    Refused(&'static str),
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
            "53300" => Meaning::Away(
                "; end other connections, or raise the limit of the role or of the server",
            ),
            "3D000" => Meaning::Refused("make the database, or name another one in the URL"),
            "28000" | "28P01" => Meaning::Refused(
                "look at the role and the password in the URL, and at what the server lets in",
            ),
            "42501" => Meaning::Refused(
                "grant the role what it needs: CREATE on the schema to migrate, and to do anything \
                 else SELECT, INSERT, UPDATE and DELETE on the tables",
            ),
            // Connections, shut-down.
            _ if code.starts_with("08") || code.starts_with("57P") => Meaning::Away(""),
            _ => Meaning::Other,
        };
    }
    let code = code.parse::<u32>();
    // The files beside the database, which reading needs too.
    if let Ok(264 | 520 | 1288 | 1544) = code {
        return Meaning::Away(
            "; there are files beside it, also while it is read: let this user write to its folder, \
             or read a copy that VACUUM INTO made",
        );
    }
    match code.map(|code| code & 0xff) {
        Ok(5 | 6) => Meaning::Busy,
        Ok(8) => Meaning::ReadOnly,
        Ok(13) => Meaning::Full,
        Ok(11 | 26) => Meaning::Damaged,
        Ok(10) => Meaning::Away(""),
        Ok(14) => Meaning::Away("; may this user read and write the file and its folder?"),
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
            Error::Refused { database, doing, why, remedy } => {
                write!(f, "could not {doing}: {database} refuses it ({why}); {remedy}")
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
            Error::Search { longest } => {
                write!(f, "what is searched for has up to {longest} characters")
            }
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
