//! Which crates a build compiles, exactly, and because of whom.
//!
//! Cargo's feature resolution is simulated on what `cargo metadata` tells of
//! the workspace, and held against `cargo tree`, which is another
//! implementation of it. Because a simulation costs a few milliseconds, who
//! brings a crate is not guessed from the graph of the whole build, where
//! features are unified: the build is simulated with one plugin alone, and
//! without it.

/// The packages of a workspace, as Cargo tells them.
mod workspace;
/// What to switch on in the app.
mod request;
/// What one build compiles.
mod simulation;
/// Simulation and `cargo tree`, side by side.
mod agreement;
/// Which plugins bring a crate, and which features.
mod attribution;
/// Several builds, side by side.
mod variants;
/// Who asks for the features of a crate.
mod asking;

pub(crate) use self::agreement::{Units, units};
pub(crate) use self::asking::{Asking, first_above};
pub(crate) use self::attribution::{Attribution, attribute};
pub(crate) use self::request::Request;
pub(crate) use self::simulation::{Simulation, Unit};
pub(crate) use self::variants::{Variant, variants};
pub(crate) use self::workspace::{Key, Metadata, Workspace};
