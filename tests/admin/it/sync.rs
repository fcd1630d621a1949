//! What the database holds after sync, prune and edits.

use plugo_admin::{
    Actor, AuditQuery, Change, EditError, Error, InstanceQuery, ItemQuery, KeyRing, PluginQuery,
    PruneMode, RegisteredItem, RegisteredPlugin, RegisteredType, Registry, Sort, Store,
    StoreOptions, SyncMode, Via,
};
use plugo_core::Status;
use serde_json::json;

use crate::databases::{Database, ann, registry, row, rows, run};

/// A database that has been synced with `registry()`.
pub(crate) async fn synced(database: &Database) -> Store {
    let store = Store::open(&database.url()).await.unwrap();
    let synced = store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
    assert_eq!((synced.types_created, synced.items_created), (2, 3));
    assert_eq!((synced.instances_created, synced.plugins_created), (2, 1));
    store
}

/// The same code a version later: other texts, priorities and statuses.
fn later() -> Registry {
    let otp = RegisteredType::new("Otp", "shop")
        .description("Sends codes of six digits.")
        .with_item(RegisteredItem::new("sms").priority(11).description("by text message"))
        .with_item(RegisteredItem::new("mail").priority(20).status(Status::Reserve));
    let stripe = registry().types()[1].item("plugins", "stripe").unwrap().clone();
    let payment = RegisteredType::new("Payment", "shop").with_item(stripe);
    Registry::by_hand().with_type(otp).with_type(payment).with_plugin(RegisteredPlugin::new("blog"))
}

/// Without the item `sms`, the plugin `blog` and the type `Payment`.
fn smaller() -> Registry {
    let mail = registry().types()[0].item("plugins", "mail").unwrap().clone();
    let otp = RegisteredType::new("Otp", "shop").description("Sends codes.").with_item(mail);
    Registry::by_hand().with_type(otp)
}

async fn disable(store: &Store, item: &str) {
    let target = [(row(store, item).await.id, None)];
    store.edit(&ann(), &target, &Change::Status(Some(Status::Disabled))).await.unwrap();
}

#[test]
fn django_d08_d09_sync_makes_a_default_instance_where_there_are_no_settings() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let made: Vec<_> =
                rows(&store).await.into_iter().map(|row| (row.name.clone(), row)).collect();
            assert_eq!(made.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["sms", "mail"]);
            let (_, sms) = &made[0];
            assert!(sms.is_default && sms.item.present && !sms.item.has_settings);
            assert_eq!((sms.status, sms.priority), (None, None), "as the code says");
            assert_eq!((sms.effective_status(), sms.effective_priority()), (Status::Active, 10));
            let stripe = ItemQuery { search: Some("STRIPE".into()), ..ItemQuery::default() };
            assert!(store.items(&stripe).await.unwrap().rows[0].has_settings);
        });
    }
}

#[test]
fn django_d23_d24_x18_sync_keeps_what_the_operator_said_and_update_refreshes_what_the_code_owns() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let before = row(&store, "sms").await;
            disable(&store, "sms").await;
            let said = row(&store, "sms").await;
            for round in 0..2 {
                let synced = store.sync(&ann(), &later(), SyncMode::Create).await.unwrap();
                assert!(synced.is_unchanged(), "{:?}", synced.lines);
                assert_eq!(synced.outdated, 3, "type, sms and mail: {synced}");
                assert_eq!(row(&store, "sms").await, said, "round {round}");
            }
            let synced = store.sync(&ann(), &later(), SyncMode::Update).await.unwrap();
            assert_eq!(synced.refreshed, 3, "{:?}", synced.lines);
            assert!(store.sync(&ann(), &later(), SyncMode::Update).await.unwrap().is_unchanged());
            let after = row(&store, "sms").await;
            assert_eq!((after.id, after.version), (before.id, said.version));
            assert_eq!((after.status, after.priority), (Some(Status::Disabled), None));
            assert_eq!(
                (after.effective_priority(), &*after.item.description),
                (11, "by text message")
            );
            assert_eq!(row(&store, "mail").await.effective_status(), Status::Reserve);
            assert_eq!(
                store.overview().await.unwrap()[0].description,
                "Sends codes of six digits."
            );
        });
    }
}

