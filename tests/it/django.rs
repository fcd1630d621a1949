//! The cases of django-plugin-system that need no database, by their ids in
//! `docs/cases.md`: plugin types and which item is selected.

use std::sync::{Mutex, MutexGuard, PoisonError};

use plugo::{Failure, Item, Overrides, SelectError, Status, items, select, set_overrides};

/// Overrides hold for the whole program, so one test at a time sets them, and
/// leaves none.
pub(crate) struct Operator(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

static OPERATOR: Mutex<()> = Mutex::new(());

impl Operator {
    pub(crate) fn takes_over() -> Self {
        Operator(OPERATOR.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn says(&self, overrides: Overrides) {
        assert_eq!(set_overrides(overrides), []);
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        set_overrides(Overrides::new());
    }
}

/// A plugin type with items of every status.
mod otp {
    /// Sends codes.
    #[plugo::plugin_type(name = "django-otp")]
    pub(super) trait Otp: Send + Sync {
        fn name(&self) -> String;
    }

    macro_rules! item {
        ($ty:ident, $name:literal, $priority:literal, $status:literal) => {
            #[plugo::plugin(
                                                                            name = $name,
                                                                            namespace = "django",
                                                                            of = dyn Otp,
                                                                            priority = $priority,
                                                                            status = $status
                                                                        )]
            #[derive(Default)]
            struct $ty;

            impl Otp for $ty {
                fn name(&self) -> String {
                    $name.to_owned()
                }
            }
        };
    }

    item!(Reserved, "reserved", -10, "reserve");
    item!(Second, "second", 20, "active");
    item!(First, "first", 10, "active");
    item!(LastReserve, "last-reserve", 30, "reserve");
    item!(Off, "off", -99, "disabled");
    item!(Tied, "b-tied", 10, "disabled");

    plugo::plugins![Reserved, Second, First, LastReserve, Off, Tied];
}

fn selected() -> Result<String, SelectError> {
    select::<dyn otp::Otp>().map(otp::Otp::name)
}

fn names(items: &[Item<dyn otp::Otp>]) -> Vec<&'static str> {
    items.iter().map(Item::name).collect()
}

/// Every item of the type has this status.
fn all(status: Status) -> Overrides {
    let items = items::<dyn otp::Otp>().all();
    items
        .iter()
        .fold(Overrides::new(), |all, item| all.status(format!("django/{}", item.name()), status))
}

#[test]
fn django_d01_d02_d03_d04_d16_d17_what_is_wrong_with_a_type_or_an_item_does_not_compile() {
    // rustc holds these texts: tests/ui/plugin_types.rs is compiled, and must be refused so.
    let refused = include_str!("../ui/plugin_types.stderr");
    for (case, message) in [
        ("d01", "a name must not be empty"),
        ("d02", "a plugin type has a method"),
        ("d03", "an item of a plugin type has a name"),
        ("d04", "missing: `send`"),
        ("d16", "`dyn Plain` is no plugin type"),
        ("d17", "the trait `Otp` is not implemented for `NotImplemented`"),
    ] {
        assert!(refused.contains(message), "{case}: {message}");
    }
}

/// An item that is configured by its constructor's arguments.
mod configured {
    #[plugo::plugin_type(name = "django-mail")]
    pub(super) trait Mail: Send + Sync {
        fn sender(&self) -> &str;
    }

    #[derive(Debug)]
    pub(super) struct Config {
        pub(super) sender: String,
    }

    #[plugo::plugin(name = "smtp", namespace = "django", of = dyn Mail, new = Smtp::new(config: &Config))]
    struct Smtp {
        sender: String,
    }

    impl Smtp {
        fn new(config: &Config) -> Result<Self, String> {
            match config.sender.is_empty() {
                true => Err("nobody to send as".to_owned()),
                false => Ok(Smtp { sender: config.sender.clone() }),
            }
        }
    }

    impl Mail for Smtp {
        fn sender(&self) -> &str {
            &self.sender
        }
    }

    plugo::plugins![Smtp];
}

