use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use web_site::{Refusal, Site};

#[plugo::plugin(name = "semver")]
fn init_plugin(site: &mut Site) {
    site.mount("semver", Router::new().route("/", get(check)));
}

#[derive(Deserialize)]
struct Question {
    version: String,
    requirement: String,
}

#[derive(Serialize)]
struct Answer {
    matches: bool,
}

async fn check(question: Result<Query<Question>, QueryRejection>) -> Result<Json<Answer>, Refusal> {
    let Query(question) = question.map_err(|error| {
        let help = "ask as in `/semver?version=1.4.2&requirement=^1.2`";
        Refusal::new(error.status(), format!("{}; {help}", error.body_text()))
    })?;
    let refuse = |what: &str, error: semver::Error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("`{what}`: {error}"))
    };
    let version = Version::parse(&question.version).map_err(|error| refuse("version", error))?;
    let requirement =
        VersionReq::parse(&question.requirement).map_err(|error| refuse("requirement", error))?;
    Ok(Json(Answer { matches: requirement.matches(&version) }))
}
