use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, FnArg, Pat, ReceiverKind, Result, Safety, Signature, Type, TypeParamBound};

/// A parameter of a plugin's function that was found to be sound.
pub(crate) struct Parameter<'f> {
    /// The name as it stands in the code, `r#` and all.
    pub(crate) ident: &'f Ident,
    pub(crate) ty: &'f Type,
}

impl Parameter<'_> {
    /// The name that the app's arguments are matched by. Leading `_` say that
    /// the parameter is not used, and are no part of it.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string().trim_start_matches('_').to_owned()
    }
}

/// Everything that the attribute can see to be wrong with an init function,
/// at once. What needs types is left to the traits that the expansion names.
pub(crate) fn check_function(signature: &Signature) -> Result<Vec<Parameter<'_>>> {
    let mut errors = Errors(None);
    let parameters = check(signature, "a plugin's init function", &mut errors);
    if let Some(receiver) = signature.inputs.iter().find(|input| is_receiver(input)) {
        errors.add(receiver, "a plugin's init function is free-standing: it has no `self`");
    }
    errors.finish(parameters)
}

/// The same for a method of `impl Plugin for T`.
pub(crate) fn check_method(signature: &Signature) -> Result<Vec<Parameter<'_>>> {
    let mut errors = Errors(None);
    let name = signature.ident.to_string();
    if !matches!(name.as_str(), "should_load" | "load" | "stop") {
        let message = format!(
            "`Plugin` has no method `{name}`: it has `should_load`, `load` and `stop`; others \
             belong in an `impl` of their own"
        );
        errors.add(&signature.ident, &message);
    }
    let parameters = check(signature, "a plugin's method", &mut errors);
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
                errors.add(
                    receiver,
                    "a plugin is shared between threads, so its methods take `&self`; what changes \
                     stands in a `Mutex`, an atomic or a `OnceLock`",
                );
            }
        }
        _ => errors.add(&signature.ident, "a plugin's method takes `&self`"),
    }
    errors.finish(parameters)
}

fn is_receiver(input: &FnArg) -> bool {
    matches!(input, FnArg::Receiver(_))
}

fn check<'f>(signature: &'f Signature, what: &str, errors: &mut Errors) -> Vec<Parameter<'f>> {
    if let Some(token) = &signature.constness {
        errors.add(token, &format!("{what} cannot be `const`"));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        let message = format!("{what} cannot be `unsafe`: plugo calls it without a contract");
        errors.add(token, &message);
    }
    if let Some(abi) = &signature.abi {
        errors.add(abi, &format!("{what} has Rust's own ABI"));
    }
    if !signature.generics.params.is_empty() {
        let message = format!(
            "{what} cannot be generic: nothing would choose the parameters, and lifetimes can be \
             left out"
        );
        errors.add(&signature.generics.params, &message);
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.add(clause, &format!("{what} cannot have a `where` clause"));
    }
    if let Some(variadic) = &signature.variadic {
        errors.add(variadic, &format!("{what} cannot be variadic"));
    }
    let mut parameters: Vec<Parameter<'f>> = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(typed) = input else { continue };
        match &*typed.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                if let Some(found) = impl_trait(&typed.ty) {
                    errors.add(found, "name the type: arguments are matched by name and type");
                }
                let parameter = Parameter { ident: &pattern.ident, ty: &typed.ty };
                let same = |earlier: &&Parameter<'_>| earlier.name() == parameter.name();
                if let Some(earlier) = parameters.iter().find(same) {
                    let message = format!(
                        "`{}` and `{}` would take the same argument of the app, `{}`: a leading `_` \
                         is no part of its name",
                        earlier.ident,
                        parameter.ident,
                        parameter.name()
                    );
                    errors.add(&pattern.ident, &message);
                }
                parameters.push(parameter);
            }
            pattern => errors.add(
                pattern,
                "a parameter is a plain name, since the app's arguments are matched by it: \
                 `app: &mut App`",
            ),
        }
    }
    parameters
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
