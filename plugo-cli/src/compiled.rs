use std::path::PathBuf;

/// What Cargo says that it compiled, from the messages of one build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) crates: Vec<CompiledCrate>,
    pub(crate) scripts: Vec<ScriptRun>,
    /// The programs of the app, by name.
    pub(crate) programs: Vec<(String, PathBuf)>,
}

/// A crate that was compiled, or that was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompiledCrate {
    /// Cargo's package id.
    pub(crate) package_id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// `lib`, `proc-macro`, `bin`, `custom-build`, …
    pub(crate) kinds: Vec<String>,
    pub(crate) features: Vec<String>,
    pub(crate) files: Vec<PathBuf>,
    /// Whether it was there already.
    pub(crate) fresh: bool,
}

/// A build script that ran, or that had run already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptRun {
    pub(crate) package_id: String,
    /// What it links, as Cargo writes it: `static=z`.
    pub(crate) linked_libs: Vec<String>,
}
