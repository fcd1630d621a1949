//! What holds when many threads use one manager, or look items up while an
//! operator switches them. `docs/concurrency.md` says what is claimed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};

use plugo::{Failure, Overrides, Phase, PluginError, PluginManager, State, Status, kwargs};
use tests::soon;

use crate::django::Operator;

/// Numbers that look random, and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        // Knuth's constants for a linear congruential generator.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides) as usize
    }
}

/// A diamond: `top` depends on `left` and `right`, and both on `base`. The
/// table is laid out as the build script would write it.
mod diamond {
    use std::sync::Mutex;

    use plugo::Plugin;

    /// Which plugins run, and what was found to be wrong.
    #[derive(Default)]
    pub(super) struct World {
        pub(super) running: Vec<&'static str>,
        pub(super) wrong: Vec<String>,
        pub(super) loads: u32,
        pub(super) stops: Vec<&'static str>,
    }

    pub(super) struct Node {
        name: &'static str,
        needs: &'static [&'static str],
    }

    impl Node {
        fn dependents(&self) -> impl Iterator<Item = &'static Node> {
            ALL.into_iter().filter(|node| node.needs.contains(&self.name))
        }
    }

    #[plugo::plugin(reusable)]
    impl Plugin for Node {
        fn load(&self, world: &Mutex<World>) -> Result<(), String> {
            let mut world = world.lock().unwrap();
            world.loads += 1;
            if world.running.contains(&self.name) {
                world.wrong.push(format!("{} is loaded twice", self.name));
            }
            for need in self.needs {
                if !world.running.contains(need) {
                    world.wrong.push(format!("{} is loaded without {need}", self.name));
                }
            }
            if world.loads.is_multiple_of(7) {
                return Err("every seventh load fails".to_owned());
            }
            world.running.push(self.name);
            Ok(())
        }

        fn stop(&self, world: &Mutex<World>) {
            let mut world = world.lock().unwrap();
            for node in self.dependents() {
                if world.running.contains(&node.name) {
                    world.wrong.push(format!("{} is stopped under {}", self.name, node.name));
                }
            }
            match world.running.iter().position(|name| *name == self.name) {
                Some(at) => drop(world.running.remove(at)),
                None => world.wrong.push(format!("{} is stopped twice", self.name)),
            }
            world.stops.push(self.name);
        }
    }

    static ALL: [&Node; 4] = [&BASE, &LEFT, &RIGHT, &TOP];

    #[plugo::plugin(name = "base", namespace = "graph")]
    static BASE: Node = Node { name: "base", needs: &[] };
    #[plugo::plugin(name = "left", namespace = "graph")]
    static LEFT: Node = Node { name: "left", needs: &["base"] };
    #[plugo::plugin(name = "right", namespace = "graph")]
    static RIGHT: Node = Node { name: "right", needs: &["base"] };
    #[plugo::plugin(name = "top", namespace = "graph")]
    static TOP: Node = Node { name: "top", needs: &["left", "right"] };

    plugo::__private::table! {
        core: "0.1.0",
        app: "diamond",
        client: None,
        fingerprint: "",
        crates: [],
        text: "baseleftrighttopgraph0.1.0",
        starts: [0, 4, 8, 13, 16, 21, 26, 26],
        columns: {
            NAMESPACES: Narrow [4],
            NAMESPACE: Narrow [0],
            VERSION: Narrow [5],
            DESCRIPTION: Narrow [6],
            AUTHORS: Narrow [6],
            IDENTIFIER: Narrow [6],
            PACKAGE: Narrow [6],
            FILE: Narrow [6],
            LINE: Narrow [0],
            COLUMN: Narrow [0],
            DEPENDENCY_STARTS: Narrow [0, 0, 1, 2, 4],
            DEPENDENCIES: Narrow [0, 0, 1, 2],
            REASON_STARTS: Narrow [],
            REASONS: Narrow [],
            SEEDS: Narrow [],
            SLOTS: Narrow [],
        },
        priority: [0],
        plugins: [
            ("tests", "0.1.0", "graph", "base")
            ("tests", "0.1.0", "graph", "left")
            ("tests", "0.1.0", "graph", "right")
            ("tests", "0.1.0", "graph", "top")
        ],
    }
}

