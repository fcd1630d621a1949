//! Code of plugins, listeners and apps that fails, panics, or asks the manager
//! when nobody expects it: it harms nothing but the plugin that it is of.

use std::sync::{Arc, Mutex, OnceLock};

use expect_test::{Expect, expect};
use plugo::{
    DisabledBy, Event, LoadError, Moment, Phase, PluginManager, PluginManagerBuilder, State, Veto,
    kwargs,
};
use tests::soon;

/// Where a plugin goes wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fault(At, How);

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    New,
    ShouldLoad,
    Load,
    Stop,
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Panic,
    Error,
    /// It says no, and then goes wrong at the place.
    No,
}

impl Fault {
    fn here(self, at: At) -> Result<(), String> {
        match self {
            Fault(place, How::Panic) if place == at => panic!("a panic"),
            Fault(place, How::Error) if place == at => Err("an error".to_owned()),
            _ => Ok(()),
        }
    }
}

mod faulty {
    use std::sync::{Arc, OnceLock};

    use plugo::{Plugin, PluginManager};

    use super::{At, Fault, How};

    pub(super) struct Sync(Fault);

    impl Sync {
        fn new(fault: &Fault) -> Result<Self, String> {
            fault.here(At::New).map(|()| Sync(*fault))
        }
    }

    #[plugo::plugin(name = "sync", namespace = "faulty", new = Sync::new(fault: &Fault))]
    impl Plugin for Sync {
        fn should_load(&self) -> Result<bool, String> {
            self.0.here(At::ShouldLoad).map(|()| self.0.1 != How::No)
        }

        fn load(&self) -> Result<&'static str, String> {
            self.0.here(At::Load).map(|()| "loaded")
        }

        fn stop(&self) -> Result<(), String> {
            self.0.here(At::Stop)
        }
    }

    impl Drop for Sync {
        fn drop(&mut self) {
            assert!(self.0.0 != At::Drop, "a panic");
        }
    }

    pub(super) struct Later(Fault);

    impl Later {
        fn new(fault: &Fault) -> Result<Self, String> {
            fault.here(At::New).map(|()| Later(*fault))
        }
    }

    #[plugo::plugin(name = "async", namespace = "faulty", new = Later::new(fault: &Fault))]
    impl Plugin for Later {
        async fn should_load(&self) -> Result<bool, String> {
            self.0.here(At::ShouldLoad).map(|()| self.0.1 != How::No)
        }

        async fn load(&self) -> Result<&'static str, String> {
            self.0.here(At::Load).map(|()| "loaded")
        }

        async fn stop(&self) -> Result<(), String> {
            self.0.here(At::Stop)
        }
    }

    impl Drop for Later {
        fn drop(&mut self) {
            assert!(self.0.0 != At::Drop, "a panic");
        }
    }

    #[plugo::plugin(name = "neighbour", namespace = "faulty")]
    fn neighbour() {}

    plugo::plugins![Sync, Later, neighbour];

    /// Its instance asks the manager when it is dropped.
    pub(super) struct Asks(Option<Arc<OnceLock<PluginManager>>>);

    impl Asks {
        fn new(handle: &Arc<OnceLock<PluginManager>>) -> Self {
            Asks(Some(Arc::clone(handle)))
        }
    }

    impl Drop for Asks {
        fn drop(&mut self) {
            if let Some(manager) = self.0.as_ref().and_then(|handle| handle.get()) {
                let _ = manager.load("asks");
                let _ = manager.state("asks");
            }
        }
    }

    /// An error that asks the manager when it is dropped.
    #[derive(Debug)]
    pub(super) struct AskingError(#[expect(dead_code, reason = "it is dropped")] Asks);

    impl std::fmt::Debug for Asks {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Asks")
        }
    }

    impl std::fmt::Display for AskingError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an error")
        }
    }

    impl std::error::Error for AskingError {}

    pub(super) mod asking {
        use super::*;

        #[plugo::plugin(name = "asks", namespace = "asking", new = Asks::new(handle: &Arc<OnceLock<PluginManager>>))]
        impl Plugin for Asks {
            fn load(&self) -> Result<(), AskingError> {
                Err(AskingError(Asks(self.0.clone())))
            }
        }

        plugo::plugins![Asks];
    }
}

