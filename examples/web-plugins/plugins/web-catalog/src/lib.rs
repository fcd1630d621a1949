//! The plugin `catalog`: the products of `products.csv`, as JSON. Its metadata
//! stands in `Cargo.toml`. Other plugins find a [`Catalog`] in the site.

#![forbid(unsafe_code)]

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use heck::ToKebabCase as _;
use serde::{Deserialize, Serialize};
use web_site::{Refusal, Site};

/// Is `async`, so that reading many products would not hold up the runtime.
/// The app need not give a currency.
#[plugo::plugin(name = "catalog")]
async fn init_plugin(site: &mut Site, currency: Option<&str>) -> anyhow::Result<()> {
    let currency = currency.unwrap_or("EUR").to_owned();
    let products = tokio::task::spawn_blocking(|| read(include_str!("products.csv"))).await??;
    let catalog = Catalog(Arc::new(Products { currency, products }));
    site.share(catalog.clone());
    let routes = Router::new().route("/", get(list)).route("/{id}", get(one));
    site.mount("catalog", routes.with_state(catalog));
    Ok(())
}

/// The products, for every plugin that depends on this one.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<Products>);

#[derive(Debug, Serialize)]
struct Products {
    currency: String,
    products: Vec<Product>,
}

/// A product.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Product {
    /// The name in lower case with hyphens: what a link has.
    #[serde(skip_deserializing)]
    pub id: String,
    /// What a customer reads.
    pub name: String,
    /// The price, in hundredths of the currency.
    pub cents: u32,
}

impl Catalog {
    /// All products.
    pub fn products(&self) -> &[Product] {
        &self.0.products
    }

    /// The product with that id.
    ///
    /// # Errors
    ///
    /// A 404 when there is none.
    pub fn find(&self, id: &str) -> Result<&Product, Refusal> {
        self.products().iter().find(|product| product.id == id).ok_or_else(|| {
            Refusal::new(StatusCode::NOT_FOUND, format!("there is no product `{id}`"))
        })
    }

    /// An amount with its currency: `12.90 EUR`.
    pub fn money(&self, cents: u64) -> String {
        format!("{}.{:02} {}", cents / 100, cents % 100, self.0.currency)
    }
}

fn read(text: &str) -> csv::Result<Vec<Product>> {
    let products = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    products
        .map(|product| {
            let product: Product = product?;
            Ok(Product { id: product.name.to_kebab_case(), ..product })
        })
        .collect()
}

async fn list(State(catalog): State<Catalog>) -> Response {
    Json(&*catalog.0).into_response()
}

async fn one(
    State(catalog): State<Catalog>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Product>, Refusal> {
    let Path(id) = id?;
    catalog.find(&id).cloned().map(Json)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn every_product_has_an_id_of_its_own() {
        let products = read(include_str!("products.csv")).unwrap();
        let mut ids: Vec<String> = products.into_iter().map(|product| product.id).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
        assert_eq!(ids.first().map(String::as_str), Some("blue-mug"));
    }
}
