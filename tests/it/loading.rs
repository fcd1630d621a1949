//! What loading does with arguments, errors, panics and `async`, on tables
//! that are listed by hand.

use std::error::Error;
use std::sync::{Arc, Mutex};

use plugo::{Failure, LoadError, State};

/// One table with a plugin for each way to take arguments and to end.
mod all {
    use std::error::Error;

    #[plugo::plugin(name = "takes-all")]
    fn takes_all(
        log: &mut Vec<String>,
        number: &u32,
        text: &str,
        owned: &str,
        absent: Option<&u8>,
        present: Option<&mut u64>,
        _type: &u8,
    ) {
        *present.expect("the app gives it") += 1;
        log.push(format!("{number} {text} {owned} {absent:?} {type}", type = _type));
    }

    #[plugo::plugin(name = "missing")]
    fn missing(log: &mut Vec<String>, databases: &std::path::PathBuf) {
        log.push(format!("never with {databases:?}"));
    }

    #[plugo::plugin(name = "mistyped")]
    fn mistyped(number: &u64) {
        unreachable!("{number}");
    }

    #[plugo::plugin(name = "not-mutable")]
    fn not_mutable(number: &mut u32) {
        *number = 0;
    }

    #[plugo::plugin(name = "optional-mistyped")]
    fn optional_mistyped(number: Option<&String>) {
        unreachable!("{number:?}");
    }

    #[plugo::plugin(name = "error")]
    fn error() -> anyhow::Result<()> {
        Err(anyhow::anyhow!("the root of it").context("the outside"))
    }

    #[plugo::plugin(name = "local-error")]
    fn local_error() -> Result<(), Box<dyn Error>> {
        Err("text".into())
    }

    #[plugo::plugin(name = "string-error")]
    fn string_error() -> Result<(), String> {
        Err("a string".to_owned())
    }

    #[plugo::plugin(name = "panic")]
    fn panics(log: &mut Vec<String>) {
        log.push("about to panic".to_owned());
        panic!("on {}", "purpose");
    }

    #[plugo::plugin(name = "odd-panic")]
    fn odd_panic() {
        std::panic::panic_any(5u8);
    }

    #[plugo::plugin(name = "async")]
    async fn asynchronous(log: &mut Vec<String>, text: &str) -> Result<(), std::fmt::Error> {
        pending_once().await;
        log.push(format!("async {text}"));
        Ok(())
    }

    #[plugo::plugin(name = "async-panic")]
    async fn async_panic() {
        pending_once().await;
        panic!("after waiting");
    }

    #[plugo::plugin(name = "last")]
    fn last(log: &mut Vec<String>) {
        log.push("last".to_owned());
    }

    /// Is not ready the first time it is asked.
    async fn pending_once() {
        let mut asked = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut asked, true) {
                return std::task::Poll::Ready(());
            }
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }

    plugo::plugins![
        takes_all,
        missing,
        mistyped,
        not_mutable,
        optional_mistyped,
        error,
        local_error,
        string_error,
        panics,
        odd_panic,
        asynchronous,
        async_panic,
        last,
    ];
}

struct Outcome {
    report: plugo::Report,
    log: Vec<String>,
    present: u64,
}

fn load(asynchronously: bool) -> Outcome {
    let mut log: Vec<String> = Vec::new();
    let mut present = 1u64;
    let owned = String::from("owned");
    let kwargs = plugo::kwargs! {
        log: &mut log,
        number: &5u32,
        text: "text",
        owned: &owned,
        present: &mut present,
        r#type: &3u8,
        database: &"nobody asks for it",
    };
    let report = match asynchronously {
        true => pollster::block_on(all::PLUGINS.load_async(kwargs)),
        false => all::PLUGINS.load(kwargs),
    };
    Outcome { report, log, present }
}

fn state(report: &plugo::Report, name: &str) -> String {
    report.get(name).expect("a plugin of that name").state().to_string()
}

#[test]
fn i03_i04_arguments_are_matched_by_name_and_type_and_the_rest_is_ignored() {
    let Outcome { report, log, present } = load(false);
    assert_eq!(log[0], "5 text owned None 3");
    assert_eq!(present, 2);
    for (name, expected) in [
        (
            "missing",
            "failed: the app gives no argument `databases` (wanted: `&std::path::PathBuf`); it gives \
             `log`, `number`, `text`, `owned`, `present`, `type`, `database`; did you mean `database`?",
        ),
        ("mistyped", "failed: argument `number` is `&u32` (wanted: `&u64`)"),
        ("not-mutable", "failed: argument `number` is `&u32` (wanted: `&mut u32`)"),
        (
            "optional-mistyped",
            "failed: argument `number` is `&u32` (wanted: `&alloc::string::String`)",
        ),
    ] {
        assert_eq!(state(&report, name), expected);
    }
}

