//! The command line of plugo: `plugo <command>` and `cargo plugo <command>`
//! are one program.
//!
//! Its commands are items of the plugin type [`Command`], in the namespace
//! [`COMMANDS`]. A team builds its own `plugo` from a package that depends on
//! this crate and on the crates of its commands:
//!
//! ```ignore
//! plugo::plugins!();
//!
//! fn main() -> std::process::ExitCode {
//!     plugo_cli::main()
//! }
//! ```
//!
//! A program called `plugo-<name>` on `PATH` is a command too.
//!
//! What a command answers goes to stdout, everything else to stderr. The
//! exit codes are those of [`exit`].

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// What the exit code says.
pub mod exit;
/// Why a command did not do what it was asked for.
mod error;
/// What people read while a command works.
mod shell;
/// Answers as tables.
mod table;
/// Whether somebody wants this program to end.
mod interrupt;
/// Programs that end with this one.
mod child;
/// Commands that the app itself has: `db` and `admin` of `plugo-admin`.
mod app_command;
/// What one command at a time does.
mod lock;
/// Calls of Cargo and of the compiler.
mod cargo;
/// Arguments that many commands have.
pub mod args;
/// The app that a command is about.
mod app;
/// What a command gets.
mod context;
/// What Cargo says that it compiled.
mod compiled;
/// Which crates a build compiles, and because of whom.
mod crate_graph;
/// What a manifest says.
mod manifest;
/// A manifest as other tools read it.
mod sbom;
/// What is told of a build, before it and after it.
mod evidence;
/// What becomes of each plugin in a build, and why.
mod outcome;
/// Plugins and what they depend on, as text and as a picture.
mod graph;
/// The distinct selections of clients.
mod selections;
/// Every build of the app, held against what the build script refuses.
mod checks;
/// Changes of the user's files, as values.
mod edits;
/// New plugins, and their place in the app.
mod scaffold;
/// What makes work with the app slow or wrong, beside what is refused.
mod doctor;
/// Which clients a change touches.
mod changes;
/// Building for clients, into a folder for each.
mod building;
/// A running app, rebuilt and replaced when its code changes.
#[cfg(unix)]
mod dev;
/// What a shipped file says of itself.
mod binary;
/// A shipped file, held against what it should have.
mod verification;
/// A folder of sources, of which a build needs some.
mod vendored;
/// The file system, with a few files that say something else.
mod shadow;
/// Builds of an app with some of its plugins.
mod measure;
/// What a command is.
mod command;
/// The command line, made of all commands.
mod program;
/// The commands.
mod commands;
/// Commands that are other programs.
mod external;
/// From the arguments to the exit code.
mod run;

pub use self::app::App;
pub use self::command::{COMMANDS, Command};
pub use self::context::Context;
pub use self::error::Error;
pub use self::run::main;
pub use self::shell::Shell;
