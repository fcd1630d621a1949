use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

/// The errors, and the item as it was: what else refers to it compiles, and
/// one mistake gives one error.
pub(crate) fn fallback(item: TokenStream, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error #[allow(unused)] #item)
}
