//! Lookups of instances over a store. The ids are those of django-plugin-system
//! in `docs/cases.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plugo::settings::serde_json::{Value, json};
use plugo::{Item, Status, kwargs};
use plugo_admin::{
    Actor, Change, Following, Instance, InstanceError, InstanceId, InstanceQuery, InstanceRow,
    ItemId, ItemQuery, KeyRing, RegisteredItem, RegisteredType, Registry, Store, StoreOptions,
    SyncMode, Via, instances,
};

use crate::operator::Operator;

/// How often an instance of the account was made.
static MADE: AtomicUsize = AtomicUsize::new(0);

mod payment {
    use std::sync::atomic::Ordering;

    use plugo::settings::schemars::JsonSchema;
    use plugo::settings::serde::Deserialize;
    use plugo::settings::{Secret, schemars, serde};

    #[plugo::plugin_type(name = "instances-payment")]
    pub(super) trait Payment: Send + Sync {
        fn pay(&self, cents: u32) -> String;
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(crate = "serde")]
    #[schemars(crate = "schemars")]
    pub(super) struct Account {
        name: String,
        key: Secret,
        #[serde(default)]
        retries: u8,
    }

    #[plugo::plugin(
        name = "stripe",
        namespace = "instances",
        of = dyn Payment,
        settings = Account,
        new = Stripe::new(settings: &Account, currency: Option<&str>)
    )]
    pub(super) struct Stripe(String);

    impl Stripe {
        fn new(settings: &Account, currency: Option<&str>) -> Result<Self, String> {
            super::MADE.fetch_add(1, Ordering::Relaxed);
            let Account { name, key, retries } = settings;
            match name.as_str() {
                "closed" => return Err("the account is closed".to_owned()),
                "talks" => return Err(format!("{} refuses {:?}", name, key.expose())),
                "broken" => panic!("the account is broken"),
                "itself" => {
                    let itself = plugo_admin::instances::<dyn Payment>().get("itself");
                    itself.and_then(|it| it.shared()).map_err(|error| error.to_string())?;
                }
                _ => {}
            }
            let (currency, key) = (currency.unwrap_or("EUR"), key.expose());
            Ok(Stripe(format!("{currency} to {name} by {key}, {retries} retries")))
        }
    }

    impl Payment for Stripe {
        fn pay(&self, cents: u32) -> String {
            format!("{cents} {}", self.0)
        }
    }

    #[plugo::plugin(name = "cash", namespace = "instances", of = dyn Payment, priority = 10)]
    #[derive(Default)]
    pub(super) struct Cash;

    impl Payment for Cash {
        fn pay(&self, cents: u32) -> String {
            format!("{cents} in coins")
        }
    }

    /// A type that chooses for itself, among items with settings.
    #[plugo::plugin_type(name = "instances-region", selector = by_region(region: &str))]
    pub(super) trait Region: Send + Sync {
        fn name(&self) -> String;
    }

    fn by_region(
        candidates: &[plugo::Item<dyn Region>],
        region: &str,
    ) -> Option<plugo::Item<dyn Region>> {
        candidates.iter().copied().find(|item| item.name() == region)
    }

    macro_rules! region {
        ($ty:ident, $name:literal) => {
            #[plugo::plugin(name = $name, namespace = "instances", of = dyn Region, settings = Account)]
            pub(super) struct $ty(String);

            impl From<&Account> for $ty {
                fn from(settings: &Account) -> Self {
                    $ty(settings.name.clone())
                }
            }

            impl Region for $ty {
                fn name(&self) -> String {
                    format!("{} in {}", self.0, $name)
                }
            }
        };
    }

    region!(North, "north");
    region!(South, "south");

    /// A type that nobody synced.
    #[plugo::plugin_type(name = "instances-unknown")]
    pub(super) trait Unknown: Send + Sync {
        #[expect(dead_code, reason = "a type has a method")]
        fn call(&self);
    }

    plugo::plugins![Stripe, Cash, North, South];
}

use payment::{Payment, Region};

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// A store that this program follows.
struct World {
    _folder: tempfile::TempDir,
    store: Store,
    following: Following,
    _operator: Operator,
}

fn ann() -> Actor {
    Actor::new("ann", Via::App)
}

fn account(name: &str) -> Value {
    json!({ "name": name, "key": "sk" })
}

