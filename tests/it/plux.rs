//! The cases of plux at run time, by their ids in `docs/cases.md`: the
//! manager, listeners, filters, conditions.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Barrier, Mutex};

use plugo::{
    DisabledBy, Event, Listener, Moment, Phase, PluginError, PluginManager, PluginManagerBuilder,
    Rule, State, Veto,
};
use tests::soon;

/// What plugins wrote down.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A namespace with two good plugins, one that does not want to load, one
/// that fails when it loads, and one that cannot be made; and a plugin of
/// another namespace.
mod dummy {
    use plugo::Plugin;

    use super::Log;

    #[derive(Default)]
    struct Good;

    #[plugo::plugin(name = "plugin1", namespace = "test.plugins.dummy")]
    impl Plugin for Good {
        fn load(&self, log: &Log, word: Option<&str>) -> &'static str {
            log.add(format!("plugin1 {word:?}"));
            "one"
        }
    }

    #[derive(Default)]
    struct AlsoGood;

    #[plugo::plugin(name = "plugin2-also", namespace = "test.plugins.dummy")]
    impl Plugin for AlsoGood {
        fn load(&self, log: &Log, word: Option<&str>) {
            log.add(format!("plugin2 {word:?}"));
        }

        fn stop(&self, log: &Log) {
            log.add("plugin2 stopped");
        }
    }

    #[derive(Default)]
    struct Unwilling;

    #[plugo::plugin(name = "cannot-load", namespace = "test.plugins.dummy")]
    impl Plugin for Unwilling {
        fn should_load(&self) -> bool {
            false
        }

        fn load(&self, log: &Log) {
            log.add("never");
        }
    }

    #[derive(Default)]
    struct LoadErrors;

    #[plugo::plugin(name = "load-errors", namespace = "test.plugins.dummy")]
    impl Plugin for LoadErrors {
        fn load(&self, log: &Log) -> Result<(), std::num::ParseIntError> {
            log.add("load-errors");
            "x".parse::<u8>().map(drop)
        }
    }

    struct InitErrors;

    impl InitErrors {
        fn new() -> Result<Self, String> {
            Err("cannot be made".to_owned())
        }
    }

    #[plugo::plugin(name = "init-errors", namespace = "test.plugins.dummy", new = InitErrors::new)]
    impl Plugin for InitErrors {}

    #[plugo::plugin(name = "foreign", namespace = "test.plugins.others")]
    fn foreign() {}

    plugo::plugins![Good, AlsoGood, Unwilling, LoadErrors, InitErrors, foreign];
}

const DUMMY: &str = "test.plugins.dummy";
const NAMES: [&str; 5] = ["plugin1", "plugin2-also", "cannot-load", "load-errors", "init-errors"];

fn builder(log: &Log) -> PluginManagerBuilder {
    PluginManager::builder(DUMMY).table(&dummy::PLUGINS).provide("log", log.clone())
}

fn loaded(manager: &PluginManager) -> Vec<&'static str> {
    manager.load_all().loaded().collect()
}

#[test]
fn p01_p02_the_good_plugins_load_and_the_others_do_not() {
    let manager = builder(&Log::default()).build().unwrap();
    let flags = || NAMES.map(|name| manager.is_loaded(name).unwrap());
    assert_eq!(flags(), [false; 5]);
    assert_eq!(loaded(&manager), ["plugin1", "plugin2-also"]);
    assert_eq!(flags(), [true, true, false, false, false]);
    assert!(matches!(manager.is_loaded("foobar"), Err(PluginError::Unknown { .. })));
}

#[test]
fn p03_p04_every_plugin_of_the_namespace_is_known_whatever_becomes_of_it() {
    let manager = builder(&Log::default()).build().unwrap();
    assert_eq!(manager.names().collect::<Vec<_>>(), NAMES);
    let _ = manager.load_all();
    assert!(NAMES.iter().all(|name| manager.exists(name)));
    assert!(!manager.exists("foobar") && !manager.exists("foreign"));
}

#[test]
fn p05_each_plugin_loads_once_with_what_the_manager_keeps() {
    let log = Log::default();
    let manager = builder(&log).provide("word", String::from("bar")).build().unwrap();
    let _ = manager.load_all();
    let _ = manager.load_all();
    let expected = ["plugin1 Some(\"bar\")", "plugin2 Some(\"bar\")", "load-errors"];
    assert_eq!(log.lines(), expected, "and what failed is not tried again");
}

