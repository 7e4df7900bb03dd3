//! A template of a key, a tag or a pattern.

use proc_macro2::Span;
use syn::{Expr, Member};

/// `"product:{id}"`
pub(crate) struct Template {
    pub(crate) span: Span,
    /// Whether a list in a placeholder is a mistake.
    pub(crate) one_name: bool,
    pub(crate) pieces: Vec<Piece>,
}

/// What a template is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateKind {
    Key,
    Tag,
    Pattern,
}

impl TemplateKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            TemplateKind::Key => "key",
            TemplateKind::Tag => "tag",
            TemplateKind::Pattern => "pattern",
        }
    }
}

/// A piece of a template.
pub(crate) enum Piece {
    Literal(String),
    Value {
        expr: Expr,
        source: Box<Source>,
        /// `{expr | hash}`
        hash: bool,
    },
}

/// What a placeholder is made from.
pub(crate) struct Source {
    /// The name (`query` in `{query.filter.kind.trim()}`) that it starts from: that of an argument or of a parameter,
    /// `self` or `ret`.
    pub(crate) root: String,
    /// The fields that lead from there (`filter`, `kind`).
    pub(crate) fields: Vec<Member>,
    /// Whether the whole of it is written, by the names of the methods.
    pub(crate) whole: bool,
    /// Whether `root` is a type.
    pub(crate) is_type: bool,
    /// The placeholder as it stands in the template.
    pub(crate) written: String,
}

impl Source {
    /// Whether all of `root` is written.
    pub(crate) fn is_all(&self) -> bool {
        self.whole && self.fields.is_empty()
    }
}

/// How templates call the returned value.
pub(crate) const RET: &str = "ret";

impl Template {
    /// What its placeholders are made from.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value { source, .. } => Some(&**source),
            Piece::Literal(_) => None,
        })
    }

    /// Whether it needs the returned value.
    pub(crate) fn uses_ret(&self) -> bool {
        self.sources().any(|source| source.root == RET)
    }

    /// Whether the author's own text holds one of `characters`.
    pub(crate) fn has_literal(&self, characters: &[char]) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(characters)))
    }
}
