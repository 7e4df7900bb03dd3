//! One placeholder: `{id}`, `{query.category}`, `{email | hash}`.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, ExprPath, LitStr};

use super::arguments::{Arguments, HIDDEN_PATTERN};
use crate::attribute::Macro;
use crate::diagnostics::{did_you_mean, quoted};
use crate::model::{Piece, RET, Source, TemplateKind};

/// Reads what stands between the braces.
pub(crate) fn placeholder(
    text: &str,
    span: Span,
    kind: TemplateKind,
    arguments: &Arguments,
) -> syn::Result<Piece> {
    let wrong = |message: String| syn::Error::new(span, message);
    let (text, hash) = filter(text).map_err(wrong)?;
    if text.is_empty() {
        return Err(wrong(format!("an empty placeholder: name an argument\n{}", allowed(arguments))));
    }
    let expr: Expr = LitStr::new(text, span).parse().map_err(|_| wrong(unreadable(text)))?;
    let mut source_of = source(&expr).ok_or_else(|| {
        wrong(format!(
            "`{{{text}}}` does not start from an argument: write `{{id}}`, `{{query.page}}` or `{{name.as_str()}}`, or \
             compute it in the function and pass it on\n{}",
            allowed(arguments)
        ))
    })?;
    let root = &source_of.root;
    source_of.is_type = is_type(root, &expr, arguments).map_err(wrong)?;
    known(root, kind, arguments).map_err(wrong)?;
    unmixed(text, &expr, root, arguments).map_err(wrong)?;
    text.clone_into(&mut source_of.written);
    Ok(Piece::Value { expr, source: Box::new(source_of), hash })
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

/// What an expression is made from: the field `category` of `query`, for `query.category.trim()`.
fn source(expr: &Expr) -> Option<Source> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().map(|root| Source {
            root: root.to_string(),
            fields: Vec::new(),
            whole: true,
            is_type: false,
            written: String::new(),
        }),
        Expr::Field(field) => source(&field.base).map(|mut of| {
            if of.whole {
                of.fields.push(field.member.clone());
            }
            of
        }),
        Expr::MethodCall(call) => part(source(&call.receiver), converts(call)),
        Expr::Index(index) => part(source(&index.expr), is_full_range(&index.index)),
        Expr::Reference(reference) => source(&reference.expr),
        Expr::Unary(unary) => source(&unary.expr),
        Expr::Paren(paren) => source(&paren.expr),
        Expr::Cast(cast) => source(&cast.expr),
        _ => None,
    }
}

fn part(of: Option<Source>, whole: bool) -> Option<Source> {
    of.map(|of| Source { whole: of.whole && whole, ..of })
}

/// Whether a method writes the whole value in another form, by the names that the Rust API guidelines give to such
/// methods; one of another name may be a getter, which writes a part, as a field does. A conversion that drops
/// information (`as_secs`, `to_lowercase`, `to_string_lossy`) makes one key of several values, so it covers a part as well.
fn converts(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    let is_conversion = ["as_", "to_", "into_"].into_iter().any(|start| name.starts_with(start))
        || ["clone", "cloned", "copied", "get", "unwrap"].contains(&name.as_str());
    let drops = ["sec", "milli", "micro", "f32", "case", "lossy"].into_iter().any(|what| name.contains(what));
    is_conversion && !drops && call.args.is_empty()
}

fn is_full_range(index: &Expr) -> bool {
    matches!(index, Expr::Range(range) if range.start.is_none() && range.end.is_none())
}

/// Whether `root` is a type: a parameter of the function, or `Self`. Of a type only the name can be written.
fn is_type(root: &str, expr: &Expr, arguments: &Arguments) -> Result<bool, String> {
    let is_type = root == "Self" || arguments.parameter(root).is_some_and(|parameter| parameter.is_type);
    if is_type && !matches!(expr, Expr::Path(_)) {
        return Err(format!("`{root}` is a type, and a template writes its name: `{{{root}}}`"));
    }
    Ok(is_type)
}

fn known(root: &str, kind: TemplateKind, arguments: &Arguments) -> Result<(), String> {
    if root == "Self" || arguments.parameter(root).is_some() {
        return Ok(());
    }
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
fn unmixed(text: &str, expr: &Expr, root: &str, arguments: &Arguments) -> Result<(), String> {
    if arguments.macro_ == Macro::Cacheable {
        return Ok(());
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expr);
    let is_argument = |name: &&String| *name == "self" || arguments.binding(name).is_some();
    let argument = names.0.iter().find(is_argument);
    match argument {
        Some(argument) if root == RET || names.0.iter().any(|name| name == RET) => Err(format!(
            "`{{{text}}}` mixes `ret` with `{argument}`, which the body has consumed when `ret` exists: use one placeholder for each"
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
