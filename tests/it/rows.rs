//! What loading does with plugins in a row, where most are called one after the
//! other and nothing else is done: whatever is not so in the middle of a row harms
//! none of its neighbours. The tables are laid out as the build script would write
//! them.

use std::sync::Mutex;

use plugo::{Report, kwargs};

mod row {
    use std::sync::Mutex;

    type Log = Vec<String>;

    #[plugo::plugin(name = "row-first")]
    fn first(log: &mut Log) {
        log.push("first".to_owned());
    }

    #[plugo::plugin(name = "row-guest", namespace = "guests")]
    fn guest(log: &mut Log) {
        log.push("guest".to_owned());
    }

    #[plugo::plugin(name = "row-value")]
    fn value(log: &mut Log) -> String {
        log.push("value".to_owned());
        "what it left".to_owned()
    }

    /// Loads the whole row from the middle of it.
    #[plugo::plugin(name = "row-nests")]
    fn nests(log: &mut Log) {
        let mut inner = Log::new();
        let report = PLUGINS.load(plugo::kwargs! { log: &mut inner });
        log.push(format!("nested [{}] {}", inner.join(" "), super::state(&report, "row-nests")));
    }

    /// What its item, which it makes, saw.
    pub(super) static SEEN: Mutex<String> = Mutex::new(String::new());

    #[plugo::plugin(name = "row-makes")]
    fn makes() -> Result<(), plugo::SelectError> {
        let deep = plugo::items::<dyn Deep>().get("row-deep")?.create()?;
        assert_eq!(deep.depth(), 1);
        Ok(())
    }

    #[plugo::plugin_type]
    trait Deep: Send + Sync {
        fn depth(&self) -> u32;
    }

    #[plugo::plugin(name = "row-deep", of = dyn Deep, new = MadeDeep::new())]
    struct MadeDeep;

    impl MadeDeep {
        /// Loads the row on behalf of the plugin that makes it.
        fn new() -> Self {
            let mut seen = SEEN.lock().unwrap();
            if seen.is_empty() {
                *seen = "looks".to_owned();
                drop(seen);
                let mut log = Log::new();
                let report = PLUGINS.load(plugo::kwargs! { log: &mut log });
                *SEEN.lock().unwrap() = super::state(&report, "row-makes");
            }
            MadeDeep
        }
    }

    impl Deep for MadeDeep {
        fn depth(&self) -> u32 {
            1
        }
    }

    #[plugo::plugin(name = "row-panics")]
    fn panics(log: &mut Log) {
        log.push("panics".to_owned());
        let mut inner = Log::new();
        let _ = PLUGINS.load(plugo::kwargs! { log: &mut inner });
        panic!("on purpose");
    }

    #[plugo::plugin(name = "row-needs-panics")]
    fn needs_panics(log: &mut Log) {
        log.push("never".to_owned());
    }

    #[plugo::plugin(name = "row-async")]
    async fn asynchronous(log: &mut Log) {
        log.push("async".to_owned());
    }

    #[plugo::plugin(name = "row-needs-value")]
    fn needs_value(log: &mut Log) -> u32 {
        log.push("needs-value".to_owned());
        7
    }

    #[plugo::plugin(name = "row-last")]
    fn last(log: &mut Log) {
        log.push("last".to_owned());
    }