fn manager_of(fault: Fault) -> PluginManager {
    let builder = PluginManager::builder("faulty").table(&faulty::PLUGINS);
    builder.provide("fault", fault).build().unwrap()
}

/// What becomes of the two plugins with this fault: after loading, and after
/// stopping.
fn outcome(fault: Fault) -> String {
    let manager = manager_of(fault);
    let report = pollster::block_on(manager.load_all_async());
    assert_eq!(report.get("neighbour").unwrap().state().to_string(), "loaded", "{fault:?}");
    let after_load = ["sync", "async"].map(|name| report.get(name).unwrap().state().to_string());
    drop(report);
    let stopped = pollster::block_on(manager.stop_all_async());
    let after_stop = ["sync", "async"].map(|name| manager.state(name).unwrap().to_string());
    assert_eq!(manager.state("neighbour").unwrap().to_string(), "stopped", "{fault:?}");
    assert_eq!(after_load[0], after_load[1], "both kinds end alike");
    assert_eq!(after_stop[0], after_stop[1], "both kinds end alike");
    let result = if stopped.is_ok() { "" } else { ", an error" };
    format!("{fault:?}: {}; {}{result}\n", after_load[0], after_stop[0])
}

#[test]
fn whatever_goes_wrong_wherever_is_the_failure_of_that_plugin_in_that_phase() {
    let all = [At::New, At::ShouldLoad, At::Load, At::Stop]
        .into_iter()
        .flat_map(|at| [Fault(at, How::Panic), Fault(at, How::Error)])
        .chain([Fault(At::Drop, How::Panic), Fault(At::Drop, How::No)]);
    let table: String = all.map(outcome).collect();
    expect![[r#"
        Fault(New, Panic): failed in init: it panicked: a panic; failed in init: it panicked: a panic
        Fault(New, Error): failed in init: an error; failed in init: an error
        Fault(ShouldLoad, Panic): failed in condition: it panicked: a panic; failed in condition: it panicked: a panic
        Fault(ShouldLoad, Error): failed in condition: an error; failed in condition: an error
        Fault(Load, Panic): failed: it panicked: a panic; failed: it panicked: a panic
        Fault(Load, Error): failed: an error; failed: an error
        Fault(Stop, Panic): loaded; failed in stop: it panicked: a panic, an error
        Fault(Stop, Error): loaded; failed in stop: an error, an error
        Fault(Drop, Panic): loaded; failed in stop: it panicked: a panic, an error
        Fault(Drop, No): failed in condition: it panicked: a panic; failed in condition: it panicked: a panic
    "#]].assert_eq(&table);
}

#[test]
fn what_is_dropped_may_ask_the_manager_wherever_it_is_dropped() {
    let asks = || {
        let handle: Arc<OnceLock<PluginManager>> = Arc::new(OnceLock::new());
        let builder = PluginManager::builder("asking").table(&faulty::asking::PLUGINS);
        let manager = builder.provide("handle", Arc::clone(&handle)).build().unwrap();
        handle.set(manager.clone()).unwrap_or_else(|_| panic!("it is set once"));
        manager
    };
    let manager = asks();
    let load = manager.clone();
    let error = soon(move || load.load("asks").unwrap_err());
    assert_eq!(error.to_string(), "plugin `asks` failed in load: an error");
    drop(error);
    // The old error is dropped when the plugin is retried, or disabled.
    let retry = manager.clone();
    let error = soon(move || retry.retry("asks").unwrap_err().to_string());
    assert_eq!(error, "plugin `asks` failed in load at attempt 2: an error");
    soon(move || manager.disable("asks", "enough").unwrap());
}

#[test]
fn the_attempts_are_counted_and_a_no_is_none() {
    let manager = manager_of(Fault(At::Load, How::Error));
    let attempts = || match manager.state("sync").unwrap() {
        State::Failed { attempts, .. } => attempts,
        other => panic!("{other}"),
    };
    manager.load("sync").unwrap_err();
    assert_eq!(attempts(), 1);
    manager.load("sync").unwrap_err();
    assert_eq!(attempts(), 1, "what failed is not tried again");
    manager.retry("sync").unwrap_err();
    assert_eq!(attempts(), 2);

    let manager = manager_of(Fault(At::Drop, How::Error));
    manager.disable("neighbour", "not now").unwrap();
    manager.enable("neighbour").unwrap();
}

#[test]
fn a_retry_of_what_always_fails_is_never_a_success() {
    let manager = manager_of(Fault(At::Load, How::Error));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let manager = manager.clone();
            std::thread::spawn(move || (0..2000).all(|_| manager.retry("sync").is_err()))
        })
        .collect();
    for thread in threads {
        assert!(soon(move || thread.join().unwrap()));
    }
}

