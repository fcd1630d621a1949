//! What threads do here, in every order in which they can do it.
//!
//! `loom` runs each model once for every order of its locks, waits and atomic
//! operations, with what the memory model allows each load to see. It stops
//! with an error where all threads wait. Models of a whole manager leave
//! out orders with more than so many [preemptions](PREEMPTIONS).
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p plugo-core --lib --release --target-dir target/loom
//! ```
//!
//! `docs/concurrency.md` says what is claimed.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::copies::Copies;
use crate::drive::{Async, Up, at_once};
use crate::entry::Reply;
use crate::error::PluginError;
use crate::failure::Failure;
use crate::item::{ItemEntry, Status, TypeInfo};
use crate::kwargs::Kwargs;
use crate::manager::PluginManager;
use crate::mark::{MAGIC, Magic};
use crate::numbers::Numbers;
use crate::place::Place;
use crate::sheet::{Lists, Sheet};
use crate::slots::{Claimed, Life, Slots};
use crate::state::State;
use crate::step::{Kept, Step};
use crate::table::Table;

/// A thread goes on until it waits, except for so many times in a run.
const PREEMPTIONS: usize = 3;

/// Runs a model whose orders are too many to try all.
fn bounded(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(model);
}

// Rows of numbers.

#[test]
fn a_reader_sees_one_whole_row_and_never_an_older_one_than_before() {
    loom::model(|| {
        let copies = Arc::new(Copies::new(&[0, 0]));
        let writer = thread::spawn({
            let copies = Arc::clone(&copies);
            // The second fills the copy that a slow reader may be in.
            move || (1..=2).for_each(|n| copies.replace(|| vec![n, n]))
        });
        let read = || copies.read(|row| [row.get(0), row.get(1)]);
        let (first, second) = (read(), read());
        assert_eq!(first[0], first[1]);
        assert_eq!(second[0], second[1]);
        assert!(first <= second, "{first:?} {second:?}");
        writer.join().unwrap();
        assert_eq!(read(), [2, 2]);
    });
}

#[test]
fn a_read_that_starts_after_a_replacement_sees_it() {
    loom::model(|| {
        let copies = Arc::new(Copies::new(&[0, 0]));
        let replaced = Arc::new(AtomicBool::new(false));
        let writer = thread::spawn({
            let (copies, replaced) = (Arc::clone(&copies), Arc::clone(&replaced));
            move || {
                copies.replace(|| vec![1, 1]);
                replaced.store(true, Ordering::Release);
            }
        });
        if replaced.load(Ordering::Acquire) {
            assert_eq!(copies.read(|row| [row.get(0), row.get(1)]), [1, 1]);
        }
        writer.join().unwrap();
    });
}

#[test]
fn what_is_remembered_of_a_row_gives_way_to_a_replacement() {
    loom::model(|| {
        let copies = Arc::new(Copies::new(&[0]));
        let replaced = Arc::new(AtomicBool::new(false));
        let writer = thread::spawn({
            let (copies, replaced) = (Arc::clone(&copies), Arc::clone(&replaced));
            move || {
                copies.replace(|| vec![1]);
                replaced.store(true, Ordering::Release);
            }
        });
        let (number, value) = copies.read_numbered(|row| row.get(0));
        if replaced.load(Ordering::Acquire) && copies.number() == number {
            assert_eq!(value, 1);
        }
        writer.join().unwrap();
    });
}

#[test]
fn two_writers_leave_the_row_of_one() {
    loom::model(|| {
        let copies = Arc::new(Copies::new(&[0, 0]));
        let writers = [1, 2].map(|n| {
            let copies = Arc::clone(&copies);
            thread::spawn(move || copies.replace(|| vec![n, n]))
        });
        let row = copies.read(|row| [row.get(0), row.get(1)]);
        assert_eq!(row[0], row[1]);
        for writer in writers {
            writer.join().unwrap();
        }
        let row = copies.read(|row| [row.get(0), row.get(1)]);
        assert!(row == [1, 1] || row == [2, 2], "{row:?}");
    });
}

// The slots of a manager.

/// Loads the plugin of a slot as a manager does, and gives its state.
async fn load(slots: &Slots, mode: Async, loads: &AtomicUsize) -> State {
    loop {
        match slots.claim_to_load(0, mode) {
            Claimed::Resolved(claim) => {
                loads.fetch_add(1, Relaxed);
                assert!(claim.settle(Life::Loaded(Up::default())).is_ok());
            }
            Claimed::Running => slots.wait(0, mode).await,
            Claimed::Settled(seen) => return seen.state,
            _ => unreachable!("nobody stops it or closes the manager"),
        }
    }
}