#[test]
fn p06_a_name_that_is_not_there_is_an_error_that_names_it() {
    let empty = PluginManager::new("test.plugins.none").unwrap();
    let error = empty.load("foo").unwrap_err();
    assert_eq!(error.to_string(), "no plugin named `foo` in namespace `test.plugins.none`");
    let near = builder(&Log::default()).build().unwrap().load("plugin").unwrap_err();
    assert!(near.to_string().ends_with("did you mean `plugin1`?"), "{near}");
}

#[test]
fn p07_each_failure_stands_at_its_plugin_with_its_phase() {
    let manager = builder(&Log::default()).build().unwrap();
    let _ = manager.load_all();
    let failed = |name: &str| match manager.state(name).unwrap() {
        State::Failed { phase, error, attempts, .. } => Some((phase, error.to_string(), attempts)),
        _ => None,
    };
    let expected = [
        None,
        None,
        None,
        Some((Phase::Load, "invalid digit found in string".to_owned(), 1)),
        Some((Phase::Init, "cannot be made".to_owned(), 1)),
    ];
    assert_eq!(NAMES.map(failed), expected);
}

#[test]
fn p08_strictly_the_plugins_own_error_is_the_result() {
    let manager = builder(&Log::default()).exclude(Rule::name("init-*")).build().unwrap();
    let error = manager.load_all().into_result().unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<std::num::ParseIntError>().is_some(), "{error}");
    let error = manager.load("load-errors").unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<std::num::ParseIntError>().is_some(), "{error}");
}

