use serde_json::json;

use super::answer::Answer;
use super::failure::Failure;
use super::opening::Opening;
use super::set::actor;

/// `db rekey`.
pub(super) async fn rekey(opening: &Opening, answer: Answer) -> Result<(), Failure> {
    let store = opening.existing().await?;
    let done = store.rekey(&actor()).await?;
    let json = json!({
        "database": store.shown(),
        "key": done.key,
        "instances": done.instances,
        "secrets": done.secrets,
    });
    answer.give(&json, || done.to_string())
}
