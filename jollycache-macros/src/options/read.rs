//! The values of options, each read by one function of the table.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, Token};

use super::given::Given;
use super::setting::Setting;
use super::skipped::Skipped;
use super::value::{Length, any, choice, length, literal, one_parameter, text, ungrouped};
use crate::model::{ConstantValue, RET, SetterValue, When};
use crate::parse::Value;
use crate::tokens::mentions;

/// `cache = "product"`: a region's name.
pub(super) fn region(given: &Given) -> syn::Result<Setting> {
    let text = text(given)?;
    let name = text.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if name.is_empty() {
        return Err(given.wants(&text, "needs a name"));
    }
    match name.chars().find(|&c| !allowed(c)) {
        None => Ok(Setting::constant("region", ConstantValue::Text(name))),
        Some(c) => Err(syn::Error::new(
            text.span(),
            format!(
                "a region's name cannot hold {c:?}: it is made of ASCII letters, digits, `_`, `-`, `.` and `:`"
            ),
        )),
    }
}

/// `with = self.cache`
pub(super) fn handle(given: &Given) -> syn::Result<Setting> {
    let expr = any(given)?;
    Ok(Setting::setter("with", expr.span(), SetterValue::Handle(expr)))
}

/// `key = "product:{id}"`
pub(super) fn key(given: &Given) -> syn::Result<Setting> {
    text(given).map(Setting::Key)
}

/// `pattern = "products:*"`
pub(super) fn pattern(given: &Given) -> syn::Result<Setting> {
    text(given).map(Setting::Pattern)
}

/// `tags = ["products"]`
pub(super) fn tags(given: &Given) -> syn::Result<Setting> {
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
    array.elems.iter().map(one).collect::<syn::Result<_>>().map(Setting::Tags)
}

/// `skip(a, b.c, T)`
pub(super) fn skip(given: &Given) -> syn::Result<Setting> {
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
    Ok(Setting::Skip(names.into_iter().collect()))
}

/// `name`, without a value.
pub(super) fn flag(given: &Given) -> syn::Result<Setting> {
    match &given.value {
        Value::Nothing => {
            Ok(Setting::setter(given.name.to_string(), given.name.span(), SetterValue::Nothing))
        }
        Value::Assigned(expr) => Err(given.wants(expr, "takes no value")),
        Value::List(list) => Err(given.wants(list, "takes no value")),
    }
}

/// `crate = path`
pub(super) fn root(given: &Given) -> syn::Result<Setting> {
    match any(given)? {
        Expr::Path(path) if path.qself.is_none() => Ok(Setting::Crate(path.path)),
        other => Err(given.wants(other, "needs a path")),
    }
}

/// `stale = "10m"`: a constant, `stale_ms`; or any expression of type `Duration`: a setter of the call.
pub(super) fn lifetime(given: &Given) -> syn::Result<Setting> {
    let name = &given.name;
    Ok(match length(given)? {
        Length::Millis(ms) => Setting::constant(format!("{name}_ms"), ConstantValue::Millis(ms)),
        Length::Expr(expr) => Setting::setter(name.to_string(), expr.span(), SetterValue::Lazy(expr)),
    })
}

/// `ttl`: a length of time, or a closure over the value.
pub(super) fn ttl(given: &Given) -> syn::Result<Setting> {
    let expr = any(given)?;
    let Expr::Closure(closure) = &expr else {
        return lifetime(given);
    };
    one_parameter(closure, "ttl = |value| value.lifetime()")?;
    Ok(Setting::setter("ttl_by", expr.span(), SetterValue::Expr(expr)))
}

/// `none_ttl`: always a setter of the call, at the option's name, as it is the compiler that rejects it by the return type.
pub(super) fn none_ttl(given: &Given) -> syn::Result<Setting> {
    let value = match length(given)? {
        Length::Millis(ms) => SetterValue::LazyMillis(ms),
        Length::Expr(expr) => SetterValue::Lazy(expr),
    };
    Ok(Setting::setter("none_ttl", given.name.span(), value))
}

