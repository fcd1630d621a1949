//! The attribute macros of plugo. Use them through the crate `plugo`, which
//! this crate's output refers to.

use proc_macro::TokenStream;

mod args;
mod item;
mod check;
mod fallback;
mod krate;
mod text;
mod plain;
mod arguments;
mod entry;
mod expand;
mod interface;

/// Documented where `plugo` exports it.
#[proc_macro_attribute]
pub fn plugin(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::plugin(args.into(), item.into()).into()
}

/// Documented where `plugo` exports it.
#[proc_macro_attribute]
pub fn plugin_type(args: TokenStream, item: TokenStream) -> TokenStream {
    interface::plugin_type(args.into(), item.into()).into()
}