impl World {
    async fn new() -> Self {
        let operator = Operator::takes_over();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("plugo.sqlite3").display());
        let keys = KeyRing::parse(&KeyRing::generate("test").unwrap()).unwrap();
        let store = StoreOptions::new().keys(keys).open(&url).await.unwrap();
        // Another program has an item that this one has not.
        let other = RegisteredType::new("instances-payment", "admin-tests")
            .with_item(RegisteredItem::new("paypal").schema(json!({ "type": "object" })));
        let all = Registry::of_program().with_type(other);
        store.sync(&Actor::of_program(), &all, SyncMode::Create).await.unwrap();
        let following = store.follow(&Registry::of_program()).await.unwrap();
        World { _folder: folder, store, following, _operator: operator }
    }

    async fn item(&self, name: &str) -> ItemId {
        let rows = self.store.items(&ItemQuery::default()).await.unwrap().rows;
        rows.iter().find(|item| item.name == name).unwrap().id
    }

    async fn make(&self, item: &str, name: &str, settings: Value) -> InstanceId {
        let item = self.item(item).await;
        let id = self.store.create_instance(&ann(), item, name, &settings).await.unwrap();
        self.caught_up().await;
        id
    }

    async fn edit(&self, id: InstanceId, change: Change) {
        self.store.edit(&ann(), &[(id, None)], &change).await.unwrap();
        self.caught_up().await;
    }

    /// Settings that somebody types into the database.
    async fn by_hand(&self, name: &str, settings: &str) {
        let update = sqlx::query("UPDATE plugo_instances SET settings = $1 WHERE name = $2");
        self.execute(update.bind(settings).bind(name)).await;
    }

    /// What somebody types into the database.
    async fn execute<'q>(
        &self,
        statement: sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments<'q>>,
    ) {
        use sqlx::{ConnectOptions, Connection};
        let file = self._folder.path().join("plugo.sqlite3");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut connection = options.connect().await.unwrap();
        statement.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.caught_up().await;
    }

    /// Waits until the lookups go by what the database says.
    async fn caught_up(&self) {
        let revision = self.store.revision().await.unwrap();
        let mut changes = self.following.changes();
        changes.wait_for(|held| *held >= revision).await.unwrap();
    }

    async fn cash(&self) -> InstanceRow {
        let rows = self.store.instances(&InstanceQuery::default()).await.unwrap().rows;
        rows.into_iter().find(|row| row.item.full_name() == "instances/cash").unwrap()
    }
}

fn names(found: &[Instance<dyn Payment>]) -> Vec<&str> {
    found.iter().map(Instance::name).collect()
}

fn all() -> plugo_admin::Instances<dyn Payment> {
    instances::<dyn Payment>()
}

#[test]
fn instances_d08_d09_an_item_without_settings_has_one_and_an_item_with_settings_none() {
    run(async {
        let world = World::new().await;
        let cash = world.cash().await;
        assert_eq!((cash.name.as_str(), cash.is_default), ("cash", true));
        assert_eq!(cash.effective_status(), Status::Active);
        assert_eq!(names(&all().all()), ["cash"]);
        let item = plugo::items::<dyn Payment>().get("stripe").unwrap();
        assert!(item.settings().is_some());
        assert_eq!(all().select().unwrap().shared().unwrap().pay(3), "3 in coins");
    });
}

#[test]
fn instances_d10_the_order_is_status_then_priority_then_item_then_name() {
    run(async {
        let world = World::new().await;
        let b = world.make("stripe", "b", account("b")).await;
        let a = world.make("stripe", "a", account("a")).await;
        let spare = world.make("stripe", "spare", account("spare")).await;
        let off = world.make("stripe", "off", account("off")).await;
        world.edit(spare, Change::StatusAndPriority(Some(Status::Reserve), Some(-10))).await;
        world.edit(off, Change::Status(Some(Status::Disabled))).await;
        assert_eq!(names(&all().all()), ["a", "b", "cash", "spare", "off"]);
        assert_eq!(names(&all().active()), ["a", "b", "cash"]);
        assert_eq!(names(&all().reserve()), ["spare"]);
        // One in reserve with the better priority waits until no active one is left.
        assert_eq!(all().select().unwrap().id(), a);
        world.edit(b, Change::Priority(Some(-1))).await;
        assert_eq!(all().select().unwrap().id(), b);
        for id in [a, b, world.cash().await.id] {
            world.edit(id, Change::Status(Some(Status::Disabled))).await;
        }
        assert_eq!(all().select().unwrap().id(), spare);
        world.edit(spare, Change::Status(Some(Status::Disabled))).await;
        let error = all().select().unwrap_err();
        assert!(matches!(error, InstanceError::AllDisabled { .. }), "{error}");
    });
}

