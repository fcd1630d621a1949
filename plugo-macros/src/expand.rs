use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Result, ReturnType, Signature, Type};

use crate::args::{Args, Call, Use};
use crate::arguments::{Extraction, Otherwise, arguments};
use crate::check::{Parameter, check_function, check_method};
use crate::entry::{Common, Entry, Marker, mark, spanned};
use crate::fallback::fallback;
use crate::item::{Definition, Function, Item, Lifecycle, Value, conditions};

/// `#[plugin(…)]` on an item.
pub(crate) fn plugin(args: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = || -> Result<TokenStream> {
        let parsed = Item::of(&item)?;
        let args: Args = syn::parse2(args)?;
        match parsed {
            Item::Function(found) => {
                let entry_point = function(&args, &found)?;
                let mut expanded = item.clone();
                expanded.extend([entry_point]);
                Ok(expanded)
            }
            Item::Lifecycle(found) => lifecycle(&args, found),
            Item::Definition(found) => definition(&args, &found),
            Item::Value(found) => value(&args, &found),
        }
    };
    expanded().unwrap_or_else(|error| match is_implementation(&item) {
        // The trait has other signatures, and each would be an error of its own.
        true => error.to_compile_error(),
        false => fallback(item.clone(), &error),
    })
}

fn is_implementation(item: &TokenStream) -> bool {
    let mut keywords = item.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    });
    keywords.find(|word| word != "unsafe").is_some_and(|word| word == "impl")
}

fn function(args: &Args, function: &Function) -> Result<TokenStream> {
    args.check(&Use {
        attribute: "plugin",
        on: "a function",
        takes: &["name", "namespace", "priority", "should_load", "crate"],
    })?;
    let parameters = check_function(&function.signature)?;
    let common = Common::new(args, conditions(&function.attributes));
    let krate = &common.krate;
    let ident = &function.signature.ident;
    let call =
        |form| call(krate, &function.signature, &parameters, &quote!(#ident), &Outcome::Kept, form);
    let entry = match &args.should_load {
        None => match whole(krate, &function.signature, &parameters) {
            Some(body) => Entry::Whole(body),
            None => Entry::Function(call(Form::Reply)),
        },
        Some(condition) => {
            let arguments = arguments();
            let body = call(Form::Step);
            let Extraction { statements, values } =
                Extraction::of_call(krate, condition, Otherwise::Result);
            let function = &condition.function;
            let plugo = spanned(krate, function.span());
            let decide = quote_spanned!(function.span()=> #plugo::__private::Decision::decide);
            Entry::Definition(quote! {{
                    #[allow(
                unused_imports, unused_variables, clippy::let_unit_value, clippy::unused_unit
            )]
                    fn __plugo_init<'s>(
                        #arguments: &'s mut #krate::Kwargs<'_>,
                    ) -> #krate::Step<'s, #krate::Kept> {
                        #body
                    }
                    #[allow(unused_variables)]
                    fn __plugo_should_load(
                        #arguments: &mut #krate::Kwargs<'_>,
                    ) -> ::core::result::Result<bool, #krate::Failure> {
                        #statements
                        #decide(#function(#(#values),*))
                    }
                    static CONDITIONAL: #krate::__private::Conditional =
                        #krate::__private::Conditional {
                            should_load: __plugo_should_load,
                            init: __plugo_init,
                        };
                    #krate::__private::Definition::conditional(&CONDITIONAL)
                }})
        }
    };
    let marker = Marker::Beside(&function.visibility, ident);
    Ok(common.entry_point(&marker, &entry))
}

