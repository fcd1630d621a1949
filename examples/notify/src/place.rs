use std::env;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use plugo_admin::{KeyRing, StoreOptions};

/// Why there is no place, and with which code the program ends: 2 where a variable says
/// something wrong, 3 where the machine does not do it, as the commands have it.
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) why: anyhow::Error,
}

impl Failure {
    fn said(why: anyhow::Error) -> Self {
        Failure { code: 2, why }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(why: anyhow::Error) -> Self {
        Failure { code: 3, why }
    }
}

/// Which database, and how it is opened.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) options: StoreOptions,
}

impl Place {
    /// What the variables say; otherwise a file in the data folder, which is made.
    pub(crate) fn find() -> Result<Self, Failure> {
        let folder = PathBuf::from(text(DATA)?.unwrap_or_else(|| "notify-data".into()));
        let url = match text("PLUGO_DATABASE_URL")? {
            Some(url) => url,
            None => {
                make(&folder)?;
                let file = folder.join("notify.sqlite3");
                let file = file.to_str().with_context(|| format!("{DATA} is not UTF-8"));
                let file = file.map_err(Failure::said)?;
                // What means something else in a URL.
                let file = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                format!("sqlite://{file}")
            }
        };
        let keys = match text(KEYS)? {
            Some(keys) => KeyRing::parse(&keys).context(KEYS).map_err(Failure::said)?,
            None => {
                make(&folder)?;
                let file = folder.join("secret-keys");
                KeyRing::parse(&own_key(&file)?).with_context(|| file.display().to_string())?
            }
        };
        Ok(Place { url, options: StoreOptions::new().keys(keys) })
    }
}

/// The folder of the data.
const DATA: &str = "NOTIFY_DATA";
/// The keys for secrets.
const KEYS: &str = "PLUGO_SECRET_KEYS";

fn text(variable: &str) -> Result<Option<String>, Failure> {
    match env::var(variable) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(_) => Err(Failure::said(anyhow!("{variable} is not UTF-8"))),
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
    let key = KeyRing::generate("first")?;
    let written = options.open(&beside).and_then(|mut new| {
        writeln!(new, "{key}")?;
        new.sync_all()?;
        fs::hard_link(&beside, file)
    });
    // Also where there was no room for all of it.
    let _ = fs::remove_file(&beside);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(anyhow!(error)
            .context(format!("the key for secrets, {}, cannot be written", file.display()))),
        _ => Ok(read()?.trim().to_owned()),
    }
}
