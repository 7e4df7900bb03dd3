//! A template of a key, a tag or a pattern.

use proc_macro2::Span;
use syn::Expr;

/// `"product:{id}"`
pub(crate) struct Template {
    pub(crate) span: Span,
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of a template.
pub(crate) enum Piece {
    Literal(String),
    Value {
        expr: Expr,
        /// The argument (`id` in `{id.0}`) that it starts from: a name, `self` or `ret`.
        root: String,
        /// `{expr | hash}`
        hash: bool,
    },
}

/// How templates call the returned value.
pub(crate) const RET: &str = "ret";

impl Template {
    /// The names that its placeholders start from.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value { root, .. } => Some(root.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// Whether it needs the returned value.
    pub(crate) fn uses_ret(&self) -> bool {
        self.roots().any(|root| root == RET)
    }

    /// Whether the author's own text holds one of `characters`.
    pub(crate) fn has_literal(&self, characters: &[char]) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(characters)))
    }
}
