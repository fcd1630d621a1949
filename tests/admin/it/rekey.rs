//! Secrets under another key.

use plugo_admin::{
    AuditQuery, Change, Error, ItemQuery, KeyRing, Ranked, RekeyError, Store, StoreOptions,
    SyncMode, Version,
};
use serde_json::json;

use crate::databases::{Database, ann, registry, run};

#[test]
fn all_secrets_get_another_key_or_none_does() {
    for database in Database::each() {
        run(async {
            let open = async |keys: &str| {
                let keys = KeyRing::parse(keys).unwrap();
                StoreOptions::new().keys(keys).open(&database.url()).await.unwrap()
            };
            let (old, new) = (KeyRing::generate("old").unwrap(), KeyRing::generate("new").unwrap());
            let store = open(&old).await;
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let all = ItemQuery { search: Some("stripe".into()), ..ItemQuery::default() };
            let stripe = store.items(&all).await.unwrap().rows[0].id;
            let make = async |store: &Store, name: &str| {
                let settings = json!({ "account": "acme", "key": format!("s3cret {name}") });
                store.create_instance(&ann(), stripe, name, &settings).await.unwrap()
            };
            let a = make(&store, "a").await;
            let b = make(&store, "b").await;
            let open_account = json!({ "account": "without a secret" });
            store.create_instance(&ann(), stripe, "none", &open_account).await.unwrap();
            let stored = async || {
                database.ask("SELECT settings FROM plugo_instances ORDER BY id").await.unwrap()
            };
            let plain = async |store: &Store| {
                let snapshot = store.snapshot().await.unwrap();
                let ranked = snapshot.ranked(&registry(), "Payment", "shop");
                let reveal = |of: &Ranked| of.instance.settings.reveal().unwrap();
                let plain = ranked.iter().map(|of| reveal(of).reveal().clone());
                plain.collect::<Vec<_>>()
            };
            let before = (stored().await, store.revision().await.unwrap(), plain(&store).await);

            // Without a key there is none to encrypt with.
            let without = Store::open(&database.url()).await.unwrap();
            let refused = without.rekey(&ann()).await.unwrap_err();
            assert!(matches!(refused, RekeyError::Store(Error::NoKey)), "{refused}");
            // One that cannot be read: none is encrypted anew, and each is named.
            let both = format!("{new},{old}");
            let only_new = open(&new).await;
            let refused = only_new.rekey(&ann()).await.unwrap_err();
            let said = refused.to_string();
            let RekeyError::Lost(lost) = refused else { panic!("{refused}") };
            let names: Vec<_> = lost.iter().map(|lost| (lost.id, &*lost.pointer)).collect();
            assert_eq!(names, [(a, "/key"), (b, "/key")]);
            let why =
                "a secret field is encrypted with the key `old`, which is not in the key ring";
            assert!(said.contains(&format!("\n  stripe: a, /key: {why}")), "{said}");
            let c = make(&only_new, "c").await;
            let damaged = "UPDATE plugo_instances SET settings = \
                replace(settings, '.new.', '.new.AAAA') WHERE name = 'c'";
            database.by_hand(damaged).await.unwrap();
            let store = open(&both).await;
            let halfway = (stored().await, store.revision().await.unwrap());
            let refused = store.rekey(&ann()).await.unwrap_err();
            let RekeyError::Lost(lost) = refused else { panic!("{refused}") };
            assert_eq!(lost.iter().map(|lost| lost.id).collect::<Vec<_>>(), [c]);
            assert_eq!((stored().await, store.revision().await.unwrap()), halfway);
            store.delete_instance(&ann(), c, None).await.unwrap();

            let following = store.follow(&registry()).await.unwrap();
            let rekeyed = store.rekey(&ann()).await.unwrap();
            assert_eq!((&*rekeyed.key, rekeyed.instances, rekeyed.secrets), ("new", 2, 2));
            assert_eq!(following.snapshot().unwrap().revision, rekeyed.revision);
            let after = stored().await;
            assert!(!after.iter().any(|text| text.contains(".old.")), "{after:?}");
            assert_eq!(after.iter().filter(|text| text.contains(".new.")).count(), 2);
            assert_eq!(after.iter().filter(|text| before.0.contains(text)).count(), 3);
            // The old key is needed no more.
            assert_eq!(plain(&only_new).await, before.2);
            let about = AuditQuery { subject_id: Some(a.to_string()), ..AuditQuery::default() };
            let line = store.audit(&about).await.unwrap().rows.remove(0);
            assert_eq!((&*line.actor, line.revision), ("ann", rekeyed.revision));
            assert_eq!(line.field.as_deref(), Some("encryption key"));
            assert_eq!((line.before.as_deref(), line.after.as_deref()), (Some("old"), Some("new")));
            // Who had the form open is told, and by whom.
            let seen = store.instance(a).await.unwrap().unwrap().row.version.0 - 1;
            let target = [(a, Some(Version(seen)))];
            let told = store.edit(&ann(), &target, &Change::Nudge(1)).await.unwrap_err();
            assert!(
                told.to_string().contains("changed meanwhile by ann; encryption key"),
                "{told}"
            );
            // Once more, with the same key: other bytes.
            store.rekey(&ann()).await.unwrap();
            assert_ne!(stored().await, after);
            assert_eq!(plain(&only_new).await, before.2);
        });
    }
}