#[test]
fn one_of_three_claims_a_plugin_and_the_others_wait_until_it_is_settled() {
    bounded(|| {
        let slots = Arc::new(Slots::new(vec![Life::Resolved]));
        let loads = Arc::new(AtomicUsize::new(0));
        let threads = [(), ()].map(|()| {
            let (slots, loads) = (Arc::clone(&slots), Arc::clone(&loads));
            thread::spawn(move || at_once(load(&slots, Async::Refused, &loads)))
        });
        assert!(matches!(at_once(load(&slots, Async::Refused, &loads)), State::Loaded));
        for thread in threads {
            assert!(matches!(thread.join().unwrap(), State::Loaded));
        }
        assert_eq!(loads.load(Relaxed), 1);
    });
}

#[test]
fn a_task_that_waits_for_a_plugin_is_woken() {
    bounded(|| {
        let slots = Arc::new(Slots::new(vec![Life::Resolved]));
        let loads = Arc::new(AtomicUsize::new(0));
        let tasks = [(), ()].map(|()| {
            let (slots, loads) = (Arc::clone(&slots), Arc::clone(&loads));
            thread::spawn(move || block_on(load(&slots, Async::Awaited, &loads)))
        });
        for task in tasks {
            assert!(matches!(task.join().unwrap(), State::Loaded));
        }
        assert_eq!(loads.load(Relaxed), 1);
    });
}

#[test]
fn a_claim_that_is_dropped_lets_nobody_wait() {
    bounded(|| {
        let slots = Arc::new(Slots::new(vec![Life::Resolved]));
        let other = thread::spawn({
            let slots = Arc::clone(&slots);
            move || {
                if let Claimed::Resolved(claim) = slots.claim_to_load(0, Async::Refused) {
                    drop(claim);
                }
            }
        });
        let state = at_once(load(&slots, Async::Refused, &AtomicUsize::new(0)));
        assert!(matches!(state, State::Loaded | State::Failed { .. }), "{state:?}");
        other.join().unwrap();
    });
}

// Items.

static INFO: TypeInfo = TypeInfo::new("codec", "models", "", Place::here("models.rs", 1, 1));

type Made = dyn Send + Sync;

fn item(create: fn(&mut Kwargs<'_>) -> Result<Box<Made>, Failure>) -> &'static ItemEntry<Made> {
    // Like a static, but one for each run of the model.
    Box::leak(Box::new(ItemEntry::new("json", &INFO, Status::Active, create)))
}

#[test]
fn a_shared_instance_is_made_once() {
    bounded(|| {
        let made = Arc::new(AtomicUsize::new(0));
        let item = item(|kwargs| {
            let made: &Arc<AtomicUsize> = kwargs.get("made").map_err(Failure::Argument)?;
            // It takes its time: another thread may run meanwhile.
            thread::yield_now();
            Ok(Box::new(made.fetch_add(1, Relaxed)))
        });
        let share = |made: &Arc<AtomicUsize>| {
            let shared = item.make_shared(&mut Kwargs::new().with("made", made)).unwrap();
            std::ptr::from_ref(shared).addr()
        };
        let threads = [(), ()].map(|()| {
            let made = Arc::clone(&made);
            thread::spawn(move || share(&made))
        });
        let [one, other] = threads.map(|thread| thread.join().unwrap());
        assert_eq!((one, made.load(Relaxed)), (other, 1));
    });
}

// Managers.

const MANAGER: &str = "manager";
const LOADS: &str = "loads";
const KEPT: &str = "kept";

/// Counts the load, and keeps the manager where somebody wants that.
fn count(kwargs: &mut Kwargs<'_>) -> Result<(), Failure> {
    let loads: &Arc<AtomicUsize> = kwargs.get(LOADS).map_err(Failure::Argument)?;
    loads.fetch_add(1, Relaxed);
    // It takes its time: another thread may run meanwhile.
    thread::yield_now();
    let manager: &PluginManager = kwargs.get(MANAGER).map_err(Failure::Argument)?;
    let manager = manager.clone();
    let kept = kwargs.get::<Option<&Arc<OnceLock<PluginManager>>>>(KEPT);
    if let Some(kept) = kept.map_err(Failure::Argument)? {
        let _ = kept.set(manager);
    }
    Ok(())
}

/// Loads another plugin with the manager that the plugin got.
fn load_other<'s>(kwargs: &mut Kwargs<'_>, name: &str) -> Step<'s, Kept> {
    let manager = match kwargs.get::<&PluginManager>(MANAGER) {
        Ok(manager) => manager,
        Err(error) => return Step::argument(error),
    };
    let loaded = manager.load(name).map(drop);
    Step::done(loaded.map(Kept::new).map_err(|error| Failure::Error(error.into())))
}

static MARKS: [Magic; 3] = [MAGIC; 3];

