use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, FnArg, Pat, Result, Safety, Signature, Type, TypeParamBound};

/// A parameter of an init function that was found to be sound.
pub(crate) struct Parameter<'f> {
    /// The name as it stands in the code, `r#` and all.
    pub(crate) ident: &'f Ident,
    pub(crate) ty: &'f Type,
}

impl Parameter<'_> {
    /// The name that the app's arguments are matched by. A leading `_` says
    /// that the parameter is not used, and is no part of it.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string().trim_start_matches('_').to_owned()
    }
}

/// Everything that the attribute can see to be wrong with a function, at
/// once. What needs types is left to the traits that the expansion names.
pub(crate) fn check(signature: &Signature) -> Result<Vec<Parameter<'_>>> {
    let mut errors = Errors(None);
    if let Some(token) = &signature.constness {
        errors.add(token, "a plugin's init function cannot be `const`");
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.add(
            token,
            "a plugin's init function cannot be `unsafe`: plugo calls it without a contract",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.add(abi, "a plugin's init function has Rust's own ABI");
    }
    if !signature.generics.params.is_empty() {
        errors.add(
            &signature.generics.params,
            "a plugin's init function cannot be generic: nothing would choose the parameters, \
             and lifetimes can be left out",
        );
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.add(clause, "a plugin's init function cannot have a `where` clause");
    }
    if let Some(variadic) = &signature.variadic {
        errors.add(variadic, "a plugin's init function cannot be variadic");
    }
    let mut parameters = Vec::new();
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                errors.add(receiver, "a plugin's init function is free-standing: it has no `self`");
            }
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                    if let Some(found) = impl_trait(&typed.ty) {
                        errors.add(found, "name the type: arguments are matched by name and type");
                    }
                    parameters.push(Parameter { ident: &pattern.ident, ty: &typed.ty });
                }
                pattern => errors.add(
                    pattern,
                    "a parameter is a plain name, since the app's arguments are matched by it: \
                     `app: &mut App`",
                ),
            },
        }
    }
    errors.finish(parameters)
}

/// An `impl Trait` in a parameter's type, found where people put it.
fn impl_trait(ty: &Type) -> Option<&dyn Spanned> {
    match ty {
        Type::ImplTrait(found) => {
            let bound = found.bounds.iter().any(|bound| matches!(bound, TypeParamBound::Trait(_)));
            bound.then_some(found as &dyn Spanned)
        }
        Type::Reference(reference) => impl_trait(&reference.elem),
        Type::Paren(paren) => impl_trait(&paren.elem),
        _ => None,
    }
}

struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, tokens: &(impl Spanned + ?Sized), message: &str) {
        let error = Error::new(tokens.span(), message);
        match &mut self.0 {
            None => self.0 = Some(error),
            Some(errors) => errors.combine(error),
        }
    }

    fn finish<T>(self, value: T) -> Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}
