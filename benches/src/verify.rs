use std::collections::HashMap;

use crate::contender::Contender;
use crate::state::State;
use crate::workload::Workload;

/// What is refused.
#[cfg(test)]
pub(crate) mod fake;

/// Checks that a contender has the plugins of the workload, all of them and
/// no other, that it initialises each once and after those that it depends
/// on, and that it finds those that there are.
pub(crate) fn verify<C: Contender>(workload: &Workload) -> Result<(), String> {
    let mut names: Vec<&'static str> = Vec::new();
    C::visit(|name| names.push(name));
    check_order(workload, &names, C::PLANNED)?;
    check_initialisation::<C>(workload, &names)?;
    check_lookup::<C>(workload)
}

fn check_order(workload: &Workload, names: &[&str], planned: bool) -> Result<(), String> {
    let mut at: HashMap<&str, usize> = HashMap::new();
    for (position, &name) in names.iter().enumerate() {
        if at.insert(name, position).is_some() {
            return Err(format!("`{name}` is visible twice"));
        }
    }
    if names.len() != workload.plugins.len() {
        return Err(format!("{} of {} plugins are visible", names.len(), workload.plugins.len()));
    }
    for plugin in &workload.plugins {
        let position = |name: &str| at.get(name).ok_or(format!("`{name}` is not visible"));
        let own = position(&plugin.name)?;
        for dependency in workload.dependencies(plugin) {
            if position(dependency)? > own {
                return Err(format!(
                    "`{}` comes before its dependency `{dependency}`",
                    plugin.name
                ));
            }
        }
    }
    let plan = workload.plan();
    let differs = plan.iter().zip(names).find(|(i, name)| workload.plugins[**i].name != **name);
    match differs {
        Some((_, name)) if planned => Err(format!("`{name}` is not where the plan has it")),
        _ => Ok(()),
    }
}

fn check_initialisation<C: Contender>(workload: &Workload, names: &[&str]) -> Result<(), String> {
    let seeds: HashMap<&str, u64> =
        workload.plugins.iter().map(|plugin| (plugin.name.as_str(), plugin.seed)).collect();
    let mut expected = State::default();
    for name in names {
        expected.step(seeds[name]);
    }
    let mut state = State::default();
    C::initialise(&mut state);
    if state != expected {
        return Err(format!("plugins were not initialised in load order, once each: {state:?}"));
    }
    Ok(())
}

fn check_lookup<C: Contender>(workload: &Workload) -> Result<(), String> {
    for plugin in &workload.plugins {
        let name = &plugin.name;
        let version = C::version(name);
        if version != Some(&plugin.version) {
            return Err(format!("`{name}` {} was looked up and gave {version:?}", plugin.version));
        }
        let mut dependencies = C::dependencies(name).unwrap_or_default();
        dependencies.sort_unstable();
        if !dependencies.iter().copied().eq(workload.dependencies(plugin)) {
            return Err(format!("`{name}` depends on {dependencies:?}"));
        }
        for miss in [plugin.near_miss(), format!("{name}0"), name[1..].to_owned()] {
            if C::version(&miss).is_some() {
                return Err(format!("`{miss}` was found, and there is no such plugin"));
            }
        }
    }
    if C::version("").is_some() {
        return Err("the empty name was found".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fake::{Fake, Wrong, checked};
    use super::*;

    fn names(workload: &Workload) -> Vec<&str> {
        workload.plan().into_iter().map(|i| workload.plugins[i].name.as_str()).collect()
    }

    #[test]
    fn the_plan_is_in_order() {
        let workload = Workload::new(50);
        assert_eq!(check_order(&workload, &names(&workload), true), Ok(()));
    }

    #[test]
    fn what_is_missing_double_or_too_early_is_refused() {
        let workload = Workload::new(50);
        let right = names(&workload);
        let missing = &right[1..];
        assert!(check_order(&workload, missing, false).is_err());
        let double: Vec<&str> = right.iter().chain(&right[..1]).copied().collect();
        assert!(check_order(&workload, &double, false).is_err());
        let early: Vec<&str> = right.iter().rev().copied().collect();
        assert!(check_order(&workload, &early, false).is_err());
    }

    #[test]
    fn an_order_that_is_not_the_plan_is_refused_of_a_planned_contender_only() {
        let workload = Workload::new(50);
        let mut other = names(&workload);
        let free = |name: &str| {
            workload
                .plugins
                .iter()
                .any(|plugin| plugin.name == name && plugin.dependencies.is_empty())
        };
        let last = other.iter().rposition(|name| free(name)).unwrap();
        let moved = other.remove(last);
        other.insert(0, moved);
        assert_eq!(check_order(&workload, &other, false), Ok(()));
        assert!(check_order(&workload, &other, true).is_err());
    }

    /// What a whole verification says of what it should refuse.
    fn refused(wrong: Wrong, why: &str) {
        let said = checked(wrong, verify::<Fake>);
        assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{wrong:?}: {said:?}");
    }

    #[test]
    fn who_does_everything_right_is_let_through() {
        assert_eq!(checked(Wrong::Nothing, verify::<Fake>), Ok(()));
    }

    #[test]
    fn a_plugin_that_runs_twice_never_or_in_place_of_another_is_refused() {
        for wrong in [Wrong::RunsTwice, Wrong::MissesOne, Wrong::Swaps] {
            refused(wrong, "were not initialised in load order, once each");
        }
    }

    #[test]
    fn who_finds_what_there_is_not_or_another_plugin_is_refused() {
        for wrong in [Wrong::FindsNearMiss, Wrong::FindsLonger, Wrong::FindsShorter] {
            refused(wrong, "was found, and there is no such plugin");
        }
        refused(Wrong::FindsEmpty, "the empty name was found");
        refused(Wrong::FindsAllButOne, "was looked up and gave None");
        refused(Wrong::FindsOther, "was looked up and gave Some");
        refused(Wrong::ForgetsDependencies, "depends on");
        refused(Wrong::InventsDependency, "depends on");
    }
}
