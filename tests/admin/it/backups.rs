//! What the commands and the app leave behind is a database in one file, which can be
//! copied, and which another one may take the place of.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::notify::{Place, Running};

/// Nothing stands beside the database: what was said stands in the file.
fn is_whole(place: &Place, when: &str) {
    for end in ["-wal", "-shm"] {
        let beside = place.folder.path().join(format!("notify.sqlite3{end}"));
        assert!(!beside.exists(), "{} was left after {when}", beside.display());
    }
}

fn file(place: &Place) -> std::path::PathBuf {
    Path::new(place.folder.path()).join("notify.sqlite3")
}

#[test]
fn a_file_that_was_copied_after_the_end_is_the_whole_database() {
    for _ in 0..3 {
        let place = Place::new();
        let run = |arguments: &[&str]| place.command("default", arguments);
        run(&["db", "migrate"]).ok();
        is_whole(&place, "db migrate");
        run(&["db", "set", "email", "--priority", "4"]).ok();
        is_whole(&place, "db set");
        for (arguments, code) in [
            (&["db", "sync"][..], 0),
            (&["db", "list"], 0),
            (&["db", "audit"], 0),
            (&["db", "rekey"], 0),
            (&["db", "user", "list"], 0),
            (&["db", "set", "nobody", "--priority", "4"], 2),
            (&["db", "list", "--type", "nobody"], 2),
        ] {
            assert_eq!(run(arguments).code, Some(code), "{arguments:?}");
            is_whole(&place, &arguments.join(" "));
        }
        let mut pages = Running::admin(&place);
        assert_eq!(pages.ask("GET", "/login", "", "").0, 200);
        assert_eq!(pages.terminate().code(), Some(0));
        is_whole(&place, "admin");

        let mut app = Running::start(&place);
        let id = place.instance("default", "email")["id"].as_str().unwrap().to_owned();
        app.say(&id, &json!({ "priority": 9 }));
        assert_eq!(app.terminate().code(), Some(0));
        is_whole(&place, "the app");

        // Elsewhere, it is the same.
        let other = Place::new();
        fs::copy(file(&place), file(&other)).unwrap();
        assert_eq!(other.instance("default", "email")["priority"], 9);
        // And what is put back there holds.
        run(&["db", "set", "email", "--priority", "1"]).ok();
        fs::rename(file(&other), file(&place)).unwrap();
        assert_eq!(place.instance("default", "email")["priority"], 9);
    }
}
