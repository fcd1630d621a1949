//! The plugin `shop`: a page with the prices, and an API that takes orders.
//! `metadata.json` says that it depends on
//! `auth` and on `catalog`, so both are in every build that has it, and have
//! loaded before it.

#![forbid(unsafe_code)]

use anyhow::Context as _;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use web_auth::Visitors;
use web_catalog::Catalog;
use web_site::{Refusal, Site, page};

/// An error here would fail this plugin alone.
#[plugo::plugin(name = "shop")]
fn init_plugin(site: &mut Site) -> anyhow::Result<()> {
    let shop = Shop {
        visitors: site.shared().context("`auth` left no visitors")?,
        catalog: site.shared().context("`catalog` left no products")?,
    };
    let routes = Router::new().route("/", get(prices)).route("/orders", post(order));
    site.mount("shop", routes.with_state(shop));
    Ok(())
}

#[derive(Clone)]
struct Shop {
    visitors: Visitors,
    catalog: Catalog,
}

async fn prices(State(Shop { catalog, .. }): State<Shop>) -> Markup {
    let list = html! {
        table {
            tr { th { "Product" } th { "Price" } }
            @for product in catalog.products() {
                tr { td { (product.name) } td { (catalog.money(product.cents.into())) } }
            }
        }
        p { a href="/" { "All plugins" } }
    };
    page("Shop", &list)
}

#[derive(Deserialize)]
struct Wanted {
    product: String,
    count: u8,
}

#[derive(Serialize)]
struct Order {
    id: Uuid,
    customer: String,
    product: String,
    count: u8,
    total: String,
}

async fn order(
    State(shop): State<Shop>,
    headers: HeaderMap,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Result<(StatusCode, Json<Order>), Refusal> {
    let customer = shop.visitors.who(&headers)?;
    let Json(Wanted { product, count }) = body?;
    if count == 0 {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "`count` is at least 1"));
    }
    let cents = shop.catalog.find(&product)?.cents;
    let total = shop.catalog.money(u64::from(cents) * u64::from(count));
    let order = Order { id: Uuid::new_v4(), customer, product, count, total };
    Ok((StatusCode::CREATED, Json(order)))
}