#[test]
fn i02_an_error_or_a_panic_fails_that_plugin_and_the_rest_load() {
    let Outcome { report, log, .. } = load(false);
    assert_eq!(state(&report, "error"), "failed: the outside: the root of it");
    assert_eq!(state(&report, "local-error"), "failed: text");
    assert_eq!(state(&report, "string-error"), "failed: a string");
    assert_eq!(state(&report, "panic"), "failed: it panicked: on purpose");
    assert_eq!(state(&report, "odd-panic"), "failed: it panicked: (the payload is not a text)");
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["takes-all", "last"]);
    assert_eq!(log, ["5 text owned None 3", "about to panic", "last"]);
    let State::Failed { error, .. } = report.get("error").unwrap().state() else {
        panic!("not failed")
    };
    let Failure::Error(error) = &**error else { panic!("not an error") };
    assert_eq!(error.source().unwrap().to_string(), "the root of it", "the error is kept whole");
}

#[test]
fn async_init_functions_are_awaited_or_refused() {
    let Outcome { report, log, .. } = load(false);
    assert!(state(&report, "async").contains("needs `load_plugins_async`"));
    assert!(!log.iter().any(|line| line.starts_with("async")));
    let Outcome { report, log, .. } = load(true);
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["takes-all", "async", "last"]);
    assert_eq!(log.last().unwrap(), "last");
    assert!(log.contains(&"async text".to_owned()));
    assert_eq!(state(&report, "async-panic"), "failed: it panicked: after waiting");
}

#[test]
fn a_strict_result_names_every_failure() {
    let error = load(true).report.into_result().unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("10 plugins did not load\n  `missing` failed: the app gives no"),
        "{text}"
    );
    let LoadError::Failed(report) = error else { panic!("{text}") };
    assert_eq!(report.failed().count(), 10);
    assert_eq!(report.plugins().len(), 13);
}

#[test]
fn a_library_finds_the_tables_of_the_program() {
    let found: Vec<usize> = plugo::tables().iter().map(|table| table.len()).collect();
    assert!(found.contains(&all::PLUGINS.len()) && found.contains(&namespaced::PLUGINS.len()));
    let report = plugo::load_namespace("elsewhere", plugo::kwargs! {});
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["other"]);
    assert_eq!(
        report.to_string(),
        "1 of 1 plugin loaded in namespace `elsewhere`\n  other  0.1.0  loaded"
    );
}

mod namespaced {
    pub(crate) const ABOVE: u32 = line!();
    #[plugo::plugin(name = "other", namespace = "elsewhere", priority = -3)]
    pub(crate) fn init() {}

    plugo::plugins![init];
}

#[test]
fn a_plugin_listed_by_hand_knows_what_its_attribute_says() {
    let plugin = namespaced::PLUGINS.get_in("elsewhere", "other").unwrap();
    assert_eq!(namespaced::PLUGINS.get("other"), None, "it is not in the default namespace");
    assert_eq!((plugin.name(), plugin.priority(), plugin.version()), ("other", -3, "0.1.0"));
    assert_eq!(plugin.package(), "tests");
    let place = plugin.place();
    assert_eq!((place.file(), place.position()), (file!(), Some((namespaced::ABOVE + 1, 5))));
    assert_eq!(place.to_string(), format!("{}:{}:5", file!(), namespaced::ABOVE + 1));
    assert_eq!((plugin.dependencies().len(), plugin.reasons().len()), (0, 0));
    let backwards: Vec<_> = all::PLUGINS.iter().rev().take(2).map(|p| p.name()).collect();
    assert_eq!(backwards, ["last", "async-panic"]);
}

#[test]
fn l01_l02_l03_events_go_to_the_apps_subscriber() {
    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    // For the whole program: other tests run beside this one, and `tracing` may remember for good
    // that a place was first passed where nobody listened.
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    let report = load(false).report;
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    for line in [
        " INFO plugo_core::announce: plugin loaded plugin=\"last\" version=\"0.1.0\"\n",
        "ERROR plugo_core::announce: plugin failed plugin=\"local-error\" version=\"0.1.0\" phase=load error=text\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // Each is heard of, in load order, whether anything was to be said of it or not.
    let mut at = 0;
    for plugin in report.plugins().map(|report| report.plugin().name()) {
        let found = text[at..].find(&format!(" plugin=\"{plugin}\" "));
        at += found.unwrap_or_else(|| panic!("{plugin} is not heard of in its place: {text}"));
    }
}

#[test]
fn an_argument_that_is_almost_an_optional_parameter_is_warned_of() {
    let mut log: Vec<String> = Vec::new();
    let (mut present, mut absnet) = (1u64, 2u8);
    let kwargs = plugo::kwargs! {
        log: &mut log, number: &5u32, text: "", owned: "", present: &mut present, r#type: &3u8,
        absnet: &mut absnet, other: &0u8,
    };
    let report = all::PLUGINS.load(kwargs);
    let warnings: Vec<String> = report.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "no plugin takes the argument `absnet`; one asks for `absent`, which the app does not give"
        ]
    );
}

