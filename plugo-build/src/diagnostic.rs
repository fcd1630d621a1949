use std::collections::HashSet;
use std::fmt;

/// A kind of problem. Its text, such as `unknown-plugin`, is stable: scripts
/// may look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A plugin crate's metadata has a key that applies to one plugin, and
    /// the crate has several.
    AmbiguousMetadata,
    /// `cargo tree`, which names the crates for the manifest, failed.
    CargoFailed,
    /// A `client-<name>` feature does not turn on what the client's file needs.
    ClientFeature,
    /// A plugin is requested that stands under a `cfg` which does not hold.
    ConfiguredOut,
    /// Two plugins of the plan exclude each other.
    Conflict,
    /// Metadata says one thing in two places, and differently.
    Contradiction,
    /// The app's `core-version` does not meet a plugin's `core_version`.
    CoreVersion,
    /// Plugins depend on each other in a circle.
    DependencyCycle,
    /// A plugin depends on a version of another that this build does not have.
    DependencyVersion,
    /// A plugin depends on one that is disabled.
    DisabledDependency,
    /// A key stands twice in one object.
    DuplicateKey,
    /// Two plugins have one name.
    DuplicatePlugin,
    /// A name is enabled and disabled in one file.
    EnabledAndDisabled,
    /// `ENABLED_PLUGINS` adds to what a client's file says.
    EnvironmentBeyondClient,
    /// A plugin is requested whose cargo feature is off.
    FeatureOff,
    /// A name breaks the rule for names.
    InvalidName,
    /// A version or a version requirement cannot be parsed.
    InvalidVersion,
    /// A JSON file is not JSON.
    MalformedJson,
    /// A TOML file is not TOML.
    MalformedToml,
    /// `PLUGO_MANIFEST` names the manifest of another build.
    ManifestMismatch,
    /// A plugin depends on one that does not exist, or is not in the build.
    MissingDependency,
    /// A field is missing.
    MissingField,
    /// A file or folder that the settings name does not exist.
    MissingFile,
    /// There is no `Cargo.lock`.
    MissingLockFile,
    /// A field has a value of the wrong type.
    MistypedField,
    /// The metadata's name is not the name in `#[plugin]`.
    NameMismatch,
    /// A plugin is requested whose source has no `#[plugin]`.
    NoEntryPoint,
    /// A plugin is requested whose folder is not a Cargo package.
    NotACrate,
    /// A plugin is requested whose crate is no dependency of the app.
    NotADependency,
    /// A plugin is in the plugin directory and cannot be in the build.
    NotInBuild,
    /// A plugin is requested whose crate is for other targets.
    OtherTarget,
    /// Two `client-<name>` features are on.
    SeveralClients,
    /// A name stands twice in one list.
    ListedTwice,
    /// A `client-<name>` feature is on and there is no such client.
    UnknownClient,
    /// A plugin that does not exist is disabled, or excluded as a conflict.
    UnknownDisabled,
    /// A field is not one of those that there are.
    UnknownField,
    /// A plugin that does not exist is requested.
    UnknownPlugin,
    /// A file or folder cannot be read.
    Unreadable,
    /// A file cannot be written.
    Unwritable,
}

