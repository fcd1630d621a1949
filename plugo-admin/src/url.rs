use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::Error;

/// What stands in a path of a URL as it is.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Which database. What it shows hides the password.
#[derive(Clone)]
pub(crate) enum Database {
    /// A file, and whether it is only read.
    Sqlite { path: PathBuf, read_only: bool },
    /// The URL as it was given, which may have a password.
    #[cfg(feature = "postgres")]
    Postgres { url: String },
}

impl Database {
    /// `sqlite:///path`, `sqlite://relative/path`, `sqlite:path`, with `?mode=ro`
    /// for reading alone, or `postgres://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Url { url: shown(url), why: why.to_owned() };
        let Some((scheme, rest)) = url.split_once(':') else {
            // A path, as it is written elsewhere.
            let is_path = url.starts_with(['/', '.']) || url.ends_with(".sqlite3");
            let meant = utf8_percent_encode(url, IN_PATH);
            return Err(match is_path {
                true => wrong(&format!("it begins with no scheme; is `sqlite://{meant}` meant?")),
                false => wrong("it begins with no scheme"),
            });
        };
        match scheme {
            "sqlite" => {
                let rest = rest.strip_prefix("//").unwrap_or(rest);
                let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
                let read_only = match query {
                    "" | "mode=rwc" => false,
                    "mode=ro" => true,
                    _ => return Err(wrong("after `?`, only `mode=ro` is known")),
                };
                let path = percent_decode_str(path)
                    .decode_utf8()
                    .map_err(|_| wrong("the path is not UTF-8"))?;
                if path.is_empty() || path.contains('\0') {
                    return Err(wrong("the path of the file is missing"));
                }
                if path.starts_with(":memory:") {
                    return Err(wrong("a database in memory is gone with its connection"));
                }
                // The app may change its working folder.
                let path =
                    std::path::absolute(&*path).map_err(|error| wrong(&error.to_string()))?;
                Ok(Database::Sqlite { path, read_only })
            }
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" if rest.starts_with("//") => {
                Ok(Database::Postgres { url: url.to_owned() })
            }
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => {
                Err(wrong("this program is built without the feature `postgres` of plugo-admin"))
            }
            _ => Err(wrong("only sqlite and postgres are known")),
        }
    }

    /// What asks which revision it is, and of what: SQLite counts changes of the tables,
    /// which restoring a backup is one of, and PostgreSQL numbers each table that is made.
    pub(crate) fn moment(&self) -> &'static str {
        match self {
            Database::Sqlite { .. } => {
                "SELECT revision, database, (SELECT schema_version FROM pragma_schema_version) \
                 AS mark FROM plugo_revision"
            }
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => {
                "SELECT revision, database, CAST(tableoid AS BIGINT) AS mark FROM plugo_revision"
            }
        }
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Database::Sqlite { path, .. } => Some(path),
            #[cfg(feature = "postgres")]
            Database::Postgres { .. } => None,
        }
    }

    /// Makes the file if there is none, for its owner alone: it will hold hashes of
    /// passwords.
    pub(crate) fn create(&self) -> io::Result<()> {
        match self {
            Database::Sqlite { path, read_only: false } => {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                match options.open(path) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The URL for the library.
    pub(crate) fn url(&self) -> String {
        match self {
            Database::Sqlite { path, read_only } => {
                let path = path.to_string_lossy();
                let path = utf8_percent_encode(&path, IN_PATH);
                // A file that is gone is not made anew behind anybody's back.
                format!("sqlite://{path}?mode={}", if *read_only { "ro" } else { "rw" })
            }
            #[cfg(feature = "postgres")]
            Database::Postgres { url } => url.clone(),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite { path, .. } => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Database::Postgres { url } => f.write_str(&shown(url)),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

/// A URL without its password, and without its query, which may hold one too. Of
/// what is no URL nothing but the scheme is shown.
fn shown(url: &str) -> String {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let Ok(mut parsed) = url::Url::parse(url) else { return format!("{scheme}:…") };
    if parsed.password().is_some() && parsed.set_password(Some("hidden")).is_err() {
        return format!("{scheme}:…");
    }
    parsed.set_query(None);
    parsed.set_fragment(None);
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_password() {
        for url in [
            "postgres://ann:s3cret@db/app",
            "postgres://ann:s3cret@x@db/app",
            "postgres://ann:x?s3cret@db/app",
            "postgres://ann:x#s3cret@db/app",
            "postgres://ann:s3cret/y@db/app",
            "postgres://db/app?password=s3cret",
            "mysql://ann:s3cret@db",
        ] {
            assert!(!shown(url).contains("s3cret"), "{}", shown(url));
            let said = match Database::parse(url) {
                Ok(database) => format!("{database} {database:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!said.contains("s3cret"), "{said}");
        }
        assert_eq!(shown("postgres://ann:s3cret@db/app"), "postgres://ann:hidden@db/app");
    }

    #[test]
    fn files_may_be_called_anything() {
        for path in ["/tmp/a b", "/tmp/ä?", "/tmp/100%", "/tmp/#1", "/tmp/a&mode=ro"] {
            let written = format!("sqlite://{}", utf8_percent_encode(path, IN_PATH));
            let database = Database::parse(&written).unwrap();
            assert_eq!(database.file(), Some(Path::new(path)));
            assert_eq!(database.url(), format!("{written}?mode=rw"));
        }
        let relative = Database::parse("sqlite://plugo.sqlite3").unwrap();
        assert!(relative.file().is_some_and(Path::is_absolute));
    }

    #[test]
    fn what_names_no_database_is_refused() {
        for url in
            ["", "file", "sqlite:", "sqlite://", "sqlite::memory:", "mysql://h/d", "sqlite://a?x=y"]
        {
            assert!(matches!(Database::parse(url), Err(Error::Url { .. })), "{url}");
        }
    }
}