#[test]
fn django_d25_d26_x19_what_a_program_lacks_is_marked_absent_and_goes_with_prune_only() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            disable(&store, "sms").await;
            let said = row(&store, "sms").await;
            let synced = store.sync(&ann(), &smaller(), SyncMode::Update).await.unwrap();
            assert_eq!(synced.absent, 4, "sms, Payment, stripe and blog: {:?}", synced.lines);
            let kept = row(&store, "sms").await;
            assert_eq!((kept.id, kept.status, kept.item.present), (said.id, said.status, false));
            let absent = InstanceQuery { present: Some(false), ..InstanceQuery::default() };
            assert_eq!(store.instances(&absent).await.unwrap().total, 1);

            // It comes back with what the operator said.
            assert_eq!(store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap().present, 4);
            assert_eq!(row(&store, "sms").await.status, Some(Status::Disabled));
            store.sync(&ann(), &smaller(), SyncMode::Create).await.unwrap();

            let revision = store.revision().await.unwrap();
            let would = store.would_prune(&smaller(), PruneMode::Guarded).await.unwrap();
            assert_eq!((would.types, would.items, would.instances, would.plugins), (1, 2, 1, 1));
            assert!(would.to_string().contains("would be deleted"), "{would}");
            assert!(would.to_string().contains("sms, 1 instances, 1 of them with"), "{would}");
            assert_eq!(store.revision().await.unwrap(), revision, "nothing was done");
            let mut did = store.prune(&ann(), &smaller(), PruneMode::Guarded).await.unwrap();
            let lines = store.audit(&AuditQuery::default()).await.unwrap().rows;
            let deleted: Vec<_> = lines.iter().filter(|line| line.action == "deleted").collect();
            assert_eq!(deleted.len(), 5);
            assert!(deleted.iter().all(|line| (&*line.actor, line.via) == ("ann", Via::Page)));
            did.dry_run = true;
            assert_eq!(did, would);
            assert_eq!(rows(&store).await.len(), 1);
            assert_eq!(store.plugins(&PluginQuery::default()).await.unwrap().total, 0);
            let again = store.prune(&ann(), &smaller(), PruneMode::Guarded).await.unwrap();
            assert!(again.to_string().contains("nothing to prune"), "{again}");
        });
    }
}

#[test]
fn django_d27_sync_twice_gives_nothing_to_do() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let (revision, before) = (store.revision().await.unwrap(), rows(&store).await);
            for mode in [SyncMode::Create, SyncMode::Update] {
                let again = store.sync(&ann(), &registry(), mode).await.unwrap();
                assert!(again.is_unchanged() && again.outdated == 0, "{again}");
                assert!(again.to_string().contains("nothing to do"));
            }
            assert_eq!((store.revision().await.unwrap(), rows(&store).await), (revision, before));
        });
    }
}

#[test]
fn sync_and_prune_are_done_both_or_neither() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let before = (rows(&store).await, store.revision().await.unwrap());
            let (mode, guarded) = (SyncMode::Create, PruneMode::Guarded);
            let other = RegisteredType::new("Otp", "shop").with_item(RegisteredItem::new("fax"));
            let other = Registry::by_hand().with_type(other);
            // None of what was there is in this program, whatever sync would bring in.
            let refused = store.sync_and_prune(&ann(), &other, mode, guarded).await.unwrap_err();
            assert!(matches!(refused, Error::NothingLeft { items: 3 }), "{refused}");
            assert_eq!((rows(&store).await, store.revision().await.unwrap()), before);
            // What ends halfway leaves nothing: nothing is absent, and nothing is gone.
            let (fails, works) = match database.is_postgres() {
                true => (
                    "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS \
                     'BEGIN RAISE EXCEPTION ''no''; END'; CREATE TRIGGER fails BEFORE DELETE \
                     ON plugo_items FOR EACH ROW EXECUTE FUNCTION fails()",
                    "DROP TRIGGER fails ON plugo_items",
                ),
                false => (
                    "CREATE TRIGGER fails BEFORE DELETE ON plugo_items \
                     BEGIN SELECT RAISE(ABORT, 'no'); END",
                    "DROP TRIGGER fails",
                ),
            };
            database.by_hand(fails).await.unwrap();
            let failed = store.sync_and_prune(&ann(), &smaller(), mode, guarded).await;
            failed.unwrap_err();
            assert_eq!((rows(&store).await, store.revision().await.unwrap()), before);
            database.by_hand(works).await.unwrap();
            let (synced, pruned) =
                store.sync_and_prune(&ann(), &smaller(), mode, guarded).await.unwrap();
            assert!(synced.absent > 0 && pruned.items > 0, "{synced:?} {pruned:?}");
            assert_eq!(pruned.lines.len(), pruned.types + pruned.items + pruned.plugins);
            assert!(!pruned.dry_run && rows(&store).await.len() < before.0.len());
            let (again, pruned) =
                store.sync_and_prune(&ann(), &smaller(), mode, guarded).await.unwrap();
            assert!(again.is_unchanged() && pruned.lines.is_empty(), "{again:?} {pruned:?}");
        });
    }
}

