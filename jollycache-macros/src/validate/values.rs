//! The values of options, each read by one function.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprClosure, ExprLit, Lit, LitStr, Path, Token};

use super::duration;
use super::options::Given;
use super::skip::Skipped;
use crate::diagnostics::{Errors, did_you_mean, quoted};
use crate::model::{Lifetime, RET};
use crate::parse::Value;
use crate::tokens::mentions;

/// What `ttl` can be.
pub(crate) enum TtlValue {
    Lifetime(Lifetime),
    ByValue(ExprClosure),
}

/// Any expression.
pub(crate) fn any(given: &Given) -> syn::Result<Expr> {
    match &given.value {
        Value::Assigned(expr) => Ok(ungrouped(expr).clone()),
        Value::Nothing => Err(given.wants(&given.name, "needs a value")),
        Value::List(list) => Err(given.wants(list, "is written with `=`")),
    }
}

/// A macro's `$expr` arrives in an invisible group.
fn ungrouped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungrouped(&group.expr),
        expr => expr,
    }
}

fn literal(expr: &Expr) -> Option<&Lit> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// A string literal.
pub(crate) fn text(given: &Given) -> syn::Result<LitStr> {
    let expr = any(given)?;
    match literal(&expr) {
        Some(Lit::Str(text)) => Ok(text.clone()),
        _ => Err(given.wants(&expr, "needs a string literal")),
    }
}

/// A list of string literals.
pub(crate) fn texts(given: &Given) -> syn::Result<Vec<LitStr>> {
    let expr = any(given)?;
    let Expr::Array(array) = &expr else {
        return Err(given.wants(&expr, "is a list of string literals"));
    };
    if array.elems.is_empty() {
        return Err(given.wants(&expr, "needs at least one tag"));
    }
    let one = |element: &Expr| match literal(ungrouped(element)) {
        Some(Lit::Str(text)) => Ok(text.clone()),
        _ => Err(given.wants(element, "is a list of string literals")),
    };
    array.elems.iter().map(one).collect()
}

/// `skip(a, b.c, T)`
pub(crate) fn skipped(given: &Given) -> syn::Result<Vec<Skipped>> {
    let tokens = match &given.value {
        Value::List(list) => list.stream(),
        Value::Nothing => return Err(given.wants(&given.name, "needs the arguments to leave out")),
        Value::Assigned(expr) => return Err(given.wants(expr, "is written with parentheses")),
    };
    if tokens.is_empty() {
        return Err(given.wants(&given.name, "needs the arguments to leave out"));
    }
    let parser = Punctuated::<Skipped, Token![,]>::parse_terminated;
    let names = syn::parse::Parser::parse2(parser, tokens.clone())
        .map_err(|_| given.wants(&tokens, "takes names of arguments, their fields and parameters"))?;
    Ok(names.into_iter().collect())
}

/// `name`, without a value.
pub(crate) fn flag(given: &Given) -> syn::Result<()> {
    match &given.value {
        Value::Nothing => Ok(()),
        Value::Assigned(expr) => Err(given.wants(expr, "takes no value")),
        Value::List(list) => Err(given.wants(list, "takes no value")),
    }
}

/// A path to a crate or module.
pub(crate) fn path(given: &Given) -> syn::Result<Path> {
    match any(given)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        other => Err(given.wants(other, "needs a path")),
    }
}

/// A region's name.
pub(crate) fn region(given: &Given) -> syn::Result<String> {
    let text = text(given)?;
    let name = text.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if name.is_empty() {
        return Err(given.wants(&text, "needs a name"));
    }
    match name.chars().find(|&c| !allowed(c)) {
        None => Ok(name),
        Some(c) => Err(syn::Error::new(
            text.span(),
            format!(
                "a region's name cannot hold {c:?}: it is made of ASCII letters, digits, `_`, `-`, `.` and `:`"
            ),
        )),
    }
}

/// A length of time: a literal, or any expression of type `Duration`.
pub(crate) fn lifetime(given: &Given) -> syn::Result<Lifetime> {
    let expr = any(given)?;
    if let Expr::Closure(_) = expr {
        return Err(given.wants(&expr, "takes no closure"));
    }
    match literal(&expr) {
        Some(Lit::Str(text)) => duration::millis(text).map(Lifetime::Millis),
        Some(other) => Err(given.wants(other, "needs a unit, or is an expression of type `Duration`")),
        None => Ok(Lifetime::Expr(expr)),
    }
}