#[test]
fn a_manager_may_be_dropped_with_its_thread() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<PluginManager>> = const { std::cell::RefCell::new(None) };
    }
    let stopped: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let log = Arc::clone(&stopped);
    std::thread::spawn(move || {
        let manager = PluginManager::builder("faulty")
            .table(&faulty::PLUGINS)
            .provide("fault", Fault(At::New, How::No))
            .listener(move |event: &Event<'_>| {
                if (event.phase(), event.moment()) == (Phase::Stop, Moment::After) {
                    log.lock().unwrap().push(event.plugin().name());
                }
                Ok(())
            })
            .build()
            .unwrap();
        manager.load("neighbour").unwrap();
        KEPT.with(|kept| kept.replace(Some(manager)));
    })
    .join()
    .unwrap();
    assert_eq!(*stopped.lock().unwrap(), ["neighbour"]);
}

// Listeners.

type Log = Arc<Mutex<Vec<String>>>;

/// A manager whose listener notes everything, and then says what `verdict`
/// gives.
fn heard(
    fault: Fault,
    verdict: impl Fn(&Event<'_>) -> Result<(), Veto> + Send + Sync + 'static,
) -> (PluginManagerBuilder, Log) {
    let log = Log::default();
    let heard = Arc::clone(&log);
    let builder = PluginManager::builder("faulty")
        .table(&faulty::PLUGINS)
        .provide("fault", fault)
        .listener(move |event: &Event<'_>| {
            if event.plugin().name() == "sync" || event.plugin().name() == "neighbour" {
                let why = event.error().map(ToString::to_string);
                let why = why.or(event.reason().map(str::to_owned)).unwrap_or_default();
                let line = format!(
                    "{} {:?} {} {why}",
                    event.plugin().name(),
                    event.moment(),
                    event.phase()
                );
                heard.lock().unwrap().push(line.trim_end().to_owned());
            }
            verdict(event)
        });
    (builder, log)
}

fn check(log: &Log, expected: Expect) {
    expected.assert_eq(&(log.lock().unwrap().join("\n") + "\n"));
}

