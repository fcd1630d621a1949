use std::env;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lit};

/// A text that is put together while the attribute is expanded, as far as it is
/// literal: the compiler takes longer to do the same.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Literal(String),
    /// An expression that `concat!` takes, with its own span.
    Code(TokenStream),
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text::Literal(text.to_owned())
    }
}

impl Text {
    /// What stands in an attribute.
    pub(crate) fn of(value: &Expr) -> Self {
        match value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.suffix().is_empty() => {
                Text::Literal(text.value())
            }
            other => Text::Code(other.to_token_stream()),
        }
    }

    /// What Cargo says of the package. Where another program compiles, rustc says that the
    /// variable is missing.
    pub(crate) fn variable(name: &str) -> Self {
        match env::var(name) {
            Ok(value) => Text::Literal(value),
            Err(_) => Text::Code(quote!(::core::env!(#name))),
        }
    }

    /// The text, if it is known.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Text::Literal(text) => Some(text),
            Text::Code(_) => None,
        }
    }

    /// Its length, and an array of its bytes.
    pub(crate) fn bytes(&self, krate: &TokenStream) -> (TokenStream, TokenStream) {
        match self {
            Text::Literal(text) => {
                let length = Literal::usize_unsuffixed(text.len());
                let bytes = Literal::byte_string(text.as_bytes());
                (quote!(#length), quote!(*#bytes))
            }
            code => (quote!({ #code.len() }), quote!(#krate::__private::bytes(#code))),
        }
    }
}

/// One text out of several.
impl FromIterator<Text> for Text {
    fn from_iter<I: IntoIterator<Item = Text>>(texts: I) -> Self {
        let mut parts: Vec<Text> = Vec::new();
        for text in texts {
            match (parts.last_mut(), text) {
                (Some(Text::Literal(last)), Text::Literal(text)) => last.push_str(&text),
                (_, text) => parts.push(text),
            }
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Text::Code(quote!(::core::concat!(#(#parts),*)))
            }
        }
    }
}

impl ToTokens for Text {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Text::Literal(text) => text.to_tokens(tokens),
            Text::Code(code) => tokens.extend(code.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_literal_is_one_literal() {
        let texts = ["a", "\0", "b"].map(Text::from);
        assert_eq!(Text::from_iter(texts).literal(), Some("a\0b"));
        let code = Text::Code(quote!(stringify!(x)));
        let texts = [Text::from("a"), Text::from("."), code, Text::from("b")];
        let shown = Text::from_iter(texts).to_token_stream().to_string();
        assert_eq!(shown, quote!(::core::concat!("a.", stringify!(x), "b")).to_string());
    }
}
