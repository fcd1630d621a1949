use crate::contender::Contender;
use crate::services::Override;

/// A way to have plugins, and several implementations of one trait of which
/// the program selects one. Each generated contender implements it as its
/// users would.
pub trait RunTime: Contender {
    /// A service that was looked up.
    type Found;

    /// Whether an operator can change status and priority while the program
    /// runs.
    const OVERRIDES: bool;

    /// Makes the services ready, as the program does at its start.
    fn start();

    /// Finds a service by name. One that is disabled is not found.
    fn get(name: &str) -> Option<Self::Found>;

    /// The service that is selected.
    fn select() -> Option<Self::Found>;

    /// Calls a service, which is one virtual call.
    fn call(service: &Self::Found, number: u64) -> u64;

    /// Puts an operator's word in force, in place of what was said before.
    fn set_overrides(overrides: &[Override]);
}