/// What most plugins are, by one call of the core: a function that returns nothing,
/// without parameters or with one that is a reference.
fn whole(
    krate: &TokenStream,
    signature: &Signature,
    parameters: &[Parameter<'_>],
) -> Option<TokenStream> {
    let (None, ReturnType::Default) = (&signature.asyncness, &signature.output) else {
        return None;
    };
    let (ident, arguments, mark) = (&signature.ident, arguments(), mark());
    match parameters {
        [] => Some(quote!(#krate::__private::Reply::call(#arguments, &#mark.magic, #ident))),
        [parameter @ Parameter { ty: ty @ Type::Reference(_), .. }] => {
            let name = parameter.name();
            Some(quote! {
                #krate::__private::Reply::call_with::<#ty>(#arguments, &#mark.magic, #ident, #name)
            })
        }
        _ => None,
    }
}

fn lifecycle(args: &Args, lifecycle: Lifecycle) -> Result<TokenStream> {
    let takes: &[&str] = match args.reusable {
        true => &["reusable", "crate"],
        false => &["name", "namespace", "priority", "new", "reusable", "crate"],
    };
    let on = if args.reusable { "a reusable `impl`" } else { "an `impl`" };
    args.check(&Use { attribute: "plugin", on, takes })?;
    let Lifecycle { attributes, generics, interface, ty, methods } = lifecycle;
    if !args.reusable && !generics.params.is_empty() {
        let message = "a plugin's type has no parameters, since nothing would choose them; with \
                       `#[plugin(reusable)]`, statics of such a type can be plugins";
        return Err(Error::new(generics.params.span(), message));
    }
    let conditions = conditions(&attributes);
    let common = Common::new(args, conditions.clone());
    let krate = &common.krate;
    let mut errors: Option<Error> = None;
    let (mut own, mut forwarded) = (Vec::new(), Vec::new());
    for method in methods {
        match self::method(krate, method) {
            Ok((renamed, forward)) => {
                own.push(renamed);
                forwarded.push(forward);
            }
            Err(error) => match &mut errors {
                None => errors = Some(error),
                Some(errors) => errors.combine(error),
            },
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    let (parameters, clause) = (&generics.params, &generics.where_clause);
    let parameters = (!parameters.is_empty()).then(|| quote!(<#parameters>));
    // Clippy does not ask of a trait's methods what it asks of a type's own.
    let implementation = quote! {
        #conditions
        #[doc(hidden)]
        #[allow(
            clippy::needless_pass_by_value,
            clippy::trivially_copy_pass_by_ref,
            clippy::unnecessary_wraps,
            clippy::unused_async,
            clippy::unused_self
        )]
        impl #parameters #ty #clause {
            #(#own)*
        }

        #(#attributes)*
        #[allow(
            unused_imports, unused_variables, clippy::let_unit_value, clippy::unused_unit
        )]
        impl #parameters #interface for #ty #clause {
            #(#forwarded)*
        }
    };
    if args.reusable {
        return Ok(implementation);
    }
    let construct = construct(krate, args.new.as_ref(), &ty);
    let (arguments, made) = (arguments(), made());
    let entry = Entry::Definition(quote! {
        #krate::__private::Definition::made({
            #[allow(unused_variables)]
            fn __plugo_create(
                #arguments: &mut #krate::Kwargs<'_>,
            ) -> ::core::result::Result<
                #krate::__private::Arc<dyn #krate::Plugin>,
                #krate::Failure,
            > {
                #construct
                ::core::result::Result::Ok(#krate::__private::Arc::new(#made))
            }
            __plugo_create
        })
    });
    let entry_point = common.entry_point(&Marker::Of(ty.to_token_stream()), &entry);
    Ok(quote!(#implementation #entry_point))
}

/// A method as it was written, under a name that is not the trait's, and the
/// trait's method that calls it.
fn method(krate: &TokenStream, mut method: Function) -> Result<(TokenStream, TokenStream)> {
    let parameters = check_method(&method.signature)?;
    let name = method.signature.ident.clone();
    let hidden = format_ident!("__plugo_{name}");
    let (outcome, result) = match name == "should_load" {
        true => (Outcome::Decision, quote!(bool)),
        false => (Outcome::Kept, quote!(#krate::Kept)),
    };
    let function = quote!(self.#hidden);
    let call = call(krate, &method.signature, &parameters, &function, &outcome, Form::Step);
    let arguments = arguments();
    let forward = quote! {
        fn #name<'s>(
            &'s self,
            #arguments: &'s mut #krate::Kwargs<'_>,
        ) -> #krate::Step<'s, #result> {
            #call
        }
    };
    method.signature.ident = hidden;
    Ok((method.into_token_stream(), forward))
}

fn definition(args: &Args, definition: &Definition) -> Result<TokenStream> {
    args.check(&Use {
        attribute: "plugin",
        on: "a type",
        takes: &["name", "of", "namespace", "priority", "status", "settings", "new", "crate"],
    })?;
    let Definition { attributes, ident, generics, .. } = definition;
    let Some(of) = &args.of else {
        if args.settings.is_some() {
            let message = "settings are those of an item, whose plugin type `of` names: \
                           `#[plugin(name = \"stripe\", of = dyn Payment, settings = \
                           StripeSettings)]`";
            return Err(Error::new(args.span("settings"), message));
        }
        let message = "a type is an item of a plugin type, which `of` names: `#[plugin(name = \
                       \"sms\", of = dyn Otp)]`; a plugin with a lifecycle has `#[plugin]` on its \
                       `impl Plugin for …`";
        return Err(Error::new(ident.span(), message));
    };
    if args.name.is_none() {
        let message = "an item of a plugin type has a name: `name = \"sms\"`";
        return Err(Error::new(args.span("of"), message));
    }
    if !generics.params.is_empty() {
        let message = "an item's type has no parameters, since nothing would choose them";
        return Err(Error::new(generics.params.span(), message));
    }
    let common = Common::new(args, conditions(attributes));
    let Common { krate, name, .. } = &common;
    let ty: Type = syn::parse_quote!(#ident);
    let (construct, form) = match &args.settings {
        None => (construct(krate, args.new.as_ref(), &ty), TokenStream::new()),
        Some(settings) => {
            let construct = construct_with_settings(krate, args, settings, &ty)?;
            let plugo = spanned(krate, settings.span());
            let form =
                quote_spanned!(settings.span()=> #plugo::__private::settings_form!(#settings));
            (construct, quote!(.with_settings(#form)))
        }
    };
    let status = args.status.clone().unwrap_or_else(|| Ident::new("Active", Span::call_site()));
    let info = quote_spanned!(of.span()=> <#of as #krate::PluginType>::INFO);
    let (arguments, made) = (arguments(), made());
    let boxed = quote_spanned!(ident.span()=> #krate::__private::Box::new(#made));
    let entry = Entry::Definition(quote! {{
        #[allow(unused_variables)]
        fn __plugo_create(
            #arguments: &mut #krate::Kwargs<'_>,
        ) -> ::core::result::Result<#krate::__private::Box<#of>, #krate::Failure> {
            #construct
            ::core::result::Result::Ok(#boxed)
        }
        static ITEM: #krate::__private::ItemEntry<#of> = #krate::__private::ItemEntry::new(
            #name,
            #info,
            #krate::Status::#status,
            __plugo_create,
        )#form;
        static OF: #krate::__private::ItemOf = #krate::__private::ItemOf(&ITEM);
        #krate::__private::Definition::item(&OF)
    }});
    let entry_point = common.entry_point(&Marker::Of(quote!(#ident)), &entry);
    Ok(quote!(#definition #entry_point))
}

fn value(args: &Args, value: &Value) -> Result<TokenStream> {
    args.check(&Use {
        attribute: "plugin",
        on: "a value",
        takes: &["name", "namespace", "priority", "crate"],
    })?;
    let Value { attributes, visibility, is_const, ident, ty, .. } = value;
    let common = Common::new(args, conditions(attributes));
    let krate = &common.krate;
    // A constant is a new value wherever it is named; the plugin is one.
    let (fixed, plugin) = match is_const {
        true => (Some(quote!(static VALUE: #ty = #ident;)), quote_spanned!(ty.span()=> &VALUE)),
        false => (None, quote_spanned!(ty.span()=> &#ident)),
    };
    let entry = Entry::Definition(quote! {{
        #fixed
        static FIXED: #krate::__private::Fixed = #krate::__private::Fixed(#plugin);
        #krate::__private::Definition::fixed(&FIXED)
    }});
    let entry_point = common.entry_point(&Marker::Beside(visibility, ident), &entry);
    Ok(quote!(#value #entry_point))
}

/// What a generated constructor makes. Nothing of the user's can be confused
/// with it.
fn made() -> Ident {
    Ident::new("made", Span::mixed_site())
}

/// Binds `made`: what the constructor gives, or `Default`.
fn construct(krate: &TokenStream, new: Option<&Call>, ty: &Type) -> TokenStream {
    let made = made();
    let Some(call) = new else {
        let default = quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default());
        return quote!(let #made = #default;);
    };
    let Extraction { statements, values } = Extraction::of_call(krate, call, Otherwise::Result);
    let function = &call.function;
    let plugo = spanned(krate, function.span());
    let construct =
        quote_spanned!(function.span()=> #plugo::__private::Construct::<#ty>::construct);
    quote! {
        #statements
        let #made = #construct(#function(#(#values),*))?;
    }
}

/// The same for an item with settings: a constructor takes them among its
/// arguments, and without one the type is made from them by `From` or `TryFrom`.
fn construct_with_settings(
    krate: &TokenStream,
    args: &Args,
    settings: &Type,
    ty: &Type,
) -> Result<TokenStream> {
    let Some(call) = &args.new else {
        let made = made();
        let parameters = vec![(Ident::new("settings", Span::call_site()), reference(settings))];
        let function = syn::parse_quote!(from);
        let call = Call { function, parameters };
        let Extraction { statements, values } =
            Extraction::of_call(krate, &call, Otherwise::Result);
        let plugo = spanned(krate, ty.span());
        let from = quote_spanned! {ty.span()=>
            <#ty as #plugo::__private::MadeFrom<#settings>>::made_from
        };
        return Ok(quote! {
            #statements
            let #made = #from(#(#values),*)?;
        });
    };
    let Some((_, taken)) = call.parameters.iter().find(|(name, _)| *name == "settings") else {
        let function = call.function.to_token_stream().to_string().replace(' ', "");
        let shown = settings.to_token_stream();
        let message = format!(
            "the constructor of an item with settings takes them: `new = {function}(settings: \
             &{shown})`"
        );
        return Err(Error::new(call.function.span(), message));
    };
    let construct = construct(krate, Some(call), ty);
    // An argument of another type would be found out when an operator makes the
    // first instance; this finds it out now, with the caret under that type.
    let is_taken =
        quote_spanned!(taken.span()=> fn is_taken(settings: &#settings) -> #taken { settings });
    Ok(quote! {
        {
            #[allow(dead_code)]
            #is_taken
        }
        #construct
    })
}

fn reference(ty: &Type) -> Type {
    syn::parse_quote!(&#ty)
}

/// What is made of what a function returned.
enum Outcome {
    Kept,
    Decision,
}

/// What a generated function returns.
#[derive(Clone, Copy)]
enum Form {
    /// A `Step`.
    Step,
    /// A `Reply`, as entry points do.
    Reply,
}

/// The body of a generated function that takes the parameters out of the
/// arguments and calls the user's function.
fn call(
    krate: &TokenStream,
    signature: &Signature,
    parameters: &[Parameter<'_>],
    function: &TokenStream,
    outcome: &Outcome,
    form: Form,
) -> TokenStream {
    let otherwise = match form {
        Form::Step => Otherwise::Step,
        Form::Reply => Otherwise::Reply,
    };
    let Extraction { statements, values } = Extraction::of_parameters(krate, parameters, otherwise);
    let is_async = signature.asyncness.is_some();
    if let (Form::Reply, false, ReturnType::Default) = (form, is_async, &signature.output) {
        // There is nothing to convert.
        return quote! {
            #statements
            let () = #function(#(#values),*);
            #krate::__private::Reply::done()
        };
    }
    let output_span = match &signature.output {
        ReturnType::Default => signature.ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    let awaited = is_async.then(|| quote!(.await));
    let called = quote!(#function(#(#values),*) #awaited);
    // Only the method has the span: a variable of it would be another one where
    // the function is made by a macro.
    let finish = match outcome {
        Outcome::Kept => {
            let returned = Ident::new("returned", Span::mixed_site());
            let outcome = quote_spanned!(output_span=> outcome);
            quote! {
                use #krate::__private::{
                    ByLocalError as _, BySendError as _, ByValue as _, Refused as _,
                };
                let mut #returned = #krate::__private::Returned::new(#called);
                (&mut &mut &mut #returned).#outcome()
            }
        }
        Outcome::Decision => {
            let plugo = spanned(krate, output_span);
            let decide = quote_spanned!(output_span=> #plugo::__private::Decision::decide);
            quote!(#decide(#called))
        }
    };
    let end = match (form, is_async) {
        (Form::Step, true) => quote!(#krate::Step::pending(async move { #finish })),
        (Form::Step, false) => quote!(#krate::Step::done({ #finish })),
        (Form::Reply, true) => {
            let step = quote!(#krate::Step::pending(async move { #finish }));
            quote!(#krate::__private::Reply::step(#step))
        }
        (Form::Reply, false) => quote!(#krate::__private::Reply::returned({ #finish })),
    };
    quote!(#statements #end)
}
