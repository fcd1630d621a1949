//! Settings of plugins: a type with a JSON schema, secrets that never show, and
//! a form that tools use which know neither the plugin nor its type.
//!
//! An item of a plugin type names its settings, and its constructor takes them:
//!
//! ```text
//! use plugo::settings::{Secret, schemars::JsonSchema, serde::Deserialize};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "plugo::settings::serde")]
//! #[schemars(crate = "plugo::settings::schemars")]
//! struct StripeSettings {
//!     /// The key of the account, which begins with `sk_`.
//!     api_key: Secret,
//!     retries: Option<u8>,
//! }
//!
//! #[plugo::plugin(
//!     name = "stripe", of = dyn Payment, settings = StripeSettings,
//!     new = Stripe::new(settings: &StripeSettings)
//! )]
//! struct Stripe { … }
//! ```
//!
//! What an operator typed is a `serde_json::Value`, and what may stand in it says
//! the schema. [`check`](fn@check) tells every problem of a value (feature
//! `check`), [`redact`] and [`merge`] are for whoever shows it and gets it back,
//! [`each_secret`] for whoever encrypts it, and [`resolve`] for
//! whoever reads the schema.

// Modules stand in the order in which data flows: a module imports only from
// those above it.

/// A text that is not shown.
mod secret;
/// What is wrong with settings, and where.
mod problem;
/// What a schema says of a place of a value.
mod shape;
/// The secrets within settings.
mod secrets;
/// Every problem of a value, in plain words.
#[cfg(feature = "check")]
mod check;
/// What an item carries of its settings.
mod form;

#[cfg(feature = "check")]
pub use self::check::{check, check_hiding};
pub use self::form::{Form, Settings};
pub use self::problem::{Problem, Problems};
pub use self::secret::Secret;
pub use self::secrets::{each_secret, merge, redact, secrets};
pub use self::shape::resolve;
pub use schemars;
pub use serde;
pub use serde_json;