#[test]
fn the_audit_log_says_who_synced() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&Actor::of_program(), &registry(), SyncMode::Create).await.unwrap();
            store.sync(&ann(), &smaller(), SyncMode::Create).await.unwrap();
            let all = AuditQuery { per_page: 1000, ..AuditQuery::default() };
            let lines = store.audit(&all).await.unwrap().rows;
            let program = Actor::of_program();
            let executable = std::env::current_exe().unwrap();
            assert_eq!(program.name, executable.file_stem().unwrap().to_str().unwrap());
            for line in &lines {
                let who = match &*line.action {
                    "created" => (&*program.name, Via::Sync),
                    _ => ("ann", Via::Page),
                };
                assert_eq!((&*line.actor, line.via), who, "{line:?}");
            }
            assert!(lines.iter().any(|line| line.action == "absent"), "{lines:?}");
        });
    }
}

#[test]
fn django_d28_an_empty_database_is_migrated_at_open_and_an_unmigrated_one_is_refused_when_asked() {
    for database in Database::each() {
        run(async {
            let refused = StoreOptions::new().no_migrate().open(&database.url()).await.unwrap_err();
            assert!(matches!(refused, Error::Unmigrated { found: 0, .. }), "{refused}");
            assert!(refused.to_string().contains("migrate it first"), "{refused}");
            let store = Store::open(&database.url()).await.unwrap();
            let (found, known) = store.versions().await.unwrap();
            assert_eq!(found, known);
            StoreOptions::new().no_migrate().open(&database.url()).await.unwrap();
        });
    }
}

#[test]
fn django_d30_what_is_there_once_cannot_be_inserted_twice_nor_with_a_value_that_no_code_knows() {
    for database in Database::each() {
        run(async {
            synced(&database).await;
            let copy = |table: &str, columns: &str, id: &str| {
                format!(
                    "INSERT INTO {table} (id, {columns}) SELECT '{id}', {columns} FROM {table} LIMIT 1"
                )
            };
            let id = "00000000-0000-7000-8000-000000000000";
            for sql in [
                copy("plugo_types", "name, package, description, present", id),
                copy(
                    "plugo_items",
                    "type_id, namespace, name, package, version, description, code_status, code_priority, present",
                    id,
                ),
                copy("plugo_instances", "item_id, name, is_default", id),
                copy(
                    "plugo_plugins",
                    "namespace, name, package, version, description, present",
                    id,
                ),
                "UPDATE plugo_instances SET status = 'ACTIVE'".to_owned(),
                "UPDATE plugo_instances SET priority = 2147483648".to_owned(),
                "UPDATE plugo_instances SET name = ''".to_owned(),
                "UPDATE plugo_instances SET settings = '{'".to_owned(),
                "UPDATE plugo_instances SET version = 0".to_owned(),
                "UPDATE plugo_items SET present = 2".to_owned(),
                "DELETE FROM plugo_items".to_owned(),
                "DELETE FROM plugo_revision".to_owned(),
                "UPDATE plugo_revision SET revision = 0".to_owned(),
                "UPDATE plugo_audit SET actor = 'nobody'".to_owned(),
                "DELETE FROM plugo_audit".to_owned(),
            ] {
                assert!(database.by_hand(&sql).await.is_err(), "{sql}");
            }
        });
    }
}

