use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// The plugins that every contender has.
///
/// They are made from nothing but their number, so that the generator and the
/// contenders agree on them without a file between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The plugins in the order of their names, as a folder lists them. It
    /// has nothing to do with the order in which they can load.
    pub plugins: Vec<Plugin>,
}

/// One plugin of a [`Workload`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The name, such as `amber-falcon-3f2a`.
    pub name: String,
    /// The version.
    pub version: String,
    /// Up to three other plugins, as indices into [`Workload::plugins`],
    /// without a cycle.
    pub dependencies: Vec<usize>,
    /// What initialising it mixes into the [`State`](crate::State).
    pub seed: u64,
}

const ADJECTIVES: [&str; 16] = [
    "amber", "brisk", "calm", "deep", "eager", "fresh", "grand", "humble", "ivory", "jolly",
    "keen", "lunar", "misty", "noble", "polar", "quiet",
];

const NOUNS: [&str; 16] = [
    "anchor", "badger", "canyon", "dune", "ember", "falcon", "garnet", "harbor", "island",
    "jungle", "kettle", "lagoon", "meadow", "nebula", "orchid", "pepper",
];

impl Workload {
    /// A workload of so many plugins.
    pub fn new(size: usize) -> Self {
        let mut random = Random(0x706c_7567_6f00_0001);
        let mut names = BTreeSet::new();
        // In the order of creation, each plugin depends on earlier ones: no cycles.
        let mut created: Vec<Plugin> = Vec::with_capacity(size);
        while created.len() < size {
            let adjective = ADJECTIVES[random.below(ADJECTIVES.len())];
            let noun = NOUNS[random.below(NOUNS.len())];
            let name = format!("{adjective}-{noun}-{:04x}", random.below(0x1_0000));
            if !names.insert(name.clone()) {
                continue;
            }
            let version =
                format!("{}.{}.{}", 1 + random.below(4), random.below(20), random.below(10));
            let mut dependencies = BTreeSet::new();
            for _ in 0..random.below(4) {
                let other = random.below(created.len().max(1));
                if other < created.len() {
                    dependencies.insert(other);
                }
            }
            let seed = random.next();
            let dependencies = dependencies.into_iter().collect();
            created.push(Plugin { name, version, dependencies, seed });
        }
        by_name(created)
    }

    /// The plugins in load order, as indices: dependencies first, and among
    /// those that are free the first name. plugo plans the same order.
    pub fn plan(&self) -> Vec<usize> {
        let mut dependents = vec![Vec::new(); self.plugins.len()];
        let mut missing: Vec<usize> = Vec::with_capacity(self.plugins.len());
        for (i, plugin) in self.plugins.iter().enumerate() {
            missing.push(plugin.dependencies.len());
            for &dependency in &plugin.dependencies {
                dependents[dependency].push(i);
            }
        }
        // The plugins stand in the order of their names, so an index is a rank.
        let mut free: BinaryHeap<Reverse<usize>> =
            (0..missing.len()).filter(|&i| missing[i] == 0).map(Reverse).collect();
        let mut plan = Vec::with_capacity(missing.len());
        while let Some(Reverse(i)) = free.pop() {
            plan.push(i);
            for &dependent in &dependents[i] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 {
                    free.push(Reverse(dependent));
                }
            }
        }
        plan
    }

    /// The names of the plugins that a plugin depends on.
    pub fn dependencies<'w>(&'w self, plugin: &'w Plugin) -> impl Iterator<Item = &'w str> {
        plugin.dependencies.iter().map(|&i| self.plugins[i].name.as_str())
    }
}

impl Plugin {
    /// A name that no plugin has, and that differs from this one's in the
    /// last character alone.
    pub fn near_miss(&self) -> String {
        let mut name = self.name.clone();
        name.pop();
        name.push('z');
        name
    }
}

/// Sorts plugins by name, and renumbers their dependencies.
fn by_name(created: Vec<Plugin>) -> Workload {
    let mut order: Vec<usize> = (0..created.len()).collect();
    order.sort_by(|&a, &b| created[a].name.cmp(&created[b].name));
    let mut position = vec![0; created.len()];
    for (to, &from) in order.iter().enumerate() {
        position[from] = to;
    }
    let plugins = order
        .into_iter()
        .map(|i| {
            let mut plugin = created[i].clone();
            for dependency in &mut plugin.dependencies {
                *dependency = position[*dependency];
            }
            plugin.dependencies.sort_unstable();
            plugin
        })
        .collect();
    Workload { plugins }
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_plugins() {
        assert_eq!(Workload::new(200), Workload::new(200));
        assert_eq!(Workload::new(0).plugins, []);
    }

    #[test]
    fn a_larger_workload_has_the_plugins_of_a_smaller_one() {
        let name = |plugin: &Plugin| plugin.name.clone();
        let large: BTreeSet<_> = Workload::new(1000).plugins.iter().map(name).collect();
        assert_eq!(large.len(), 1000);
        assert!(Workload::new(100).plugins.iter().map(name).all(|name| large.contains(&name)));
    }

    #[test]
    fn the_plan_has_every_plugin_once_and_dependencies_first() {
        let workload = Workload::new(1000);
        let plan = workload.plan();
        let mut at = vec![None; plan.len()];
        for (position, &i) in plan.iter().enumerate() {
            assert!(workload.plugins[i].dependencies.iter().all(|&d| at[d].is_some()));
            assert_eq!(at[i].replace(position), None);
        }
        assert!(at.iter().all(Option::is_some));
        assert_ne!(plan, (0..1000).collect::<Vec<_>>(), "the order of names would be a plan");
    }

    #[test]
    fn plugins_have_up_to_three_dependencies() {
        let workload = Workload::new(1000);
        let counts: BTreeSet<usize> =
            workload.plugins.iter().map(|plugin| plugin.dependencies.len()).collect();
        assert_eq!(counts, BTreeSet::from([0, 1, 2, 3]));
    }

    #[test]
    fn a_near_miss_has_the_length_of_the_name_and_is_none() {
        let workload = Workload::new(1000);
        let names: BTreeSet<&str> = workload.plugins.iter().map(|p| p.name.as_str()).collect();
        for plugin in &workload.plugins {
            let miss = plugin.near_miss();
            assert_eq!(miss.len(), plugin.name.len());
            assert!(!names.contains(miss.as_str()));
        }
    }
}
