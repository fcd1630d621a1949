use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::routes::{OPENAPI, ROOT, TRY};

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

async fn ask(app: &Router, method: Method, path: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The status and the JSON of an answer.
async fn json(app: &Router, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let (status, answer) = ask(app, method, path, &body.to_string()).await;
    (status, serde_json::from_str(&answer).unwrap_or_default())
}

#[tokio::test]
async fn an_entry_is_created_read_replaced_and_deleted() {
    let app = app();
    let one = format!("{ROOT}/1");
    let entry = json!({ "id": 1, "name": "Tea", "details": "" });
    let created = json(&app, Method::POST, ROOT, json!({ "name": "Tea" })).await;
    assert_eq!(created, (StatusCode::CREATED, entry.clone()));
    let listed = json(&app, Method::GET, ROOT, Value::Null).await;
    assert_eq!(listed, (StatusCode::OK, json!([entry])));

    let coffee = json!({ "name": "Coffee", "details": "black" });
    let (status, answer) = json(&app, Method::PUT, &one, coffee).await;
    assert_eq!(
        (status, &answer["name"]),
        (StatusCode::OK, &json!("Coffee"))
    );
    assert_eq!(
        json(&app, Method::GET, &one, Value::Null).await,
        (StatusCode::OK, answer)
    );

    assert_eq!(
        json(&app, Method::DELETE, &one, Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    let (status, answer) = json(&app, Method::GET, &one, Value::Null).await;
    assert_eq!(
        (status, answer),
        (
            StatusCode::NOT_FOUND,
            json!({ "error": "there is no entry 1" })
        )
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_the_reason() {
    let app = app();
    for (body, status) in [
        ("{ \"name\": \" \" }", StatusCode::UNPROCESSABLE_ENTITY),
        ("{ \"nam\": \"Tea\" }", StatusCode::UNPROCESSABLE_ENTITY),
        ("{", StatusCode::BAD_REQUEST),
    ] {
        let (answered, answer) = ask(&app, Method::POST, ROOT, body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(
            answered == status && answer["error"].is_string(),
            "{answered} {answer}"
        );
    }
    let (status, _) = ask(&app, Method::GET, &format!("{ROOT}/x"), "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

/// The operations of the document are those that there are: each answers, and
/// every other method is refused.
#[tokio::test]
async fn the_openapi_document_says_what_is_served() {
    let app = app();
    let (status, served) = ask(&app, Method::GET, &format!("{ROOT}/openapi.json"), "").await;
    assert_eq!((status, served.as_str()), (StatusCode::OK, OPENAPI));
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let operations = operations.as_object().unwrap();
        let documented: BTreeSet<&str> = operations.keys().map(String::as_str).collect();
        for name in ["get", "post", "put", "patch", "delete"] {
            let method = Method::from_bytes(name.to_uppercase().as_bytes()).unwrap();
            let (status, _) = ask(&app, method, &path.replace("{id}", "7"), "{}").await;
            let is_served = status != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(
                is_served,
                documented.contains(name),
                "{name} {path}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn the_page_to_try_it_is_served() {
    let (status, page) = ask(&app(), Method::GET, TRY, "").await;
    assert!(status == StatusCode::OK && page.contains("openapi.json"));
}