#[test]
fn django_d05_d11_d13_a_constructor_gets_its_configuration_typed() {
    let smtp = items::<dyn configured::Mail>().select().unwrap();
    let without = smtp.shared().err().unwrap().to_string();
    assert!(without.contains("the app gives no argument `config` (wanted: `&"), "{without}");
    let mut config = configured::Config { sender: String::new() };
    let empty = smtp.create_with(plugo::kwargs! { config: &config }).err().unwrap();
    assert_eq!(
        empty.to_string(),
        "item `smtp` of plugin type `django-mail` cannot be made: nobody to send as"
    );
    config.sender = "us@example.org".to_owned();
    let fresh = smtp.create_with(plugo::kwargs! { config: &config }).unwrap();
    assert_eq!(fresh.sender(), "us@example.org");
    let shared = smtp.shared_with(plugo::kwargs! { config: &config }).unwrap();
    config.sender = "them@example.org".to_owned();
    let again = smtp.shared_with(plugo::kwargs! { config: &config }).unwrap();
    assert!(std::ptr::eq(shared, again), "one instance for all");
    assert_eq!(select::<dyn configured::Mail>().unwrap().sender(), "us@example.org");
}

#[test]
fn django_d06_d07_types_and_items_are_found_by_what_they_are() {
    let _operator = Operator::takes_over();
    let item = items::<dyn otp::Otp>().get("second").unwrap();
    assert_eq!((item.name(), item.priority(), item.status()), ("second", 20, Status::Active));
    assert_eq!(item.create().unwrap().name(), "second");
    assert!(std::ptr::eq(item.shared().unwrap(), item.shared().unwrap()));
    let info = item.plugin().plugin_type().unwrap();
    assert_eq!((info.name(), info.package()), ("django-otp", "tests"));
}

#[test]
fn django_d08_d09_a_tool_that_knows_no_trait_sees_types_and_items() {
    let _operator = Operator::takes_over();
    let types = plugo::plugin_types();
    let find = |name: &str| types.iter().find(|known| known.info().name() == name).unwrap();
    let otp = find("django-otp");
    assert_eq!(otp.info().description(), "Sends codes.");
    assert!(otp.info().place().file().ends_with("tests/it/django.rs"));
    let seen: Vec<String> = otp
        .items()
        .iter()
        .map(|item| format!("{} {} {}", item.plugin().name(), item.status(), item.priority()))
        .collect();
    assert_eq!(
        seen,
        [
            "off disabled -99",
            "reserved reserve -10",
            "b-tied disabled 10",
            "first active 10",
            "second active 20",
            "last-reserve reserve 30"
        ]
    );
    assert_eq!(otp.selected().map(|item| item.plugin().name()), Some("first"));
    // Whether an item can be made is found out by making it.
    let smtp = &find("django-mail").items()[0];
    assert_eq!(smtp.declared_status(), Status::Active);
    let config = configured::Config { sender: "x".to_owned() };
    assert!(smtp.probe(plugo::kwargs! { config: &config }).result.is_ok());
    let failed = smtp.probe(plugo::kwargs! {}).result.unwrap_err();
    assert!(matches!(failed, Failure::Argument(_)), "{failed}");
}

#[test]
fn django_d10_d18_the_active_item_with_the_lowest_priority_is_selected() {
    let operator = Operator::takes_over();
    assert_eq!(selected().unwrap(), "first");
    let otp = items::<dyn otp::Otp>();
    assert_eq!(names(&otp.active()), ["first", "second"]);
    assert_eq!(names(&otp.reserve()), ["reserved", "last-reserve"]);
    assert_eq!(otp.all().len(), 6);
    // `b-tied` has the priority of `first`, and a name before it.
    operator.says(Overrides::new().status("django/b-tied", Status::Active));
    for _ in 0..1000 {
        assert_eq!(selected().unwrap(), "b-tied");
    }
    operator.says(Overrides::new().priority("django/second", -1));
    assert_eq!(selected().unwrap(), "second");
}

#[test]
fn django_d12_what_is_not_in_this_program_harms_nothing_and_is_told_of() {
    let _operator = Operator::takes_over();
    let overrides = Overrides::new()
        .status("django/gone", Status::Active)
        .priority("django/gone", -1000)
        .status("first", Status::Disabled);
    let unknown = set_overrides(overrides.clone());
    let unknown: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    let text = |name| format!("no item of a plugin type is called `{name}` in this program");
    assert!(unknown[0].starts_with(&text("django/gone")), "{unknown:?}");
    assert_eq!(
        unknown[1],
        text("first") + "; did you mean `django/first`?",
        "it is in a namespace"
    );
    assert_eq!(selected().unwrap(), "first");
    assert_eq!(plugo::overrides(), overrides, "what an operator said is kept");
}