#[test]
fn django_d32_x23_many_rows_change_at_once_or_none_and_each_leaves_a_line() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let (sms, mail) = (row(&store, "sms").await, row(&store, "mail").await);
            let targets = [(sms.id, Some(sms.version)), (mail.id, Some(mail.version))];
            for status in
                [Some(Status::Reserve), Some(Status::Disabled), Some(Status::Active), None]
            {
                let targets = targets.map(|(id, _)| (id, None));
                let edited = store.edit(&ann(), &targets, &Change::Status(status)).await.unwrap();
                assert_eq!(edited.changed.len(), 2);
                assert_eq!(edited.revision, store.revision().await.unwrap());
                for row in rows(&store).await {
                    assert_eq!(row.status, status);
                }
            }
            // One is of an older version: none changes.
            let error = store.edit(&ann(), &targets, &Change::Priority(Some(1))).await.unwrap_err();
            assert!(matches!(error, EditError::Conflict(_)), "{error}");
            assert!(rows(&store).await.iter().all(|row| row.priority.is_none()));

            let about =
                AuditQuery { subject_id: Some(sms.id.to_string()), ..AuditQuery::default() };
            let lines = store.audit(&about).await.unwrap().rows;
            let said: Vec<_> =
                lines.iter().map(|line| (line.before.as_deref(), line.after.as_deref())).collect();
            let (active, reserve, disabled) = (Some("active"), Some("reserve"), Some("disabled"));
            assert_eq!(
                said,
                [(active, None), (disabled, active), (reserve, disabled), (None, reserve)],
                "the latest first"
            );
            assert!(lines.iter().all(|line| line.actor == "ann" && line.via == Via::Page));
            assert!(lines.iter().all(|line| line.field.as_deref() == Some("status")));
            assert!(lines.windows(2).all(|pair| pair[0].revision > pair[1].revision));
            assert_eq!(lines[0].revision, store.revision().await.unwrap());
            // What changes nothing leaves nothing.
            let same = store.edit(&ann(), &[(sms.id, None)], &Change::Status(None)).await.unwrap();
            assert_eq!((same.changed.len(), same.unchanged.len()), (0, 1));
            assert_eq!(store.audit(&about).await.unwrap().total, 4);
        });
    }
}

#[test]
fn django_d33_priorities_are_nudged_as_far_as_numbers_go() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let sms = row(&store, "sms").await.id;
            let nudge = async |by| {
                store.edit(&ann(), &[(sms, None)], &Change::Nudge(by)).await.unwrap();
                row(&store, "sms").await.priority
            };
            assert_eq!(nudge(-1).await, Some(9), "from the 10 of the code");
            assert_eq!(nudge(1).await, Some(10));
            assert_eq!(nudge(i32::MAX).await, Some(i32::MAX));
            assert_eq!(nudge(1).await, Some(i32::MAX));
            store.edit(&ann(), &[(sms, None)], &Change::Priority(Some(i32::MIN))).await.unwrap();
            assert_eq!(nudge(-1).await, Some(i32::MIN));
            store.edit(&ann(), &[(sms, None)], &Change::Priority(None)).await.unwrap();
            assert_eq!(row(&store, "sms").await.effective_priority(), 10);
        });
    }
}

#[test]
fn x23_no_way_of_inserting_changes_the_audit_log_or_lowers_the_revision() {
    run(async {
        let database = Database::sqlite();
        let store = synced(&database).await;
        disable(&store, "sms").await;
        let before = store.audit(&AuditQuery::default()).await.unwrap();
        let revision = store.revision().await.unwrap();
        for sql in [
            "INSERT OR REPLACE INTO plugo_audit SELECT id, at, 'eve', via, action, subject_kind, \
             subject_id, subject, field, before, after, revision FROM plugo_audit",
            "REPLACE INTO plugo_revision (id, revision, database) VALUES (1, 0, 'x')",
            "UPDATE OR REPLACE plugo_audit SET actor = 'eve'",
        ] {
            assert!(database.by_hand(sql).await.is_err(), "{sql}");
        }
        assert_eq!(store.audit(&AuditQuery::default()).await.unwrap().rows, before.rows);
        assert_eq!(store.revision().await.unwrap(), revision);
    });
}

