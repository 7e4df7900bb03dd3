//! The names that templates can use.

use syn::visit::{self, Visit};
use syn::{FnArg, Ident, Pat, PatIdent, Signature};

use crate::model::{Asyncness, RET, Target};
use crate::options::Macro;

/// What to do about a pattern that `#[async_trait]` has hidden.
pub(crate) const HIDDEN_PATTERN: &str = "under `#[async_trait]` an argument's pattern is out of sight: take the argument by \
                                         name, and destructure it in the body";

/// The function's arguments.
pub(crate) struct Arguments {
    pub(crate) macro_: Macro,
    pub(crate) function: Ident,
    pub(crate) has_receiver: bool,
    pub(crate) list: Vec<Argument>,
    /// Whether there is a returned value to speak of.
    pub(crate) returns: bool,
    /// Whether `#[async_trait]` has rewritten the arguments already.
    pub(crate) boxed: bool,
}

/// One argument: all that its pattern binds.
pub(crate) struct Argument {
    pub(crate) names: Vec<Ident>,
    pub(crate) pattern: Pat,
}

impl Arguments {
    pub(crate) fn of(macro_: Macro, sig: &Signature, target: &Target) -> Self {
        let typed = sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => {
                Some(Argument { names: bound_names(&typed.pat), pattern: (*typed.pat).clone() })
            }
            FnArg::Receiver(_) => None,
        });
        Arguments {
            macro_,
            function: sig.ident.clone(),
            has_receiver: sig.receiver().is_some(),
            list: typed.collect(),
            returns: !super::target::is_unit(&target.returned),
            boxed: matches!(target.asyncness, Asyncness::Boxed(_)),
        }
    }

    /// The argument that binds `name`.
    pub(crate) fn binding(&self, name: &str) -> Option<&Argument> {
        self.list.iter().find(|argument| argument.names.iter().any(|bound| bound == name))
    }

    /// Whether `#[async_trait]` has put the argument `name` in the place of a pattern.
    pub(crate) fn is_hidden_pattern(&self, name: &str) -> bool {
        self.boxed && name.starts_with("__arg")
    }

    /// All names that the arguments bind.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.list.iter().flat_map(|argument| argument.names.iter().map(Ident::to_string))
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
        names.chain(receiver).chain(ret).collect()
    }
}

/// The names that a pattern binds.
fn bound_names(pat: &Pat) -> Vec<Ident> {
    struct Names(Vec<Ident>);

    impl<'ast> Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            if !self.0.contains(&pat.ident) {
                self.0.push(pat.ident.clone());
            }
            visit::visit_pat_ident(self, pat);
        }
    }

    let mut names = Names(Vec::new());
    names.visit_pat(pat);
    names.0
}