#[test]
fn django_d19_d20_reserve_is_selected_when_none_is_active_and_nothing_when_all_are_disabled() {
    let operator = Operator::takes_over();
    let none_active = Overrides::new()
        .status("django/first", Status::Disabled)
        .status("django/second", Status::Disabled);
    operator.says(none_active);
    assert_eq!(selected().unwrap(), "reserved");
    operator.says(all(Status::Disabled));
    assert!(matches!(selected(), Err(SelectError::AllDisabled { .. })));
    let error = items::<dyn otp::Otp>().get("first").unwrap_err();
    assert_eq!(error.to_string(), "item `first` of plugin type `django-otp` is disabled");
    let error = items::<dyn otp::Otp>().get("frist").unwrap_err();
    assert!(matches!(error, SelectError::NotCompiledIn { .. }));
    assert!(error.to_string().ends_with("did you mean `django/first`?"), "{error}");
}

#[test]
fn django_d21_d22_the_next_lookup_goes_by_what_the_operator_said_last() {
    let operator = Operator::takes_over();
    for _ in 0..100 {
        operator.says(Overrides::new().status("django/first", Status::Disabled));
        assert_eq!(selected().unwrap(), "second");
        operator.says(Overrides::new());
        assert_eq!(selected().unwrap(), "first");
    }
}

/// A type that chooses for itself.
mod chosen {
    use std::cell::Cell;

    use plugo::Item;

    #[plugo::plugin_type(name = "django-codec", selector = choose(wanted: &str, how: Option<&Cell<u8>>))]
    pub(super) trait Codec: Send + Sync {
        #[expect(dead_code, reason = "what matters is which item is chosen")]
        fn call(&self) {}
    }

    fn choose(
        candidates: &[Item<dyn Codec>],
        wanted: &str,
        how: Option<&Cell<u8>>,
    ) -> Result<Option<Item<dyn Codec>>, String> {
        let chosen = candidates.iter().copied().find(|item| item.name() == wanted);
        match how.map(Cell::get) {
            Some(0) => Err("it has no idea".to_owned()),
            Some(1) => panic!("it lost its head"),
            // Every item, whatever its status.
            Some(_) => {
                Ok(plugo::items::<dyn Codec>().all().into_iter().find(|i| i.name() == wanted))
            }
            None => Ok(chosen),
        }
    }

    #[plugo::plugin(name = "opus", namespace = "django", of = dyn Codec)]
    #[derive(Default)]
    struct Opus;

    impl Codec for Opus {}

    #[plugo::plugin(name = "flac", namespace = "django", of = dyn Codec, status = "reserve")]
    #[derive(Default)]
    struct Flac;

    impl Codec for Flac {}

    #[plugo::plugin(name = "mp3", namespace = "django", of = dyn Codec, status = "disabled")]
    #[derive(Default)]
    struct Mp3;

    impl Codec for Mp3 {}

    plugo::plugins![Opus, Flac, Mp3];
}

#[test]
fn django_d29_a_selector_gets_arguments_and_chooses_among_candidates_only() {
    use std::cell::Cell;
    let choose = |wanted: &str, how: Option<u8>| {
        let how = how.map(Cell::new);
        let kwargs = plugo::kwargs! { wanted: wanted };
        let kwargs = how.iter().fold(kwargs, |kwargs, how| kwargs.with("how", how));
        items::<dyn chosen::Codec>().select_with(kwargs).map(|item| item.name())
    };
    assert_eq!(choose("flac", None).unwrap(), "flac", "one in reserve is a candidate");
    let failed = |wanted: &str, how| choose(wanted, how).unwrap_err().to_string();
    let selector = "the selector of plugin type `django-codec`";
    assert_eq!(failed("mp3", None), format!("{selector} chose no item"));
    assert_eq!(
        failed("mp3", Some(2)),
        format!("{selector} failed: it chose `mp3`, which is no candidate")
    );
    assert_eq!(failed("opus", Some(0)), format!("{selector} failed: it has no idea"));
    assert_eq!(
        failed("opus", Some(1)),
        format!("{selector} failed: it panicked: it lost its head")
    );
    let without = select::<dyn chosen::Codec>().map(drop).unwrap_err().to_string();
    assert!(without.contains("the app gives no argument `wanted` (wanted: `&str`)"), "{without}");
}

