use std::collections::{HashMap, VecDeque};

use crate::state::State;

/// A plugin as it is written by hand, for a static table, `inventory` or
/// `linkme`.
#[derive(Debug)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// The version.
    pub version: &'static str,
    /// The names of the plugins that it depends on.
    pub dependencies: &'static [&'static str],
    /// The init function.
    pub init: fn(&mut State),
}

/// The plugins, each after those that it depends on: what users of
/// `inventory` and `linkme` have to do at start, since the linker's order is
/// no order. Plugins that are part of a cycle are left out.
///
/// Kahn's algorithm, without an order among plugins that are free: one that
/// is the same on every machine would cost more.
pub fn in_dependency_order(
    plugins: impl IntoIterator<Item = &'static Entry>,
) -> Vec<&'static Entry> {
    let plugins: Vec<&'static Entry> = plugins.into_iter().collect();
    let index: HashMap<&str, usize> =
        plugins.iter().enumerate().map(|(i, plugin)| (plugin.name, i)).collect();
    let mut dependents = vec![Vec::new(); plugins.len()];
    let mut missing: Vec<usize> = Vec::with_capacity(plugins.len());
    for (i, plugin) in plugins.iter().enumerate() {
        missing.push(plugin.dependencies.len());
        for dependency in plugin.dependencies {
            if let Some(&dependency) = index.get(dependency) {
                dependents[dependency].push(i);
            }
        }
    }
    let mut free: VecDeque<usize> = (0..plugins.len()).filter(|&i| missing[i] == 0).collect();
    let mut order = Vec::with_capacity(plugins.len());
    while let Some(i) = free.pop_front() {
        order.push(plugins[i]);
        for &dependent in &dependents[i] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                free.push_back(dependent);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &'static str, dependencies: &'static [&'static str]) -> &'static Entry {
        Box::leak(Box::new(Entry { name, version: "1.0.0", dependencies, init: |_| {} }))
    }

    fn names(order: Vec<&'static Entry>) -> Vec<&'static str> {
        order.into_iter().map(|plugin| plugin.name).collect()
    }

    #[test]
    fn dependencies_come_first() {
        let plugins =
            [entry("shop", &["auth", "blog"]), entry("blog", &["auth"]), entry("auth", &[])];
        assert_eq!(names(in_dependency_order(plugins)), ["auth", "blog", "shop"]);
    }

    #[test]
    fn a_cycle_is_left_out() {
        let plugins = [entry("a", &["b"]), entry("b", &["a"]), entry("c", &[])];
        assert_eq!(names(in_dependency_order(plugins)), ["c"]);
    }
}
