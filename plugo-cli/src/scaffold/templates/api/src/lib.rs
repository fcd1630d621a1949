//! {{title}}: a REST resource under `/{{name}}`. Its OpenAPI document is at
//! `/{{name}}/openapi.json`, and a page to try it at `/{{name}}/try`.

/// What is answered to a request that cannot be served.
mod refusal;
/// What each request does.
mod routes;
/// The entries.
mod store;

use axum::Router;

/// Runs when the app loads its plugins: adds the routes to the app, and
/// returns the path of the page to try them.
#[plugo::plugin]
fn init_plugin(app: &mut Router) -> &'static str {
    // A clone: `merge` panics when a path is taken, and what other plugins
    // have added has to outlive that.
    *app = app.clone().merge(routes::routes());
    routes::TRY
}

#[cfg(test)]
mod tests;
