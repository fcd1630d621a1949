//! What every contender of the benchmark is linked with: the plugins that all
//! of them have, what a contender can do, and the program around it.
//!
//! The program `benches` (`src/main.rs`) generates the contenders, runs them
//! and reports. `cargo run --release -p benches` does all of it;
//! `src/main.rs` says what else.
//!
//! Modules stand in the order in which data flows: a module imports only from
//! those above it.

/// The plugins.
mod workload;
/// The items of a plugin type.
mod services;
/// What initialising a plugin does.
mod state;
/// The same of plugins without parameters.
mod shared;
/// Perfect hashing.
mod hash;
/// What the users of `static`, `inventory` and `linkme` write themselves.
mod entry;
/// What a careful person writes to load plugins that may fail.
mod loader;
/// A way to have plugins.
mod contender;
/// A way to choose one of several implementations at run time.
mod run_time;
/// Whether a contender does what it should.
mod verify;
/// Whether a contender chooses what it should.
mod verify_run_time;
/// The `main` of every contender.
mod program;
/// The `main` of every contender that chooses at run time.
mod program_run_time;

pub use self::contender::Contender;
pub use self::entry::{Entry, in_dependency_order};
pub use self::hash::{seeds, slot};
pub use self::loader::{Outcome, load_all};
pub use self::program::{Mode, run};
pub use self::program_run_time::{RunTimeMode, run_time};
pub use self::run_time::RunTime;
pub use self::services::{Override, Service, Status, first_choice};
pub use self::shared::{step, taken};
pub use self::state::{State, seeded};
pub use self::workload::{Plugin, Workload};