#[test]
fn instances_d11_d13_an_instance_gets_its_settings_and_the_arguments_of_the_app() {
    run(async {
        let world = World::new().await;
        let settings = json!({ "name": "shop", "key": "sk_live_1", "retries": 2 });
        world.make("stripe", "Stripe production", settings).await;
        world.make("stripe", "Stripe sandbox", account("test")).await;
        let get = |name| all().get(name).unwrap();
        let shared = get("Stripe production").shared_with(kwargs! { currency: "CHF" }).unwrap();
        assert_eq!(shared.pay(5), "5 CHF to shop by sk_live_1, 2 retries");
        let sandbox = get("instances/stripe: Stripe sandbox").shared().unwrap();
        assert_eq!(sandbox.pay(5), "5 EUR to test by sk, 0 retries");
        // In the database the key is not in the clear, nor does anything here show it.
        let shown = format!("{:?} {:?}", get("Stripe production"), world.following.snapshot());
        assert!(!shown.contains("sk_live_1"), "{shown}");
    });
}

#[test]
fn instances_are_made_once_and_kept_until_their_settings_change() {
    run(async {
        let world = World::new().await;
        let id = world.make("stripe", "kept", account("kept")).await;
        let get = || all().by_id(id).unwrap();
        let before = MADE.load(Ordering::Relaxed);
        let made = || MADE.load(Ordering::Relaxed) - before;
        assert_eq!(made(), 0, "nobody asked for it");
        let first = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(|| get().shared().unwrap()));
            let shared = threads.map(|thread| thread.join().unwrap());
            assert!(shared.iter().all(|each| Arc::ptr_eq(each, &shared[0])));
            Arc::clone(&shared[0])
        });
        assert_eq!(made(), 1);
        // What changes another instance, or how this one is chosen, leaves it alone.
        world.make("stripe", "another", account("another")).await;
        world.edit(id, Change::Priority(Some(5))).await;
        world.edit(id, Change::Rename("renamed".into())).await;
        world.edit(id, Change::Status(Some(Status::Reserve))).await;
        assert!(Arc::ptr_eq(&get().shared().unwrap(), &first));
        assert_eq!(made(), 1);
        // New settings make a new one, and who holds the old one keeps it.
        let held = get();
        world.edit(id, Change::Settings(json!({ "name": "changed", "key": "new" }))).await;
        assert_eq!(get().shared().unwrap().pay(1), "1 EUR to changed by new, 0 retries");
        assert_eq!(first.pay(1), "1 EUR to kept by sk, 0 retries");
        assert!(Arc::ptr_eq(&held.shared().unwrap(), &first), "a handle shows what held");
        assert_eq!(made(), 2);
    });
}

#[test]
fn instances_a_users_choice_is_found_by_id_and_name_unless_it_is_disabled() {
    run(async {
        let world = World::new().await;
        let id = world.make("stripe", "mine", account("mine")).await;
        // As a table of choices keeps it.
        let kept: InstanceId = id.to_string().parse().unwrap();
        assert_eq!(all().by_id(kept).unwrap().name(), "mine");
        world.edit(id, Change::Status(Some(Status::Disabled))).await;
        for error in [all().by_id(id).unwrap_err(), all().get("mine").unwrap_err()] {
            assert_eq!(
                error.to_string(),
                "instance `instances/stripe: mine` of plugin type `instances-payment` is disabled"
            );
        }
        assert_eq!(all().allow_disabled().by_id(id).unwrap().status(), Status::Disabled);
        assert_eq!(all().allow_disabled().get("mine").unwrap().id(), id);
        assert_eq!(all().allow_disabled().select().unwrap().name(), "cash", "never what is off");
        let error = all().get("mien").unwrap_err().to_string();
        let expected =
            "plugin type `instances-payment` has no instance `mien`; did you mean `mine`?";
        assert_eq!(error, expected);
        world.store.delete_instance(&ann(), id, None).await.unwrap();
        world.caught_up().await;
        let error = all().by_id(id).unwrap_err();
        assert!(matches!(error, InstanceError::Unknown { .. }), "{error}");
        // A name that two items have is asked for with the item.
        world.make("stripe", "cash", account("x")).await;
        let error = all().get("cash").unwrap_err().to_string();
        assert!(
            error.ends_with("ask for one of `instances/stripe: cash`, `instances/cash`"),
            "{error}"
        );
        assert_eq!(all().get("instances/cash").unwrap().item(), "cash");
    });
}

