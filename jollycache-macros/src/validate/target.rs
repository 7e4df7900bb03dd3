//! Whether a function can be annotated, and how it returns.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::Visit;
use syn::{
    FnArg, GenericArgument, PathArguments, ReceiverKind, ReturnType, Safety, Signature, Type, TypeImplTrait,
    TypeParamBound, TypeReference,
};

use crate::attribute::Macro;
use crate::diagnostics::Errors;
use crate::model::{Asyncness, Target};
use crate::parse::Function;

/// How the function returns, if it is asynchronous; the reasons why it cannot be annotated go to `errors`.
pub(crate) fn target(macro_: Macro, function: &Function, errors: &mut Errors) -> Option<Target> {
    let sig = &function.sig;
    qualifiers(macro_, function, errors);
    let target = target_of(sig);
    match &target {
        None if sig.constness.is_some() => {}
        None => {
            let message =
                format!("`#[{}]` needs an `async fn`: write `async fn {}`", macro_.name(), sig.ident);
            errors.push_on(sig.fn_token, message);
        }
        Some(target) => {
            returned(macro_, sig, &target.returned, errors);
            if macro_ == Macro::Cacheable {
                exclusive_arguments(sig, errors);
            }
        }
    }
    target
}

fn qualifiers(macro_: Macro, function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    let name = macro_.name();
    if function.body.is_none() {
        let message = format!("`#[{name}]` needs a body: put it on the implementations of `{}`", sig.ident);
        errors.push_on(&sig.ident, message);
    }
    if let Some(constness) = &sig.constness {
        errors.push_on(
            constness,
            format!("`#[{name}]` cannot be on a `const fn`: write `async fn {}`", sig.ident),
        );
    }
    if let Safety::Unsafe(keyword) = &sig.safety {
        let message =
            format!("`#[{name}]` cannot be on an `unsafe fn`: annotate a safe function that calls it");
        errors.push_on(keyword, message);
    }
    if let Some(abi) = &sig.abi {
        let message =
            format!("`#[{name}]` cannot be on an `extern` function: annotate a function that calls it");
        errors.push_on(abi.extern_token, message);
    }
    if let Some(variadic) = &sig.variadic {
        errors.push_on(variadic, format!("`#[{name}]` cannot be on a variadic function"));
    }
}

fn target_of(sig: &Signature) -> Option<Target> {
    if sig.asyncness.is_some() {
        let returned = match &sig.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, returned) => (**returned).clone(),
        };
        return Some(Target { returned, asyncness: Asyncness::Fn });
    }
    let ReturnType::Type(_, written) = &sig.output else {
        return None;
    };
    Some(Target { returned: boxed_output(written)?.clone(), asyncness: Asyncness::Boxed(written.clone()) })
}

/// `T` of `Pin<Box<dyn Future<Output = T>>>`
fn boxed_output(returned: &Type) -> Option<&Type> {
    let Type::TraitObject(object) = only_argument(only_argument(returned, "Pin")?, "Box")? else {
        return None;
    };
    object.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if last.ident == "Future" && output.ident == "Output" => {
                Some(&output.ty)
            }
            _ => None,
        })
    })
}

/// `T` of `name<T>`
fn only_argument<'t>(of: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(argument)) if last.ident == name => Some(argument),
        _ => None,
    }
}

fn returned(macro_: Macro, sig: &Signature, returned: &Type, errors: &mut Errors) {
    let mut unfit = Unfit::default();
    unfit.visit_type(returned);
    let name = macro_.name();
    if let Some(found) = unfit.impl_trait {
        let message =
            format!("`#[{name}]` needs a type with a name: an `impl Trait` cannot be recognised or stored");
        errors.push_on(found, message);
    }
    if macro_ == Macro::Evict {
        return;
    }
    if is_unit(returned) {
        let message = format!("`{}` returns nothing, so there is nothing to cache", sig.ident);
        errors.push_on(&sig.ident, message);
    } else if let Some(found) = unfit.reference {
        errors.push_on(found, "borrowed data cannot be cached: return an owned type");
    }
}

/// What a return type cannot hold.
#[derive(Default)]
struct Unfit {
    impl_trait: Option<TokenStream>,
    reference: Option<TokenStream>,
}

impl<'ast> Visit<'ast> for Unfit {
    fn visit_type_impl_trait(&mut self, found: &'ast TypeImplTrait) {
        self.impl_trait.get_or_insert(found.to_token_stream());
    }

    fn visit_type_reference(&mut self, found: &'ast TypeReference) {
        self.reference.get_or_insert(found.to_token_stream());
    }
}

fn exclusive_arguments(sig: &Signature, errors: &mut Errors) {
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                let exclusive = match &receiver.kind {
                    ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
                    ReceiverKind::Typed(_, ty) => is_exclusive(ty),
                    _ => false,
                };
                if exclusive {
                    errors.push_on(receiver,
                        "`#[cacheable]` may skip the call, so it cannot be one that changes `self`: take `&self`, or \
                         use `#[cache_put]` or `#[cache_evict]`",
                    );
                }
            }
            FnArg::Typed(typed) if is_exclusive(&typed.ty) => errors.push_on(&typed.ty,
                "`#[cacheable]` may skip the call, so it cannot be one that changes an argument: take `&T`, or return \
                 the change",
            ),
            FnArg::Typed(_) => {}
        }
    }
}

fn is_exclusive(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if reference.mutability.is_some())
}

/// Whether `ty` is written `()`.
pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}
