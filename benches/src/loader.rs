use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::entry::{Entry, in_dependency_order};
use crate::state::State;

/// What became of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was initialised.
    Loaded,
    /// Its init function panicked.
    Failed,
    /// That plugin, which it depends on, is not loaded.
    Skipped(&'static str),
}

/// Loads plugins in dependency order, and tells what became of each: what a
/// careful person writes who wants a plugin to fail without the program.
pub fn load_all(
    plugins: impl IntoIterator<Item = &'static Entry>,
    state: &mut State,
) -> HashMap<&'static str, Outcome> {
    let mut outcomes: HashMap<&'static str, Outcome> = HashMap::new();
    for plugin in in_dependency_order(plugins) {
        let loaded = |name: &&&str| outcomes.get(**name) == Some(&Outcome::Loaded);
        let outcome = match plugin.dependencies.iter().find(|name| !loaded(name)) {
            Some(missing) => Outcome::Skipped(missing),
            None => match catch_unwind(AssertUnwindSafe(|| (plugin.init)(state))) {
                Ok(()) => Outcome::Loaded,
                Err(_) => Outcome::Failed,
            },
        };
        outcomes.insert(plugin.name, outcome);
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_a_plugin_that_failed_is_skipped() {
        const fn entry(
            name: &'static str,
            dependencies: &'static [&'static str],
            init: fn(&mut State),
        ) -> Entry {
            Entry { name, version: "1.0.0", dependencies, init }
        }
        static PLUGINS: [Entry; 3] = [
            entry("shop", &["auth"], |state| state.step(1)),
            entry("blog", &[], |state| state.step(2)),
            entry("auth", &[], |_| panic!("no password")),
        ];
        let mut state = State::default();
        let outcomes = load_all(&PLUGINS, &mut state);
        assert_eq!(outcomes["auth"], Outcome::Failed);
        assert_eq!(outcomes["shop"], Outcome::Skipped("auth"));
        assert_eq!(outcomes["blog"], Outcome::Loaded);
        let mut expected = State::default();
        expected.step(2);
        assert_eq!(state, expected);
    }
}
