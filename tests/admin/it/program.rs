//! A database that the lookups of a program go by.

use plugo::Status;
use plugo_admin::{Change, Error, Following, Registry, Store, SyncMode};

use crate::databases::{Database, ann, registry, row, run, until};
use crate::operator::Operator;

/// Tells people something.
#[plugo::plugin_type(name = "admin-notifier")]
trait Notifier: Send + Sync {
    fn name(&self) -> &'static str;
}

#[plugo::plugin(name = "push", namespace = "admin", of = dyn Notifier, priority = 10)]
#[derive(Default)]
struct Push;

#[plugo::plugin(name = "letter", namespace = "admin", of = dyn Notifier, priority = 20)]
#[derive(Default)]
struct Letter;

impl Notifier for Push {
    fn name(&self) -> &'static str {
        "push"
    }
}

impl Notifier for Letter {
    fn name(&self) -> &'static str {
        "letter"
    }
}

plugo::plugins![Push, Letter];

fn selected() -> Option<&'static str> {
    plugo::select::<dyn Notifier>().ok().map(Notifier::name)
}

async fn followed(database: &Database) -> (Store, Following) {
    let registry = Registry::of_program();
    let store = Store::open(&database.url()).await.unwrap();
    store.sync(&ann(), &registry, SyncMode::Create).await.unwrap();
    let following = store.follow(&registry).await.unwrap();
    (store, following)
}

#[test]
fn django_d21_x14_x15_lookups_of_the_program_go_by_the_database() {
    let _operator = Operator::takes_over();
    for database in Database::each() {
        run(async {
            let (store, following) = followed(&database).await;
            assert_eq!(selected(), Some("push"));
            let (push, letter) = (row(&store, "push").await, row(&store, "letter").await);
            let disabled = Change::Status(Some(Status::Disabled));
            store.edit(&ann(), &[(push.id, None)], &disabled).await.unwrap();
            assert_eq!(selected(), Some("letter"), "at the next lookup");
            store.edit(&ann(), &[(letter.id, None)], &disabled).await.unwrap();
            assert_eq!(selected(), None);
            let by_hand = "UPDATE plugo_instances SET status = 'active', \
                priority = CASE name WHEN 'push' THEN 30 ELSE 20 END WHERE name IN ('push', 'letter')";
            database.by_hand(by_hand).await.unwrap();
            until("the change by hand", || selected() == Some("letter")).await;
            let held = plugo_admin::in_force().unwrap().revision;
            assert_eq!(held, following.status().revision);

            // What is not in this program changes nothing, whatever it is called.
            store.edit(&ann(), &[(push.id, None)], &Change::Priority(Some(1))).await.unwrap();
            assert_eq!(selected(), Some("push"));
            // A registry by hand leaves the program alone.
            let other = Database::sqlite();
            let by_hand = Store::open(&other.url()).await.unwrap();
            by_hand.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let _of_hand = by_hand.follow(&registry()).await.unwrap();
            assert_eq!(selected(), Some("push"));
            // And two databases cannot both be right.
            let error = by_hand.follow(&Registry::of_program()).await.unwrap_err();
            assert!(matches!(error, Error::Followed { .. }), "{error}");
            let sms = row(&by_hand, "sms").await;
            // But one after the other, at once, whatever the first one's task is at.
            let mut following = following;
            for _ in 0..30 {
                for store in [&by_hand, &store] {
                    by_hand.edit(&ann(), &[(sms.id, None)], &Change::Nudge(1)).await.unwrap();
                    drop(following);
                    following = store.follow(&Registry::of_program()).await.unwrap();
                }
            }
            let again = store.follow(&Registry::of_program()).await.unwrap();
            drop(following);
            store.edit(&ann(), &[(push.id, None)], &disabled).await.unwrap();
            assert_eq!(selected(), Some("letter"), "the second one still follows");
            drop(again);
            store.edit(&ann(), &[(push.id, None)], &Change::Status(None)).await.unwrap();
            assert_eq!(selected(), Some("letter"), "what held goes on to hold");
        });
    }
}

#[test]
fn a_registry_of_the_program_has_what_the_code_says() {
    let registry = Registry::of_program();
    let of = registry.find_type("admin-notifier", "admin-tests").unwrap();
    assert_eq!(of.description, "Tells people something.");
    let push = of.item("admin", "push").unwrap();
    assert_eq!((push.status, push.priority, &*push.package), (Status::Active, 10, "admin-tests"));
    assert!(registry.plugins().iter().all(|plugin| plugin.name != "push"));
    assert!(registry.is_of_program() && !registry.is_empty());
}
