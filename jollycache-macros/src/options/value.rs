//! The kinds of values that options have.

use syn::{Expr, ExprClosure, ExprLit, Lit, LitStr};

use super::duration;
use super::given::Given;
use crate::diagnostics::{did_you_mean, quoted};
use crate::parse::Value;

/// Any expression.
pub(super) fn any(given: &Given) -> syn::Result<Expr> {
    match &given.value {
        Value::Assigned(expr) => Ok(ungrouped(expr).clone()),
        Value::Nothing => Err(given.wants(&given.name, "needs a value")),
        Value::List(list) => Err(given.wants(list, "is written with `=`")),
    }
}

/// A macro's `$expr` arrives in an invisible group.
pub(super) fn ungrouped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungrouped(&group.expr),
        expr => expr,
    }
}

pub(super) fn literal(expr: &Expr) -> Option<&Lit> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// A string literal.
pub(super) fn text(given: &Given) -> syn::Result<LitStr> {
    let expr = any(given)?;
    match literal(&expr) {
        Some(Lit::Str(text)) => Ok(text.clone()),
        _ => Err(given.wants(&expr, "needs a string literal")),
    }
}

/// A length of time.
pub(super) enum Length {
    Millis(u64),
    Expr(Expr),
}

/// A length of time: a literal, or any expression of type `Duration`.
pub(super) fn length(given: &Given) -> syn::Result<Length> {
    let expr = any(given)?;
    if let Expr::Closure(_) = expr {
        return Err(given.wants(&expr, "takes no closure"));
    }
    match literal(&expr) {
        Some(Lit::Str(text)) => duration::millis(text).map(Length::Millis),
        Some(other) => Err(given.wants(other, "needs a unit, or is an expression of type `Duration`")),
        None => Ok(Length::Expr(expr)),
    }
}

pub(super) fn one_parameter(closure: &ExprClosure, form: &str) -> syn::Result<()> {
    if closure.inputs.len() == 1 {
        return Ok(());
    }
    Err(syn::Error::new_spanned(closure, format!("this closure takes one parameter, the value: `{form}`")))
}

/// One of a few words.
pub(super) fn choice(given: &Given, words: &[&'static str]) -> syn::Result<&'static str> {
    let text = text(given)?;
    let value = text.value();
    words.iter().copied().find(|word| *word == value).ok_or_else(|| {
        let message = format!(
            "`{}` cannot be {value:?}{}\nallowed: {}",
            given.name,
            did_you_mean(&value, words.iter().copied()),
            quoted(words.iter().copied()),
        );
        syn::Error::new(text.span(), message)
    })
}
