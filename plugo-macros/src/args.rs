use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, ExprPath, ExprUnary, Lit, Path, Result, Token, Type, UnOp};

/// The arguments of `#[plugin]` and of `#[plugin_type]`:
///
/// ```text
/// #[plugin]
/// #[plugin(name = "blog")]
/// #[plugin(name = "blog", namespace = "shop.pages", priority = -5)]
/// #[plugin(name = concat!("blog-", stringify!($flavour)), crate = my_app::plugo)]
/// #[plugin(should_load = has_licence(licence: &Licence))]
/// #[plugin(new = Mailer::connect(url: &str, retries: Option<&u32>))]
/// #[plugin(reusable)]
/// #[plugin(name = "sms", of = dyn Otp, priority = 10, status = "reserve")]
/// #[plugin(name = "stripe", of = dyn Payment, settings = StripeSettings)]
/// #[plugin_type(name = "otp", selector = by_region(region: &str))]
/// ```
#[derive(Default)]
pub(crate) struct Args {
    /// A string literal, or a macro call that becomes one.
    pub(crate) name: Option<Expr>,
    pub(crate) namespace: Option<Expr>,
    pub(crate) priority: Option<i32>,
    pub(crate) krate: Option<Path>,
    pub(crate) should_load: Option<Call>,
    pub(crate) new: Option<Call>,
    pub(crate) selector: Option<Call>,
    pub(crate) reusable: bool,
    pub(crate) of: Option<Type>,
    /// The variant of `Status`.
    pub(crate) status: Option<Ident>,
    /// The type of an item's settings.
    pub(crate) settings: Option<Type>,
    /// The keys, where they stand.
    given: Vec<Ident>,
}

/// A function, with the arguments that it takes: `connect(url: &str)`.
pub(crate) struct Call {
    pub(crate) function: ExprPath,
    pub(crate) parameters: Vec<(Ident, Type)>,
}

/// What an attribute is called, and what it takes where it stands.
pub(crate) struct Use {
    pub(crate) attribute: &'static str,
    /// What it stands on, with an article.
    pub(crate) on: &'static str,
    pub(crate) takes: &'static [&'static str],
}

const KEYS: [&str; 11] = [
    "name",
    "namespace",
    "priority",
    "crate",
    "should_load",
    "new",
    "selector",
    "reusable",
    "of",
    "status",
    "settings",
];

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
            return Err(input.error("expected an argument, as in `name = \"blog\"`"));
        }
        let key = input.call(Ident::parse_any)?;
        let name = key.to_string();
        if self.given.contains(&key) {
            return Err(Error::new(key.span(), format!("the argument `{name}` stands here twice")));
        }
        self.given.push(key.clone());
        if !KEYS.contains(&name.as_str()) {
            // What it takes depends on what it stands on, which `check` knows.
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            return Ok(());
        }
        if name == "reusable" {
            self.reusable = true;
            return match input.peek(Token![=]) {
                true => Err(input.error("`reusable` stands alone: `#[plugin(reusable)]`")),
                false => Ok(()),
            };
        }
        if !input.peek(Token![=]) {
            return Err(Error::new(key.span(), format!("expected `{name} = …`")));
        }
        input.parse::<Token![=]>()?;
        match name.as_str() {
            "name" => self.name = Some(text(&name, input)?),
            "namespace" => {
                let value = text(&name, input)?;
                if matches!(value, Expr::Macro(_)) {
                    // The build script has to read it, and expands no macros.
                    let message = "`namespace` is a string literal, as in `namespace = \"pages\"`";
                    return Err(Error::new(value.span(), message));
                }
                self.namespace = Some(value);
            }
            "priority" => self.priority = Some(integer(input)?),
            "crate" => self.krate = Some(input.call(Path::parse_mod_style)?),
            "should_load" => self.should_load = Some(condition(input)?),
            "new" => self.new = Some(input.parse()?),
            "selector" => self.selector = Some(input.parse()?),
            "of" => self.of = Some(plugin_type(input)?),
            "settings" => self.settings = Some(settings(input)?),
            _ => self.status = Some(status(input)?),
        }
        Ok(())
    }

    /// Refuses what the attribute does not take where it stands.
    pub(crate) fn check(&self, place: &Use) -> Result<()> {
        let Use { attribute, on, takes } = place;
        let Some(key) = self.given.iter().find(|key| !takes.contains(&key.to_string().as_str()))
        else {
            return Ok(());
        };
        let known: Vec<String> = takes.iter().map(|key| format!("`{key}`")).collect();
        let known = match known.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "nothing".to_owned(),
        };
        let message = format!("`#[{attribute}]` on {on} has no argument `{key}`; it takes {known}");
        Err(Error::new(key.span(), message))
    }

    /// The place of an argument, or of the attribute.
    pub(crate) fn span(&self, name: &str) -> Span {
        let key = self.given.iter().find(|key| *key == name);
        key.map_or_else(Span::call_site, Ident::span)
    }
}

impl Parse for Call {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let function: ExprPath = input.parse()?;
        let mut parameters = Vec::new();
        if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            let each = Punctuated::<Parameter, Token![,]>::parse_terminated(&content)?;
            parameters = each.into_iter().map(|Parameter(name, ty)| (name, ty)).collect();
        }
        Ok(Call { function, parameters })
    }
}

struct Parameter(Ident, Type);

impl Parse for Parameter {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        const FORM: &str = "an argument stands here as a parameter does: `url: &str`";
        let name = input.call(Ident::parse_any).map_err(|error| Error::new(error.span(), FORM))?;
        if !input.peek(Token![:]) {
            return Err(Error::new(name.span(), FORM));
        }
        input.parse::<Token![:]>()?;
        Ok(Parameter(name, input.parse()?))
    }
}

fn condition(input: ParseStream<'_>) -> Result<Call> {
    if input.peek(syn::LitBool) {
        return Err(input.error(
            "`should_load` names a function: what never loads is left out of the build, by the \
             config or by `#[cfg]`",
        ));
    }
    input.parse()
}

fn plugin_type(input: ParseStream<'_>) -> Result<Type> {
    let ty: Type = input.parse()?;
    match &ty {
        Type::TraitObject(object) if object.dyn_token.is_some() => Ok(ty),
        other => {
            let shown = other.to_token_stream();
            let message = format!("`of` names the plugin type as `dyn {shown}`");
            Err(Error::new(other.span(), message))
        }
    }
}

fn settings(input: ParseStream<'_>) -> Result<Type> {
    const FORM: &str = "`settings` names a type, as in `settings = StripeSettings`";
    let ty: Type = input.parse().map_err(|error| Error::new(error.span(), FORM))?;
    match &ty {
        Type::Path(_) | Type::Group(_) => Ok(ty),
        other => Err(Error::new(other.span(), FORM)),
    }
}

fn status(input: ParseStream<'_>) -> Result<Ident> {
    let value = ungrouped(input.parse()?);
    let text = match &value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        _ => String::new(),
    };
    let variant = match text.as_str() {
        "active" => "Active",
        "reserve" => "Reserve",
        "disabled" => "Disabled",
        _ => {
            let message = "`status` is \"active\", \"reserve\" or \"disabled\"";
            return Err(Error::new(value.span(), message));
        }
    };
    Ok(Ident::new(variant, Span::call_site()))
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

fn integer(input: ParseStream<'_>) -> Result<i32> {
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
        Some(number) => Ok(number),
        None => {
            let message =
                "`priority` is a decimal number that fits an `i32`, as in `priority = 10`";
            Err(Error::new(value.span(), message))
        }
    }
}
