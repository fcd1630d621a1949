use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Generics, Path, Result, Signature, Token, Type, Visibility};

/// What `#[plugin]` stands on. Bodies stay unparsed: the editor completes in
/// them while they are half-written, and nothing is spent on parsing them.
pub(crate) enum Item {
    Function(Function),
    Lifecycle(Lifecycle),
    Definition(Definition),
    Value(Value),
}

/// `fn init_plugin(app: &mut App) { … }`
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// Empty where the item itself is handed on.
    pub(crate) body: Group,
}

/// `impl Plugin for Mailer { … }`
pub(crate) struct Lifecycle {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) interface: Path,
    pub(crate) ty: Type,
    pub(crate) methods: Vec<Function>,
}

/// `struct SmsGate { … }`, or an `enum`.
pub(crate) struct Definition {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// All of it.
    tokens: TokenStream,
}

/// `static S3: Service = Service::new("s3");`, or a `const`.
pub(crate) struct Value {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) is_const: bool,
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// All of it.
    tokens: TokenStream,
}

/// `trait Otp: Send + Sync { … }`
pub(crate) struct Interface {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Whether anything stands behind a colon.
    pub(crate) has_supertraits: bool,
    /// Whether there is a method in it, or may be one in what it extends.
    pub(crate) has_methods: bool,
    /// All of it.
    tokens: TokenStream,
}

const PLACES: &str = "`#[plugin]` belongs on a function, `fn init_plugin(app: &mut App) { … }`, on \
                      `impl Plugin for T { … }`, on a `static` or a `const`, or, with `of = dyn \
                      Trait`, on a type";

impl Item {
    /// Parses an item, of a function only what stands before its body: a macro is not
    /// optimised, and takes longer with each token.
    pub(crate) fn of(item: &TokenStream) -> Result<Self> {
        let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
        let mut words = tokens.iter().filter_map(|token| match token {
            TokenTree::Ident(ident) => Some(ident.to_string()),
            _ => None,
        });
        let others = ["impl", "struct", "enum", "static", "trait", "mod", "union", "type"];
        let first = words.find(|word| word == "fn" || others.contains(&word.as_str()));
        if first.as_deref() == Some("fn")
            && let Some(TokenTree::Group(body)) = tokens.last_mut()
            && body.delimiter() == Delimiter::Brace
        {
            let span = body.span();
            *body = Group::new(Delimiter::Brace, TokenStream::new());
            body.set_span(span);
        }
        syn::parse2(tokens.into_iter().collect())
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let start = input.fork();
        let attributes = input.call(Attribute::parse_outer)?;
        let again = attributes.iter().find(|attribute| {
            attribute.path().segments.last().is_some_and(|last| last.ident == "plugin")
        });
        if let Some(again) = again {
            return Err(Error::new(
                again.span(),
                "`#[plugin]` stands here twice: each plugin has an item of its own",
            ));
        }
        let ahead = input.fork();
        let visibility: Visibility = input.parse()?;
        if starts_function(input) {
            return Function::parse(attributes, visibility, input).map(Item::Function);
        }
        if input.peek(Token![impl]) {
            return Lifecycle::parse(attributes, input).map(Item::Lifecycle);
        }
        if input.peek(Token![struct]) || input.peek(Token![enum]) {
            input.parse::<TokenTree>()?;
            let (ident, generics) = (input.parse()?, input.parse()?);
            input.parse::<TokenStream>()?;
            let tokens = start.parse()?;
            return Ok(Item::Definition(Definition { attributes, ident, generics, tokens }));
        }
        let is_const = input.peek(Token![const]);
        if is_const || input.peek(Token![static]) {
            input.parse::<TokenTree>()?;
            if input.peek(Token![mut]) {
                return Err(input.error("a plugin is shared, so it cannot be `static mut`"));
            }
            let ident: Ident = input.parse()?;
            input.parse::<Token![:]>()?;
            let ty = input.parse()?;
            input.parse::<TokenStream>()?;
            let tokens = start.parse()?;
            return Ok(Item::Value(Value { attributes, visibility, is_const, ident, ty, tokens }));
        }
        Err(ahead.error(PLACES))
    }
}