#[test]
fn x20_prune_is_refused_where_nothing_is_registered() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let before = rows(&store).await;
            let other = Registry::by_hand().with_plugin(RegisteredPlugin::new("blog"));
            let (nothing, guarded) = (Registry::by_hand(), PruneMode::Guarded);
            let refused = store.prune(&ann(), &nothing, guarded).await.unwrap_err();
            assert!(matches!(refused, Error::NothingRegistered), "{refused}");
            let refused = store.would_prune(&nothing, guarded).await.unwrap_err();
            assert!(matches!(refused, Error::NothingRegistered), "{refused}");
            let refused = store.prune(&ann(), &other, guarded).await.unwrap_err();
            assert!(matches!(refused, Error::NothingLeft { items: 3 }), "{refused}");
            assert_eq!(rows(&store).await, before);
            let pruned = store.prune(&ann(), &Registry::by_hand(), PruneMode::Force).await.unwrap();
            assert_eq!((pruned.items, pruned.instances), (3, 2));
            assert_eq!(rows(&store).await, []);
        });
    }
}

#[test]
fn instances_of_an_item_with_settings_are_made_edited_and_deleted() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            let all = ItemQuery { search: Some("stripe".into()), ..ItemQuery::default() };
            let stripe = store.items(&all).await.unwrap().rows[0].id;
            let make = async |name: &str| {
                store.create_instance(&ann(), stripe, name, &json!({ "account": name })).await
            };
            let id = make(" Production ").await.unwrap();
            for (name, wanted) in
                [("Production", "already"), ("", "needs a name"), ("a\nb", "U+000A")]
            {
                let error = make(name).await.unwrap_err().to_string();
                assert!(error.contains(wanted), "{error}");
            }
            make(&"ä".repeat(100)).await.unwrap();
            assert!(matches!(make(&"ä".repeat(101)).await, Err(EditError::Invalid(_))));
            let sandbox = make("Sandbox").await.unwrap();
            let rename = Change::Rename("Production".into());
            let taken = store.edit(&ann(), &[(sandbox, None)], &rename).await.unwrap_err();
            assert!(matches!(taken, EditError::NameTaken(_)), "{taken}");
            store.edit(&ann(), &[(sandbox, None)], &Change::Rename("Test".into())).await.unwrap();
            let detail = store.instance(sandbox).await.unwrap().unwrap();
            assert_eq!(
                (&*detail.row.name, &detail.settings),
                ("Test", &json!({ "account": "Sandbox" }))
            );
            assert_eq!(detail.row.subject(), "stripe: Test");

            let sms = row(&store, "sms").await;
            for refused in [
                store.delete_instance(&ann(), sms.id, None).await.unwrap_err(),
                store
                    .edit(&ann(), &[(sms.id, None)], &Change::Rename("x".into()))
                    .await
                    .unwrap_err(),
                store
                    .edit(&ann(), &[(sms.id, None)], &Change::Settings(json!({})))
                    .await
                    .unwrap_err(),
                store.create_instance(&ann(), sms.item.id, "x", &json!({})).await.unwrap_err(),
                store.edit(&ann(), &[(id, None)], &Change::Settings(json!([]))).await.unwrap_err(),
            ] {
                assert!(matches!(refused, EditError::Invalid(_)), "{refused}");
            }
            store.delete_instance(&ann(), id, None).await.unwrap();
            let gone = store.delete_instance(&ann(), id, None).await.unwrap_err();
            assert!(matches!(gone, EditError::NotFound(_)), "{gone}");
            let gone = store.edit(&ann(), &[(sms.id, None), (id, None)], &Change::Nudge(1)).await;
            assert!(matches!(gone, Err(EditError::NotFound(_))));
            assert_eq!(row(&store, "sms").await, sms, "all or nothing");
        });
    }
}

