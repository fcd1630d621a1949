use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::error::Error;

/// A call of the compiler for a crate of the workspace, as Cargo made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) rustc: String,
    pub(super) arguments: Vec<String>,
    pub(super) dir: PathBuf,
    /// The variables that Cargo adds to its own.
    pub(super) variables: BTreeMap<String, String>,
}

/// Cargo calls this in place of the compiler: notes the call, and becomes the
/// compiler.
pub(crate) fn record(into: &Path, command: &[OsString]) -> Result<(), Error> {
    let Some((rustc, arguments)) = command.split_first() else {
        return Err(Error::usage("no compiler is given"));
    };
    let noted = Record::of_this(rustc, arguments).filter(Record::is_crate);
    if let Some(record) = noted {
        let path = into.join(format!("{}.json", record.file_stem()));
        fs::write(&path, record.to_json().to_string())
            .map_err(|error| Error::io("written", &path, &error))?;
    }
    let error = Command::new(rustc).args(arguments).exec();
    Err(Error::environment(format!("`{}` cannot be run: {error}", rustc.display())))
}

impl Record {
    /// The call that this process is to make. `None` when it is no text.
    fn of_this(rustc: &OsStr, arguments: &[OsString]) -> Option<Self> {
        let text = |value: &OsStr| value.to_str().map(str::to_owned);
        let own = cargos_variables();
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            // How many may work at a time was for that build.
            if name.ends_with("MAKEFLAGS") {
                return None;
            }
            let is_kept = ["CARGO", "RUSTUP_", "LD_LIBRARY_PATH"];
            let is_new = !own.contains(&format!("{name}={value}"));
            (is_new || is_kept.iter().any(|kept| name.starts_with(kept))).then_some((name, value))
        });
        Some(Record {
            rustc: text(rustc)?,
            arguments: arguments.iter().map(|argument| text(argument)).collect::<Option<_>>()?,
            dir: std::env::current_dir().ok()?,
            variables: variables.collect(),
        })
    }

    fn to_json(&self) -> Value {
        json!({
            "rustc": self.rustc,
            "arguments": self.arguments,
            "dir": self.dir,
            "variables": self.variables,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let arguments = value["arguments"].as_array()?.iter().map(text).collect::<Option<_>>()?;
        let variables = value["variables"].as_object()?.iter();
        let variables = variables.map(|(name, value)| Some((name.clone(), text(value)?)));
        Some(Record {
            rustc: text(&value["rustc"])?,
            arguments,
            dir: text(&value["dir"])?.into(),
            variables: variables.collect::<Option<_>>()?,
        })
    }

    /// All that were noted.
    pub(super) fn read_all(dir: &Path) -> Vec<Record> {
        let files = fs::read_dir(dir).into_iter().flatten().flatten();
        let records = files.filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            Record::from_json(&serde_json::from_str(&text).ok()?)
        });
        records.collect()
    }

    /// Whether it compiles a crate, and not only asks something.
    fn is_crate(&self) -> bool {
        let is_asking = self.arguments.iter().any(|argument| argument.starts_with("--print"));
        !is_asking && self.name().is_some_and(|name| name != "___") && self.out_dir().is_some()
    }

    /// The value that follows an argument.
    fn value(&self, name: &str) -> Option<&str> {
        let at = self.arguments.iter().position(|argument| argument == name)?;
        self.arguments.get(at + 1).map(String::as_str)
    }

    /// The crate, as code names it.
    pub(super) fn name(&self) -> Option<&str> {
        self.value("--crate-name")
    }

    fn out_dir(&self) -> Option<&Path> {
        self.value("--out-dir").map(Path::new)
    }

    pub(super) fn is_lib(&self) -> bool {
        matches!(self.value("--crate-type"), Some("lib" | "rlib"))
    }

    pub(super) fn is_bin(&self) -> bool {
        self.value("--crate-type") == Some("bin")
    }

    /// `web_blog-1f3a`: what its files are called.
    fn file_stem(&self) -> String {
        let mut options = self.arguments.iter();
        let extra = options.find_map(|one| one.strip_prefix("extra-filename="));
        format!("{}{}", self.name().unwrap_or_default(), extra.unwrap_or_default())
    }

    /// What it makes, of a library or a program.
    pub(super) fn output(&self) -> PathBuf {
        let stem = self.file_stem();
        let name = if self.is_lib() { format!("lib{stem}.rlib") } else { stem };
        self.dir.join(self.out_dir().unwrap_or(Path::new(""))).join(name)
    }

    /// The crates that it names: how, and the file without its ending.
    pub(super) fn externs(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        let externs = self.arguments.windows(2).filter(|pair| pair[0] == "--extern");
        externs.filter_map(|pair| {
            let (name, path) = pair[1].split_once('=')?;
            // Options such as `priv:` stand before the name.
            let name = name.rsplit(':').next()?;
            Some((name, self.dir.join(path).with_extension("")))
        })
    }

    /// A variable that Cargo set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The files that the crate was made of, as the compiler told.
    pub(super) fn sources(&self) -> BTreeSet<PathBuf> {
        let name = format!("{}.d", self.file_stem());
        let path = self.output().with_file_name(name);
        let text = fs::read_to_string(path).unwrap_or_default();
        // `target: file file`, and blanks in names are written with a backslash.
        let files = text.lines().filter_map(|line| line.split_once(": ")).map(|(_, files)| files);
        let files = files.flat_map(|files| {
            let files = files.replace("\\ ", "\0");
            files.split(' ').map(|file| file.replace('\0', " ")).collect::<Vec<_>>()
        });
        files.filter(|file| !file.is_empty()).map(|file| self.dir.join(file)).collect()
    }

    /// The same call, with its files elsewhere and messages for people.
    ///
    /// The compiler takes what it knows from the last time only when both folders
    /// are the same as then.
    pub(super) fn command(&self, out_dir: &Path, incremental: &Path, color: bool) -> Command {
        let mut command = Command::new(&self.rustc);
        let mut arguments = self.arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            let next = arguments.peek().map(|next| next.as_str()).unwrap_or_default();
            let is_incremental = argument == "-C" && next.starts_with("incremental=");
            if argument == "--out-dir" || is_incremental {
                arguments.next();
            } else if !argument.starts_with("--error-format") && !argument.starts_with("--json") {
                command.arg(argument);
            }
        }
        command.arg("--out-dir").arg(out_dir);
        command.arg("-C").arg(prefixed("incremental=", incremental));
        command.args(["--color", if color { "always" } else { "never" }]);
        command.current_dir(&self.dir).envs(&self.variables);
        command
    }
}

/// An argument that ends with a path.
pub(super) fn prefixed(prefix: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(prefix);
    argument.push(path);
    argument
}

/// The variables of Cargo, which called this process.
fn cargos_variables() -> BTreeSet<String> {
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let bytes = fs::read(format!("/proc/{parent}/environ")).unwrap_or_default();
    bytes.split(|&byte| byte == 0).map(|one| String::from_utf8_lossy(one).into_owned()).collect()
}
