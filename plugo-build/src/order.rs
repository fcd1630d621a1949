use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::diagnostic::{Code, Diagnostic, Problems};
use crate::known::Known;
use crate::metadata::Id;
use crate::select::{Index, Selected};

/// Dependencies first; among those that are free, the lower priority, then
/// the name.
pub(crate) fn order<'k>(
    index: &Index<'k>,
    selected: &Selected,
    problems: &mut Problems,
) -> Vec<&'k Known> {
    let plugins: Vec<&Known> = selected.keys().filter_map(|id| index.get(id)).collect();
    // What is selected stands in the order of the names.
    let position = |id: &Id| plugins.binary_search_by(|plugin| plugin.id.cmp(id)).ok();
    let edges: Vec<Vec<usize>> = plugins
        .iter()
        .map(|plugin| {
            plugin
                .dependencies
                .iter()
                .filter_map(|d| position(&Id::new(&plugin.id.namespace, &d.name)))
                .collect()
        })
        .collect();
    let mut dependents = vec![Vec::new(); plugins.len()];
    let mut missing: Vec<usize> = edges.iter().map(Vec::len).collect();
    for (i, dependencies) in edges.iter().enumerate() {
        for &dependency in dependencies {
            dependents[dependency].push(i);
        }
    }
    let rank = |i: usize| Reverse((plugins[i].priority, &plugins[i].id, i));
    let mut free: BinaryHeap<_> =
        (0..plugins.len()).filter(|&i| missing[i] == 0).map(rank).collect();
    let mut order = Vec::with_capacity(plugins.len());
    while let Some(Reverse((_, _, i))) = free.pop() {
        order.push(plugins[i]);
        for &dependent in &dependents[i] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                free.push(rank(dependent));
            }
        }
    }
    if order.len() < plugins.len() {
        let mut stuck: BTreeSet<usize> = BTreeSet::new();
        stuck.extend((0..plugins.len()).filter(|&i| missing[i] > 0));
        for cycle in cycles(&stuck, &edges) {
            refuse_cycle(&cycle, &plugins, problems);
        }
        // There is no build; who shows one all the same has them last.
        order.extend(stuck.into_iter().map(|i| plugins[i]));
    }
    order
}

fn refuse_cycle(cycle: &[usize], plugins: &[&Known], problems: &mut Problems) {
    let mut names: Vec<String> = cycle.iter().map(|&i| plugins[i].id.to_string()).collect();
    names.extend(names.first().cloned());
    let place = |from: usize, to: usize| {
        plugins[from].dependencies.iter().find(|d| d.name == plugins[to].id.name).map(|d| &d.place)
    };
    let mut diagnostic = Diagnostic::error(
        Code::DependencyCycle,
        format!("plugins depend on each other in a circle: {}", names.join(" -> ")),
    )
    .help("take one of these dependencies away");
    for (n, &from) in cycle.iter().enumerate() {
        let to = cycle[(n + 1) % cycle.len()];
        let Some(place) = place(from, to) else { continue };
        if n == 0 {
            diagnostic = diagnostic.at(place.clone());
        } else {
            diagnostic = diagnostic
                .note(format!("`{}` depends on `{}` at {place}", plugins[from].id, plugins[to].id));
        }
    }
    problems.add(diagnostic);
}

/// One circle for each knot of plugins that depend on each other, starting at
/// the first name. `stuck` also holds plugins that only wait for a circle.
fn cycles(stuck: &BTreeSet<usize>, edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut cycles = Vec::new();
    for &start in stuck {
        if done.contains(&start) {
            continue;
        }
        // Following any dependency that is stuck must come back at last.
        let mut path: Vec<usize> = vec![start];
        loop {
            let here = path[path.len() - 1];
            let Some(&next) = edges[here].iter().filter(|next| stuck.contains(next)).min() else {
                break;
            };
            if let Some(back) = path.iter().position(|&i| i == next) {
                let mut cycle = path.split_off(back);
                if !cycle.iter().any(|i| done.contains(i)) {
                    let first = (0..cycle.len()).min_by_key(|&i| cycle[i]).unwrap_or(0);
                    cycle.rotate_left(first);
                    done.extend(&cycle);
                    cycles.push(cycle);
                }
                break;
            }
            if done.contains(&next) {
                break;
            }
            path.push(next);
        }
        done.extend(path);
    }
    cycles
}