#[test]
fn a_listener_hears_of_everything_that_happens_to_a_plugin() {
    let (builder, log) = heard(Fault(At::New, How::No), |_| Ok(()));
    let manager = builder.condition(|_| Ok(true)).build().unwrap();
    manager.load("neighbour").unwrap();
    manager.load("sync").unwrap_err();
    manager.disable("sync", "not here").unwrap();
    manager.disable("neighbour", "not here").unwrap();
    check(
        &log,
        expect![[r#"
        sync Before resolve
        sync After resolve
        neighbour Before resolve
        neighbour After resolve
        neighbour Before condition
        neighbour After condition
        neighbour Before init
        neighbour After init
        neighbour Before load
        neighbour After load
        sync Before condition
        sync After condition
        sync Before init
        sync After init
        sync Before condition
        sync Disabled condition Load condition for plugin was false
        sync Disabled condition not here
        neighbour Before stop
        neighbour After stop
        neighbour Disabled condition not here
    "#]],
    );
}

#[test]
fn a_condition_that_does_not_hold_is_heard_and_nothing_of_the_plugin_runs() {
    let (builder, log) = heard(Fault(At::New, How::Panic), |_| Ok(()));
    let manager = builder.condition(|plugin| Ok(plugin.name() != "sync")).build().unwrap();
    let error = manager.load("sync").unwrap_err().to_string();
    assert!(error.ends_with("is disabled by a condition: a condition of the manager was false"));
    check(
        &log,
        expect![[r#"
        sync Before resolve
        sync After resolve
        neighbour Before resolve
        neighbour After resolve
        sync Before condition
        sync Disabled condition a condition of the manager was false
    "#]],
    );
}

#[test]
fn a_veto_after_the_load_stands_whatever_becomes_of_the_stop_and_the_stop_is_heard() {
    let veto = |event: &Event<'_>| match (event.phase(), event.moment()) {
        (Phase::Load, Moment::After) => Err(Veto::disable("not in this region")),
        _ => Ok(()),
    };
    let (builder, log) = heard(Fault(At::Stop, How::Error), veto);
    let manager = builder.build().unwrap();
    manager.load("sync").unwrap_err();
    let state = manager.state("sync").unwrap();
    assert!(matches!(state, State::Disabled { by: DisabledBy::Listener, .. }), "{state}");
    check(
        &log,
        expect![[r#"
        sync Before resolve
        sync After resolve
        neighbour Before resolve
        neighbour After resolve
        sync Before init
        sync After init
        sync Before condition
        sync After condition
        sync Before load
        sync After load
        sync Disabled load not in this region
        sync Before stop
        sync Failed stop an error
    "#]],
    );
    // Where nothing may be awaited, a stop that is async cannot run; the veto stands.
    let (builder, _) = heard(Fault(At::New, How::Error), |event| match event.phase() {
        Phase::Load if event.moment() == Moment::After => Err(Veto::disable("no")),
        _ => Ok(()),
    });
    let manager = builder.build().unwrap();
    let _ = pollster::block_on(manager.load_async("async"));
}

#[test]
fn enabling_and_retrying_ask_the_listeners_from_the_start() {
    let open = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let gate = Arc::clone(&open);
    let (builder, _) = heard(Fault(At::New, How::Error), move |event| {
        let closed = !gate.load(std::sync::atomic::Ordering::Relaxed);
        match (event.phase(), event.moment()) {
            (Phase::Resolve, Moment::Before) if closed => Err(Veto::disable("not yet")),
            _ => Ok(()),
        }
    });
    let manager = builder.build().unwrap();
    let error = manager.enable("neighbour").unwrap_err().to_string();
    assert!(error.ends_with("is disabled by a listener: not yet"), "{error}");
    open.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(manager.enable("neighbour").is_ok());
}

#[test]
fn a_listener_hears_of_a_load_that_is_dropped_half_way_and_asks_the_manager_it_gets() {
    use std::task::{Context, Waker};

    mod waiting {
        #[plugo::plugin(name = "waits", namespace = "waiting")]
        async fn waits() {
            std::future::pending::<()>().await;
        }

        plugo::plugins![waits];
    }
    let log = Log::default();
    let heard = Arc::clone(&log);
    let manager = PluginManager::builder("waiting")
        .table(&waiting::PLUGINS)
        .listener(move |event: &Event<'_>| {
            let state = event.manager().map(|manager| manager.state(event.plugin().name()));
            let state = state.map(|state| state.unwrap().to_string());
            let line =
                format!("{:?} {} {}", event.moment(), event.phase(), state.unwrap_or_default());
            heard.lock().unwrap().push(line);
            Ok(())
        })
        .build()
        .unwrap();
    let mut load = Box::pin(manager.load_async("waits"));
    assert!(load.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(load);
    check(
        &log,
        expect![[r#"
        Before resolve resolved
        After resolve resolved
        Before init resolved
        After init resolved
        Before load initialised
        Failed load initialised
    "#]],
    );
}

// The end of a manager.

#[test]
fn a_strict_load_of_a_manager_that_is_gone_is_an_error() {
    let kept: Arc<OnceLock<PluginManager>> = Arc::new(OnceLock::new());
    let handle = Arc::clone(&kept);
    let (builder, _) = heard(Fault(At::New, How::Error), move |event| {
        let _ = handle.set(event.manager().expect("it lives").clone());
        Ok(())
    });
    let manager = builder.build().unwrap();
    manager.retry("sync").unwrap_err();
    drop(manager);
    let kept = kept.get().unwrap();
    let failed = kept.state("sync").unwrap().to_string();
    assert_eq!(failed, "failed in init: an error");
    kept.retry("sync").unwrap_err();
    assert_eq!(kept.state("sync").unwrap().to_string(), failed, "a refusal changes nothing");
    assert!(matches!(kept.load_all().into_result(), Err(LoadError::Closed)));
}

#[test]
fn a_plugin_that_drops_the_last_handle_is_stopped_when_it_has_loaded() {
    type Slot = Arc<Mutex<Option<PluginManager>>>;

    mod dropping {
        use std::sync::{Arc, Mutex};

        use plugo::PluginManager;

        #[plugo::plugin(name = "dropper", namespace = "dropping")]
        fn dropper(slot: &Arc<Mutex<Option<PluginManager>>>) {
            let last = slot.lock().unwrap().take();
            drop(last);
        }

        plugo::plugins![dropper];
    }
    let slot = Slot::default();
    let kept: Arc<OnceLock<PluginManager>> = Arc::new(OnceLock::new());
    let handle = Arc::clone(&kept);
    let manager = PluginManager::builder("dropping")
        .table(&dropping::PLUGINS)
        .provide("slot", Arc::clone(&slot))
        .listener(move |event: &Event<'_>| {
            let _ = handle.set(event.manager().expect("it lives").clone());
            Ok(())
        })
        .build()
        .unwrap();
    *slot.lock().unwrap() = Some(manager);
    let kept = kept.get().expect("a listener heard that the plugin is resolved").clone();
    let loaded = soon(move || {
        let loaded = kept.load("dropper").map(drop).map_err(|error| error.to_string());
        (loaded, kept.state("dropper").unwrap().to_string())
    });
    assert_eq!(loaded.0, Err("the plugin manager was dropped, and its plugins are stopped".into()));
    assert_eq!(loaded.1, "stopped");
}

#[test]
fn a_manager_that_is_dropped_beside_a_suspended_load_does_not_wait_for_it() {
    use std::task::{Context, Waker};

    let stops = soon(|| {
        let (builder, log) = heard(Fault(At::New, How::Error), |_| Ok(()));
        let kept: Arc<OnceLock<PluginManager>> = Arc::new(OnceLock::new());
        let handle = Arc::clone(&kept);
        let manager = builder
            .listener(move |event: &Event<'_>| {
                let _ = handle.set(event.manager().expect("it lives").clone());
                Ok(())
            })
            .build()
            .unwrap();
        manager.load("neighbour").unwrap();
        let kept = kept.get().unwrap();
        let mut load = Box::pin(kept.with(kwargs! {}).load_async("async"));
        let _ = load.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(manager);
        let stops = log.lock().unwrap().iter().filter(|line| line.contains("After stop")).count();
        drop(load);
        stops
    });
    assert_eq!(stops, 1, "what was loaded is stopped");
}

// Names.

#[test]
fn a_namespace_that_is_none_is_told_of() {
    let manager = PluginManager::builder("faulti").table(&faulty::PLUGINS).build().unwrap();
    let report = manager.load_all().to_string();
    assert_eq!(
        report,
        "0 of 0 plugins loaded in namespace `faulti`\n\
         warning: no plugin is in the namespace `faulti`; did you mean `faulty`?"
    );
}

#[test]
fn an_error_says_its_cause_once() {
    mod outer {
        use plugo::{PluginError, PluginManager};

        #[plugo::plugin(name = "inner", namespace = "outer")]
        fn inner() -> Result<(), String> {
            Err("boom".to_owned())
        }

        #[plugo::plugin(name = "outer", namespace = "outer")]
        fn outer(manager: &PluginManager) -> Result<(), PluginError> {
            manager.load("inner").map(drop)
        }

        plugo::plugins![inner, outer];
    }
    let manager = PluginManager::builder("outer").table(&outer::PLUGINS).build().unwrap();
    let error = manager.load("outer").unwrap_err().to_string();
    assert_eq!(error, "plugin `outer` failed in load: plugin `inner` failed in load: boom");
}

/// A plugin type whose items are in two namespaces, and whose method is that
/// of a trait that it extends.
mod spread {
    use plugo::Item;

    pub(super) trait Named {
        fn is(&self) -> &'static str;
    }

    #[plugo::plugin_type(name = "spread")]
    pub(super) trait Spread: Named + Send + Sync {}

    #[plugo::plugin(name = "same", namespace = "spread.one", of = dyn Spread)]
    #[derive(Default)]
    struct One;

    #[plugo::plugin(name = "same", namespace = "spread.two", of = dyn Spread, priority = 1)]
    #[derive(Default)]
    struct Two;

    #[plugo::plugin(name = "other", of = dyn Spread, priority = 2)]
    #[derive(Default)]
    struct Other;

    macro_rules! named {
        ($($ty:ident)*) => {$(
            impl Named for $ty {
                fn is(&self) -> &'static str {
                    stringify!($ty)
                }
            }

            impl Spread for $ty {}
        )*};
    }

    named!(One Two Other);

    /// A selector that asks for what it is to select.
    #[plugo::plugin_type(name = "endless", selector = again())]
    pub(super) trait Endless: Send + Sync {
        #[expect(dead_code, reason = "nothing is ever selected")]
        fn call(&self);
    }

    fn again(_: &[Item<dyn Endless>]) -> Result<Option<Item<dyn Endless>>, plugo::SelectError> {
        plugo::items::<dyn Endless>().select().map(Some)
    }

    #[plugo::plugin(name = "endless", namespace = "spread.one", of = dyn Endless)]
    #[derive(Default)]
    struct Ends;

    impl Endless for Ends {
        fn call(&self) {}
    }

    /// An item that is made with an argument.
    #[plugo::plugin_type(name = "told")]
    pub(super) trait Told: Send + Sync {
        fn text(&self) -> &str;
    }

    #[plugo::plugin(name = "told", namespace = "spread.one", of = dyn Told, new = Tells::new(text: &str))]
    struct Tells(String);

    impl Tells {
        fn new(text: &str) -> Self {
            Tells(text.to_owned())
        }
    }

    impl Told for Tells {
        fn text(&self) -> &str {
            &self.0
        }
    }

    plugo::plugins![One, Two, Other, Ends, Tells];
}

#[test]
fn an_item_is_named_with_its_namespace_where_its_name_alone_is_not_enough() {
    let items = plugo::items::<dyn spread::Spread>();
    let is = |name: &str| items.get(name).map(|item| item.shared().unwrap().is());
    assert_eq!(is("other").unwrap(), "Other");
    assert_eq!(is("plugins/other").unwrap(), "Other");
    assert_eq!(is("spread.two/same").unwrap(), "Two");
    assert_eq!(
        is("same").unwrap_err().to_string(),
        "plugin type `spread` has several items `same`: ask for one of `spread.one/same`, \
         `spread.two/same`"
    );
}

#[test]
fn what_an_operator_says_of_one_item_under_two_names_holds_together() {
    let _operator = crate::django::Operator::takes_over();
    let overrides = plugo::Overrides::new()
        .priority("other", -5)
        .status("plugins/other", plugo::Status::Reserve);
    assert_eq!(overrides.len(), 1);
    assert_eq!(plugo::set_overrides(overrides).len(), 0);
    let other = plugo::items::<dyn spread::Spread>().get("other").unwrap();
    assert_eq!((other.priority(), other.status()), (-5, plugo::Status::Reserve));
}

#[test]
fn a_selector_that_asks_for_what_it_selects_is_an_error() {
    let error = plugo::items::<dyn spread::Endless>().select().unwrap_err().to_string();
    assert!(error.contains("the selector of `endless` asks for what it is to select"), "{error}");
}

#[test]
fn a_fallback_makes_items_with_the_arguments_that_it_gets() {
    let items = plugo::items::<dyn spread::Told>();
    fn healthy(_: &(dyn spread::Told + 'static)) -> Result<(), String> {
        Ok(())
    }
    let error = items.select_with_fallback(healthy).unwrap_err().to_string();
    assert!(error.contains("the app gives no argument `text`"), "{error}");
    let found = items.fallback_with(kwargs! { text: "hello" }, healthy).unwrap();
    assert_eq!(found.instance.text(), "hello");
}

#[test]
fn what_a_filter_took_away_stays_away() {
    let builder = PluginManager::builder("faulty").table(&faulty::PLUGINS);
    let manager = builder.exclude(plugo::Rule::name("neigh*")).build().unwrap();
    manager.disable("neighbour", "for a while").unwrap();
    let error = manager.enable("neighbour").unwrap_err().to_string();
    assert!(error.contains("is disabled by a filter"), "{error}");
}