#[test]
fn p09_a_plugin_that_does_not_want_to_load_is_disabled_by_itself() {
    let manager = builder(&Log::default()).build().unwrap();
    let error = manager.load("cannot-load").unwrap_err();
    let PluginError::Disabled { name, namespace, by, reason, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((*name, *namespace, *by), ("cannot-load", DUMMY, DisabledBy::Plugin));
    assert_eq!(reason, "Load condition for plugin was false");
}

/// Counts what it hears, and keeps the last event of a load.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<Vec<(String, Phase, Moment)>>>, Log);

impl Counter {
    fn count(&self, phase: Phase, moment: Moment) -> usize {
        let heard = self.0.lock().unwrap();
        heard.iter().filter(|event| (event.1, event.2) == (phase, moment)).count()
    }
}

impl Listener for Counter {
    fn hear(&self, event: &Event<'_>) -> Result<(), Veto> {
        let name = event.plugin().name().to_owned();
        if (event.phase(), event.moment()) == (Phase::Load, Moment::After) {
            self.1.add(format!("{name} {:?}", event.value::<&'static str>()));
        }
        self.0.lock().unwrap().push((name, event.phase(), event.moment()));
        Ok(())
    }
}

#[test]
fn p10_a_listener_hears_every_phase_with_what_came_of_it() {
    let counter = Counter::default();
    let manager = builder(&Log::default()).listener(counter.clone()).build().unwrap();
    let _ = manager.load_all();
    assert_eq!(counter.count(Phase::Init, Moment::After), 4);
    assert_eq!(counter.count(Phase::Init, Moment::Failed), 1);
    assert_eq!(counter.count(Phase::Load, Moment::After), 2);
    assert_eq!(counter.count(Phase::Load, Moment::Failed), 1);
    assert_eq!(counter.1.lines(), ["plugin1 Some(\"one\")", "plugin2-also None"]);
    manager.stop_all().unwrap();
    assert_eq!(counter.count(Phase::Stop, Moment::Before), 2);
    assert_eq!(counter.count(Phase::Stop, Moment::After), 2);
}

#[test]
fn p11_p12_p13_p14_filters_are_globs_over_namespace_name_and_crate() {
    let with = |exclude: Option<Rule>, include: Option<Rule>| {
        let builder = builder(&Log::default());
        let builder = exclude.into_iter().fold(builder, PluginManagerBuilder::exclude);
        loaded(&include.into_iter().fold(builder, PluginManagerBuilder::include).build().unwrap())
    };
    let both = ["plugin1", "plugin2-also"];
    assert_eq!(with(Some(Rule::namespace("test.plugins.*")), None), [""; 0], "p11");
    assert_eq!(with(Some(Rule::namespace("test.plugins.dummy.*")), None), both, "p12");
    assert_eq!(with(Some(Rule::name("*also*")), None), ["plugin1"], "p13");
    assert_eq!(with(Some(Rule::package("test?")), None), [""; 0], "p14");
    // Patterns of one rule have to match together; rules stand beside each other.
    let rule = Rule::package("tests").and_name("*2*").and_namespace("*.dummy");
    assert_eq!(with(Some(rule.clone()), None), ["plugin1"]);
    assert_eq!(with(Some(rule.and_name("nothing")), None), both);
    assert_eq!(with(None, Some(Rule::name("*also*"))), ["plugin2-also"]);
    let none = with(Some(Rule::name("*2*")), Some(Rule::name("*also*")));
    assert_eq!(none, [""; 0], "an exclude beats an include");
}

#[test]
fn p15_several_listeners_as_one_hear_what_each_would_hear() {
    let counters = [Counter::default(), Counter::default()];
    let boxed = |counter: &Counter| Box::new(counter.clone()) as Box<dyn Listener>;
    let both: Vec<Box<dyn Listener>> = counters.iter().map(boxed).collect();
    let manager =
        builder(&Log::default()).include(Rule::name("plugin*")).listener(both).build().unwrap();
    let _ = manager.load_all();
    for counter in counters {
        assert_eq!(counter.count(Phase::Resolve, Moment::After), 5, "also what is filtered");
        assert_eq!(counter.count(Phase::Init, Moment::After), 2);
        assert_eq!(counter.count(Phase::Load, Moment::Before), 2);
        assert_eq!(counter.count(Phase::Load, Moment::After), 2);
        let failed =
            [Phase::Resolve, Phase::Init, Phase::Load].map(|p| counter.count(p, Moment::Failed));
        assert_eq!(failed, [0; 3]);
    }
}

/// Vetoes one event of `plugin2-also`.
fn veto(
    phase: Phase,
    moment: Moment,
    veto: fn() -> Veto,
) -> impl Fn(&Event<'_>) -> Result<(), Veto> + Send + Sync {
    move |event| match event.plugin().name() == "plugin2-also"
        && (event.phase(), event.moment()) == (phase, moment)
    {
        true => Err(veto()),
        false => Ok(()),
    }
}

#[test]
fn p16_p17_a_veto_disables_the_plugin_with_its_reason() {
    for (phase, moment) in [(Phase::Init, Moment::After), (Phase::Load, Moment::Before)] {
        let log = Log::default();
        let manager = builder(&log)
            .listener(veto(phase, moment, || Veto::disable("decided by a listener")))
            .build()
            .unwrap();
        assert_eq!(loaded(&manager), ["plugin1"]);
        let error = manager.load("plugin2-also").unwrap_err();
        let PluginError::Disabled { by: DisabledBy::Listener, reason, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(reason, "decided by a listener");
        assert!(!log.lines().iter().any(|line| line.starts_with("plugin2")));
    }
}

#[test]
fn p18_a_veto_after_the_load_fails_the_plugin_and_stops_it_again() {
    let log = Log::default();
    let manager = builder(&log)
        .listener(veto(Phase::Load, Moment::After, || Veto::fail("error loading plugin 2")))
        .build()
        .unwrap();
    assert_eq!(loaded(&manager), ["plugin1"]);
    let error = manager.load("plugin2-also").unwrap_err();
    assert_eq!(error.to_string(), "plugin `plugin2-also` failed in load: error loading plugin 2");
    assert_eq!(log.lines(), ["plugin1 None", "plugin2 None", "plugin2 stopped", "load-errors"]);
}

/// Functions as plugins, with and without a condition.
mod functions {
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    #[plugo::plugin(name = "foobar", namespace = "functions")]
    fn foobar() -> fn() -> &'static str {
        || "foobar"
    }

    #[plugo::plugin(name = "another", namespace = "functions")]
    fn another() -> fn() -> &'static str {
        || "another"
    }

    #[plugo::plugin(name = "conditional", namespace = "functions", should_load = wanted(wanted: &AtomicBool))]
    fn conditional() -> &'static str {
        "wanted"
    }

    fn wanted(wanted: &AtomicBool) -> bool {
        wanted.load(Relaxed)
    }

    plugo::plugins![foobar, another, conditional];
}

fn functions() -> PluginManager {
    PluginManager::builder("functions").table(&functions::PLUGINS).build().unwrap()
}

#[test]
fn p19_functions_are_plugins_and_what_they_return_can_be_called() {
    let manager = functions();
    let _ = manager.load_all();
    let call = |name: &str| {
        let function = manager.value::<fn() -> &'static str>(name).unwrap();
        function.map(|function| function())
    };
    assert_eq!((call("foobar"), call("another")), (Some("foobar"), Some("another")));
    let all = manager.values::<fn() -> &'static str>();
    let names: Vec<_> = all.iter().map(|(plugin, _)| plugin.name()).collect();
    assert_eq!(names, ["foobar", "another"]);
    assert!(manager.value::<String>("foobar").unwrap().is_none(), "it is of another type");
    manager.stop_all().unwrap();
    assert!(manager.value::<fn() -> &'static str>("foobar").unwrap().is_none(), "it is not kept");
}

#[test]
fn p20_p21_p22_a_function_has_a_condition_that_is_asked_again_by_enable() {
    use std::sync::atomic::AtomicBool;
    let manager = functions();
    let mut wanted = AtomicBool::new(false);
    let error = manager.with(plugo::kwargs! { wanted: &wanted }).load("conditional").unwrap_err();
    assert!(error.to_string().ends_with(": Load condition for plugin was false"), "{error}");
    *wanted.get_mut() = true;
    let still = manager.with(plugo::kwargs! { wanted: &wanted }).load("conditional");
    assert!(matches!(still, Err(PluginError::Disabled { by: DisabledBy::Plugin, .. })));
    let enabled = manager.with(plugo::kwargs! { wanted: &wanted }).enable("conditional").unwrap();
    assert_eq!(enabled.value::<&str>(), Some(&"wanted"));
    // A condition that is constantly false does not compile; see tests/ui/lifecycle.rs.
    let ui = include_str!("../ui/lifecycle.stderr");
    assert!(ui.contains("what never loads is left out of the build"));
}

#[test]
fn p29_the_order_of_the_plugins_is_the_same_each_time() {
    let names = || builder(&Log::default()).build().unwrap().names().collect::<Vec<_>>();
    assert_eq!(names(), NAMES);
    assert_eq!(names(), NAMES);
}

#[test]
fn p31_a_plugin_that_cannot_be_made_is_told_of_once_with_its_cause() {
    let heard = Log::default();
    let log = heard.clone();
    let manager = builder(&Log::default())
        .listener(move |event: &Event<'_>| {
            if let (Phase::Init, Some(error)) = (event.phase(), event.error()) {
                let plugin = event.plugin();
                log.add(format!("{}/{}: {error}", plugin.namespace(), plugin.name()));
            }
            Ok(())
        })
        .build()
        .unwrap();
    let _ = manager.load_all();
    let _ = manager.load_all();
    assert_eq!(heard.lines(), ["test.plugins.dummy/init-errors: cannot be made"]);
}

#[test]
fn x01_filters_that_are_given_to_the_builder_are_applied() {
    let manager = builder(&Log::default())
        .exclude(Rule::name("plugin1"))
        .exclude(Rule::name("cannot-*"))
        .build()
        .unwrap();
    assert_eq!(loaded(&manager), ["plugin2-also"]);
    let error = manager.load("plugin1").unwrap_err();
    assert!(matches!(error, PluginError::Disabled { by: DisabledBy::Filter, .. }), "{error}");
    let error = manager.enable("plugin1").unwrap_err();
    assert!(error.to_string().ends_with("by a filter: name `plugin1` is excluded"), "{error}");
}

/// Plugins that load each other, one that is slow, and one that works at the
/// second attempt.
mod entangled {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Barrier};

    use plugo::{Plugin, PluginError, PluginManager};

    #[plugo::plugin(name = "a", namespace = "entangled")]
    fn a(manager: &PluginManager, met: &Arc<Barrier>) -> Result<(), PluginError> {
        met.wait();
        manager.load("b").map(drop)
    }

    #[plugo::plugin(name = "b", namespace = "entangled")]
    fn b(manager: &PluginManager, met: &Arc<Barrier>) -> Result<(), PluginError> {
        met.wait();
        manager.load("a").map(drop)
    }

    #[plugo::plugin(name = "slow", namespace = "entangled")]
    fn slow(met: &Arc<Barrier>, loads: &AtomicU32) -> u32 {
        met.wait();
        loads.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) struct Flaky;

    impl Flaky {
        fn new(attempts: &AtomicU32) -> Result<Self, String> {
            match attempts.fetch_add(1, Ordering::Relaxed) {
                0 => Err("not yet".to_owned()),
                _ => Ok(Flaky),
            }
        }
    }

    #[plugo::plugin(name = "flaky", namespace = "entangled", new = Flaky::new(attempts: &AtomicU32))]
    impl Plugin for Flaky {}

    plugo::plugins![a, b, slow, Flaky];
}