#[test]
fn instances_d29_a_types_own_selector_gets_arguments_and_chooses_among_candidates() {
    run(async {
        let world = World::new().await;
        world.make("north", "Oslo", account("a")).await;
        let rome = world.make("south", "Rome", account("b")).await;
        let select =
            |region: &str| instances::<dyn Region>().select_with(kwargs! { region: region });
        let name = |region: &str| select(region).unwrap().shared().unwrap().name();
        assert_eq!((name("north"), name("south")), ("a in north".into(), "b in south".into()));
        assert!(matches!(select("west").unwrap_err(), InstanceError::Selector(_)));
        let error = instances::<dyn Region>().select().unwrap_err().to_string();
        assert!(error.contains("the app gives no argument `region`"), "{error}");
        // An item whose instances are all off is no candidate, though the code says active.
        world.edit(rome, Change::Status(Some(Status::Disabled))).await;
        let error = select("south").unwrap_err().to_string();
        assert_eq!(error, "the selector of plugin type `instances-region` chose no item");
        let known: Vec<_> = plugo::items::<dyn Region>().all().iter().map(Item::name).collect();
        assert_eq!(known, ["north", "south"]);
    });
}

#[test]
fn instances_d31_v3_a_row_whose_item_is_not_in_this_program_is_never_a_candidate() {
    run(async {
        let world = World::new().await;
        let id = world.make("paypal", "first", json!({})).await;
        world.edit(id, Change::Priority(Some(-99))).await;
        assert_eq!(all().select().unwrap().name(), "cash");
        assert_eq!(names(&all().all()), ["cash"]);
        for error in [all().by_id(id).unwrap_err(), all().get("paypal: first").unwrap_err()] {
            assert_eq!(
                error.to_string(),
                "plugin type `instances-payment` has instances of `paypal`, which this program \
                 does not contain"
            );
        }
        world.edit(world.cash().await.id, Change::Status(Some(Status::Disabled))).await;
        let error = all().select().unwrap_err();
        assert!(matches!(error, InstanceError::NotCompiledIn { .. }), "{error}");
    });
}

