//! Why there is no connection is told as it is, with what to do about it.

use std::net::TcpListener;
use std::time::Duration;

use plugo_admin::{Error, Store, StoreOptions};

use crate::databases::{Database, run};

/// Whoever waits for a connection until the time is over does not end.
fn patient() -> StoreOptions {
    StoreOptions::new().wait(Duration::from_secs(3600))
}

async fn why(url: &str) -> (Error, String) {
    let error = patient().open(url).await.unwrap_err();
    let text = error.to_string();
    (error, text)
}

#[test]
fn a_server_says_at_once_why_it_lets_nobody_in() {
    let Some(database) = Database::postgres() else { return };
    run(async {
        let url = database.url();
        let (error, text) = why(&url.replace("/test", "/none")).await;
        assert!(matches!(error, Error::Refused { .. }), "{text}");
        assert!(text.contains("does not exist") && text.contains("make the database"), "{text}");

        let (error, text) = why(&url.replace("plugo@", "nobody@")).await;
        assert!(matches!(error, Error::Refused { .. }), "{text}");
        assert!(text.contains("role \"nobody\"") && text.contains("look at the role"), "{text}");

        database.by_hand("CREATE ROLE poor LOGIN").await.unwrap();
        let poor = url.replace("plugo@", "poor@");
        let (error, text) = why(&poor).await;
        assert!(matches!(error, Error::Refused { .. }), "{text}");
        assert!(text.contains("permission denied") && text.contains("grant the role"), "{text}");

        Store::open(&url).await.unwrap().close().await;
        let (_, text) = why(&poor).await;
        assert!(text.contains("permission denied") && text.contains("grant the role"), "{text}");

        database.by_hand("ALTER ROLE poor CONNECTION LIMIT 0").await.unwrap();
        let (error, text) = why(&poor).await;
        assert!(matches!(error, Error::Away { .. }), "{text}");
        assert!(text.contains("too many connections for role"), "{text}");
        assert!(text.contains("raise the limit"), "{text}");
        database.by_hand("DROP ROLE poor").await.unwrap();
    });
}

#[test]
fn a_closed_port_is_told_at_once() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    run(async {
        let (error, text) = why(&format!("postgres://plugo@{address}/shop")).await;
        assert!(matches!(error, Error::Away { .. }), "{text}");
        assert!(text.contains("refused") && !text.contains("pool"), "{text}");
    });
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_for_is_not_said_to_be_missing() {
    let database = Database::sqlite();
    // Following it never ends.
    std::os::unix::fs::symlink(database.file(), database.file()).unwrap();
    run(async {
        let (error, text) = why(&database.url()).await;
        assert!(matches!(error, Error::Away { .. }), "{text}");
        assert!(text.contains("it cannot be looked for: "), "{text}");
    });
}