impl Code {
    /// Every code, in the order of the declaration.
    pub const ALL: [Code; 39] = [
        Code::AmbiguousMetadata,
        Code::CargoFailed,
        Code::ClientFeature,
        Code::ConfiguredOut,
        Code::Conflict,
        Code::Contradiction,
        Code::CoreVersion,
        Code::DependencyCycle,
        Code::DependencyVersion,
        Code::DisabledDependency,
        Code::DuplicateKey,
        Code::DuplicatePlugin,
        Code::EnabledAndDisabled,
        Code::EnvironmentBeyondClient,
        Code::FeatureOff,
        Code::InvalidName,
        Code::InvalidVersion,
        Code::MalformedJson,
        Code::MalformedToml,
        Code::ManifestMismatch,
        Code::MissingDependency,
        Code::MissingField,
        Code::MissingFile,
        Code::MissingLockFile,
        Code::MistypedField,
        Code::NameMismatch,
        Code::NoEntryPoint,
        Code::NotACrate,
        Code::NotADependency,
        Code::NotInBuild,
        Code::OtherTarget,
        Code::SeveralClients,
        Code::ListedTwice,
        Code::UnknownClient,
        Code::UnknownDisabled,
        Code::UnknownField,
        Code::UnknownPlugin,
        Code::Unreadable,
        Code::Unwritable,
    ];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::AmbiguousMetadata => "ambiguous-metadata",
            Code::CargoFailed => "cargo-failed",
            Code::ClientFeature => "client-feature",
            Code::ConfiguredOut => "configured-out",
            Code::Conflict => "conflict",
            Code::Contradiction => "contradiction",
            Code::CoreVersion => "core-version",
            Code::DependencyCycle => "dependency-cycle",
            Code::DependencyVersion => "dependency-version",
            Code::DisabledDependency => "disabled-dependency",
            Code::DuplicateKey => "duplicate-key",
            Code::DuplicatePlugin => "duplicate-plugin",
            Code::EnabledAndDisabled => "enabled-and-disabled",
            Code::EnvironmentBeyondClient => "environment-beyond-client",
            Code::FeatureOff => "feature-off",
            Code::InvalidName => "invalid-name",
            Code::InvalidVersion => "invalid-version",
            Code::MalformedJson => "malformed-json",
            Code::MalformedToml => "malformed-toml",
            Code::ManifestMismatch => "manifest-mismatch",
            Code::MissingDependency => "missing-dependency",
            Code::MissingField => "missing-field",
            Code::MissingFile => "missing-file",
            Code::MissingLockFile => "missing-lock-file",
            Code::MistypedField => "mistyped-field",
            Code::NameMismatch => "name-mismatch",
            Code::NoEntryPoint => "no-entry-point",
            Code::NotACrate => "not-a-crate",
            Code::NotADependency => "not-a-dependency",
            Code::NotInBuild => "not-in-build",
            Code::OtherTarget => "other-target",
            Code::SeveralClients => "several-clients",
            Code::ListedTwice => "listed-twice",
            Code::UnknownClient => "unknown-client",
            Code::UnknownDisabled => "unknown-disabled",
            Code::UnknownField => "unknown-field",
            Code::UnknownPlugin => "unknown-plugin",
            Code::Unreadable => "unreadable",
            Code::Unwritable => "unwritable",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a file, as people write it: `plugins_config.json:4:15`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, relative to the workspace's root where it is inside.
    pub file: String,
    /// Line and column, both from 1, columns in characters; `None` for the
    /// file as a whole.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Place { file: file.into(), position: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The build goes on.
    Warning,
    /// There is no build.
    Error,
}

/// One problem: what, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one sentence that names the names.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Other places and facts that belong to it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// With the place.
    #[must_use]
    pub fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = place.into();
        self
    }

    /// With a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Several lines: message, place, notes, help.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// What a stage found, in the order in which it found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    found: Vec<Diagnostic>,
    seen: HashSet<Diagnostic>,
}

impl Problems {
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        // One mistake gives one error, also when two readers meet it.
        if self.seen.insert(diagnostic.clone()) {
            self.found.push(diagnostic);
        }
    }

    /// Ends a stage: the errors, when there is one. Warnings stay.
    pub(crate) fn end_of_stage(&mut self) -> Result<(), Vec<Diagnostic>> {
        if self.has_error() { Err(std::mem::take(&mut self.found)) } else { Ok(()) }
    }

    pub(crate) fn has_error(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn into_warnings(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// `a`, `b` and `c`, in code quotes.
pub(crate) fn list<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.pop() {
        None => "none".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

/// "did you mean `x`?", where a known name is alike.
pub(crate) fn did_you_mean<'k>(
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    plugo_core::name::nearest(name, known).map(|nearest| format!("did you mean `{nearest}`?"))
}

/// Help for a name that is not known: the nearest one, and the whole list.
pub(crate) fn known_names(name: &str, what: &str, known: &[&str]) -> String {
    let all = match known {
        [] => format!("there are no {what}"),
        _ => format!("the {what} are {}", list(known)),
    };
    match did_you_mean(name, known.iter().copied()) {
        Some(nearest) => format!("{nearest} {all}"),
        None => all,
    }
}
