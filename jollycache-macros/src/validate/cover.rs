//! Every argument is in the key, or left out on purpose.

use syn::Ident;

use super::arguments::{Argument, Arguments, HIDDEN_PATTERN};
use crate::diagnostics::{Errors, did_you_mean, quoted};
use crate::model::Template;

/// Arguments that are neither in `key` nor in `skipped`.
pub(crate) fn forgotten(key: &Template, skipped: &[Ident], arguments: &Arguments, errors: &mut Errors) {
    for argument in &arguments.list {
        // `_` binds nothing: the function cannot use it.
        let Some(name) = argument.names.first() else { continue };
        let in_key = |bound: &Ident| key.roots().any(|root| bound == root);
        if argument.names.iter().any(|bound| in_key(bound) || skipped.contains(bound)) {
            continue;
        }
        errors.push_on(&argument.pattern, forgotten_text(name, argument, arguments));
    }
}

fn forgotten_text(name: &Ident, argument: &Argument, arguments: &Arguments) -> String {
    let what = "is not in the key: calls that differ in it would share one entry";
    if arguments.is_hidden_pattern(&name.to_string()) {
        return format!("this argument {what}\n{HIDDEN_PATTERN}");
    }
    let others = if argument.names.len() > 1 {
        let names: Vec<_> = argument.names.iter().map(Ident::to_string).collect();
        format!(" (any of {} will do)", quoted(names.iter().map(String::as_str)))
    } else {
        String::new()
    };
    format!(
        "the argument `{name}` {what}\n\
         put it into the key, `{{{name}}}`, or leave it out on purpose, `skip({name})`{others}"
    )
}

/// Names in `skip` that are no arguments, are there twice, or are in the key.
pub(crate) fn skipped(skipped: &[Ident], key: Option<&Template>, arguments: &Arguments, errors: &mut Errors) {
    for (index, name) in skipped.iter().enumerate() {
        let text = name.to_string();
        if arguments.binding(&text).is_none() {
            errors.push(name.span(), unknown(&text, arguments));
        } else if skipped[..index].contains(name) {
            errors.push(name.span(), format!("`{name}` is skipped twice: remove one"));
        } else if key.is_some_and(|key| key.roots().any(|root| root == text)) {
            errors.push(
                name.span(),
                format!("`{name}` is in the key and in `skip`: remove it from one of them"),
            );
        }
    }
}

fn unknown(name: &str, arguments: &Arguments) -> String {
    let names: Vec<_> = arguments.names().collect();
    let names = || names.iter().map(String::as_str);
    if names().next().is_none() {
        return format!("`skip` names arguments, and `{}` has none: remove it", arguments.function);
    }
    format!(
        "`{}` has no argument `{name}`{}\narguments: {}",
        arguments.function,
        did_you_mean(name, names()),
        quoted(names()),
    )
}

/// The arguments of the default key: all that are not left out.
pub(crate) fn default_key(skipped: &[Ident], arguments: &Arguments) -> Vec<Ident> {
    let kept =
        arguments.list.iter().filter(|argument| !argument.names.iter().any(|bound| skipped.contains(bound)));
    kept.flat_map(|argument| argument.names.clone()).collect()
}