/// `ttl`: a length of time, or a closure over the value.
pub(crate) fn ttl(given: &Given) -> syn::Result<TtlValue> {
    match any(given)? {
        Expr::Closure(closure) => {
            one_parameter(&closure, "ttl = |value| value.lifetime()")?;
            Ok(TtlValue::ByValue(closure))
        }
        _ => lifetime(given).map(TtlValue::Lifetime),
    }
}

fn one_parameter(closure: &ExprClosure, form: &str) -> syn::Result<()> {
    if closure.inputs.len() == 1 {
        return Ok(());
    }
    Err(syn::Error::new_spanned(closure, format!("this closure takes one parameter, the value: `{form}`")))
}

/// `"10%"`, as a fraction.
pub(crate) fn jitter(given: &Given) -> syn::Result<f64> {
    let text = text(given)?;
    let value = text.value();
    let percent = value
        .strip_suffix('%')
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
        .and_then(|digits| digits.parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent));
    percent
        .map(|percent| percent / 100.0)
        .ok_or_else(|| given.wants(&text, "is a share from `\"0%\"` to `\"100%\"`"))
}

/// `2`
pub(crate) fn schema(given: &Given) -> syn::Result<u16> {
    let expr = any(given)?;
    let number = match literal(&expr) {
        Some(Lit::Int(number)) => number.base10_parse::<u16>().ok(),
        _ => None,
    };
    number.ok_or_else(|| given.wants(&expr, "is a number literal from 0 to 65535"))
}

/// The variant of `SingleFlight`.
pub(crate) fn single_flight(given: &Given) -> syn::Result<&'static str> {
    Ok(match choice(given, &["cluster", "local", "off"])? {
        "cluster" => "Cluster",
        "local" => "Local",
        _ => "Off",
    })
}

/// The variant of `Consistency`.
pub(crate) fn consistency(given: &Given) -> syn::Result<&'static str> {
    Ok(match choice(given, &["bounded", "strict", "ttl"])? {
        "bounded" => "Bounded",
        "strict" => "Strict",
        _ => "Ttl",
    })
}

/// An expression over the returned value.
pub(crate) fn version(given: &Given) -> syn::Result<Expr> {
    let expr = any(given)?;
    if mentions(expr.to_token_stream(), RET) {
        Ok(expr)
    } else {
        Err(given.wants(&expr, "is taken from the returned value, `ret`"))
    }
}

/// One of a few words.
pub(crate) fn choice(given: &Given, words: &[&'static str]) -> syn::Result<&'static str> {
    let text = text(given)?;
    let value = text.value();
    words.iter().copied().find(|word| *word == value).ok_or_else(|| {
        let message = format!(
            "`{}` cannot be {value:?}{}\nallowed: {}",
            given.spec.name,
            did_you_mean(&value, words.iter().copied()),
            quoted(words.iter().copied()),
        );
        syn::Error::new(text.span(), message)
    })
}

/// A condition over the arguments.
pub(crate) fn condition(given: &Given) -> syn::Result<Expr> {
    let expr = any(given)?;
    match &expr {
        Expr::Closure(_) => Err(given.wants(
            &expr,
            "is looked at before the call, over the arguments, and takes no closure (`unless` does)",
        )),
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            Err(given.wants(&expr, "is an expression, not a string"))
        }
        _ => Ok(expr),
    }
}

/// A closure over the returned value, or the path of a function.
pub(crate) fn unless(given: &Given) -> syn::Result<Expr> {
    let expr = any(given)?;
    match &expr {
        Expr::Closure(closure) => {
            one_parameter(closure, given.spec.form)?;
            Ok(expr)
        }
        Expr::Path(_) => Ok(expr),
        _ => Err(given.wants(&expr, "is looked at after the call, as a closure")),
    }
}

/// Checks an option that `#[cache_config]` gives to methods.
pub(crate) fn check_shared(given: &Given, errors: &mut Errors) -> bool {
    let checked = match given.spec.name {
        "cache" => region(given).map(drop),
        "ttl" => ttl(given).map(drop),
        "stale" | "timeout" | "grace" => lifetime(given).map(drop),
        "jitter" => jitter(given).map(drop),
        "single_flight" => single_flight(given).map(drop),
        "on_error" => choice(given, &["bypass", "propagate"]).map(drop),
        "consistency" => consistency(given).map(drop),
        "schema" => schema(given).map(drop),
        "crate" => path(given).map(drop),
        _ => any(given).map(drop),
    };
    errors.keep(checked).is_some()
}
