use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::args::Call;
use crate::check::Parameter;

/// Takes parameters out of the app's arguments, in a function of which
/// `arguments` is a parameter.
pub(crate) struct Extraction {
    /// The statements that do it, and return where one is missing.
    pub(crate) statements: TokenStream,
    /// What they bind, in the order of the parameters.
    pub(crate) values: Vec<Ident>,
}

/// What generated code returns where an argument is missing.
#[derive(Clone, Copy)]
pub(crate) enum Otherwise {
    /// A `Step`.
    Step,
    /// A `Reply`.
    Reply,
    /// A `Result`.
    Result,
}

/// The generated function's parameter. Nothing of the user's can be confused
/// with it.
pub(crate) fn arguments() -> Ident {
    Ident::new("arguments", Span::mixed_site())
}

impl Extraction {
    pub(crate) fn of_parameters(
        krate: &TokenStream,
        parameters: &[Parameter<'_>],
        otherwise: Otherwise,
    ) -> Self {
        let each: Vec<_> =
            parameters.iter().map(|parameter| (parameter.name(), parameter.ty)).collect();
        Extraction::new(krate, &each, otherwise)
    }

    pub(crate) fn of_call(krate: &TokenStream, call: &Call, otherwise: Otherwise) -> Self {
        let each: Vec<_> =
            call.parameters.iter().map(|(name, ty)| (name.unraw().to_string(), ty)).collect();
        Extraction::new(krate, &each, otherwise)
    }

    fn new(krate: &TokenStream, parameters: &[(String, &Type)], otherwise: Otherwise) -> Self {
        let own = Span::mixed_site();
        let arguments = arguments();
        let (given, error) = (Ident::new("given", own), Ident::new("error", own));
        let numbered = |name: &str| {
            let ident = |i| Ident::new(&format!("{name}{i}"), own);
            (0..parameters.len()).map(ident).collect::<Vec<_>>()
        };
        let (slots, values) = (numbered("slot"), numbered("value"));
        let failed = match otherwise {
            Otherwise::Reply => quote!(#krate::__private::Reply::argument(#error)),
            Otherwise::Step => quote!(#krate::Step::argument(#error)),
            Otherwise::Result => {
                quote!(::core::result::Result::Err(#krate::Failure::Argument(#error)))
            }
        };
        let extract = |value: &Ident, ty: &Type, how: &str, from: TokenStream| {
            let how = Ident::new(how, ty.span());
            let extract = quote_spanned!(ty.span()=> <#ty as #krate::Argument>::#how);
            quote! {
                let #value = match #extract(#from) {
                    ::core::result::Result::Ok(#given) => #given,
                    ::core::result::Result::Err(#error) => return #failed,
                };
            }
        };
        let statements = match parameters {
            [] => TokenStream::new(),
            [(name, ty)] => extract(&values[0], ty, "take", quote!(#arguments, #name)),
            _ => {
                let names = parameters.iter().map(|(name, _)| name);
                let extractions = parameters.iter().zip(slots.iter().zip(&values)).map(
                    |((name, ty), (slot, value))| {
                        extract(value, ty, "take_slot", quote!(#name, #slot))
                    },
                );
                quote! {
                    let [#(#slots),*] = #arguments.slots([#(#names),*]);
                    #(#extractions)*
                }
            }
        };
        Extraction { statements, values }
    }
}
