use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// What was opened, and is closed when the command has done its work.
    opened: Mutex<Vec<Store>>,
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
        Ok(Opening { url, options, program: program.to_owned(), opened: Mutex::default() })
    }

    /// A database that is there, and has its tables: what only looks makes no file, and
    /// a newer build that looks does not migrate.
    pub(super) async fn existing(&self) -> Result<Store, Failure> {
        let database = Database::parse(&self.url)?;
        // Where nobody may look, it is not known to be missing: that is told when it is opened.
        if database.file().is_some_and(|file| matches!(file.try_exists(), Ok(false))) {
            return Err(Failure::environment(format!(
                "there is no database {database}; `{} db migrate` makes it, and --database or \
                 {DATABASE} names another one",
                self.program
            )));
        }
        self.open(self.options.clone().no_migrate()).await
    }

    /// The same, which is made and migrated where it has to be.
    pub(super) async fn migrated(&self) -> Result<Store, Failure> {
        self.open(self.options.clone()).await
    }

    async fn open(&self, options: StoreOptions) -> Result<Store, Failure> {
        let store = options.open(&self.url).await?;
        self.opened().push(store.clone());
        Ok(store)
    }

    /// Closes what was opened, so that a SQLite file is the whole database.
    pub(super) async fn close(&self) {
        let opened = std::mem::take(&mut *self.opened());
        for store in opened {
            store.close().await;
        }
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Store>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
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
