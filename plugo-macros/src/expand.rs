use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Result, ReturnType};

use crate::args::Args;
use crate::check::{Parameter, check};
use crate::fallback::fallback;
use crate::item::Function;
use crate::krate;

/// `#[plugin(…)]` on an item.
pub(crate) fn plugin(args: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = || -> Result<TokenStream> {
        let function: Function = syn::parse2(item.clone())?;
        let args: Args = syn::parse2(args)?;
        let parameters = check(&function.signature)?;
        Ok(entry_point(&args, &function, &parameters))
    };
    expanded().unwrap_or_else(|error| fallback(item.clone(), &error))
}

fn entry_point(args: &Args, function: &Function, parameters: &[Parameter<'_>]) -> TokenStream {
    let krate = args.krate.as_ref().map_or_else(krate::path, ToTokens::to_token_stream);
    let name = args
        .name
        .as_ref()
        .map_or_else(|| quote!(::core::env!("CARGO_PKG_NAME")), ToTokens::to_token_stream);
    let namespace =
        args.namespace.as_ref().map_or_else(|| quote!("plugins"), ToTokens::to_token_stream);
    let priority = args.priority.clone().unwrap_or_else(|| quote!(0));
    let conditions = function.conditions();
    let name_is_valid = assertion(&krate, "assert_plugin_name", args.name.as_ref(), &name);
    let namespace_is_valid = args
        .namespace
        .as_ref()
        .map(|given| assertion(&krate, "assert_namespace", Some(given), &namespace));
    let visibility = &function.visibility;
    let ident = &function.signature.ident;
    let init = init(&krate, function, parameters);
    quote! {
        #function

        #conditions
        const _: () = { #name_is_valid #namespace_is_valid };

        #krate::__private::entry! {
            #conditions
            #visibility #ident,
            name: #name,
            namespace: #namespace,
            priority: #priority,
            init: #init,
        }
    }
}

/// A call that fails the compilation, with the caret under what was written.
fn assertion(
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
fn spanned(tokens: &TokenStream, span: Span) -> TokenStream {
    let under = |mut token: TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    tokens.clone().into_iter().map(under).collect()
}

/// The function behind the entry point: takes the parameters out of the
/// app's arguments, and calls the user's function.
fn init(krate: &TokenStream, function: &Function, parameters: &[Parameter<'_>]) -> TokenStream {
    let ident = &function.signature.ident;
    let names: Vec<String> = parameters.iter().map(Parameter::name).collect();
    // Names that nothing of the user's can be confused with.
    let own = Span::mixed_site();
    let arguments = Ident::new("arguments", own);
    let returned = Ident::new("returned", own);
    let (given, error) = (Ident::new("given", own), Ident::new("error", own));
    let numbered = |name: &str| {
        (0..parameters.len()).map(|i| Ident::new(&format!("{name}{i}"), own)).collect::<Vec<_>>()
    };
    let (slots, values) = (numbered("slot"), numbered("value"));
    let extractions = parameters.iter().zip(&names).zip(slots.iter().zip(&values)).map(
        |((parameter, name), (slot, value))| {
            let ty = parameter.ty;
            let extract = quote_spanned!(ty.span()=> <#ty as #krate::Argument>::from_slot);
            quote! {
                let #value = match #extract(#name, #slot) {
                    ::core::result::Result::Ok(#given) => #given,
                    ::core::result::Result::Err(#error) => {
                        return #krate::__private::Started::argument(#error);
                    }
                };
            }
        },
    );
    let output_span = match &function.signature.output {
        ReturnType::Default => ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    // Only the method has the span: a variable of it would be another one where
    // the function is made by a macro.
    let outcome = quote_spanned!(output_span=> outcome);
    let (call, started) = if function.signature.asyncness.is_some() {
        (quote!(#ident(#(#values),*).await), quote!(pending))
    } else {
        (quote!(#ident(#(#values),*)), quote!(done))
    };
    let finish = quote! {
        use #krate::__private::{ByLocalError as _, BySendError as _, Refused as _};
        let mut #returned = #krate::__private::Returned::new(#call);
        (&mut &mut #returned).#outcome()
    };
    let body = if function.signature.asyncness.is_some() {
        quote!(async move { #finish })
    } else {
        quote!({ #finish })
    };
    quote! {{
        #[allow(unused_imports, clippy::let_unit_value, clippy::unused_unit)]
        fn __plugo_init<'s>(#arguments: &'s mut #krate::Kwargs<'_>) -> #krate::__private::Started<'s> {
            let [#(#slots),*] = #arguments.slots([#(#names),*]);
            #(#extractions)*
            #krate::__private::Started::#started(#body)
        }
        __plugo_init
    }}
}
