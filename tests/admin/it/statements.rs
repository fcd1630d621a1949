//! How many statements a page of many rows takes.

use axum::http::StatusCode;
use plugo_admin::{Auth, Pages, RegisteredItem, RegisteredType, Registry};

use crate::site::{Site, nested, run};

#[test]
fn ten_thousand_items_take_as_many_statements_as_three() {
    // Statements are counted over the whole process, so it is one of its own.
    const AGAIN: &str = "PLUGO_TEST_COUNTS_STATEMENTS";
    if std::env::var_os(AGAIN).is_none() {
        let name = "statements::ten_thousand_items_take_as_many_statements_as_three";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(AGAIN, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
        return;
    }
    let counted = counting::start();
    run(async {
        let mut counts = Vec::new();
        for items in [3, 10_000] {
            let mut otp = RegisteredType::new("Otp", "shop");
            for i in 0..items {
                otp = otp.with_item(RegisteredItem::new(format!("item{i:05}")).priority(i % 100));
            }
            let registry = Registry::by_hand().with_type(otp);
            let mut site =
                Site::of(registry.clone(), Auth::built_in(), |pages| pages, "/admin").await;
            // What follows the database reads it whenever it likes.
            let pages = Pages::new(site.store.clone(), registry, Auth::built_in());
            site.app = nested(pages, "/admin");
            site.unfollow().await;
            let mut ann = site.login("ann").await;
            let id = site.row("item00001").await;
            let of = id.item.of.id;
            let mut per_page = Vec::new();
            for path in [
                "/types".to_owned(),
                "/instances?per=200".into(),
                format!("/types/{of}"),
                format!("/instances/{}", id.id),
                "/plugins".into(),
                "/audit".into(),
                "/api/v1/instances?per_page=1000".into(),
                format!("/api/v1/types/{of}/selection"),
            ] {
                counted.take();
                let answer = ann.get(&path).await;
                assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
                assert!(answer.text.len() < 1_500_000, "{path}: {} bytes", answer.text.len());
                per_page.push((
                    path.replace(&of.to_string(), "").replace(&id.id.to_string(), ""),
                    counted.take(),
                ));
            }
            counts.push(per_page);
        }
        for ((path, few), (_, many)) in counts[0].iter().zip(&counts[1]) {
            assert_eq!(few.len(), many.len(), "{path}: {few:#?} {many:#?}");
            assert!((1..=8).contains(&few.len()), "{path}: {few:#?}");
        }
    });
}

/// Counts the statements that reach SQLite.
mod counting {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    #[derive(Clone)]
    pub(super) struct Counted(Arc<Mutex<Vec<String>>>);

    impl Counted {
        /// Those since the last call.
        pub(super) fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    pub(super) fn start() -> Counted {
        let counted = Counted(Arc::default());
        tracing::subscriber::set_global_default(counted.clone()).unwrap();
        counted
    }

    /// What an event says.
    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.push_str(&format!("{field}={value:?} "));
        }
    }

    impl Subscriber for Counted {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "sqlx::query"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut text = Text(String::new());
            event.record(&mut text);
            // A connection is set up when it is first needed.
            if !text.0.contains("PRAGMA") {
                self.0.lock().unwrap().push(text.0);
            }
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }
}