/// A type with two items of one name, and with more items than are gone
/// through for a name.
mod many {
    #[plugo::plugin_type(name = "django-many")]
    pub(super) trait Many: Send + Sync {
        fn number(&self) -> u32;
    }

    macro_rules! items {
        ($($ty:ident, $namespace:literal, $name:literal, $number:literal;)*) => {
            $(
                #[plugo::plugin(name = $name, namespace = $namespace, of = dyn Many)]
                #[derive(Default)]
                struct $ty;

                impl Many for $ty {
                    fn number(&self) -> u32 {
                        $number
                    }
                }
            )*

            plugo::plugins![$($ty),*];
        };
    }

    items! {
        A, "django-many", "a", 1; B, "django-many", "b", 2; C, "django-many", "c", 3;
        D, "django-many", "d", 4; E, "django-many", "e", 5; F, "django-many", "f", 6;
        G, "django-many", "g", 7; H, "django-many", "h", 8; I, "django-many", "i", 9;
        J, "django-many", "j", 10; K, "django-many", "k", 11; L, "django-many", "l", 12;
        M, "django-many", "m", 13; N, "django-many", "n", 14; O, "django-many", "o", 15;
        P, "django-many", "p", 16; Q, "django-many", "q", 17;
        Other, "django-other", "q", 18;
    }
}

#[test]
fn an_item_is_found_by_name_among_many() {
    let operator = Operator::takes_over();
    let number = |name: &str| {
        items::<dyn many::Many>().get(name).map(|item| item.shared().unwrap().number())
    };
    for (name, wanted) in ('a'..='p').zip(1..) {
        assert_eq!(number(&name.to_string()).unwrap(), wanted);
    }
    for missing in ["", "aa", "r", "django-many/r", "django-none/a"] {
        assert!(matches!(number(missing), Err(SelectError::NotCompiledIn { .. })), "{missing}");
    }
    assert!(matches!(number("q"), Err(SelectError::Ambiguous { .. })));
    assert_eq!(["django-many/q", "django-other/q"].map(|name| number(name).unwrap()), [17, 18]);
    drop(operator);
}

/// A thread remembers what it selected, and not for longer than that holds.
#[test]
fn what_a_thread_selected_before_gives_way_to_what_is_said_now() {
    let operator = Operator::takes_over();
    let selected = || select::<dyn many::Many>().map(many::Many::number).ok();
    assert_eq!([selected(), selected()], [Some(1), Some(1)]);
    let other_thread = std::thread::spawn(selected);
    assert_eq!(other_thread.join().unwrap(), Some(1));
    operator.says(Overrides::new().status("django-many/a", Status::Disabled));
    assert_eq!([selected(), selected()], [Some(2), Some(2)]);
    let all = items::<dyn many::Many>().all();
    let off = all.iter().fold(Overrides::new(), |off, item| {
        off.status(format!("{}/{}", item.plugin().namespace(), item.name()), Status::Disabled)
    });
    operator.says(off);
    assert_eq!([selected(), selected()], [None, None]);
    operator.says(Overrides::new());
    assert_eq!([selected(), selected()], [Some(1), Some(1)]);
}

/// Types of which items fail, and one without items.
mod failing {
    use std::sync::atomic::{AtomicBool, Ordering};

    #[plugo::plugin_type(name = "django-failing")]
    pub(super) trait Failing: Send + Sync {
        fn name(&self) -> &'static str;
    }

    #[plugo::plugin_type(name = "django-empty")]
    pub(super) trait Empty: Send + Sync {
        #[expect(dead_code, reason = "no item has it")]
        fn call(&self);
    }

    pub(super) static BROKEN: AtomicBool = AtomicBool::new(true);

    #[plugo::plugin(name = "panics", namespace = "django", of = dyn Failing, new = Panics::new)]
    struct Panics;

    impl Panics {
        fn new() -> Self {
            assert!(!BROKEN.load(Ordering::Relaxed), "broken");
            Panics
        }
    }

