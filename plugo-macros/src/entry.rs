use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::arguments::arguments;
use crate::krate;
use crate::plain::is_plain_name;
use crate::text::Text;

/// What every plugin has, whatever it is.
pub(crate) struct Common<'a> {
    args: &'a Args,
    pub(crate) krate: TokenStream,
    pub(crate) name: Text,
    namespace: Text,
    conditions: TokenStream,
}

/// What answers at the entry point.
pub(crate) enum Entry {
    /// The body of a function of which `arguments`, perhaps none, is a parameter.
    Whole(TokenStream),
    /// The same where there are arguments.
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
        let name = args.name.as_ref().map_or_else(|| Text::variable("CARGO_PKG_NAME"), Text::of);
        let namespace = args.namespace.as_ref().map_or_else(|| Text::from("plugins"), Text::of);
        Common { args, krate: krate_of(args), name, namespace, conditions }
    }

    /// The entry point.
    pub(crate) fn entry_point(&self, marker: &Marker<'_>, entry: &Entry) -> TokenStream {
        let Common { args, krate, name, namespace, conditions } = self;
        let (package, version) =
            (Text::variable("CARGO_PKG_NAME"), Text::variable("CARGO_PKG_VERSION"));
        let join = |texts: &[&Text]| texts.iter().copied().cloned().collect::<Text>();
        let (dot, slash, zero) = (&Text::from("."), &Text::from("/"), &Text::from("\0"));
        // As `symbol` of the core has it, which the table calls.
        let symbol =
            join(&[&Text::from("__plugo_v0."), &package, dot, &version, dot, namespace, dot, name]);
        let mark = join(&[
            namespace,
            slash,
            name,
            &Text::from(" "),
            &package,
            &Text::from("@"),
            &version,
            zero,
        ]);
        let (length, bytes) = mark.bytes(krate);
        let priority = Text::from(&*args.priority.unwrap_or_default().to_string());
        let declared =
            join(&[name, zero, namespace, zero, &priority, zero, &package, zero, &version, zero]);
        let marker = match marker {
            Marker::Beside(visibility, ident) => quote!(#conditions #visibility #ident),
            Marker::Of(ty) => quote!(@ #conditions (#ty)),
        };
        let static_mark = self::mark();
        let entry = match entry {
            Entry::Whole(body) => {
                let arguments = arguments();
                quote!(#arguments { #body })
            }
            Entry::Function(body) => {
                let arguments = arguments();
                quote! {
                    #[allow(
                        unused_imports, unused_variables, clippy::let_unit_value, clippy::unused_unit
                    )]
                    #arguments {
                        let ::core::option::Option::Some(#arguments) = #arguments else {
                            return #krate::__private::Reply::function(&#static_mark.magic);
                        };
                        #body
                    }
                }
            }
            Entry::Definition(value) => quote!(= #value),
        };
        let assertions = self.assertions();
        quote! {
            #assertions
            #krate::__private::entry! {
                #marker #symbol, #declared, #static_mark [#length] #bytes, #entry
            }
        }
    }

    /// What the core does not need to be asked about costs nothing.
    fn assertions(&self) -> TokenStream {
        let Common { args, krate, name, namespace, conditions } = self;
        let of = |rule, given: &Option<Expr>, text: &Text| {
            let is_plain = text.literal().is_some_and(is_plain_name);
            (!is_plain).then(|| assertion(krate, rule, given.as_ref(), &text.to_token_stream()))
        };
        let name = of("assert_plugin_name", &args.name, name);
        let namespace = of("assert_namespace", &args.namespace, namespace);
        match (&name, &namespace) {
            (None, None) => TokenStream::new(),
            _ => quote!(#conditions const _: () = { #name #namespace };),
        }
    }
}

/// The static that holds the mark, in the entry point.
pub(crate) fn mark() -> Ident {
    Ident::new("__PLUGO_MARK", Span::call_site())
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