#[test]
fn two_tables_that_share_a_plugin_load_it_once() {
    mod shared {
        use std::sync::atomic::{AtomicU32, Ordering};

        pub(super) static CALLS: AtomicU32 = AtomicU32::new(0);

        #[plugo::plugin(name = "shared", namespace = "twice")]
        pub(crate) fn init(_unused: Option<&u8>) {
            CALLS.fetch_add(1, Ordering::Relaxed);
        }

        mod one {
            plugo::plugins![super::init];
        }
        mod two {
            plugo::plugins![super::init];
        }
    }
    let report = plugo::load_namespace("twice", plugo::kwargs! {});
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["shared"]);
    assert_eq!(shared::CALLS.load(std::sync::atomic::Ordering::Relaxed), 1);
}

/// Functions that are called as something is that the attribute writes beside them.
mod called_alike {
    #![forbid(unsafe_code)]

    #[plugo::plugin(name = "entry", namespace = "alike")]
    fn entry(log: &mut Vec<String>) {
        log.push("entry".to_owned());
    }

    #[plugo::plugin(name = concat!("two-", "words"), namespace = "alike")]
    fn arguments(log: &mut Vec<String>, number: &u32) {
        log.push(format!("arguments {number}"));
    }

    #[plugo::plugin(name = "call", namespace = "alike")]
    fn call() {}

    plugo::plugins![entry, arguments, call];
}

#[test]
fn a_plugin_s_function_may_have_any_name() {
    let mut log: Vec<String> = Vec::new();
    let number = 7_u32;
    let kwargs = plugo::kwargs! { log: &mut log, number: &number };
    let report = plugo::load_namespace("alike", kwargs).into_result().unwrap();
    assert_eq!(report.loaded().collect::<Vec<_>>(), ["entry", "two-words", "call"]);
    assert_eq!(log, ["entry", "arguments 7"]);
    assert!(called_alike::PLUGINS.get_in("alike", "two-words").is_some());
}

#[test]
fn a_plugin_is_found_by_name_among_many() {
    // More than are gone through one by one, in an order that is not the names'.
    macro_rules! many {
        ($($init:ident)*) => {
            $(#[plugo::plugin(name = stringify!($init), namespace = "many")] fn $init() {})*
            plugo::plugins![$($init),*];
        };
    }
    mod many {
        many!(p9 p8 p7 p6 p5 p4 p3 p2 p1 p0 q9 q8 q7 q6 q5 q4 q3 q2 q1 q0);
    }
    for (i, plugin) in many::PLUGINS.iter().enumerate() {
        let found = many::PLUGINS.get_in("many", plugin.name()).unwrap();
        assert_eq!((found, found.order()), (plugin, i));
    }
    assert!(many::PLUGINS.get_in("many", "p10").is_none());
}

#[test]
fn an_init_function_that_loads_the_plugins_gets_an_error() {
    mod nested {
        #[plugo::plugin(name = "nested")]
        fn init(depth: &mut Vec<String>) -> Result<(), plugo::LoadError> {
            depth.push("deeper".to_owned());
            PLUGINS.load(plugo::kwargs! { depth: depth }).into_result().map(drop)
        }
        plugo::plugins![init];
    }
    let mut depth: Vec<String> = Vec::new();
    let report = nested::PLUGINS.load(plugo::kwargs! { depth: &mut depth });
    assert_eq!(
        state(&report, "nested"),
        "failed: 1 plugin did not load\n  `nested` failed: it loads the plugins, itself among them"
    );
    assert_eq!(depth.len(), 1);
}

#[test]
fn reports_and_errors_cross_threads() {
    fn crosses<T: Send + 'static>(_: &T) {}
    let report = load(false).report;
    crosses(&report);
    let error: Box<dyn Error + Send> = Box::new(report.into_result().unwrap_err());
    assert!(std::thread::spawn(move || error.to_string()).join().is_ok());
}
