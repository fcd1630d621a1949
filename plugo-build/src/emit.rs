use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity};

/// A line that a build script prints for Cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Directive {
    /// Run the build script again when this file or folder changes.
    RerunIfChanged(PathBuf),
    /// Run the build script again when this variable changes.
    RerunIfEnvChanged(&'static str),
    /// Set a variable for the compilation of the app.
    RustcEnv(&'static str, PathBuf),
    /// Show a problem, and fail the build where it is an error.
    Problem(Diagnostic),
    /// Tell that there are more warnings and errors than were shown.
    More(Severity, usize),
}

impl Directive {
    /// The most problems that are shown at once.
    const SHOWN: usize = 100;

    /// Shows problems; of very many, the first.
    pub(crate) fn problems(problems: Vec<Diagnostic>) -> Vec<Directive> {
        // What is cut off must not be the only error.
        let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
        let (mut problems, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(is_error);
        problems.extend(warnings);
        let worst = problems.first().map(|problem| problem.severity);
        let more = problems.len().saturating_sub(Directive::SHOWN);
        let mut shown: Vec<Directive> =
            problems.into_iter().take(Directive::SHOWN).map(Directive::Problem).collect();
        shown.extend(worst.filter(|_| more > 0).map(|worst| Directive::More(worst, more)));
        shown
    }
}

fn key(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// As Cargo reads it; a problem has several lines.
impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Directive::RerunIfChanged(path) => {
                write!(f, "cargo::rerun-if-changed={}", path.display())
            }
            Directive::RerunIfEnvChanged(name) => write!(f, "cargo::rerun-if-env-changed={name}"),
            Directive::RustcEnv(name, path) => {
                write!(f, "cargo::rustc-env={name}={}", path.display())
            }
            Directive::Problem(diagnostic) => {
                let key = key(diagnostic.severity);
                let text = diagnostic.to_string();
                for (i, line) in text.lines().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "cargo::{key}={line}")?;
                }
                Ok(())
            }
            Directive::More(severity, count) => {
                write!(f, "cargo::{}=and {count} more like these", key(*severity))
            }
        }
    }
}

/// Writes a file whole or not at all, and only when its content changes:
/// through a second file, which then takes its place. Who may read it stays
/// as it is. A link stays a link: the file that it leads to is written.
///
/// What is no file, such as `/dev/stdout`, is written to as it is.
///
/// Says whether it wrote.
///
/// ```no_run
/// plugo_build::write("plugins_config.json".as_ref(), "{ \"plugins\": [] }\n")?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What the file system gave; the file is then as it was.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<bool> {
    let content = content.as_ref();
    let found = fs::metadata(path).ok();
    if found.as_ref().is_some_and(|found| !found.is_file() && !found.is_dir()) {
        return File::options().write(true).open(path)?.write_all(content).map(|()| true);
    }
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let path = behind_links(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let fill = || {
        let mut file = File::create(&fresh)?;
        // Before there is something to read.
        if let Some(found) = found.filter(fs::Metadata::is_file) {
            file.set_permissions(found.permissions())?;
        }
        file.write_all(content)
    };
    let result = fill().and_then(|()| fs::rename(&fresh, &path));
    if result.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    result.map(|()| true)
}

/// Where a path leads if it is a link; there need be nothing yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is a link that leads to itself"))
}

/// Gives a file that was written outside `OUT_DIR` the time at which Cargo
/// started this run of the build script, so that Cargo, told to watch it,
/// finds it as it should be. What another build writes there later is newer
/// than this run; so this build's script runs again, and its manifest never
/// stays away in favour of another's.
///
/// Cargo keeps that time in a file beside `OUT_DIR`. Without it, the script
/// runs once more than it has to.
pub(crate) fn settle(path: &Path, out_dir: &Path) {
    let started = out_dir.parent().map(|dir| dir.join("invoked.timestamp"));
    let started = started.and_then(|path| fs::metadata(path).ok()?.modified().ok());
    if let (Some(started), Ok(file)) = (started, File::options().write(true).open(path)) {
        // A file system that cannot do it costs one more run.
        let _ = file.set_modified(started);
    }
}

/// Makes Cargo notice when a path that does not exist begins to.
///
/// A missing path in `rerun-if-changed` would run the build script every
/// time. A folder of links that lead nowhere does not: Cargo goes through it,
/// passes over what it cannot follow, and follows the link once its target is
/// there, which is newer than the build script's last run.
///
/// The folder is in `OUT_DIR`:
///
/// ```text
/// OUT_DIR/
///   plugo-table.rs               what `plugins!()` includes
///   plugo-manifest.json          what `manifest!()` includes
///   requirements-plugins.toml
///   plugo-dep-v0, plugo0         what `plugins!()` lays into the program
///   plugo-absent/                links to what does not exist yet
/// ```
///
/// Where links cannot be made (on Windows they need a privilege), a file that
/// appears is noticed at the next run for another reason.
pub(crate) fn watch_absent(
    out_dir: &Path,
    absent: &BTreeSet<PathBuf>,
) -> io::Result<Option<PathBuf>> {
    let dir = out_dir.join("plugo-absent");
    let linked = |entries: fs::ReadDir| -> BTreeSet<PathBuf> {
        entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
    };
    if !absent.is_empty() && fs::read_dir(&dir).is_ok_and(|entries| linked(entries) == *absent) {
        return Ok(Some(dir));
    }
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    if absent.is_empty() {
        return Ok(None);
    }
    fs::create_dir(&dir)?;
    for (i, target) in absent.iter().enumerate() {
        if link(target, &dir.join(i.to_string())).is_err() {
            return Ok(None);
        }
    }
    // Cargo compares with the time at which the build script was started.
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    Ok(File::open(&dir).and_then(|dir| dir.set_modified(long_ago)).ok().map(|()| dir))
}

#[cfg(unix)]
fn link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_is_written_keeps_its_links_and_who_may_read_it() {
        let dir = std::env::temp_dir().join(format!("plugo-build-write-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("other")).unwrap();
        let (link, real) = (dir.join("link"), dir.join("other/real"));
        symlink("middle", &link).unwrap();
        symlink("other/real", dir.join("middle")).unwrap();
        assert!(write(&link, "through a link that leads nowhere yet").unwrap());
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(write(&link, "again").unwrap());
        assert!(!write(&link, "again").unwrap());
        assert_eq!(fs::read_to_string(&real).unwrap(), "again");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        for link in ["link", "middle"] {
            assert!(fs::symlink_metadata(dir.join(link)).unwrap().is_symlink());
        }
        assert_eq!(fs::read_dir(dir.join("other")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 3);

        symlink("circle", dir.join("circle")).unwrap();
        assert!(write(&dir.join("circle"), "x").is_err());
        // A folder is not replaced.
        assert!(write(&dir.join("other"), "x").is_err());
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let path = std::env::temp_dir().join(format!("plugo-build-socket-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        // Which cannot be opened to be written to, as `/dev/stdout` can.
        assert!(write(&path, "x").is_err());
        assert!(!fs::metadata(&path).unwrap().is_file());
        fs::remove_file(&path).unwrap();
    }
}