const DIAMOND: [&str; 4] = ["base", "left", "right", "top"];

fn diamond() -> (PluginManager, Arc<Mutex<diamond::World>>) {
    let world = Arc::new(Mutex::new(diamond::World::default()));
    let manager = PluginManager::builder("graph").table(&diamond::PLUGINS).build().unwrap();
    (manager, world)
}

#[test]
fn eight_threads_that_do_what_they_like_never_break_the_order() {
    let world = Arc::new(Mutex::new(diamond::World::default()));
    let manager = PluginManager::builder("graph")
        .table(&diamond::PLUGINS)
        .provide("world", Arc::clone(&world))
        .build()
        .unwrap();
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            let (manager, world) = (manager.clone(), Arc::clone(&world));
            std::thread::spawn(move || {
                let mut dice = Dice(seed);
                for _ in 0..500 {
                    let name = DIAMOND[dice.roll(4)];
                    let with = || manager.with(kwargs! { world: &*world });
                    // What it gives depends on what the others do.
                    match dice.roll(8) {
                        0..3 => drop(with().load(name)),
                        3 => drop(with().retry(name)),
                        4 => drop(with().load_all()),
                        5 => drop(with().enable(name)),
                        6 => drop(with().stop(name)),
                        _ => drop(with().disable(name, "for a while")),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        soon(move || thread.join().unwrap());
    }
    manager.with(kwargs! { world: &*world }).stop_all().unwrap();
    let world = world.lock().unwrap();
    assert_eq!(world.wrong, [""; 0]);
    assert_eq!(world.running, [""; 0], "everything that was loaded is stopped");
    assert!(world.loads > 100, "{}", world.loads);
}

#[test]
fn plugins_stop_after_those_that_depend_on_them_and_all_when_the_manager_is_dropped() {
    let (manager, world) = diamond();
    let with = || manager.with(kwargs! { world: &*world });
    let report = with().load_all();
    assert_eq!(report.loaded().collect::<Vec<_>>(), DIAMOND);
    with().stop("left").unwrap();
    assert_eq!(world.lock().unwrap().stops, ["top", "left"]);
    with().load("top").unwrap();
    with().stop_all().unwrap();
    let stops = ["top", "left", "top", "right", "left", "base"];
    assert_eq!(world.lock().unwrap().stops.len(), stops.len());
    let mut sorted = world.lock().unwrap().stops.clone();
    sorted[2..].reverse();
    assert_eq!(sorted[2..], DIAMOND, "in reverse load order");
}

#[test]
fn a_dependent_of_what_failed_or_is_disabled_is_skipped_and_says_why() {
    let (manager, world) = diamond();
    let with = || manager.with(kwargs! { world: &*world });
    with().disable("left", "broken cable").unwrap();
    let report = with().load_all();
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["base", "right"]);
    let top = report.get("top").unwrap().state().to_string();
    assert_eq!(top, "skipped: it depends on `left`, which is disabled");
    let error = with().load("top").unwrap_err();
    assert!(!error.is_failure());
    assert_eq!(
        error.to_string(),
        "plugin `top` is skipped, since it depends on `left`: plugin `left` in namespace `graph` \
         is disabled by the app: broken cable"
    );
    assert!(report.into_result().is_ok(), "a plugin that was disabled is nothing wrong");
    // Without `world` it cannot be called, which is a failure.
    manager.enable("left").unwrap_err();
    let report = with().load_all();
    let top = report.get("top").unwrap().state().to_string();
    assert_eq!(top, "skipped: it depends on `left`, which did not load");
    assert!(report.into_result().is_err());
    with().retry("left").unwrap();
    assert!(with().load("top").is_ok());
}

/// Plugins that use the manager that loads them.
mod callers {
    use std::sync::{Arc, OnceLock};

    use plugo::{PluginError, PluginManager, State};

    #[plugo::plugin(name = "spawns", namespace = "callers")]
    fn spawns(manager: &PluginManager) -> Result<(), PluginError> {
        let manager = manager.clone();
        let thread = std::thread::spawn(move || manager.load("spawns").map(drop));
        thread.join().expect("it does not panic")
    }

    #[plugo::plugin(name = "stops-itself", namespace = "callers")]
    fn stops_itself(manager: &PluginManager) -> Result<(), PluginError> {
        manager.stop("stops-itself")
    }

    #[plugo::plugin(name = "disables-itself", namespace = "callers")]
    fn disables_itself(manager: &PluginManager) -> Result<(), PluginError> {
        manager.disable("disables-itself", "enough")
    }

    #[plugo::plugin(name = "asks", namespace = "callers")]
    fn asks(manager: &PluginManager) -> Result<(State, usize), PluginError> {
        let report = manager.report();
        Ok((manager.state("asks")?, report.plugins().len()))
    }

    #[plugo::plugin(name = "there", namespace = "callers")]
    fn there(other: &Arc<OnceLock<PluginManager>>) -> Result<(), PluginError> {
        other.get().expect("the test sets it").load("there").map(drop)
    }

    #[plugo::plugin(name = "keeps", namespace = "callers")]
    fn keeps(manager: &PluginManager, other: &Arc<OnceLock<PluginManager>>) {
        let _ = other.set(manager.clone());
    }

    plugo::plugins![spawns, stops_itself, disables_itself, asks, there, keeps];
}

fn callers() -> (PluginManager, Arc<OnceLock<PluginManager>>) {
    let other: Arc<OnceLock<PluginManager>> = Arc::new(OnceLock::new());
    let manager = PluginManager::builder("callers")
        .table(&callers::PLUGINS)
        .provide("other", Arc::clone(&other))
        .build()
        .unwrap();
    (manager, other)
}

#[test]
fn a_plugin_that_waits_for_itself_in_any_way_gets_an_error() {
    let (manager, _) = callers();
    for name in ["spawns", "stops-itself", "disables-itself"] {
        let manager = manager.clone();
        let error = soon(move || manager.load(name).unwrap_err()).to_string();
        assert!(error.contains(&format!("`callers/{name}` waits for `callers/{name}`")), "{error}");
    }
}

#[test]
fn a_circle_through_two_managers_is_found() {
    let ((one, other_of_one), (two, other_of_two)) = (callers(), callers());
    other_of_one.set(two).unwrap();
    other_of_two.set(one.clone()).unwrap();
    let error = soon(move || one.load("there").unwrap_err()).to_string();
    assert!(
        error
            .contains("`callers/there` waits for `callers/there`, which waits for `callers/there`"),
        "{error}"
    );
}

#[test]
fn a_plugin_may_ask_the_manager_that_loads_it() {
    let (manager, _) = callers();
    let asked = manager.load("asks").unwrap();
    let (state, plugins) = asked.value::<(State, usize)>().unwrap();
    assert_eq!((state.to_string().as_str(), *plugins), ("initialised", 6));
}

#[test]
fn a_handle_that_a_plugin_kept_loads_nothing_when_the_manager_is_gone() {
    let (manager, other) = callers();
    let clone = manager.clone();
    manager.load("keeps").unwrap();
    drop(manager);
    assert!(clone.load("asks").is_ok(), "a clone of the app's is a manager like any other");
    drop(clone);
    let kept = other.get().expect("the plugin kept it");
    assert!(!kept.is_loaded("asks").unwrap(), "dropping the last one stopped the plugins");
    let error = kept.load("asks").unwrap_err();
    assert!(matches!(error, PluginError::Closed), "{error}");
}

/// Plugins that take their time, asynchronously.
mod patient {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Poll;

    use plugo::Plugin;

    #[plugo::plugin(name = "waits", namespace = "patient")]
    async fn waits(open: &Arc<AtomicBool>) -> &'static str {
        poll_fn(|context| match open.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
        "open"
    }

    pub(super) struct Lower;

    #[plugo::plugin(reusable)]
    impl Plugin for Lower {}

    #[plugo::plugin(name = "lower", namespace = "patient")]
    static LOWER: Lower = Lower;

    pub(super) struct Upper;

    #[plugo::plugin(reusable)]
    impl Plugin for Upper {
        async fn stop(&self) {}
    }

    #[plugo::plugin(name = "upper", namespace = "patient")]
    static UPPER: Upper = Upper;

    plugo::__private::table! {
        core: "0.1.0",
        app: "patient",
        client: None,
        fingerprint: "",
        crates: [],
        text: "lowerupperwaitspatient0.1.0",
        starts: [0, 5, 10, 15, 22, 27, 27],
        columns: {
            NAMESPACES: Narrow [3],
            NAMESPACE: Narrow [0],
            VERSION: Narrow [4],
            DESCRIPTION: Narrow [5],
            AUTHORS: Narrow [5],
            IDENTIFIER: Narrow [5],
            PACKAGE: Narrow [5],
            FILE: Narrow [5],
            LINE: Narrow [0],
            COLUMN: Narrow [0],
            DEPENDENCY_STARTS: Narrow [0, 0, 1, 1],
            DEPENDENCIES: Narrow [0],
            REASON_STARTS: Narrow [],
            REASONS: Narrow [],
            SEEDS: Narrow [],
            SLOTS: Narrow [],
        },
        priority: [0],
        plugins: [
            ("tests", "0.1.0", "patient", "lower")
            ("tests", "0.1.0", "patient", "upper")
            ("tests", "0.1.0", "patient", "waits")
        ],
    }
}

fn patient(open: &Arc<AtomicBool>) -> PluginManager {
    PluginManager::builder("patient")
        .table(&patient::PLUGINS)
        .provide("open", Arc::clone(open))
        .build()
        .unwrap()
}

#[test]
fn tasks_and_threads_wait_for_an_async_plugin_and_see_the_same() {
    let open = Arc::new(AtomicBool::new(false));
    let manager = patient(&open);
    let load = |manager: PluginManager| {
        let loaded = pollster::block_on(manager.load_async("waits"));
        loaded.unwrap().value::<&str>().copied()
    };
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn({
                let manager = manager.clone();
                move || load(manager)
            })
        })
        .collect();
    while !matches!(manager.state("waits").unwrap(), State::Initialised) {
        std::thread::yield_now();
    }
    let blocked = std::thread::spawn({
        let manager = manager.clone();
        move || manager.load("waits").map(drop).map_err(|error| error.to_string())
    });
    open.store(true, Ordering::Release);
    for thread in threads {
        assert_eq!(soon(move || thread.join().unwrap()), Some("open"));
    }
    assert_eq!(soon(move || blocked.join().unwrap()), Ok(()), "it is loaded by the others");
}

