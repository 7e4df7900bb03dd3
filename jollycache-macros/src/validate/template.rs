//! Templates: literals and placeholders, unambiguous when filled in.

use syn::LitStr;

use super::arguments::Arguments;
use super::placeholder;
use crate::attribute::Macro;
use crate::diagnostics::Errors;
use crate::model::{Piece, Template, TemplateKind};

/// Bytes that set two values apart: they are escaped in a value, and no value's own structure ends in one.
const SEPARATORS: &[char] = &[':', '/', '|', ',', ';', '=', '@', '&', '+'];
const WILDCARDS: &[char] = &['*', '?'];

/// Reads a template; what is wrong with it goes to `errors`.
pub(crate) fn template(
    text: &LitStr,
    kind: TemplateKind,
    arguments: &Arguments,
    errors: &mut Errors,
) -> Option<Template> {
    let raw = errors.keep(split(text))?;
    let one_name = arguments.macro_ == Macro::Evict;
    let mut template = Template { span: text.span(), one_name, pieces: Vec::new() };
    let mut whole = true;
    for piece in raw {
        match piece {
            Raw::Literal(literal) => template.pieces.push(Piece::Literal(literal)),
            Raw::Placeholder(source) => match placeholder::placeholder(&source, text.span(), kind, arguments)
            {
                Ok(piece) => template.pieces.push(piece),
                Err(error) => {
                    errors.push_error(error);
                    whole = false;
                }
            },
        }
    }
    if !whole {
        return None;
    }
    errors.keep(check(&template, kind))?;
    Some(template)
}

enum Raw {
    Literal(String),
    Placeholder(String),
}

/// Splits a template at its braces.
fn split(text: &LitStr) -> syn::Result<Vec<Raw>> {
    let value = text.value();
    let wrong = |message: &str| Err(syn::Error::new(text.span(), message));
    let (mut pieces, mut literal) = (Vec::new(), String::new());
    let mut rest = value.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            literal.push_str(brace);
            rest = after;
        } else if brace == "}" {
            return wrong("a `}` without a `{`: write `}}` for a brace as text");
        } else {
            let Some(end) = closing(rest) else {
                return wrong("a `{` without a `}`: write `{{` for a brace as text");
            };
            if !literal.is_empty() {
                pieces.push(Raw::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Raw::Placeholder(rest[..end].to_owned()));
            rest = &rest[end + 1..];
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Raw::Literal(literal));
    }
    Ok(pieces)
}

/// Where the placeholder that begins `text` ends; an expression may hold braces of its own.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn check(template: &Template, kind: TemplateKind) -> syn::Result<()> {
    let name = kind.name();
    let wrong = |message: String| Err(syn::Error::new(template.span, message));
    if template.pieces.is_empty() {
        return wrong(format!("an empty {name}: write a name, such as `\"product:{{id}}\"`"));
    }
    if kind == TemplateKind::Pattern {
        return if template.has_literal(WILDCARDS) {
            Ok(())
        } else {
            wrong("a pattern without `*` or `?` is one key, and evicting a key is much faster: use `key = \"…\"`".to_owned())
        };
    }
    if template.has_literal(WILDCARDS) {
        return wrong(format!(
            "`*` and `?` are plain characters in a {name}: use `pattern = \"…\"` of `#[cache_evict]` to evict many keys"
        ));
    }
    if !template.pieces.iter().any(|piece| matches!(piece, Piece::Literal(_))) {
        return wrong(format!(
            "a {name} needs text besides values, or it collides with those of other functions: begin it with a name, such as \
             `product:`"
        ));
    }
    apart(template)
}

/// Between two values there must be text that neither can hold, or two pairs of values make one key.
fn apart(template: &Template) -> syn::Result<()> {
    let mut last_value: Option<&str> = None;
    let mut separated = true;
    for piece in &template.pieces {
        match piece {
            Piece::Literal(text) => separated |= text.contains(SEPARATORS),
            Piece::Value { source, .. } => {
                let root = &source.root;
                if let Some(last) = last_value
                    && !separated
                {
                    let message = format!(
                        "no separator is between the values of `{last}` and `{root}`: two different pairs can make one \
                         key; put a `:` between them"
                    );
                    return Err(syn::Error::new(template.span, message));
                }
                last_value = Some(root);
                separated = false;
            }
        }
    }
    Ok(())
}
