use crate::run_time::RunTime;
use crate::services::{Override, Service, Status, first_choice};
use crate::state::seeded;
use crate::verify::verify;
use crate::workload::Workload;

/// Overrides that change what is selected: the service that the code alone
/// selects is disabled, and the last one by name comes before all others.
pub(crate) fn overrides(services: &[Service]) -> Vec<Override> {
    let say = |service: &Service, status, priority| Override {
        name: service.name.clone(),
        status,
        priority,
    };
    let first = expected(services, &[]).map(|first| say(first, Status::Disabled, first.priority));
    let last = services.last().map(|last| say(last, Status::Active, -1));
    first.into_iter().chain(last).collect()
}

/// What has to be selected.
fn expected<'s>(services: &'s [Service], overrides: &[Override]) -> Option<&'s Service> {
    first_choice(services.iter().map(|service| {
        let said = overrides.iter().find(|said| said.name == service.name);
        let (status, priority) =
            said.map_or((service.status, service.priority), |said| (said.status, said.priority));
        (service.name.as_str(), status, priority, service)
    }))
}

/// Checks that a contender loads every plugin once and in dependency order,
/// and finds and selects the right services, whatever an operator says.
pub(crate) fn verify_run_time<C: RunTime>(workload: &Workload) -> Result<(), String> {
    verify::<C>(workload)?;
    C::start();
    let services = workload.services();
    check_lookup::<C>(&services, &[])?;
    if !C::OVERRIDES {
        return Ok(());
    }
    let overrides = overrides(&services);
    C::set_overrides(&overrides);
    check_lookup::<C>(&services, &overrides)?;
    // With all active ones disabled, the choice falls on one in reserve.
    let active = services.iter().filter(|service| service.status == Status::Active);
    let without_active: Vec<Override> = active
        .map(|service| Override {
            name: service.name.clone(),
            status: Status::Disabled,
            priority: service.priority,
        })
        .collect();
    C::set_overrides(&without_active);
    check_lookup::<C>(&services, &without_active)?;
    // What was said before is not remembered.
    C::set_overrides(&[]);
    check_lookup::<C>(&services, &[])
}

fn check_lookup<C: RunTime>(services: &[Service], overrides: &[Override]) -> Result<(), String> {
    let is = |found: &C::Found, service: &Service| {
        let number = 0x5eed;
        C::call(found, number) == seeded(number, service.seed)
    };
    match (C::select(), expected(services, overrides)) {
        (None, None) => {}
        (Some(found), Some(wanted)) if is(&found, wanted) => {}
        (found, wanted) => {
            let found = found.and_then(|found| services.iter().find(|other| is(&found, other)));
            return Err(format!("{found:?} is selected, and should be {wanted:?}"));
        }
    }
    for service in services {
        let name = &service.name;
        let disabled =
            overrides.iter().any(|said| said.name == *name && said.status == Status::Disabled);
        match C::get(name) {
            Some(found) if !disabled && is(&found, service) => {}
            None if disabled => {}
            Some(_) => return Err(format!("`{name}` is disabled, or something else was found")),
            None => return Err(format!("`{name}` was not found")),
        }
        let near = format!("{}z", &name[..name.len() - 1]);
        for miss in [near, format!("{name}0"), name[1..].to_owned(), String::new()] {
            if C::get(&miss).is_some() {
                return Err(format!("`{miss}` was found, and there is no such service"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::fake::{Fake, Wrong, checked};

    #[test]
    fn the_overrides_change_the_selection() {
        for size in [10, 1_000] {
            let services = Workload::new(size).services();
            let overrides = overrides(&services);
            let (before, after) = (expected(&services, &[]), expected(&services, &overrides));
            assert_ne!(before, after);
            assert_eq!(after, services.last());
        }
    }

    #[test]
    fn who_finds_and_selects_what_is_right_is_let_through() {
        assert_eq!(checked(Wrong::Nothing, verify_run_time::<Fake>), Ok(()));
    }

    #[test]
    fn who_loads_wrong_is_refused() {
        for wrong in [Wrong::RunsTwice, Wrong::MissesOne, Wrong::Swaps] {
            assert!(checked(wrong, verify_run_time::<Fake>).is_err(), "{wrong:?}");
        }
    }

    /// What is said of the lookup alone, without overrides.
    #[test]
    fn a_service_that_there_is_not_or_another_one_is_refused() {
        let refused = |wrong, why: &str| {
            let said = checked(wrong, |all| check_lookup::<Fake>(&all.services(), &[]));
            assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{wrong:?}: {said:?}");
        };
        let shorter = [Wrong::FindsShorter, Wrong::FindsEmpty];
        for wrong in [Wrong::FindsNearMiss, Wrong::FindsLonger].into_iter().chain(shorter) {
            refused(wrong, "was found, and there is no such service");
        }
        refused(Wrong::FindsAllButOne, "was not found");
        refused(Wrong::FindsOther, "something else was found");
        refused(Wrong::SelectsNone, "None is selected");
        refused(Wrong::SelectsSecond, "is selected, and should be");
    }

    #[test]
    fn who_does_not_go_by_an_operators_word_is_refused() {
        let refused = |wrong, why: &str| {
            let said = checked(wrong, verify_run_time::<Fake>);
            assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{wrong:?}: {said:?}");
        };
        for wrong in [Wrong::IgnoresOverrides, Wrong::IgnoresPriority, Wrong::RemembersOverrides] {
            refused(wrong, "is selected, and should be");
        }
        refused(Wrong::SelectsActiveOnly, "None is selected");
        refused(Wrong::FindsDisabled, "is disabled, or something else was found");
    }
}