#[test]
fn an_item_that_gets_settings_loses_the_default_instance_that_nobody_touched() {
    for database in Database::each() {
        run(async {
            let store = synced(&database).await;
            disable(&store, "sms").await;
            let schema = json!({ "type": "object" });
            let mut otp = RegisteredType::new("Otp", "shop").description("Sends codes.");
            for item in registry().types()[0].items() {
                otp = otp.with_item(item.clone().schema(schema.clone()));
            }
            let registry = Registry::by_hand().with_type(otp);
            store.sync(&ann(), &registry, SyncMode::Update).await.unwrap();
            let left = rows(&store).await;
            assert_eq!(left.len(), 1, "that of `mail` is gone: {left:?}");
            assert_eq!((&*left[0].name, left[0].status), ("sms", Some(Status::Disabled)));
            assert!(!left[0].is_default && left[0].item.has_settings);
            assert!(store.sync(&ann(), &registry, SyncMode::Update).await.unwrap().is_unchanged());
            // And back: a new default instance, beside what the operator has.
            store.sync(&ann(), &self::registry(), SyncMode::Update).await.unwrap();
            let names: Vec<String> = rows(&store).await.into_iter().map(|row| row.name).collect();
            assert_eq!(names, ["sms 2", "mail", "sms"]);
        });
    }
}

#[test]
fn x24_a_field_that_becomes_a_secret_is_stored_as_one_after_any_sync() {
    for database in Database::each() {
        run(async {
            let keys = KeyRing::parse(&KeyRing::generate("a").unwrap()).unwrap();
            let store = StoreOptions::new().keys(keys).open(&database.url()).await.unwrap();
            let of = |schema| {
                let stripe = RegisteredItem::new("stripe").schema(schema);
                let payment = RegisteredType::new("Payment", "shop").with_item(stripe);
                Registry::by_hand().with_type(payment)
            };
            let text = json!({ "type": "object", "properties": { "key": { "type": "string" } } });
            store.sync(&ann(), &of(text), SyncMode::Create).await.unwrap();
            let secret = json!({ "type": "object", "required": ["account"], "properties": {
                "account": {}, "key": { "type": "string", "writeOnly": true } } });
            let new = of(secret);
            assert_eq!(store.sync(&ann(), &new, SyncMode::Create).await.unwrap().refreshed, 1);
            assert!(store.sync(&ann(), &new, SyncMode::Create).await.unwrap().is_unchanged());
            let stripe = store.items(&ItemQuery::default()).await.unwrap().rows[0].id;
            let settings = json!({ "account": "a", "key": "s3cret" });
            let id = store.create_instance(&ann(), stripe, "One", &settings).await.unwrap();
            let shown = store.instance(id).await.unwrap().unwrap();
            assert_eq!(shown.settings, json!({ "account": "a", "key": "" }));
            let lines = store.audit(&AuditQuery::default()).await.unwrap().rows;
            assert!(!format!("{lines:?}").contains("s3cret"), "{lines:?}");
        });
    }
}

