//! Who may log in, and who is logged in.

use std::time::Duration;

use plugo_admin::{
    Actor, AuditQuery, Change, InstanceQuery, ItemQuery, PluginQuery, Role, Store, SyncMode,
    UserError, Via,
};

use crate::databases::{Database, ann, registry, row, run};

const PASSWORD: &str = "correct horse battery";

#[test]
fn users_log_in_with_their_password_and_no_other() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            let id = store.add_user(&ann(), "bob", PASSWORD, Role::View).await.unwrap();
            let bob = store.verify_password("bob", PASSWORD).await.unwrap().unwrap();
            assert_eq!((bob.id, bob.role, &*bob.name), (id, Role::View, "bob"));
            for (name, password) in
                [("bob", "correct horse"), ("bob", ""), ("eve", PASSWORD), ("' OR ''='", "")]
            {
                assert_eq!(store.verify_password(name, password).await.unwrap(), None, "{name}");
            }
            for (name, password) in [("", PASSWORD), ("a\nb", PASSWORD), ("carl", "short")] {
                let refused = store.add_user(&ann(), name, password, Role::Edit).await.unwrap_err();
                assert!(matches!(refused, UserError::Invalid(_)), "{refused}");
            }
            let twice = store.add_user(&ann(), "bob", PASSWORD, Role::Edit).await.unwrap_err();
            assert!(matches!(twice, UserError::NameTaken(_)), "{twice}");
            store.set_role(&ann(), "bob", Role::Edit).await.unwrap();
            store.set_password(&ann(), "bob", "another password").await.unwrap();
            assert_eq!(store.verify_password("bob", PASSWORD).await.unwrap(), None);
            let nobody = store.set_role(&ann(), "eve", Role::Edit).await.unwrap_err();
            assert!(matches!(nobody, UserError::NotFound(_)), "{nobody}");
            store.add_user(&ann(), "ada", PASSWORD, Role::Edit).await.unwrap();
            store.disable_user(&ann(), "bob").await.unwrap();
            assert_eq!(store.verify_password("bob", "another password").await.unwrap(), None);
            assert!(store.list_users().await.unwrap()[1].disabled);

            let lines = store.audit(&AuditQuery::default()).await.unwrap().rows;
            let said: Vec<_> =
                lines.iter().map(|l| (l.field.as_deref(), l.after.as_deref())).collect();
            let (changed, disabled) =
                ((Some("password"), Some("changed")), (Some("disabled"), Some("true")));
            assert_eq!(
                said,
                [
                    disabled,
                    (Some("role"), Some("edit")),
                    changed,
                    (Some("role"), Some("edit")),
                    (Some("role"), Some("view")),
                ]
            );
        });
    }
}

#[test]
fn sessions_end_by_themselves_with_their_user_and_when_closed() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            let bob = store.add_user(&ann(), "bob", PASSWORD, Role::View).await.unwrap();
            let hour = Duration::from_secs(3600);
            let first = store.open_session(bob, hour).await.unwrap();
            let second = store.open_session(bob, hour).await.unwrap();
            let over = store.open_session(bob, Duration::ZERO).await.unwrap();
            assert!(store.session(&over.token).await.unwrap().is_none());
            assert!(store.session("").await.unwrap().is_none());
            let session = store.session(&first.token).await.unwrap().unwrap();
            assert_eq!((&session.csrf, session.user.id), (&first.csrf, bob));
            assert!(first.token != second.token && first.csrf != second.csrf);
            let shown = format!("{first:?} {session:?}");
            assert!(!shown.contains(&first.token) && !shown.contains(&first.csrf), "{shown}");
            store.add_user(&ann(), "ada", PASSWORD, Role::Edit).await.unwrap();
            store.set_role(&ann(), "bob", Role::Edit).await.unwrap();
            let now = store.session(&first.token).await.unwrap().unwrap();
            assert_eq!(now.user.role, Role::Edit, "at once");
            store.close_session(&first.token).await.unwrap();
            assert!(store.session(&first.token).await.unwrap().is_none());
            assert!(store.session(&second.token).await.unwrap().is_some());
            store.disable_user(&ann(), "bob").await.unwrap();
            store.enable_user(&ann(), "bob").await.unwrap();
            assert!(store.session(&second.token).await.unwrap().is_none(), "it does not come back");
        });
    }
}

#[test]
fn a_nul_fits_nothing_and_breaks_nothing() {
    for database in Database::each() {
        run(async {
            let store = Store::open(&database.url()).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
            store.add_user(&ann(), "bob", PASSWORD, Role::View).await.unwrap();
            assert_eq!(store.verify_password("b\0ob", PASSWORD).await.unwrap(), None);
            let nobody = store.set_role(&ann(), "b\0ob", Role::Edit).await.unwrap_err();
            assert!(matches!(nobody, UserError::NotFound(_)), "{nobody}");
            let text = || Some("s\0ms".to_owned());
            let query = InstanceQuery { search: text(), ..InstanceQuery::default() };
            assert_eq!(store.instances(&query).await.unwrap().total, 0);
            let query = InstanceQuery { package: text(), ..InstanceQuery::default() };
            assert_eq!(store.instances(&query).await.unwrap().total, 0);
            let query = ItemQuery { search: text(), ..ItemQuery::default() };
            assert_eq!(store.items(&query).await.unwrap().total, 0);
            let query = PluginQuery { search: text(), ..PluginQuery::default() };
            assert_eq!(store.plugins(&query).await.unwrap().total, 0);
            for query in [
                AuditQuery { actor: text(), ..AuditQuery::default() },
                AuditQuery { search: text(), ..AuditQuery::default() },
                AuditQuery { subject_id: text(), ..AuditQuery::default() },
            ] {
                assert_eq!(store.audit(&query).await.unwrap().total, 0);
            }
            // The app may say anything about who does something.
            let odd = Actor::new("a\0nn", Via::App);
            let sms = row(&store, "sms").await.id;
            store.edit(&odd, &[(sms, None)], &Change::Nudge(1)).await.unwrap();
            let line = store.audit(&AuditQuery::default()).await.unwrap().rows.remove(0);
            assert_eq!(line.actor, "a\u{fffd}nn");
        });
    }
}
