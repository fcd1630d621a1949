use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::routes::ROOT;

plugo::plugins![super::init_plugin];

/// An app with this plugin.
fn app() -> Router {
    let mut app = Router::new();
    PLUGINS
        .load(plugo::kwargs! { app: &mut app })
        .into_result()
        .unwrap();
    app
}

/// The status, where it leads to, and the page.
async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, String, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let location = response
        .headers()
        .get(LOCATION)
        .map(|place| place.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        location.unwrap_or_default(),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

async fn get(app: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(format!("{ROOT}{path}"))
        .body(Body::empty())
        .unwrap();
    let (status, _, page) = ask(app, request).await;
    (status, page)
}

async fn post(app: &Router, path: &str, form: &'static str) -> (StatusCode, String, String) {
    let request = Request::post(format!("{ROOT}{path}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    ask(app, request).await
}

#[tokio::test]
async fn an_entry_is_created_shown_edited_and_deleted() {
    let app = app();
    let (status, page) = get(&app, "").await;
    assert!(
        status == StatusCode::OK && page.contains("nothing here yet"),
        "{page}"
    );
    assert!(get(&app, "/new").await.1.contains("<form"));

    let (status, place, _) = post(&app, "", "name=Tea&details=A+cup+of+%3Cit%3E").await;
    assert_eq!(
        (status, place),
        (StatusCode::SEE_OTHER, format!("{ROOT}/1"))
    );
    let (_, page) = get(&app, "/1").await;
    assert!(page.contains("A cup of &lt;it&gt;"), "{page}");
    assert!(get(&app, "").await.1.contains("Tea"));

    assert!(get(&app, "/1/edit").await.1.contains("value=\"Tea\""));
    let (status, ..) = post(&app, "/1", "name=Coffee&details=").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(get(&app, "/1").await.1.contains("Coffee"));

    let (status, place, _) = post(&app, "/1/delete", "").await;
    assert_eq!((status, place.as_str()), (StatusCode::SEE_OTHER, ROOT));
    assert_eq!(get(&app, "/1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_is_wrong_comes_back_with_what_was_written() {
    let app = app();
    let (status, _, page) = post(&app, "", "name=+&details=kept").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("Give it a name.") && page.contains("kept"),
        "{page}"
    );
    assert!(get(&app, "").await.1.contains("nothing here yet"));
}

#[tokio::test]
async fn the_style_sheet_is_served() {
    let (status, style) = get(&app(), "/static/style.css").await;
    assert!(status == StatusCode::OK && style.contains("color-scheme"));
}