fn counts<'s>(kwargs: Option<&'s mut Kwargs<'_>>) -> Reply<'s> {
    let Some(kwargs) = kwargs else { return Reply::function(&MARKS[0]) };
    Reply::returned(count(kwargs).map(Kept::new))
}

fn loads_b<'s>(kwargs: Option<&'s mut Kwargs<'_>>) -> Reply<'s> {
    let Some(kwargs) = kwargs else { return Reply::function(&MARKS[1]) };
    Reply::step(load_other(kwargs, "b"))
}

fn loads_a<'s>(kwargs: Option<&'s mut Kwargs<'_>>) -> Reply<'s> {
    let Some(kwargs) = kwargs else { return Reply::function(&MARKS[2]) };
    Reply::step(load_other(kwargs, "a"))
}

/// The plugins `a` and `b`.
const fn sheet(dependencies: Lists) -> Sheet {
    let nothing = Numbers::Narrow(&[3]);
    let empty = Numbers::Narrow(&[]);
    Sheet {
        text: "abmodels",
        starts: &[0, 1, 2, 8, 8],
        namespaces: Numbers::Narrow(&[2]),
        namespace: Numbers::Narrow(&[0]),
        version: nothing,
        description: nothing,
        authors: nothing,
        identifier: nothing,
        package: nothing,
        file: nothing,
        line: Numbers::Narrow(&[0]),
        column: Numbers::Narrow(&[0]),
        priority: &[0],
        dependencies,
        reasons: Lists { starts: empty, numbers: empty },
        seeds: empty,
        slots: empty,
    }
}

/// Two plugins, of which `b` depends on `a`.
static CHAIN: Table = Table::planned(
    "models",
    None,
    "",
    &[counts, counts],
    sheet(Lists { starts: Numbers::Narrow(&[0, 0, 1]), numbers: Numbers::Narrow(&[0]) }),
);

/// Two plugins that load each other, unseen by any plan.
static CIRCLE: Table = Table::planned(
    "models",
    None,
    "",
    &[loads_b, loads_a],
    sheet(Lists { starts: Numbers::Narrow(&[]), numbers: Numbers::Narrow(&[]) }),
);

fn manager(table: &'static Table) -> (PluginManager, Arc<AtomicUsize>) {
    let loads = Arc::new(AtomicUsize::new(0));
    let builder = PluginManager::builder("models").table(table);
    (builder.provide(LOADS, Arc::clone(&loads)).build().unwrap(), loads)
}

#[test]
fn a_plugin_and_what_it_depends_on_load_once_from_two_threads() {
    bounded(|| {
        let (manager, loads) = manager(&CHAIN);
        let thread = thread::spawn({
            let manager = manager.clone();
            move || manager.load("b").map(drop)
        });
        manager.load("b").unwrap();
        thread.join().unwrap().unwrap();
        assert_eq!(loads.load(Relaxed), 2);
    });
}

#[test]
fn plugins_that_load_each_other_from_two_threads_do_not_wait_for_ever() {
    bounded(|| {
        let (manager, _) = manager(&CIRCLE);
        let thread = thread::spawn({
            let manager = manager.clone();
            move || manager.load("b").map(drop)
        });
        let errors = [manager.load("a").map(drop), thread.join().unwrap()];
        for error in errors {
            let error = error.expect_err("each waits for the other").to_string();
            assert!(error.contains("waits for"), "{error}");
        }
    });
}

#[test]
fn what_is_stopped_while_its_dependent_loads_is_never_missing_under_it() {
    bounded(|| {
        let (manager, _) = manager(&CHAIN);
        manager.load("a").unwrap();
        let thread = thread::spawn({
            let manager = manager.clone();
            move || manager.load("b").map(drop)
        });
        manager.stop("a").unwrap();
        let loaded = thread.join().unwrap();
        let [a, b] = ["a", "b"].map(|name| manager.is_loaded(name).unwrap());
        assert!(loaded.is_ok(), "{loaded:?}");
        assert!(a || !b, "`b` is loaded without `a`");
    });
}

#[test]
fn a_manager_that_is_dropped_while_a_plugin_loads_leaves_nothing_loaded() {
    bounded(|| {
        let (manager, _) = manager(&CHAIN);
        let kept = Arc::new(OnceLock::new());
        manager.with(Kwargs::new().with(KEPT, &kept)).load("a").unwrap();
        // The handle that a plugin got keeps nothing loaded.
        let kept: PluginManager = Arc::into_inner(kept).unwrap().into_inner().unwrap();
        let thread = thread::spawn({
            let kept = kept.clone();
            move || kept.load("b").map(drop)
        });
        drop(manager);
        match thread.join().unwrap() {
            Ok(()) | Err(PluginError::Closed | PluginError::Skipped { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(["a", "b"].map(|name| kept.is_loaded(name).unwrap()), [false, false]);
    });
}