#[test]
fn x24_secrets_are_in_no_row_line_page_or_log() {
    for database in Database::each() {
        run(async {
            let ring = KeyRing::generate("k1").unwrap();
            let ring = KeyRing::parse(&ring).unwrap();
            let store = StoreOptions::new().keys(ring).open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            let all = ItemQuery { search: Some("stripe".into()), ..ItemQuery::default() };
            let stripe = store.items(&all).await.unwrap().rows[0].id;
            let settings = json!({ "account": "acme", "key": "s3cret-one" });
            let id = store.create_instance(&ann(), stripe, "Production", &settings).await.unwrap();
            let change = Change::Settings(json!({ "account": "acme2", "key": "s3cret-two" }));
            store.edit(&ann(), &[(id, None)], &change).await.unwrap();
            // Not said anew, so it is kept.
            let change = Change::Settings(json!({ "account": "acme3" }));
            store.edit(&ann(), &[(id, None)], &change).await.unwrap();

            let snapshot = store.snapshot().await.unwrap();
            let detail = store.instance(id).await.unwrap().unwrap();
            assert_eq!(
                (&detail.settings, &*detail.secrets),
                (&json!({ "account": "acme3", "key": "" }), &["/key".to_owned()][..])
            );
            let lines = store.audit(&AuditQuery::default()).await.unwrap();
            let said = format!(
                "{detail:?} {} {lines:?} {snapshot:?} {store:?}",
                serde_json::to_string(&detail).unwrap()
            );
            assert!(!said.contains("s3cret"), "{said}");
            let of_key =
                lines.rows.iter().filter(|line| line.field.as_deref() == Some("settings.key"));
            assert_eq!(
                of_key.map(|line| line.after.as_deref()).collect::<Vec<_>>(),
                [Some("changed"); 2]
            );
            let instance = &snapshot.ranked(&registry(), "Payment", "shop")[0].instance;
            let plain = instance.settings.reveal().unwrap();
            assert_eq!(plain.reveal(), &json!({ "account": "acme3", "key": "s3cret-two" }));
            if !database.is_postgres() {
                let bytes = std::fs::read(database.file()).unwrap();
                let log = std::fs::read(database.file().with_extension("sqlite3-wal")).unwrap();
                for bytes in [bytes, log] {
                    assert!(!bytes.windows(6).any(|part| part == b"s3cret"));
                }
            }
            // Another key: the instance says why, and the others are as they were.
            let other = Store::open(&database.url()).await.unwrap();
            let snapshot = other.snapshot().await.unwrap();
            let instance = &snapshot.ranked(&registry(), "Payment", "shop")[0].instance;
            let why = instance.settings.reveal().unwrap_err().to_string();
            assert!(why.contains("the key `k1`, which is not in the key ring"), "{why}");
            assert_eq!(snapshot.ranked(&registry(), "Otp", "shop").len(), 2);
            let refused = other.create_instance(&ann(), stripe, "x", &settings).await.unwrap_err();
            assert!(matches!(refused, EditError::Store(Error::NoKey)), "{refused}");
        });
    }
}

#[test]
fn settings_that_do_not_fit_are_refused_with_each_place_and_no_secret() {
    for database in Database::each() {
        run(async {
            let ring = KeyRing::generate("k1").unwrap();
            let ring = KeyRing::parse(&ring).unwrap();
            let store = StoreOptions::new().keys(ring).open(&database.url()).await.unwrap();
            let schema = json!({
                "type": "object",
                "properties": {
                    "account": { "type": "string" },
                    "retries": { "type": "integer", "maximum": 9 },
                    "key": { "type": "string", "writeOnly": true, "minLength": 3 },
                    "spare": { "type": "array", "items": { "type": "string", "writeOnly": true } },
                },
                "required": ["account", "key"],
            });
            let payment = RegisteredType::new("Payment", "shop")
                .with_item(RegisteredItem::new("stripe").schema(schema));
            let registry = Registry::by_hand().with_type(payment);
            store.sync(&ann(), &registry, SyncMode::Create).await.unwrap();
            let stripe = store.items(&ItemQuery::default()).await.unwrap().rows[0].id;
            let create = async |settings| {
                store.create_instance(&ann(), stripe, "Production", &settings).await
            };
            let wrong = json!({ "acount": "x", "retries": 10, "key": "" });
            let error = create(wrong).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "the settings do not fit, and nothing was saved: /account is missing; /acount is \
                 unknown; did you mean `account`?; /key is too short: it has at least 3 characters; \
                 /retries is 10, and must be at most 9"
            );
            assert_eq!(rows(&store).await, [], "nothing was saved");

            let settings = json!({ "account": "a", "key": "s3cret", "spare": ["s3c1", "s3c2"] });
            let id = create(settings).await.unwrap();
            let edit = async |settings| {
                store.edit(&ann(), &[(id, None)], &Change::Settings(settings)).await
            };
            let plain = async || {
                let snapshot = store.snapshot().await.unwrap();
                let instance = &snapshot.ranked(&registry, "Payment", "shop")[0].instance;
                instance.settings.reveal().unwrap().reveal().clone()
            };
            // What is shown and comes back changes nothing, also as the audit log has it.
            let shown = store.instance(id).await.unwrap().unwrap().settings;
            assert_eq!(shown, json!({ "account": "a", "key": "", "spare": ["", ""] }));
            assert_eq!(edit(shown).await.unwrap().unchanged, [id]);
            // What is kept is held against the schema as well, and so is what is new.
            let before = plain().await;
            for (wrong, wanted) in [
                (json!({ "account": 5 }), "/account is 5, where text is wanted"),
                (json!({ "account": "a", "key": null }), "/key is not what it should be"),
                (json!({ "account": "a", "key": "s3" }), "/key is too short"),
                (json!({ "account": "a", "key": ["s3cret"] }), "/key is not what it should be"),
                (
                    json!({ "account": "a", "spare": ["", "s3c3"] }),
                    "/spare/0 is empty, and there is none to keep: what was changed in a list \
                     needs its secrets again, and in a list of nothing but secrets all of them",
                ),
            ] {
                let error = edit(wrong).await.unwrap_err();
                assert!(matches!(error, EditError::Settings(_)), "{error}");
                let said = format!("{error} {error:?}");
                assert!(said.contains(wanted) && !said.contains("s3c"), "{said}");
            }
            assert_eq!(plain().await, before);
            edit(json!({ "account": "b", "retries": 9, "key": "", "spare": [] })).await.unwrap();
            let after = json!({ "account": "b", "retries": 9, "key": "s3cret", "spare": [] });
            assert_eq!(plain().await, after);
            let lines = store.audit(&AuditQuery::default()).await.unwrap();
            assert!(!format!("{lines:?}").contains("s3c"), "{lines:?}");
        });
    }
}

