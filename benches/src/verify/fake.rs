//! A contender that does what it should, or one thing wrong: what verification refuses.

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;

use crate::contender::Contender;
use crate::run_time::RunTime;
use crate::services::{Override, Service, Status, first_choice};
use crate::state::{State, seeded};
use crate::workload::{Plugin, Workload};

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    // What it initialises.
    RunsTwice,
    Swaps,
    MissesOne,
    // What it finds, of plugins and of services alike.
    FindsOther,
    FindsNearMiss,
    FindsLonger,
    FindsShorter,
    FindsEmpty,
    FindsAllButOne,
    // What it knows of plugins.
    ForgetsDependencies,
    InventsDependency,
    // What it says of services.
    SelectsNone,
    SelectsSecond,
    SelectsActiveOnly,
    IgnoresPriority,
    FindsDisabled,
    RemembersOverrides,
    IgnoresOverrides,
}

pub(crate) static WORKLOAD: LazyLock<Workload> = LazyLock::new(|| Workload::new(100));

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| WORKLOAD.services());

thread_local! {
    static WRONG: Cell<Wrong> = const { Cell::new(Wrong::Nothing) };
    static OVERRIDES: RefCell<Vec<Override>> = const { RefCell::new(Vec::new()) };
}

/// What a check says of the fake that does this wrong.
pub(crate) fn checked(
    wrong: Wrong,
    check: impl FnOnce(&Workload) -> Result<(), String>,
) -> Result<(), String> {
    WRONG.set(wrong);
    OVERRIDES.take();
    check(&WORKLOAD)
}

fn is(wrong: Wrong) -> bool {
    WRONG.get() == wrong
}

/// Whether something of this name is found by that one.
fn finds(own: &str, name: &str) -> bool {
    let all_but_last = |text: &str| text.get(..text.len().saturating_sub(1)).map(str::to_owned);
    let last = WORKLOAD.plugins.last().map(|plugin| plugin.name.as_str());
    match WRONG.get() {
        Wrong::FindsNearMiss => own.len() == name.len() && all_but_last(own) == all_but_last(name),
        Wrong::FindsLonger => name.starts_with(own),
        Wrong::FindsShorter => !name.is_empty() && own.ends_with(name),
        Wrong::FindsEmpty => own == name || name.is_empty(),
        Wrong::FindsAllButOne => own == name && Some(own) != last,
        _ => own == name,
    }
}

/// What is found among plugins or services, or the one before it.
fn found<T>(all: &'static [T], name: &str, own: impl Fn(&T) -> &str) -> Option<&'static T> {
    let at = all.iter().position(|one| finds(own(one), name))?;
    all.get(if is(Wrong::FindsOther) { at.saturating_sub(1) } else { at })
}

fn plugin(name: &str) -> Option<&'static Plugin> {
    found(&WORKLOAD.plugins, name, |plugin| &plugin.name)
}

pub(crate) enum Fake {}

impl Contender for Fake {
    const PLANNED: bool = true;

    fn visit(see: impl FnMut(&'static str)) {
        let plugins: &'static [Plugin] = &WORKLOAD.plugins;
        WORKLOAD.plan().into_iter().map(|i| plugins[i].name.as_str()).for_each(see);
    }

    fn initialise(state: &mut State) {
        let mut plan = WORKLOAD.plan();
        match WRONG.get() {
            Wrong::RunsTwice => plan.insert(7, plan[7]),
            // As far apart as a rotation takes to come round.
            Wrong::Swaps => plan.swap(7, 71),
            Wrong::MissesOne => drop(plan.remove(7)),
            _ => {}
        }
        plan.into_iter().for_each(|i| state.step(WORKLOAD.plugins[i].seed));
    }

    fn version(name: &str) -> Option<&'static str> {
        plugin(name).map(|plugin| plugin.version.as_str())
    }

    fn dependencies(name: &str) -> Option<Vec<&'static str>> {
        let mut dependencies: Vec<&str> = WORKLOAD.dependencies(plugin(name)?).collect();
        match WRONG.get() {
            Wrong::ForgetsDependencies => drop(dependencies.pop()),
            Wrong::InventsDependency => dependencies.push("amber"),
            _ => {}
        }
        Some(dependencies)
    }
}

/// A service with the word that holds.
fn said(service: &Service) -> (Status, i32) {
    let own = (service.status, service.priority);
    OVERRIDES.with_borrow(|all| {
        let said = all.iter().find(|said| said.name == service.name);
        said.map_or(own, |said| match WRONG.get() {
            Wrong::IgnoresPriority => (said.status, service.priority),
            _ => (said.status, said.priority),
        })
    })
}

impl RunTime for Fake {
    type Found = &'static Service;

    const OVERRIDES: bool = true;

    fn start() {}

    fn get(name: &str) -> Option<Self::Found> {
        let service = found(&SERVICES, name, |service| &service.name)?;
        let is_found = is(Wrong::FindsDisabled) || said(service).0 != Status::Disabled;
        is_found.then_some(service)
    }

    fn select() -> Option<Self::Found> {
        let all = SERVICES.iter().map(|service| {
            let (status, priority) = said(service);
            (service.name.as_str(), status, priority, service)
        });
        let select = |skipped: Option<&Service>| {
            first_choice(all.clone().filter(|(.., service)| Some(*service) != skipped))
        };
        match WRONG.get() {
            Wrong::SelectsNone => None,
            Wrong::SelectsSecond => select(select(None)),
            Wrong::SelectsActiveOnly => {
                select(None).filter(|service| said(service).0 == Status::Active)
            }
            _ => select(None),
        }
    }

    fn call(service: &Self::Found, number: u64) -> u64 {
        seeded(number, service.seed)
    }

    fn set_overrides(overrides: &[Override]) {
        OVERRIDES.with_borrow_mut(|all| match WRONG.get() {
            Wrong::IgnoresOverrides => {}
            Wrong::RemembersOverrides => all.extend_from_slice(overrides),
            _ => *all = overrides.to_vec(),
        });
    }
}