    plugo::__private::table! {
        core: "0.1.0",
        app: "row",
        client: None,
        fingerprint: "",
        crates: [],
        text: "row-firstrow-guestrow-valuerow-nestsrow-makesrow-deeprow-panicsrow-needs-panicsrow-asyncrow-needs-valuerow-lastpluginsguests0.1.0",
        starts: [0, 9, 18, 27, 36, 45, 53, 63, 79, 88, 103, 111, 118, 124, 129, 129],
        columns: {
            NAMESPACES: Narrow [11, 12],
            NAMESPACE: Narrow [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            VERSION: Narrow [13],
            DESCRIPTION: Narrow [14],
            AUTHORS: Narrow [14],
            IDENTIFIER: Narrow [14],
            PACKAGE: Narrow [14],
            FILE: Narrow [14],
            LINE: Narrow [0],
            COLUMN: Narrow [0],
            DEPENDENCY_STARTS: Narrow [0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 4, 4],
            DEPENDENCIES: Narrow [2, 0, 6, 2],
            REASON_STARTS: Narrow [],
            REASONS: Narrow [],
            SEEDS: Narrow [],
            SLOTS: Narrow [],
        },
        priority: [0],
        plugins: [
            ("tests", "0.1.0", "plugins", "row-first")
            ("tests", "0.1.0", "guests", "row-guest")
            ("tests", "0.1.0", "plugins", "row-value")
            ("tests", "0.1.0", "plugins", "row-nests")
            ("tests", "0.1.0", "plugins", "row-makes")
            ("tests", "0.1.0", "plugins", "row-deep")
            ("tests", "0.1.0", "plugins", "row-panics")
            ("tests", "0.1.0", "plugins", "row-needs-panics")
            ("tests", "0.1.0", "plugins", "row-async")
            ("tests", "0.1.0", "plugins", "row-needs-value")
            ("tests", "0.1.0", "plugins", "row-last")
        ],
    }
}

fn state(report: &Report, name: &str) -> String {
    report.get(name).map(|report| report.state().to_string()).unwrap_or_default()
}

fn states(report: &Report) -> Vec<String> {
    let line = |report: &plugo::PluginReport| {
        format!("{} {}", report.plugin().name().trim_start_matches("row-"), report.state())
    };
    report.plugins().map(line).collect()
}

fn failed(report: &Report) -> Vec<&'static str> {
    report.failed().map(|report| report.plugin().name()).collect()
}

/// One at a time: what an item saw is said once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn whatever_happens_in_the_middle_of_a_row_is_told_of_the_plugin_that_it_happens_to() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    row::SEEN.lock().unwrap().clear();
    let mut log: Vec<String> = Vec::new();
    let report = row::PLUGINS.load(kwargs! { log: &mut log });
    // Before anything was asked that has to do with each plugin, and after.
    assert_eq!(failed(&report), ["row-panics", "row-needs-panics", "row-async"]);
    assert_eq!(
        states(&report),
        [
            "first loaded",
            "value loaded",
            "nests loaded",
            "makes loaded",
            "deep loaded",
            "panics failed: it panicked: on purpose",
            "needs-panics skipped: it depends on `row-panics`, which did not load",
            "async failed: it is async, which needs `load_plugins_async` instead of \
             `load_plugins`, or the manager's functions that end in `_async`",
            "needs-value loaded",
            "last loaded",
        ]
    );
    assert_eq!(failed(&report), ["row-panics", "row-needs-panics", "row-async"]);
    assert_eq!(report.loaded().count(), 7);
    assert_eq!(report.value::<String>("row-value").map(String::as_str), Some("what it left"));
    assert_eq!(report.value("row-needs-value"), Some(&7u32));
    assert_eq!(report.value::<String>("row-first"), None);
    let again = "failed: it loads the plugins, itself among them";
    let nested = format!("nested [first value panics needs-value last] {again}");
    assert_eq!(log, ["first", "value", &nested, "panics", "needs-value", "last"]);
}

#[test]
fn who_makes_an_item_in_a_row_is_known_to_what_the_item_does() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    row::SEEN.lock().unwrap().clear();
    let mut log: Vec<String> = Vec::new();
    let report = row::PLUGINS.load(kwargs! { log: &mut log });
    assert_eq!(state(&report, "row-makes"), "loaded");
    let seen = row::SEEN.lock().unwrap().clone();
    assert_eq!(seen, "failed: it loads the plugins, itself among them");
}

#[test]
fn an_async_plugin_in_a_row_is_awaited_in_its_place() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut log: Vec<String> = Vec::new();
    let report = pollster::block_on(row::PLUGINS.load_async(kwargs! { log: &mut log }));
    assert_eq!(failed(&report), ["row-panics", "row-needs-panics"]);
    log.retain(|line| !line.starts_with("nested"));
    assert_eq!(log, ["first", "value", "panics", "async", "needs-value", "last"]);
}

#[test]
fn a_namespace_in_the_middle_of_another_is_loaded_alone() {
    let mut log: Vec<String> = Vec::new();
    let report = plugo::load_namespace("guests", kwargs! { log: &mut log });
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["row-guest"]);
    assert_eq!(log, ["guest"]);
    assert!(row::PLUGINS.get("row-guest").is_none());
    let guest = row::PLUGINS.get_in("guests", "row-guest").unwrap();
    assert_eq!((guest.order(), guest.namespace(), guest.version()), (1, "guests", "0.1.0"));
    assert!(row::PLUGINS.get_in("guests", "row-first").is_none());
    let needs: Vec<_> = row::PLUGINS.get("row-needs-panics").unwrap().dependencies().collect();
    assert_eq!(needs.iter().map(|needed| needed.order()).collect::<Vec<_>>(), [0, 6]);
}