fn entangled(met: &Arc<Barrier>) -> PluginManager {
    PluginManager::builder("entangled")
        .table(&entangled::PLUGINS)
        .provide("met", Arc::clone(met))
        .provide("attempts", AtomicU32::new(0))
        .provide("loads", AtomicU32::new(0))
        .build()
        .unwrap()
}

#[test]
fn x02_eight_threads_load_one_slow_plugin_once() {
    let met = Arc::new(Barrier::new(2));
    let manager = entangled(&met);
    let load = || {
        let manager = manager.clone();
        std::thread::spawn(move || manager.load("slow").unwrap().value::<u32>().copied())
    };
    let threads: Vec<_> = (0..8).map(|_| load()).collect();
    while !matches!(manager.state("slow").unwrap(), State::Initialised) {
        std::thread::yield_now();
    }
    assert!(!manager.is_loaded("slow").unwrap());
    assert!(manager.load("flaky").is_err(), "other plugins have their turn meanwhile");
    // The plugin is in its function until it is met there.
    met.wait();
    for thread in threads {
        assert_eq!(soon(move || thread.join().unwrap()), Some(1), "all see the same load");
    }
}

#[test]
fn x03_plugins_that_load_each_other_from_two_threads_get_errors_that_show_the_circle() {
    for _ in 0..100 {
        let manager = entangled(&Arc::new(Barrier::new(2)));
        let load = |name: &'static str| {
            let manager = manager.clone();
            move || manager.load(name).unwrap_err().to_string()
        };
        let other = std::thread::spawn(load("b"));
        let (a, b) = (soon(load("a")), soon(move || other.join().unwrap()));
        let circles =
            [["a", "b", "a"], ["b", "a", "b"]].map(|[first, second, third]| format!(
                "`entangled/{first}` waits for `entangled/{second}`, which waits for `entangled/{third}`"
            ));
        assert!(circles.iter().any(|circle| a.contains(circle.as_str())), "{a}");
        assert!(circles.iter().any(|circle| b.contains(circle.as_str())), "{b}");
        for name in ["a", "b"] {
            let state = manager.state(name).unwrap();
            assert!(matches!(state, State::Failed { phase: Phase::Load, .. }), "{state}");
        }
    }
}

