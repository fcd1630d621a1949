use std::env;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use plugo_admin::{KeyRing, StoreOptions};

/// Which database, and how it is opened.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) options: StoreOptions,
}

impl Place {
    /// What the variables say; otherwise a file in the data folder, which is made.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let folder = PathBuf::from(text("NOTIFY_DATA")?.unwrap_or_else(|| "notify-data".into()));
        let url = match text("PLUGO_DATABASE_URL")? {
            Some(url) => url,
            None => {
                make(&folder)?;
                let file = folder.join("notify.sqlite3");
                let Some(file) = file.to_str() else { bail!("NOTIFY_DATA is not UTF-8") };
                // What means something else in a URL.
                let file = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                format!("sqlite://{file}")
            }
        };
        let keys = match text("PLUGO_SECRET_KEYS")? {
            Some(keys) => keys,
            None => {
                make(&folder)?;
                own_key(&folder.join("secret-keys"))?
            }
        };
        Ok(Place { url, options: StoreOptions::new().keys(KeyRing::parse(&keys)?) })
    }
}

fn text(variable: &str) -> anyhow::Result<Option<String>> {
    match env::var(variable) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(_) => bail!("{variable} is not UTF-8"),
    }
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// The key that secrets are encrypted with. It stands beside the file of the database,
/// so this protects copies of the database alone; keep it elsewhere in earnest.
fn own_key(file: &Path) -> anyhow::Result<String> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let read = || {
        let key = fs::read_to_string(file);
        key.with_context(|| format!("the key {} cannot be read", file.display()))
    };
    if file.exists() {
        return Ok(read()?.trim().to_owned());
    }
    // Two programs that start at once make one key: the file appears whole.
    let beside = file.with_extension(std::process::id().to_string());
    let mut new = options.open(&beside).context("the key for secrets cannot be written")?;
    writeln!(new, "{}", KeyRing::generate("first")?)?;
    new.sync_all()?;
    let linked = fs::hard_link(&beside, file);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(read()?.trim().to_owned()),
    }
}
