//! The names that templates can use.

use syn::visit::{self, Visit};
use syn::{FnArg, GenericParam, Ident, Pat, PatIdent, Signature, Type};

use crate::attribute::Macro;
use crate::model::{Asyncness, RET, Target};

/// What to do about a pattern that `#[async_trait]` has hidden.
pub(crate) const HIDDEN_PATTERN: &str = "under `#[async_trait]` the attribute does not see the names of an argument's \
                                         pattern: take the argument by name, and destructure it in the body";

/// The function's arguments.
pub(crate) struct Arguments {
    pub(crate) macro_: Macro,
    pub(crate) function: Ident,
    pub(crate) has_receiver: bool,
    pub(crate) list: Vec<Argument>,
    /// The function's type and const parameters.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returned: Type,
    /// Whether there is a returned value to speak of.
    pub(crate) returns: bool,
    /// Whether `#[async_trait]` has rewritten the arguments already.
    pub(crate) boxed: bool,
}

/// One argument: its type, and all that its pattern binds.
pub(crate) struct Argument {
    pub(crate) bindings: Vec<Binding>,
    pub(crate) ty: Type,
}

/// A name that a pattern binds.
pub(crate) struct Binding {
    pub(crate) name: Ident,
    /// The names that are bound to a whole of which this is a part: `all` in `all @ Query { page, .. }`.
    pub(crate) around: Vec<Ident>,
    /// Whether it is all that the pattern is.
    alone: bool,
}

/// A type or const parameter.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) is_type: bool,
}

impl Argument {
    /// The type of what `binding` is bound to, without references, if the signature has it.
    pub(crate) fn type_of(&self, binding: &Binding) -> Option<&Type> {
        let mut ty = &self.ty;
        loop {
            ty = match ty {
                Type::Reference(reference) => &reference.elem,
                Type::Paren(paren) => &paren.elem,
                Type::Group(group) => &group.elem,
                _ => return binding.alone.then_some(ty),
            };
        }
    }
}

impl Arguments {
    pub(crate) fn of(macro_: Macro, sig: &Signature, target: &Target) -> Self {
        let typed = sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(Argument { bindings: bindings(&typed.pat), ty: (*typed.ty).clone() }),
            FnArg::Receiver(_) => None,
        });
        Arguments {
            macro_,
            function: sig.ident.clone(),
            has_receiver: sig.receiver().is_some(),
            list: typed.collect(),
            parameters: sig.generics.params.iter().filter_map(parameter).collect(),
            returned: target.returned.clone(),
            returns: !super::target::is_unit(&target.returned),
            boxed: matches!(target.asyncness, Asyncness::Boxed(_)),
        }
    }

    /// The binding called `name`.
    pub(crate) fn binding(&self, name: &str) -> Option<&Binding> {
        self.bindings().find(|binding| binding.name == name)
    }

    fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.list.iter().flat_map(|argument| &argument.bindings)
    }

    /// The type or const parameter called `name`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// All names of type and const parameters.
    pub(crate) fn parameter_names(&self) -> impl Iterator<Item = String> {
        self.parameters.iter().map(|parameter| parameter.name.to_string())
    }

    /// Whether `#[async_trait]` has put the argument `name` in the place of a pattern.
    pub(crate) fn is_hidden_pattern(&self, name: &str) -> bool {
        self.boxed && name.starts_with("__arg")
    }

    /// All names that the arguments bind.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.bindings().map(|binding| binding.name.to_string())
    }

    /// Whether templates may speak of the returned value.
    pub(crate) fn has_ret(&self) -> bool {
        self.macro_ != Macro::Cacheable && self.returns
    }

    /// All that a placeholder may start from.
    pub(crate) fn allowed(&self) -> Vec<String> {
        let receiver = self.has_receiver.then(|| "self".to_owned());
        let ret = self.has_ret().then(|| RET.to_owned());
        let names = self.names().filter(|name| !self.is_hidden_pattern(name));
        names.chain(self.parameter_names()).chain(receiver).chain(ret).collect()
    }
}

/// What a pattern binds.
fn bindings(pattern: &Pat) -> Vec<Binding> {
    #[derive(Default)]
    struct Bindings {
        list: Vec<Binding>,
        around: Vec<Ident>,
    }

    impl<'ast> Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
            let name = &pattern.ident;
            if !self.list.iter().any(|binding| binding.name == *name) {
                let around = self.around.clone();
                self.list.push(Binding { name: name.clone(), around, alone: false });
            }
            self.around.push(name.clone());
            visit::visit_pat_ident(self, pattern);
            self.around.pop();
        }
    }

    let mut bindings = Bindings::default();
    bindings.visit_pat(pattern);
    if let (Pat::Ident(_), Some(first)) = (pattern, bindings.list.first_mut()) {
        first.alone = true;
    }
    bindings.list
}

/// Lifetimes make no difference to what a function returns.
fn parameter(param: &GenericParam) -> Option<Parameter> {
    match param {
        GenericParam::Type(param) => Some(Parameter { name: param.ident.clone(), is_type: true }),
        GenericParam::Const(param) => Some(Parameter { name: param.ident.clone(), is_type: false }),
        GenericParam::Lifetime(_) => None,
    }
}