#[test]
fn x04_a_plugin_that_works_at_the_second_attempt_has_no_old_error() {
    let manager = entangled(&Arc::new(Barrier::new(1)));
    assert!(manager.load("flaky").is_err());
    let again = manager.load("flaky").unwrap_err();
    assert!(matches!(again, PluginError::Failed { attempts: 1, .. }), "nobody asked for a retry");
    assert!(manager.retry("flaky").unwrap().instance::<entangled::Flaky>().is_some());
    assert!(manager.load("flaky").is_ok());
    assert!(manager.load_all().loaded().any(|name| name == "flaky"));
}

#[test]
fn x05_a_plugin_whose_cause_is_removed_loads_when_it_is_enabled() {
    let manager = builder(&Log::default()).build().unwrap();
    manager.load("plugin2-also").unwrap();
    manager.disable("plugin2-also", "maintenance").unwrap();
    let error = manager.load("plugin2-also").unwrap_err();
    assert!(error.to_string().ends_with("is disabled by the app: maintenance"), "{error}");
    assert_eq!(loaded(&manager), ["plugin1"]);
    manager.enable("plugin2-also").unwrap();
    assert_eq!(loaded(&manager), ["plugin1", "plugin2-also"]);
    // Enabling what is not disabled loads it, as `load` does.
    assert!(manager.enable("plugin1").is_ok());
}

