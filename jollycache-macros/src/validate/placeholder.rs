//! One placeholder: `{id}`, `{query.category}`, `{email | hash}`.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Expr, ExprPath, LitStr};

use super::arguments::{Arguments, HIDDEN_PATTERN};
use super::template::Kind;
use crate::diagnostics::{did_you_mean, quoted};
use crate::model::{Piece, RET};
use crate::options::Macro;

/// Reads what stands between the braces.
pub(crate) fn placeholder(source: &str, span: Span, kind: Kind, arguments: &Arguments) -> syn::Result<Piece> {
    let wrong = |message: String| syn::Error::new(span, message);
    let (source, hash) = filter(source).map_err(wrong)?;
    if source.is_empty() {
        return Err(wrong(format!("an empty placeholder: name an argument\n{}", allowed(arguments))));
    }
    let expr: Expr = LitStr::new(source, span).parse().map_err(|_| wrong(unreadable(source)))?;
    let root = root(&expr).ok_or_else(|| {
        wrong(format!(
            "`{{{source}}}` does not start from an argument: write `{{id}}`, `{{query.page}}` or `{{name.trim()}}`, or \
             compute it in the function and pass it on\n{}",
            allowed(arguments)
        ))
    })?;
    known(&root, kind, arguments).map_err(wrong)?;
    unmixed(source, &expr, &root, arguments).map_err(wrong)?;
    Ok(Piece::Value { expr, root, hash })
}

/// Splits `email | hash`.
fn filter(source: &str) -> Result<(&str, bool), String> {
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    match source.rsplit_once('|') {
        Some((expr, "hash")) => Ok((expr.trim(), true)),
        Some((expr, name)) => match name.trim() {
            "hash" => Ok((expr.trim(), true)),
            name if is_name(name) && !expr.ends_with('|') => Err(format!(
                "`| {name}` is unknown: the only filter is `hash`, as in `{{{} | hash}}`",
                expr.trim()
            )),
            _ => Ok((source.trim(), false)),
        },
        None => Ok((source.trim(), false)),
    }
}

fn unreadable(source: &str) -> String {
    match source.split_once(':') {
        Some((expr, format)) if !format.starts_with(':') => {
            format!("a placeholder takes no format: write `{{{}}}`", expr.trim())
        }
        _ => format!("`{{{source}}}` is not an expression: name an argument, as in `{{id}}`"),
    }
}

/// The name that an expression starts from: `query` of `query.category.trim()`.
fn root(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().map(ToString::to_string),
        Expr::Field(field) => root(&field.base),
        Expr::MethodCall(call) => root(&call.receiver),
        Expr::Index(index) => root(&index.expr),
        Expr::Reference(reference) => root(&reference.expr),
        Expr::Unary(unary) => root(&unary.expr),
        Expr::Paren(paren) => root(&paren.expr),
        Expr::Cast(cast) => root(&cast.expr),
        _ => None,
    }
}

fn known(root: &str, kind: Kind, arguments: &Arguments) -> Result<(), String> {
    let is_argument = arguments.binding(root).is_some();
    if root == RET && arguments.macro_ != Macro::Cacheable {
        return if is_argument {
            Err("`ret` is the returned value here, and an argument too: rename the argument".to_owned())
        } else if arguments.returns {
            Ok(())
        } else {
            Err(format!("`{}` returns nothing, so there is no `ret`", arguments.function))
        };
    }
    if is_argument || (root == "self" && arguments.has_receiver) {
        return Ok(());
    }
    let name = kind.name();
    if root == RET {
        return Err(format!(
            "`ret` is known after the call, and a {name} of `#[cacheable]` is needed before it\n{}",
            allowed(arguments)
        ));
    }
    if root == "self" {
        return Err(format!("`{}` has no `self`\n{}", arguments.function, allowed(arguments)));
    }
    let hidden = arguments.names().any(|name| arguments.is_hidden_pattern(&name));
    let hidden = if hidden { format!("\n{HIDDEN_PATTERN}") } else { String::new() };
    let names = arguments.allowed();
    Err(format!(
        "`{}` has no argument `{root}`{}\n{}{hidden}",
        arguments.function,
        did_you_mean(root, names.iter().map(String::as_str)),
        allowed(arguments),
    ))
}

/// A placeholder is filled in before the call or after it, never both.
fn unmixed(source: &str, expr: &Expr, root: &str, arguments: &Arguments) -> Result<(), String> {
    if arguments.macro_ == Macro::Cacheable {
        return Ok(());
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expr);
    let is_argument = |name: &&String| *name == "self" || arguments.binding(name).is_some();
    let argument = names.0.iter().find(is_argument);
    match argument {
        Some(argument) if root == RET || names.0.iter().any(|name| name == RET) => Err(format!(
            "`{{{source}}}` mixes `ret` with `{argument}`, which is gone when `ret` is there: use one placeholder for each"
        )),
        _ => Ok(()),
    }
}

struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        self.0.extend(path.path.get_ident().map(ToString::to_string));
        visit::visit_expr_path(self, path);
    }
}

fn allowed(arguments: &Arguments) -> String {
    let names = arguments.allowed();
    if names.is_empty() {
        return format!("`{}` has no arguments: leave the placeholder out", arguments.function);
    }
    format!("allowed here: {}", quoted(names.iter().map(String::as_str)))
}