#[test]
fn lists_are_searched_filtered_sorted_and_paged() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            let mut of = RegisteredType::new("Otp", "shop");
            for number in 0..250 {
                let name = format!("item{number:03}");
                of = of.with_item(
                    RegisteredItem::new(name).priority(number % 3).description("100% <b>"),
                );
            }
            let registry = Registry::by_hand().with_type(of);
            store.sync(&ann(), &registry, SyncMode::Create).await.unwrap();
            let page = store.instances(&InstanceQuery::default()).await.unwrap();
            assert_eq!((page.rows.len(), page.total, page.pages()), (50, 250, 5));
            assert_eq!(page.rows[1].name, "item003", "by priority, then name");
            let query = |search: &str| InstanceQuery {
                search: Some(search.into()),
                ..InstanceQuery::default()
            };
            for (search, found) in [
                ("ITEM00", 10),
                ("100%", 250),
                ("0%0", 0),
                ("i_em", 0),
                ("' OR 1=1 --", 0),
                ("\\", 0),
            ] {
                assert_eq!(store.instances(&query(search)).await.unwrap().total, found, "{search}");
            }
            let last = InstanceQuery {
                page: 13,
                per_page: 20,
                sort: Sort::Name,
                descending: true,
                ..InstanceQuery::default()
            };
            let last = store.instances(&last).await.unwrap();
            assert_eq!((last.rows.len(), &*last.rows[9].name), (10, "item000"));
            let beyond =
                InstanceQuery { page: u32::MAX, per_page: u32::MAX, ..InstanceQuery::default() };
            assert_eq!(store.instances(&beyond).await.unwrap().rows, []);
            let targets: Vec<_> = page.rows.iter().map(|row| (row.id, None)).collect();
            store.edit(&ann(), &targets, &Change::Nudge(100)).await.unwrap();
            store
                .edit(&ann(), &targets[..30], &Change::Status(Some(Status::Disabled)))
                .await
                .unwrap();
            let disabled =
                InstanceQuery { status: Some(Status::Disabled), ..InstanceQuery::default() };
            assert_eq!(store.instances(&disabled).await.unwrap().total, 30);
            let counts = &store.overview().await.unwrap()[0];
            assert_eq!((counts.items, counts.active, counts.disabled), (250, 220, 30));
            for sort in [Sort::Type, Sort::Status, Sort::Priority, Sort::Package, Sort::Selection] {
                let sorted = InstanceQuery { sort, ..InstanceQuery::default() };
                assert_eq!(store.instances(&sorted).await.unwrap().rows.len(), 50, "{sort:?}");
            }
        });
    }
}
