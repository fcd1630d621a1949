//! What the database holds after sync, prune and edits.

use std::path::PathBuf;

use plugo_admin::{
    Actor, AuditQuery, Change, InstanceQuery, InstanceRow, RegisteredItem, RegisteredPlugin,
    RegisteredType, Registry, Store, SyncMode, Via,
};
use plugo_core::Status;

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(future)
}

fn registry() -> Registry {
    let otp = RegisteredType::new("Otp", "shop")
        .with_item(RegisteredItem::new("sms").priority(10).description("by text"))
        .with_item(RegisteredItem::new("mail").priority(20));
    Registry::by_hand().with_type(otp).with_plugin(RegisteredPlugin::new("blog"))
}

async fn rows(store: &Store) -> Vec<InstanceRow> {
    store.instances(&InstanceQuery::default()).await.unwrap().rows
}

fn ann() -> Actor {
    Actor::new("ann", Via::Page)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }
    fn file(&self) -> PathBuf {
        self.0.path().join("plugo.sqlite3")
    }
    fn url(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }
}

#[test]
fn first() {
    let folder = Folder::new();
    run(async {
        let store = Store::open(&folder.url()).await.unwrap();
        let synced = store.sync(&registry(), SyncMode::Create).await.unwrap();
        println!("{synced}\n{:#?}", synced.lines);
        let again = store.sync(&registry(), SyncMode::Update).await.unwrap();
        println!("{again}");
        assert!(again.is_unchanged());
        let following = store.follow(&registry()).await.unwrap();
        let found = rows(&store).await;
        println!("{found:#?}");
        let edited = store
            .edit(
                &ann(),
                &[(found[0].id, Some(found[0].version))],
                &Change::Status(Some(Status::Disabled)),
            )
            .await
            .unwrap();
        println!("{edited:?} {:?}", following.status());
        let snapshot = following.snapshot().unwrap();
        println!("{:#?}", snapshot.ranked(&registry(), "Otp", "shop"));
        let error = store
            .edit(&ann(), &[(found[0].id, Some(found[0].version))], &Change::Nudge(1))
            .await
            .unwrap_err();
        println!("{error}");
        println!("{:#?}", store.audit(&AuditQuery::default()).await.unwrap());
        println!("{:#?}", store.overview().await.unwrap());
    });
}
