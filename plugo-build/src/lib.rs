//! The build script half of plugo.
//!
//! An app that has plugins calls [`build()`] in its `build.rs`. It reads what
//! the app's repository says about plugins, plans which of them this build
//! contains and in which order, and writes the table that
//! `plugo::plugins!()` includes, and the manifest.
//!
//! ```no_run
//! // in `fn main()` of build.rs:
//! plugo_build::build();
//! ```
//!
//! What it reads is set in the app's `Cargo.toml`, in
//! `[package.metadata.plugo]`: the plugin directory (`plugins`), the config
//! file (`plugins_config.json`), the folder of clients (`clients`). The
//! variable `ENABLED_PLUGINS` adds to the config file; a `client-<name>`
//! feature takes `clients/<name>.json` in its place; `PLUGO_MANIFEST_DIR`
//! names a folder for a copy of the manifest, and `PLUGO_MANIFEST` the
//! manifest that `plugo build` made.

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// What is wrong, where, and what to do.
mod diagnostic;
/// What each kind of problem means, and how it is mended.
mod explain;
/// JSON as text.
mod json;
/// Files as trees of values that know their places.
mod document;
/// What Cargo and the shell tell a build script.
mod environment;
/// `Cargo.toml`.
mod package;
/// Cargo's feature resolver.
mod resolver;
/// `Cargo.lock`.
mod lock;
/// What metadata says of a plugin.
mod metadata;
/// `[package.metadata.plugo]` of the app.
mod settings;
/// Rust's tokens.
mod lex;
/// `#[plugin]` and modules in a file of source.
mod items;
/// The files of a crate, and the conditions under which they are compiled.
mod scan;
/// The folders of packages that Cargo downloaded.
mod sources;
/// A plugin that the repository knows.
mod known;
/// Where plugins are looked for.
mod discover;
/// What is asked for: files, clients, the variable.
mod config;
/// What is requested and what that depends on, held against what exists.
mod select;
/// Clients' files, held against their cargo features.
mod clients;
/// Dependencies first.
mod order;
/// What the build contains.
mod plan;
/// Seeds with which names are found.
mod lookup;
/// The table, as Rust code.
mod code;
/// The crates of the build, as Cargo tells them.
mod crates;
/// The repository, as one build of its app sees it.
mod project;
/// What the plugins of the build ask Cargo for.
mod requirements;
/// The fingerprint of a manifest.
mod seal;
/// The plan with its crates, as a file.
mod manifest;
/// A manifest that the command line made.
mod handed;
/// What is laid into the program.
mod embed;
/// What is written.
mod emit;
/// What Cargo is told.
mod directive;
/// The JSON schemas of what is read and written.
pub mod schema;
/// The pipeline.
mod builder;

pub use self::builder::{Builder, Built, Documents, Error};
pub use self::crates::{Crate, Crates, Side};
pub use self::diagnostic::{Code, Diagnostic, Place, Severity};
pub use self::directive::Directive;
pub use self::emit::write;
pub use self::environment::Environment;
pub use self::explain::Explanation;
pub use self::metadata::Id;
pub use self::plan::{Plan, Planned};
pub use self::project::{Client, KnownPlugin, Need, Project, Unavailable, plugins_in};
pub use self::seal::seal;
pub use self::select::Reason;
pub use self::settings::Places;
/// The kinds of places that switch a plugin on, and what versions are.
pub use plugo_core::Source;
pub use semver::Version;

/// Plans this build's plugins and writes their table: the one line in
/// `build.rs`.
///
/// What is wrong is shown through `cargo::error`, which fails the build; all
/// problems of a stage at once.
///
/// ```no_run
/// plugo_build::build();
/// ```
#[expect(clippy::print_stdout, reason = "printing is how a build script talks to Cargo")]
pub fn build() {
    let directives = match try_build() {
        Ok(built) => built.directives,
        Err(Error::Refused(problems)) => Directive::problems(problems),
        Err(error) => {
            println!("cargo::error={error}");
            return;
        }
    };
    // Cargo fails a build whose script printed an error, and shows it better
    // than the output of a script that failed. Where something else than
    // Cargo runs the script, there is no table, and `plugins!()` says so.
    for directive in directives {
        println!("{directive}");
    }
}

/// Like [`build()`], and prints nothing: what Cargo has to be told is in the
/// result, and has to be printed. Without it, `plugins!()` finds no table.
///
/// ```no_run
/// match plugo_build::try_build() {
///     Ok(built) => built.directives.iter().for_each(|directive| println!("{directive}")),
///     Err(error) => panic!("{error}"),
/// }
/// ```
///
/// # Errors
///
/// [`Error::NoBuildScript`] outside of a build script, [`Error::Refused`]
/// with everything that a stage found to be wrong.
pub fn try_build() -> Result<Built, Error> {
    Builder::new().run()
}
