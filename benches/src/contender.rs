use crate::state::State;

/// A way to have plugins in a program. Each generated contender implements it
/// as its users would.
pub trait Contender {
    /// Whether the load order is the plan's, and not just one that suits the
    /// dependencies.
    const PLANNED: bool;

    /// Makes all plugins visible in load order, and shows their names.
    fn visit(see: impl FnMut(&'static str));

    /// Initialises all plugins, in load order.
    fn initialise(state: &mut State);

    /// Finds a plugin by name, and gives its version.
    fn version(name: &str) -> Option<&'static str>;

    /// Finds a plugin by name, and gives the names of those it depends on.
    fn dependencies(name: &str) -> Option<Vec<&'static str>>;
}
