//! What every contender of the benchmark is linked with: the plugins that all
//! of them have, what a contender can do, and the program around it.
//!
//! The program `benches` (`src/main.rs`) generates the contenders, runs them
//! and reports. `cargo run --release -p benches` does all of it;
//! `-- --quick` leaves 10,000 plugins out, `-- --write` also writes
//! `docs/benchmarks.md`.
//!
//! Modules stand in the order in which data flows: a module imports only from
//! those above it.

/// The plugins.
mod workload;
/// What initialising a plugin does.
mod state;
/// What the users of `static`, `inventory` and `linkme` write themselves.
mod entry;
/// A way to have plugins.
mod contender;
/// Whether a contender does what it should.
mod verify;
/// The `main` of every contender.
mod program;

pub use self::contender::Contender;
pub use self::entry::{Entry, in_dependency_order};
pub use self::program::{Mode, run};
pub use self::state::State;
pub use self::workload::{Plugin, Workload};
