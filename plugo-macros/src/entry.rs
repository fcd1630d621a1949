use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::arguments::arguments;
use crate::krate;

/// What every plugin has, whatever it is.
pub(crate) struct Common<'a> {
    args: &'a Args,
    pub(crate) krate: TokenStream,
    pub(crate) name: TokenStream,
    namespace: TokenStream,
    conditions: TokenStream,
}

/// What answers at the entry point.
pub(crate) enum Entry {
    /// The body of a function of which `arguments` is a parameter.
    Function(TokenStream),
    /// A value that says what the plugin is.
    Definition(TokenStream),
}

/// The type by which a list by hand names the plugin.
pub(crate) enum Marker<'a> {
    /// One that is made, with the visibility and the name of an item.
    Beside(&'a syn::Visibility, &'a Ident),
    /// The type that bears the attribute.
    Of(TokenStream),
}

impl<'a> Common<'a> {
    pub(crate) fn new(args: &'a Args, conditions: TokenStream) -> Self {
        let name = args
            .name
            .as_ref()
            .map_or_else(|| quote!(::core::env!("CARGO_PKG_NAME")), ToTokens::to_token_stream);
        let namespace =
            args.namespace.as_ref().map_or_else(|| quote!("plugins"), ToTokens::to_token_stream);
        Common { args, krate: krate_of(args), name, namespace, conditions }
    }

    /// The entry point.
    pub(crate) fn entry_point(&self, marker: &Marker<'_>, entry: &Entry) -> TokenStream {
        let Common { args, krate, name, namespace, conditions } = self;
        let priority = args.priority.clone().unwrap_or_else(|| quote!(0));
        let name_is_valid = assertion(krate, "assert_plugin_name", args.name.as_ref(), name);
        let namespace_is_valid = args
            .namespace
            .as_ref()
            .map(|given| assertion(krate, "assert_namespace", Some(given), namespace));
        let marker = match marker {
            Marker::Beside(visibility, ident) => quote!(beside #visibility #ident),
            Marker::Of(ty) => quote!(of (#ty)),
        };
        let entry = match entry {
            Entry::Function(body) => {
                let arguments = arguments();
                quote!(function: (#arguments { #body }))
            }
            Entry::Definition(value) => quote!(definition: (#value)),
        };
        quote! {
            #conditions
            const _: () = { #name_is_valid #namespace_is_valid };

            #krate::__private::entry! {
                #conditions
                #marker,
                name: #name,
                namespace: #namespace,
                priority: #priority,
                #entry,
            }
        }
    }
}

/// The path by which the code reaches plugo.
pub(crate) fn krate_of(args: &Args) -> TokenStream {
    args.krate.as_ref().map_or_else(krate::path, ToTokens::to_token_stream)
}

/// A call that fails the compilation, with the caret under what was written.
pub(crate) fn assertion(
    krate: &TokenStream,
    rule: &str,
    given: Option<&Expr>,
    value: &TokenStream,
) -> TokenStream {
    let span = given.map_or_else(Span::call_site, Spanned::span);
    let rule = format_ident!("{rule}", span = span);
    let krate = spanned(krate, span);
    quote_spanned!(span=> #krate::__private::#rule(#value);)
}

/// The same tokens under another span: an error in what they call is shown
/// there.
pub(crate) fn spanned(tokens: &TokenStream, span: Span) -> TokenStream {
    let under = |mut token: TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    tokens.clone().into_iter().map(under).collect()
}
