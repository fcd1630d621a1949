//! What is told at a terminal where somebody means what is not there.

use std::env;
use std::process::Command;

use plugo_admin::{Commands, Store, SyncMode};

use crate::databases::{Database, ann, run};
use crate::site::registry;

const ARGUMENTS: &str = "PLUGO_TEST_ARGUMENTS";

#[test]
#[ignore = "a process of another test"]
fn process_with_a_command() {
    run(async {
        let arguments = env::var(ARGUMENTS).unwrap();
        let arguments = arguments.split('\n').map(Into::into);
        Commands::new(registry()).run(arguments).await.unwrap();
    });
}

fn said(arguments: &[&str]) -> String {
    let mut process = Command::new(env::current_exe().unwrap());
    let test = "meant::process_with_a_command";
    process.args([test, "--exact", "--ignored", "--nocapture"]);
    let said = process.env(ARGUMENTS, arguments.join("\n")).output().unwrap();
    String::from_utf8_lossy(&said.stderr).into_owned()
}

#[test]
fn an_item_with_settings_and_no_instance_is_said_to_have_none() {
    for database in Database::each() {
        let url = database.url();
        run(async {
            let store = Store::open(&url).await.unwrap();
            store.sync(&ann(), &registry(), SyncMode::Create).await.unwrap();
        });
        let set = |name: &str| {
            said(&["shop", "db", "--database", &url, "set", name, "--status", "active"])
        };
        let told = "`stripe` has settings, so it has the instances that operators make of it";
        let text = set("stripe");
        assert!(text.contains(told), "{text}");
        let text = set("strip");
        assert!(text.contains("there is no instance `strip`"), "{text}");
    }
}

#[test]
fn a_path_is_told_as_the_url_that_it_would_be() {
    for (path, url) in [
        ("/srv/a b.db", "sqlite:///srv/a%20b.db"),
        ("./plugo", "sqlite://./plugo"),
        ("plugo.sqlite3", "sqlite://plugo.sqlite3"),
    ] {
        let text = said(&["shop", "db", "--database", path, "list"]);
        assert!(text.contains(&format!("is `{url}` meant?")), "{text}");
    }
    let text = said(&["shop", "db", "--database", "s3cret", "list"]);
    assert!(text.contains("begins with no scheme") && !text.contains("s3cret"), "{text}");
}
