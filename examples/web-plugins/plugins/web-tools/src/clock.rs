use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use web_site::{Refusal, Site};

#[plugo::plugin(name = "clock")]
fn init_plugin(site: &mut Site) {
    site.mount("clock", Router::new().route("/", get(now)));
}

#[derive(Deserialize)]
struct Place {
    /// Hours east of Greenwich.
    #[serde(default)]
    offset: i8,
}

#[derive(Serialize)]
struct Now {
    time: String,
}

async fn now(place: Result<Query<Place>, QueryRejection>) -> Result<Json<Now>, Refusal> {
    let Query(Place { offset }) = place?;
    let offset = Offset::from_hours(offset).map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "`offset` is a number of hours from -25 to 25")
    })?;
    Ok(Json(Now { time: Timestamp::now().display_with_offset(offset).to_string() }))
}
