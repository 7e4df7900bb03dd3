//! `skip(…)`: what takes no part in the key on purpose.

use super::arguments::Arguments;
use crate::diagnostics::{Errors, did_you_mean, quoted};
use crate::model::Template;
use crate::options::Skipped;

/// The key that a `skip` stands beside.
#[derive(Clone, Copy)]
pub(crate) enum Beside<'k> {
    Default,
    Template(&'k Template),
    /// One that could not be read.
    Unknown,
}

/// Reports names that nothing has, that are there twice, or that are in the key.
pub(crate) fn check(skipped: &[Skipped], key: Beside<'_>, arguments: &Arguments, errors: &mut Errors) {
    for (index, one) in skipped.iter().enumerate() {
        if let Some(problem) = problem(one, &skipped[..index], key, arguments) {
            errors.push(one.span(), problem);
        }
    }
}

fn problem(one: &Skipped, before: &[Skipped], key: Beside<'_>, arguments: &Arguments) -> Option<String> {
    let name = one.name.to_string();
    let is_parameter = arguments.parameter(&name).is_some();
    if arguments.binding(&name).is_none() && !is_parameter {
        return Some(unknown(&name, arguments));
    }
    if before
        .iter()
        .any(|other| other.name == one.name && (other.field.is_none() || other.field == one.field))
    {
        return Some(format!("`{}` is skipped twice: remove one", one.text()));
    }
    if one.field.is_some() && is_parameter {
        return Some(format!("`{name}` has no fields: write `skip({name})`"));
    }
    match key {
        Beside::Default => by_default(one, is_parameter),
        Beside::Template(key) => in_key(one, key)
            .then(|| format!("`{}` is in the key and in `skip`: remove it from one of them", one.text())),
        Beside::Unknown => None,
    }
}

fn in_key(one: &Skipped, key: &Template) -> bool {
    let fields = one.field.as_slice();
    key.sources().any(|source| source.whole && one.name == source.root && source.fields == fields)
}

/// What the default key cannot leave out.
fn by_default(one: &Skipped, is_parameter: bool) -> Option<String> {
    let name = &one.name;
    if is_parameter {
        return Some(format!(
            "`{name}` is in the default key, which holds the function's path with its types: write a key without it, \
             `key = \"…\"`"
        ));
    }
    one.field.is_some().then(|| {
        format!(
            "the default key holds whole arguments: leave all of it out, `skip({name})`, or write the key, \
             `key = \"…\"`"
        )
    })
}

fn unknown(name: &str, arguments: &Arguments) -> String {
    let names: Vec<_> = arguments.names().chain(arguments.parameter_names()).collect();
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
