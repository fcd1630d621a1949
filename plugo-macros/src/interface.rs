use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Result};

use crate::args::{Args, Use};
use crate::arguments::{Extraction, Otherwise, arguments};
use crate::entry::{assertion, krate_of, spanned};
use crate::fallback::fallback;
use crate::item::{Interface, conditions};

/// `#[plugin_type(…)]` on a trait.
pub(crate) fn plugin_type(args: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = || -> Result<TokenStream> {
        let interface: Interface = syn::parse2(item.clone())?;
        let args: Args = syn::parse2(args)?;
        implementation(&args, &interface)
    };
    expanded().unwrap_or_else(|error| fallback(item.clone(), &error))
}

fn implementation(args: &Args, interface: &Interface) -> Result<TokenStream> {
    args.check(&Use {
        attribute: "plugin_type",
        on: "a trait",
        takes: &["name", "selector", "crate"],
    })?;
    let Interface { attributes, ident, generics, has_supertraits, has_methods, .. } = interface;
    if !generics.params.is_empty() {
        let message = "a plugin type has no parameters: each of `dyn Trait<A>` and `dyn Trait<B>` \
                       would be a type of its own";
        return Err(Error::new(generics.params.span(), message));
    }
    if !has_methods {
        let message = "a plugin type has a method, or its items could not be used for anything";
        return Err(Error::new(ident.span(), message));
    }
    if !has_supertraits {
        let message =
            format!("a plugin type is shared between threads: `trait {ident}: Send + Sync`");
        return Err(Error::new(ident.span(), message));
    }
    let krate = krate_of(args);
    let name = args
        .name
        .as_ref()
        .map_or_else(|| ident.to_string().to_token_stream(), ToTokens::to_token_stream);
    let name_is_valid = assertion(&krate, "assert_plugin_name", args.name.as_ref(), &name);
    let description = interface.documentation();
    let conditions = conditions(attributes);
    let of = quote_spanned!(ident.span()=> dyn #ident);
    let selector = selector(args, &krate, &of);
    Ok(quote! {
        #interface

        #conditions
        const _: () = {
            #name_is_valid
            #krate::__private::type_symbol!(#name);

            impl #krate::PluginType for #of {
                const INFO: &'static #krate::TypeInfo = &#krate::TypeInfo::new(
                    #name,
                    ::core::env!("CARGO_PKG_NAME"),
                    #description,
                    #krate::Place::here(::core::file!(), ::core::line!(), ::core::column!()),
                );

                fn slot() -> &'static #krate::__private::Slot<Self> {
                    static SLOT: #krate::__private::Slot<#of> = #krate::__private::Slot::new();
                    &SLOT
                }

                #[inline]
                fn last() -> &'static ::std::thread::LocalKey<#krate::__private::Last<Self>> {
                    ::std::thread_local! {
                        static LAST: #krate::__private::Last<#of> =
                            const { #krate::__private::Last::new() };
                    }
                    &LAST
                }

                const SELECTOR: ::core::option::Option<#krate::__private::Selector<Self>> =
                    #selector;
            }
        };
    })
}

/// The type's own selector, as the function that the core calls.
fn selector(args: &Args, krate: &TokenStream, of: &TokenStream) -> TokenStream {
    let Some(call) = &args.selector else { return quote!(::core::option::Option::None) };
    let arguments = arguments();
    let Extraction { statements, values } = Extraction::of_call(krate, call, Otherwise::Result);
    let function = &call.function;
    let chosen = quote_spanned!(function.span()=> #function(candidates, #(#values),*));
    let plugo = spanned(krate, function.span());
    let choose = quote_spanned!(function.span()=> #plugo::__private::Choice::choose);
    quote! {
        ::core::option::Option::Some({
            fn __plugo_select(
                candidates: &[#krate::Item<#of>],
                #arguments: &mut #krate::Kwargs<'_>,
            ) -> ::core::result::Result<
                ::core::option::Option<#krate::Item<#of>>,
                #krate::Failure,
            > {
                #statements
                #choose(#chosen)
            }
            __plugo_select
        })
    }
}