#[test]
fn what_was_refused_because_it_is_async_is_loaded_where_it_is_awaited() {
    let manager = patient(&Arc::new(AtomicBool::new(true)));
    let error = manager.load("waits").map(drop).unwrap_err().to_string();
    assert!(error.starts_with("plugin `waits` failed in load: it is async"), "{error}");
    pollster::block_on(manager.load_async("waits")).unwrap();
}

#[test]
fn a_load_that_is_dropped_half_way_leaves_its_plugin_failed_and_nobody_waiting() {
    let manager = patient(&Arc::new(AtomicBool::new(false)));
    let waiter = {
        let mut load = Box::pin(manager.load_async("waits"));
        let polled = load.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let waiter = std::thread::spawn({
            let manager = manager.clone();
            move || manager.load("waits").map(drop).unwrap_err()
        });
        drop(load);
        waiter
    };
    let error = soon(move || waiter.join().unwrap());
    let PluginError::Failed { phase: Phase::Load, error, .. } = error else { panic!("{error}") };
    assert!(matches!(*error, Failure::Cancelled), "{error}");
}

#[test]
fn what_is_async_stays_loaded_where_nothing_may_be_awaited_and_so_does_what_it_needs() {
    let manager = patient(&Arc::new(AtomicBool::new(true)));
    pollster::block_on(manager.load_async("upper")).unwrap();
    let loaded =
        |manager: &PluginManager| ["lower", "upper"].map(|name| manager.is_loaded(name).unwrap());
    for refused in [
        soon({
            let manager = manager.clone();
            move || manager.stop("lower")
        }),
        soon({
            let manager = manager.clone();
            move || manager.stop_all()
        }),
        soon({
            let manager = manager.clone();
            move || manager.disable("lower", "now")
        }),
    ] {
        let error = refused.unwrap_err();
        assert!(
            error.to_string().starts_with("plugin `upper` failed in stop: it is async"),
            "{error}"
        );
        assert_eq!(loaded(&manager), [true, true]);
    }
    pollster::block_on(manager.disable_async("lower", "now")).unwrap();
    assert_eq!(loaded(&manager), [false, false]);
    let states = ["lower", "upper"].map(|name| manager.state(name).unwrap().to_string());
    assert_eq!(states, ["disabled by the app: now", "stopped"]);
}

