//! {{title}}: pages to list, create, show, edit and delete entries, under
//! `/{{name}}`.

/// The pages, as templates that the compiler checks.
mod pages;
/// What each request does.
mod routes;
/// The entries.
mod store;

use axum::Router;

/// Runs when the app loads its plugins: adds the routes to the app, and
/// returns the path of the first page.
#[plugo::plugin]
fn init_plugin(app: &mut Router) -> &'static str {
    // A clone: `merge` panics when a path is taken, and what other plugins
    // have added has to outlive that.
    *app = app.clone().merge(routes::routes());
    routes::ROOT
}

#[cfg(test)]
mod tests;