#[test]
fn instances_v4_each_cause_has_an_error_of_its_own() {
    run(async {
        let world = World::new().await;
        let error = instances::<dyn payment::Unknown>().select().unwrap_err();
        assert!(matches!(error, InstanceError::UnknownType { .. }), "{error}");
        let error = instances::<dyn Region>().select().unwrap_err().to_string();
        assert_eq!(
            error,
            "plugin type `instances-region` has no instance; make one of `north`, `south`"
        );
        // What somebody deleted by hand is told apart from what was never there.
        world.execute(sqlx::query("DELETE FROM plugo_instances")).await;
        let error = all().select().unwrap_err();
        assert!(matches!(error, InstanceError::NoneLeft { .. }), "{error}");
        let said = "has no instance in the database (any more); `store.sync(…)` makes those";
        assert!(error.to_string().contains(said), "{error}");
        world.store.sync(&ann(), &Registry::of_program(), SyncMode::Create).await.unwrap();
        assert_eq!(names(&all().all()), ["cash"]);
        // A program that has an item and did not sync is not told to make an instance.
        let folder = tempfile::tempdir().unwrap();
        let empty = format!("sqlite://{}", folder.path().join("empty.sqlite3").display());
        let World { store, following, _folder, _operator } = world;
        drop(following);
        let empty = Store::open(&empty).await.unwrap();
        let following = empty.follow(&Registry::of_program()).await.unwrap();
        let error = all().select().unwrap_err().to_string();
        assert!(error.contains("`store.sync(…)` was not called"), "{error}");
        assert!(all().all().is_empty());
        drop(following);
        let following = store.follow(&Registry::of_program()).await.unwrap();
        let world = World { store, following, _folder, _operator };
        let shared = |name: &str| all().get(name).unwrap().shared().err().unwrap();
        // The store refuses what does not fit; by hand anything may be written.
        world.make("stripe", "misfit", account("fits")).await;
        let misfit = r#"{"name":1,"key":"sk_live_2","retires":3,"retries":300}"#;
        world.by_hand("misfit", misfit).await;
        let error = shared("misfit");
        assert!(matches!(error, InstanceError::Settings { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "the settings of instance `instances/stripe: misfit` do not fit: /name is 1, where \
             text is wanted; /retires is unknown; did you mean `retries`?; /retries is 300, and \
             must be at most 255"
        );
        // What is no settings at all is of its instance, and of no other.
        for (unread, wanted) in [
            (
                format!("{}1{}", "[".repeat(200), "]".repeat(200)),
                "they are no JSON that can be read",
            ),
            (
                r#"{"key":{"$secret":"1.test.AAAA"}}"#.to_owned(),
                "does not decrypt with the key `test`",
            ),
        ] {
            world.by_hand("misfit", &unread).await;
            let error = shared("misfit");
            assert!(matches!(error, InstanceError::Unreadable { .. }), "{error}");
            assert!(error.to_string().contains(wanted), "{error}");
        }
        world.make("stripe", "closed", account("closed")).await;
        let error = shared("closed").to_string();
        let expected = "instance `instances/stripe: closed` cannot be made: the account is closed";
        assert_eq!(error, expected);
        // What the plugin says of a secret goes no further.
        world.make("stripe", "talks", account("talks")).await;
        let error = shared("talks");
        assert!(error.to_string().ends_with("talks refuses \"(secret)\""), "{error}");
        assert!(!format!("{error:?}").contains("\"sk\""), "{error:?}");
        world.make("stripe", "broken", account("broken")).await;
        let error = shared("broken").to_string();
        assert!(error.ends_with("it panicked: the account is broken"), "{error}");
        world.make("stripe", "itself", account("itself")).await;
        let error = shared("itself").to_string();
        assert!(error.ends_with("`stripe` waits for `stripe`"), "{error}");
        // A value that was a secret of another version of the item.
        let schema = json!({ "type": "object", "properties": {
            "name": {}, "key": { "writeOnly": true }, "retries": { "writeOnly": true }
        } });
        let item = RegisteredItem::new("stripe").namespace("instances").schema(schema);
        let old = Registry::by_hand().with_type(RegisteredType::new("old", "old").with_item(item));
        world.store.sync(&ann(), &old, SyncMode::Create).await.unwrap();
        let items = world.store.items(&ItemQuery::default()).await.unwrap().rows;
        let old = items.iter().find(|item| item.of.name == "old").unwrap().id;
        let posted = json!({ "name": "old", "key": "sk", "retries": "HUNTER2" });
        world.store.create_instance(&ann(), old, "old", &posted).await.unwrap();
        let now = items.iter().find(|item| item.of.name != "old" && item.name == "stripe").unwrap();
        let sql = format!("UPDATE plugo_instances SET item_id = '{}' WHERE name = 'old'", now.id);
        world.execute(sqlx::query(&sql)).await;
        let error = shared("old").to_string();
        let said = "/retries is not what it should be, where a whole number is wanted";
        assert!(error.ends_with(said), "{error}");
    });
}

#[test]
fn instances_what_fails_is_passed_over_and_tried_again() {
    run(async {
        let world = World::new().await;
        world.make("stripe", "a broken", account("broken")).await;
        world.make("stripe", "b closed", account("closed")).await;
        world.make("stripe", "c ill", account("ill")).await;
        let healthy = |payment: &(dyn Payment + 'static)| match payment.pay(1).contains("to ill") {
            true => Err("ill"),
            false => Ok(()),
        };
        let mut given = 0;
        let found = all().fallback_with(
            || {
                given += 1;
                kwargs! { currency: "CHF" }
            },
            healthy,
        );
        let found = found.unwrap();
        assert_eq!((found.instance.name(), found.shared.pay(1)), ("cash", "1 in coins".into()));
        let passed: Vec<_> = found.passed_over.iter().map(|failed| failed.to_string()).collect();
        assert_eq!(
            passed,
            [
                "passed over: instance `instances/stripe: a broken` cannot be made: it panicked: \
                 the account is broken",
                "passed over: instance `instances/stripe: b closed` cannot be made: the account \
                 is closed",
                "passed over: instance `instances/stripe: c ill` cannot be made: ill",
            ]
        );
        assert_eq!(given, 4);
        world.edit(world.cash().await.id, Change::Status(Some(Status::Disabled))).await;
        let none = all().select_with_fallback(healthy).unwrap_err();
        assert!(matches!(&none, InstanceError::AllFailed { failed, .. } if failed.len() == 3));
    });
}
