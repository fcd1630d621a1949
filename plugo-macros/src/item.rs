use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Result, Signature, Token, Visibility};

/// The annotated function. Its body stays unparsed: the editor completes in
/// it while it is half-written, and nothing is spent on parsing it.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !starts_function(input) {
            return Err(input.error(
                "`#[plugin]` belongs on a function: `fn init_plugin(app: &mut App) { … }`",
            ));
        }
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("a plugin's init function has a body: `{ … }`"));
        }
        let body = match input.parse()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group,
            other => return Err(Error::new(other.span(), "expected the function's body: `{ … }`")),
        };
        Ok(Function { attributes, visibility, signature, body })
    }
}

fn starts_function(input: ParseStream<'_>) -> bool {
    let fork = input.fork();
    let qualifiers = || -> Result<()> {
        fork.parse::<Option<Token![const]>>()?;
        fork.parse::<Option<Token![async]>>()?;
        fork.parse::<Option<Token![unsafe]>>()?;
        fork.parse::<Option<syn::Abi>>()?;
        fork.parse::<Token![fn]>().map(drop)
    };
    qualifiers().is_ok()
}

impl Function {
    /// The conditions under which the function exists, which what stands
    /// beside it must share.
    pub(crate) fn conditions(&self) -> TokenStream {
        let conditions =
            self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        quote!(#(#conditions)*)
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attributes, visibility, signature, body } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}