/// Two tables of one namespace that share two plugins, one of which fails.
mod pair {
    pub(super) type Log = Vec<&'static str>;

    #[plugo::plugin(name = "broken", namespace = "couple")]
    fn broken(log: &mut Log) -> Result<(), String> {
        log.push("broken");
        Err("broken".to_owned())
    }

    #[plugo::plugin(name = "fine", namespace = "couple")]
    fn fine(log: &mut Log) {
        log.push("fine");
    }

    #[plugo::plugin(name = "needs-broken", namespace = "couple")]
    fn needs_broken(log: &mut Log) {
        log.push("never");
    }

    #[plugo::plugin(name = "needs-fine", namespace = "couple")]
    fn needs_fine(log: &mut Log) {
        log.push("needs-fine");
    }

    #[plugo::plugin(name = "own", namespace = "couple")]
    fn own(log: &mut Log) {
        log.push("own");
    }

    mod one {
        plugo::__private::table! {
            core: "0.1.0",
            app: "pair-one",
            client: None,
            fingerprint: "",
            crates: [],
            text: "brokenfinecouple0.1.0",
            starts: [0, 6, 10, 16, 21, 21],
            columns: {
                NAMESPACES: Narrow [2],
                NAMESPACE: Narrow [0],
                VERSION: Narrow [3],
                DESCRIPTION: Narrow [4],
                AUTHORS: Narrow [4],
                IDENTIFIER: Narrow [4],
                PACKAGE: Narrow [4],
                FILE: Narrow [4],
                LINE: Narrow [0],
                COLUMN: Narrow [0],
                DEPENDENCY_STARTS: Narrow [],
                DEPENDENCIES: Narrow [],
                REASON_STARTS: Narrow [],
                REASONS: Narrow [],
                SEEDS: Narrow [],
                SLOTS: Narrow [],
            },
            priority: [0],
            plugins: [
                ("tests", "0.1.0", "couple", "broken")
                ("tests", "0.1.0", "couple", "fine")
            ],
        }
    }

    mod two {
        plugo::__private::table! {
            core: "0.1.0",
            app: "pair-two",
            client: None,
            fingerprint: "",
            crates: [],
            text: "finebrokenneeds-brokenneeds-fineowncouple0.1.0",
            starts: [0, 4, 10, 22, 32, 35, 41, 46, 46],
            columns: {
                NAMESPACES: Narrow [5],
                NAMESPACE: Narrow [0],
                VERSION: Narrow [6],
                DESCRIPTION: Narrow [7],
                AUTHORS: Narrow [7],
                IDENTIFIER: Narrow [7],
                PACKAGE: Narrow [7],
                FILE: Narrow [7],
                LINE: Narrow [0],
                COLUMN: Narrow [0],
                DEPENDENCY_STARTS: Narrow [0, 0, 0, 2, 3, 3],
                DEPENDENCIES: Narrow [0, 1, 0],
                REASON_STARTS: Narrow [],
                REASONS: Narrow [],
                SEEDS: Narrow [],
                SLOTS: Narrow [],
            },
            priority: [0],
            plugins: [
                ("tests", "0.1.0", "couple", "fine")
                ("tests", "0.1.0", "couple", "broken")
                ("tests", "0.1.0", "couple", "needs-broken")
                ("tests", "0.1.0", "couple", "needs-fine")
                ("tests", "0.1.0", "couple", "own")
            ],
        }
    }
}

#[test]
fn what_became_of_a_shared_plugin_holds_in_the_second_table_too() {
    let mut log = pair::Log::new();
    let report = plugo::load_namespace("couple", kwargs! { log: &mut log });
    assert_eq!(
        states(&report),
        [
            "broken failed: broken",
            "fine loaded",
            "needs-broken skipped: it depends on `broken`, which did not load",
            "needs-fine loaded",
            "own loaded",
        ]
    );
    assert_eq!(log, ["broken", "fine", "needs-fine", "own"]);
}