/// `jitter = "10%"`, as a fraction.
pub(super) fn share(given: &Given) -> syn::Result<Setting> {
    let text = text(given)?;
    let value = text.value();
    let percent = value
        .strip_suffix('%')
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
        .and_then(|digits| digits.parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| given.wants(&text, "is a share from `\"0%\"` to `\"100%\"`"))?;
    Ok(Setting::constant(given.name.to_string(), ConstantValue::Fraction(percent / 100.0)))
}

/// `schema = 2`
pub(super) fn number(given: &Given) -> syn::Result<Setting> {
    let expr = any(given)?;
    let number = match literal(&expr) {
        Some(Lit::Int(number)) => number.base10_parse::<u16>().ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| given.wants(&expr, "is a number literal from 0 to 65535"))?;
    Ok(Setting::constant(given.name.to_string(), ConstantValue::Number(number)))
}

/// `single_flight = "cluster"`
pub(super) fn single_flight(given: &Given) -> syn::Result<Setting> {
    variant(given, "SingleFlight", &[("cluster", "Cluster"), ("local", "Local"), ("off", "Off")])
}

/// `consistency = "bounded"`
pub(super) fn consistency(given: &Given) -> syn::Result<Setting> {
    variant(given, "Consistency", &[("bounded", "Bounded"), ("strict", "Strict"), ("ttl", "Ttl")])
}

/// `version = ret.version`: an expression over the returned value.
pub(super) fn version(given: &Given) -> syn::Result<Setting> {
    let expr = any(given)?;
    if mentions(expr.to_token_stream(), RET) {
        Ok(Setting::setter("version_by", expr.span(), SetterValue::OverRet(expr)))
    } else {
        Err(given.wants(&expr, "is taken from the returned value, `ret`"))
    }
}

/// `on_error = "propagate"`
pub(super) fn on_error(given: &Given) -> syn::Result<Setting> {
    Ok(match choice(given, &["bypass", "propagate"])? {
        "propagate" => Setting::setter("propagate", given.name.span(), SetterValue::Nothing),
        _ => Setting::Default,
    })
}

/// `when = "before"`
pub(super) fn when(given: &Given) -> syn::Result<Setting> {
    Ok(Setting::When(match choice(given, &["after", "before", "around"])? {
        "before" => When::Before,
        "around" => When::Around,
        _ => When::After,
    }))
}

/// A condition over the arguments.
pub(super) fn condition(given: &Given) -> syn::Result<Setting> {
    let expr = any(given)?;
    match &expr {
        Expr::Closure(_) => Err(given.wants(
            &expr,
            "is evaluated before the call, over the arguments, and takes no closure (`unless` does)",
        )),
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            Err(given.wants(&expr, "is an expression, not a string"))
        }
        _ => Ok(Setting::Condition(expr)),
    }
}

/// A closure over the returned value, or the path of a function.
pub(super) fn unless(given: &Given) -> syn::Result<Setting> {
    let expr = any(given)?;
    match &expr {
        Expr::Closure(closure) => {
            one_parameter(closure, given.form)?;
            Ok(Setting::Unless(expr))
        }
        Expr::Path(_) => Ok(Setting::Unless(expr)),
        _ => Err(given.wants(&expr, "is evaluated after the call, as a closure")),
    }
}

/// A variant of one of the runtime's enums, by its word.
fn variant(
    given: &Given,
    of: &'static str,
    variants: &[(&'static str, &'static str)],
) -> syn::Result<Setting> {
    let words: Vec<_> = variants.iter().map(|(word, _)| *word).collect();
    let word = choice(given, &words)?;
    let name = variants.iter().find(|(known, _)| *known == word).map_or(word, |(_, name)| *name);
    Ok(Setting::constant(given.name.to_string(), ConstantValue::Variant { of, name }))
}