#[test]
fn x06_a_condition_that_gives_an_error_or_panics_fails_its_plugin_only() {
    let heard = Log::default();
    let log = heard.clone();
    let manager = builder(&Log::default())
        .condition(|plugin| match plugin.name() {
            "plugin1" => Err("no licence".into()),
            "load-errors" => panic!("on purpose"),
            name => Ok(name != "init-errors"),
        })
        .listener(move |event: &Event<'_>| {
            if event.moment() == Moment::Failed {
                log.add(format!("{} in {}", event.plugin().name(), event.phase()));
            }
            Ok(())
        })
        .build()
        .unwrap();
    assert_eq!(loaded(&manager), ["plugin2-also"]);
    assert_eq!(heard.lines(), ["plugin1 in condition", "load-errors in condition"]);
    let state = |name: &str| manager.state(name).unwrap().to_string();
    assert_eq!(state("plugin1"), "failed in condition: no licence");
    assert_eq!(state("load-errors"), "failed in condition: it panicked: on purpose");
    assert_eq!(
        state("init-errors"),
        "disabled by a condition: a condition of the manager was false"
    );
}

#[test]
fn x07_a_veto_at_resolve_takes_that_plugin_away_and_no_other() {
    let manager = builder(&Log::default())
        .listener(veto(Phase::Resolve, Moment::After, || Veto::disable("feature is off")))
        .build()
        .unwrap();
    assert_eq!(manager.names().count(), 5);
    assert_eq!(loaded(&manager), ["plugin1"]);
    let state = manager.state("plugin2-also").unwrap();
    assert_eq!(state.to_string(), "disabled by a listener: feature is off");
}

#[test]
fn x08_a_listener_that_vetoes_or_panics_keeps_nothing_from_the_others() {
    for as_one in [false, true] {
        let counter = Counter::default();
        let panics = |event: &Event<'_>| -> Result<(), Veto> {
            assert!(event.phase() != Phase::Init, "a listener panics on purpose");
            Ok(())
        };
        let vetoes = veto(Phase::Load, Moment::Before, || Veto::disable("first"));
        let second = veto(Phase::Load, Moment::Before, || Veto::disable("second"));
        let builder = builder(&Log::default()).include(Rule::name("plugin*"));
        let manager = match as_one {
            true => {
                let all: Vec<Box<dyn Listener>> = vec![
                    Box::new(panics),
                    Box::new(vetoes),
                    Box::new(second),
                    Box::new(counter.clone()),
                ];
                builder.listener(all)
            }
            false => {
                builder.listener(panics).listener(vetoes).listener(second).listener(counter.clone())
            }
        };
        let manager = manager.build().unwrap();
        let report = manager.load_all();
        assert_eq!(counter.count(Phase::Load, Moment::Before), 2, "the last one hears it");
        assert_eq!(counter.count(Phase::Init, Moment::Before), 2);
        let state = report.get("plugin2-also").unwrap().state().to_string();
        assert_eq!(state, "disabled by a listener: first");
        let warnings: Vec<String> = report.warnings().iter().map(ToString::to_string).collect();
        let warning = |name| {
            format!("a listener panicked when it heard of `{name}`: a listener panics on purpose")
        };
        assert_eq!(warnings, [warning("plugin1"), warning("plugin2-also")]);
    }
}

#[test]
fn x09_names_keep_their_case_and_what_no_name_may_hold_does_not_compile() {
    mod cased {
        #[plugo::plugin(name = "MyPlugin", namespace = "cased")]
        pub(super) fn one() {}
        #[plugo::plugin(name = "myplugin", namespace = "cased")]
        pub(super) fn two() {}
        plugo::plugins![one, two];
    }
    let manager = PluginManager::builder("cased").table(&cased::PLUGINS).build().unwrap();
    assert_eq!(manager.names().collect::<Vec<_>>(), ["MyPlugin", "myplugin"]);
    assert!(manager.exists("MyPlugin") && !manager.exists("MYPLUGIN"));
    assert!(plugo::name::check("a=b").is_err());
}
