use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, ExprUnary, Lit, Path, Result, Token, UnOp};

/// The arguments of `#[plugin]`:
///
/// ```text
/// #[plugin]
/// #[plugin(name = "blog")]
/// #[plugin(name = "blog", namespace = "shop.pages", priority = -5)]
/// #[plugin(name = concat!("blog-", stringify!($flavour)), crate = my_app::plugo)]
/// ```
#[derive(Default)]
pub(crate) struct Args {
    /// A string literal, or a macro call that becomes one.
    pub(crate) name: Option<Expr>,
    pub(crate) namespace: Option<Expr>,
    /// An integer literal, with a minus perhaps.
    pub(crate) priority: Option<TokenStream>,
    pub(crate) krate: Option<Path>,
}

const KNOWN: &str = "`name`, `namespace`, `priority` and `crate`";

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Args::default();
        while !input.is_empty() {
            args.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}

impl Args {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            let message =
                format!("expected an argument of `#[plugin]`: {KNOWN}, as in `name = \"blog\"`");
            return Err(input.error(message));
        }
        let key = input.call(Ident::parse_any)?;
        let name = key.to_string();
        if !input.peek(Token![=]) {
            return Err(Error::new(
                key.span(),
                format!("expected `{name} = …`; `#[plugin]` takes {KNOWN}"),
            ));
        }
        input.parse::<Token![=]>()?;
        let again = match name.as_str() {
            "name" => self.name.replace(text(&name, input)?).is_some(),
            "namespace" => {
                let value = text(&name, input)?;
                if matches!(value, Expr::Macro(_)) {
                    // The build script has to read it, and expands no macros.
                    let message = "`namespace` is a string literal, as in `namespace = \"pages\"`";
                    return Err(Error::new(value.span(), message));
                }
                self.namespace.replace(value).is_some()
            }
            "priority" => self.priority.replace(integer(input)?).is_some(),
            "crate" => self.krate.replace(input.call(Path::parse_mod_style)?).is_some(),
            _ => {
                let message = format!("`#[plugin]` has no argument `{name}`; it takes {KNOWN}");
                return Err(Error::new(key.span(), message));
            }
        };
        if again {
            return Err(Error::new(key.span(), format!("the argument `{name}` stands here twice")));
        }
        Ok(())
    }
}

/// The value out of the invisible group that a `macro_rules!` variable brings.
fn ungrouped(mut value: Expr) -> Expr {
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    value
}

fn peeled(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => peeled(&group.expr),
        other => other,
    }
}

fn text(key: &str, input: ParseStream<'_>) -> Result<Expr> {
    let value = ungrouped(input.parse()?);
    match &value {
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) | Expr::Macro(_) => Ok(value),
        other => {
            let message = format!("`{key}` is a string literal, as in `{key} = \"blog\"`");
            Err(Error::new(other.span(), message))
        }
    }
}

fn integer(input: ParseStream<'_>) -> Result<TokenStream> {
    let value = ungrouped(input.parse()?);
    let (sign, magnitude) = match &value {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => ("-", peeled(expr)),
        other => ("", other),
    };
    let found = match magnitude {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => {
            // As the build script reads it: digits, and nothing about their type.
            let digits = literal.to_string().replace('_', "");
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{sign}{digits}"))
        }
        _ => None,
    };
    match found.and_then(|digits| digits.parse::<i32>().ok()) {
        Some(_) => Ok(value.into_token_stream()),
        None => {
            let message =
                "`priority` is a decimal number that fits an `i32`, as in `priority = 10`";
            Err(Error::new(value.span(), message))
        }
    }
}
