use std::env;

use super::DATABASE;
use super::failure::Failure;
use crate::secrets::KeyRing;
use crate::store::{Store, StoreOptions};
use crate::url::Database;

/// Which database a command is about, and how it is opened.
pub(super) struct Opening {
    url: String,
    options: StoreOptions,
    /// The program, as its users call it.
    pub(super) program: String,
}

impl Opening {
    pub(super) fn of(
        named: Option<String>,
        default: String,
        mut options: StoreOptions,
        program: &str,
    ) -> Result<Self, Failure> {
        let url = match named {
            Some(url) => url,
            None => variable(DATABASE)?.unwrap_or(default),
        };
        if !options.has_keys() {
            let keys = KeyRing::from_env();
            options = options.keys(keys.map_err(|error| Failure::usage(error.to_string()))?);
        }
        Ok(Opening { url, options, program: program.to_owned() })
    }

    /// A database that is there, and has its tables: what only looks makes no file, and
    /// a newer build that looks does not migrate.
    pub(super) async fn existing(&self) -> Result<Store, Failure> {
        let database = Database::parse(&self.url)?;
        if database.file().is_some_and(|file| !file.exists()) {
            return Err(Failure::environment(format!(
                "there is no database {database}; `{} db migrate` makes it, and --database or \
                 {DATABASE} names another one",
                self.program
            )));
        }
        Ok(self.options.clone().no_migrate().open(&self.url).await?)
    }

    /// The same, which is made and migrated where it has to be.
    pub(super) async fn migrated(&self) -> Result<Store, Failure> {
        Ok(self.options.clone().open(&self.url).await?)
    }
}

fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("the variable {name} is not UTF-8")))
        }
    }
}
