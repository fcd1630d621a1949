//! Which names instances and users may have.

use plugo_admin::{Change, EditError, UserError};
use serde_json::json;

use crate::databases::{Database, ann, run};
use crate::search::with_names;

#[test]
fn names_have_no_characters_that_do_not_show() {
    for database in Database::each() {
        run(async {
            let store =
                with_names(&database, &["پیام\u{200c}کوتاه", "👩\u{200d}👧 ❤\u{fe0f}"]).await;
            let rows = crate::databases::rows(&store).await;
            let one = rows.iter().find(|row| !row.is_default).unwrap();
            for (name, code) in [
                ("\u{202e}", "U+202E"),
                ("a\u{200b}b", "U+200B"),
                ("\u{feff}", "U+FEFF"),
                ("a\nb", "U+000A"),
                ("a\0", "U+0000"),
                ("a\u{e0041}", "U+E0041"),
            ] {
                let settings = json!({ "account": "ours" });
                let made = store.create_instance(&ann(), one.item.id, name, &settings).await;
                let change = Change::Rename(name.into());
                let renamed = store.edit(&ann(), &[(one.id, None)], &change).await;
                for refused in [made.unwrap_err(), renamed.unwrap_err()] {
                    assert!(matches!(refused, EditError::Invalid(_)), "{refused}");
                    assert!(refused.to_string().ends_with(code), "{refused}");
                }
                let role = plugo_admin::Role::View;
                let user = store.add_user(&ann(), name, "correct horse battery", role).await;
                let refused = user.unwrap_err();
                assert!(matches!(refused, UserError::Invalid(_)), "{refused}");
                assert!(refused.to_string().ends_with(code), "{refused}");
            }
        });
    }
}