/// Two types that an operator switches together.
mod pair {
    #[plugo::plugin_type(name = "pair-one")]
    pub(super) trait One: Send + Sync {
        fn is(&self) -> &'static str;
    }

    #[plugo::plugin_type(name = "pair-two")]
    pub(super) trait Two: Send + Sync {
        fn is(&self) -> &'static str;
    }

    macro_rules! item {
        ($ty:ident, $of:ident, $name:literal) => {
            #[plugo::plugin(name = $name, namespace = "pair", of = dyn $of)]
            #[derive(Default)]
            struct $ty;

            impl $of for $ty {
                fn is(&self) -> &'static str {
                    $name
                }
            }
        };
    }

    item!(OneRed, One, "one-red");
    item!(OneBlue, One, "one-blue");
    item!(TwoRed, Two, "two-red");
    item!(TwoBlue, Two, "two-blue");

    plugo::plugins![OneRed, OneBlue, TwoRed, TwoBlue];
}

fn only(colour: &str) -> Overrides {
    ["one-red", "one-blue", "two-red", "two-blue"].iter().fold(Overrides::new(), |all, name| {
        let status = if name.ends_with(colour) { Status::Active } else { Status::Disabled };
        all.status(format!("pair/{name}"), status)
    })
}

#[test]
fn lookups_under_concurrent_overrides_see_one_whole_set_of_them() {
    let operator = Operator::takes_over();
    plugo::set_overrides(only("red"));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                let mut seen: HashMap<Vec<&'static str>, u32> = HashMap::new();
                let mut lookups = 0u32;
                while lookups < 1000 || !done.load(Ordering::Acquire) {
                    lookups += 1;
                    let types = plugo::plugin_types();
                    let pair =
                        types.iter().filter(|known| known.info().name().starts_with("pair-"));
                    let selected = pair.map(|known| known.selected().unwrap().plugin().name());
                    *seen.entry(selected.collect()).or_default() += 1;
                    // There is always one, and it is never neither.
                    assert!(plugo::select::<dyn pair::One>().unwrap().is().starts_with("one-"));
                    assert_eq!(plugo::items::<dyn pair::Two>().active().len(), 1);
                }
                seen
            })
        })
        .collect();
    for i in 0..20_000 {
        let colour = if i % 2 == 0 { "blue" } else { "red" };
        plugo::set_overrides(only(colour));
        // A lookup that starts now goes by it.
        assert!(plugo::select::<dyn pair::One>().unwrap().is().ends_with(colour));
        assert!(plugo::select::<dyn pair::Two>().unwrap().is().ends_with(colour));
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        let seen = reader.join().unwrap();
        for both in seen.keys() {
            assert!(
                *both == ["one-red", "two-red"] || *both == ["one-blue", "two-blue"],
                "mixed: {both:?}"
            );
        }
    }
    drop(operator);
}