impl Function {
    fn parse(
        attributes: Vec<Attribute>,
        visibility: Visibility,
        input: ParseStream<'_>,
    ) -> Result<Self> {
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("a plugin's function has a body: `{ … }`"));
        }
        let body = match input.parse()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group,
            other => return Err(Error::new(other.span(), "expected the function's body: `{ … }`")),
        };
        Ok(Function { attributes, visibility, signature, body })
    }
}

impl Lifecycle {
    fn parse(attributes: Vec<Attribute>, input: ParseStream<'_>) -> Result<Self> {
        const FORM: &str = "`#[plugin]` on an `impl` belongs on `impl Plugin for T { … }`";
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = match input.peek(Token![<]) {
            true => input.parse()?,
            false => Generics::default(),
        };
        let ahead = input.fork();
        let interface: Path = input.parse().map_err(|_| ahead.error(FORM))?;
        if !input.peek(Token![for])
            || interface.segments.last().is_none_or(|last| last.ident != "Plugin")
        {
            return Err(Error::new(interface.span(), FORM));
        }
        input.parse::<Token![for]>()?;
        let ty = input.parse()?;
        generics.where_clause = input.parse()?;
        let content;
        syn::braced!(content in input);
        let mut methods = Vec::new();
        while !content.is_empty() {
            let attributes = content.call(Attribute::parse_outer)?;
            let visibility = content.parse()?;
            if !starts_function(&content) {
                return Err(content.error("a plugin has methods: `should_load`, `load` and `stop`"));
            }
            methods.push(Function::parse(attributes, visibility, &content)?);
        }
        Ok(Lifecycle { attributes, generics, interface, ty, methods })
    }
}

impl Parse for Interface {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let tokens = input.fork().parse::<TokenStream>()?;
        let attributes = input.call(Attribute::parse_outer)?;
        let ahead = input.fork();
        input.parse::<Visibility>()?;
        input.parse::<Option<Token![unsafe]>>()?;
        if !input.peek(Token![trait]) {
            return Err(
                ahead.error("`#[plugin_type]` belongs on a trait: `trait Otp: Send + Sync { … }`")
            );
        }
        input.parse::<Token![trait]>()?;
        let (ident, generics) = (input.parse()?, input.parse()?);
        let has_supertraits = input.peek(Token![:]);
        let rest: TokenStream = input.parse()?;
        let mut inherits = false;
        let body = rest.into_iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
            TokenTree::Ident(name) => {
                // `Send`, `Sync` and `'static` have no methods; any other may.
                let marker = ["Send", "Sync", "static", "std", "core", "marker"];
                inherits |= !marker.contains(&name.to_string().as_str());
                None
            }
            _ => None,
        });
        let has_methods = inherits
            || body.is_some_and(|body| {
                let mut tokens = body.stream().into_iter();
                tokens.any(|token| matches!(&token, TokenTree::Ident(ident) if ident == "fn"))
            });
        Ok(Interface { attributes, ident, generics, has_supertraits, has_methods, tokens })
    }
}

impl Interface {
    /// The text of the documentation.
    pub(crate) fn documentation(&self) -> String {
        let lines = self.attributes.iter().filter_map(|attribute| {
            let named = attribute.meta.require_name_value().ok()?;
            match &named.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })
                    if named.path.is_ident("doc") =>
                {
                    Some(text.value().trim().to_owned())
                }
                _ => None,
            }
        });
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
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

/// The conditions under which an item exists, which what stands beside it
/// must share.
pub(crate) fn conditions(attributes: &[Attribute]) -> TokenStream {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    quote!(#(#conditions)*)
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attributes, visibility, signature, body } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}

impl ToTokens for Definition {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}

impl ToTokens for Interface {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}