    impl Failing for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }
    }

    #[plugo::plugin(name = "recursive", namespace = "django", of = dyn Failing, priority = 1, new = Recursive::new)]
    struct Recursive;

    impl Recursive {
        fn new() -> Result<Self, plugo::SelectError> {
            plugo::items::<dyn Failing>().get("recursive")?.shared().map(|_| Recursive)
        }
    }

    impl Failing for Recursive {
        fn name(&self) -> &'static str {
            "recursive"
        }
    }

    #[plugo::plugin(name = "works", namespace = "django", of = dyn Failing, priority = 2, status = "reserve")]
    #[derive(Default)]
    struct Works;

    impl Failing for Works {
        fn name(&self) -> &'static str {
            "works"
        }
    }

    plugo::plugins![Panics, Recursive, Works];
}

#[test]
fn a_fallback_goes_on_where_an_item_cannot_be_made_or_is_not_healthy_and_says_so() {
    use std::sync::atomic::Ordering;
    let failing = items::<dyn failing::Failing>();
    let found = failing.select_with_fallback(|_| Ok::<(), String>(())).unwrap();
    assert_eq!((found.item.name(), found.instance.name()), ("works", "works"));
    let passed: Vec<String> = found.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(passed[0], "item `panics` is passed over: it panicked: broken");
    assert!(passed[1].contains("`recursive` waits for `recursive`"), "{passed:?}");

    let error = failing.select_with_fallback(|item| Err(format!("{} is ill", item.name())));
    let error = error.unwrap_err();
    assert!(matches!(&error, SelectError::AllFailed { failed, .. } if failed.len() == 3));
    assert!(error.to_string().ends_with("item `works` is passed over: works is ill"), "{error}");

    let panics = failing.get("panics").unwrap();
    assert!(matches!(panics.shared(), Err(SelectError::Construct { .. })));
    failing::BROKEN.store(false, Ordering::Relaxed);
    assert_eq!(panics.shared().unwrap().name(), "panics", "the next call tries again");
    let found = failing.select_with_fallback(|_| -> Result<(), String> { Ok(()) }).unwrap();
    assert_eq!((found.item.name(), found.passed_over.len()), ("panics", 0));
}

#[test]
fn a_type_without_items_is_an_error_of_its_own() {
    let error = select::<dyn failing::Empty>().map(drop).unwrap_err();
    assert!(matches!(error, SelectError::NoItem { .. }));
    assert_eq!(error.to_string(), "no item of plugin type `django-empty` is in this program");
    assert_eq!(items::<dyn failing::Empty>().all().len(), 0);
    assert!(plugo::plugin_types().iter().all(|known| known.info().name() != "django-empty"));
}

/// An item that takes its time.
mod slow {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[plugo::plugin_type(name = "django-slow")]
    pub(super) trait Slow: Send + Sync {
        fn address(&self) -> usize;
    }

    pub(super) static MADE: AtomicUsize = AtomicUsize::new(0);

    #[plugo::plugin(name = "slow", namespace = "django", of = dyn Slow, new = Slowly::new)]
    struct Slowly(#[expect(dead_code, reason = "it has an address")] u8);

    impl Slowly {
        fn new() -> Self {
            MADE.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(50));
            Slowly(0)
        }
    }

    impl Slow for Slowly {
        fn address(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }
    }

    plugo::plugins![Slowly];
}

#[test]
fn a_shared_item_is_made_once_by_eight_threads() {
    let threads: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| select::<dyn slow::Slow>().unwrap().address()))
        .collect();
    let addresses: Vec<usize> =
        threads.into_iter().map(|thread| tests::soon(move || thread.join().unwrap())).collect();
    assert!(addresses.iter().all(|address| *address == addresses[0]), "{addresses:?}");
    assert_eq!(slow::MADE.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn a_manager_makes_the_shared_instances_of_items_that_are_not_disabled() {
    let _operator = Operator::takes_over();
    let manager = plugo::PluginManager::builder("django").table(&otp::PLUGINS).build().unwrap();
    let report = manager.load_all();
    assert_eq!(report.loaded().count(), 4);
    let off = report.get("off").unwrap().state().to_string();
    assert_eq!(off, "disabled by its status: it is \"disabled\"");
    set_overrides(Overrides::new().status("django/off", Status::Active));
    assert!(manager.enable("off").is_ok(), "the cause is removed");
}
