//! Everything that an argument binds is in the key, or left out on purpose.

use quote::ToTokens;
use syn::{Ident, Member, Path, Type};

use super::arguments::{Argument, Arguments, Binding, HIDDEN_PATTERN};
use crate::diagnostics::Errors;
use crate::model::{Exhaustive, Source, Template};
use crate::options::Skipped;

/// Reports what is neither in `key` nor in `skipped`. Returns what the compiler is to check: that the fields which are
/// in one of the two are all fields of the argument.
pub(crate) fn forgotten(
    key: &Template,
    skipped: &[Skipped],
    arguments: &Arguments,
    errors: &mut Errors,
) -> Vec<Exhaustive> {
    let mut exhaustive = Vec::new();
    for argument in &arguments.list {
        for binding in &argument.bindings {
            let cover = Cover::of(&binding.name, key, skipped);
            let around = |name: &Ident| Cover::of(name, key, skipped).is_whole();
            if cover.is_whole() || binding.around.iter().any(around) {
                continue;
            }
            match cover.by_fields(argument, binding) {
                Ok(Some(fields)) => exhaustive.push(fields),
                Ok(None) => {}
                Err(problem) => {
                    let problem = problem.unwrap_or_else(|| forgotten_text(&binding.name, &cover, arguments));
                    errors.push(binding.name.span(), problem);
                }
            }
        }
    }
    exhaustive
}

/// What is in the key, or left out, of one name.
struct Cover<'a> {
    in_key: Vec<&'a Source>,
    left_out: Vec<&'a Skipped>,
}

impl<'a> Cover<'a> {
    fn of(name: &Ident, key: &'a Template, skipped: &'a [Skipped]) -> Self {
        Cover {
            in_key: key.sources().filter(|source| name == &source.root).collect(),
            left_out: skipped.iter().filter(|one| one.name == *name).collect(),
        }
    }

    fn is_whole(&self) -> bool {
        self.in_key.iter().any(|source| source.is_all())
            || self.left_out.iter().any(|one| one.field.is_none())
    }

    /// The fields, if they are all there may be; else what is wrong, with the text for that if it is a special one.
    fn by_fields(
        &self,
        argument: &Argument,
        binding: &Binding,
    ) -> Result<Option<Exhaustive>, Option<String>> {
        let ty = argument.type_of(binding);
        if let Some(Type::Tuple(tuple)) = ty {
            let whole = (0..tuple.elems.len()).all(|index| self.has_field(&Member::from(index)));
            return if whole { Ok(None) } else { Err(None) };
        }
        if self.left_out.is_empty() {
            return Err(None);
        }
        if let Some(source) = self.in_key.iter().find(|source| !self.has_source(source)) {
            return Err(Some(part_of_a_field(&binding.name, source)));
        }
        let Some(structure) = ty.and_then(struct_path) else {
            return Err(Some(no_struct(&binding.name)));
        };
        let mut fields: Vec<Member> = self.left_out.iter().filter_map(|one| one.field.clone()).collect();
        for field in self.in_key.iter().filter_map(|source| source.fields.first()) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        let span = self.left_out[0].name.span();
        Ok(Some(Exhaustive { argument: binding.name.clone(), structure, fields, span }))
    }

    /// Whether all of this field is in the key or left out.
    fn has_field(&self, field: &Member) -> bool {
        self.in_key.iter().any(|source| source.whole && source.fields == std::slice::from_ref(field))
            || self.left_out.iter().any(|one| one.field.as_ref() == Some(field))
    }

    fn has_source(&self, source: &Source) -> bool {
        source.fields.first().is_some_and(|field| self.has_field(field))
    }
}

/// The path of a struct's type, without references and generic arguments, as patterns write it.
fn struct_path(ty: &Type) -> Option<Path> {
    let Type::Path(ty) = ty else { return None };
    if ty.qself.is_some() {
        return None;
    }
    let mut path = ty.path.clone();
    for segment in &mut path.segments {
        segment.arguments = syn::PathArguments::None;
    }
    Some(path)
}

fn forgotten_text(name: &Ident, cover: &Cover<'_>, arguments: &Arguments) -> String {
    let what = "calls that differ in it would share one entry";
    if arguments.is_hidden_pattern(&name.to_string()) {
        return format!("this argument is not in the key: {what}\n{HIDDEN_PATTERN}");
    }
    match cover.in_key.first() {
        None => format!(
            "the argument `{name}` is not in the key: {what}\n\
             put it into the key, `{{{name}}}`, or leave it out on purpose, `skip({name})`"
        ),
        Some(source) => format!(
            "only a part of the argument `{name}` is in the key, `{{{}}}`: calls that differ in the rest of it would \
             share one entry\n\
             put all of it into the key, `{{{name}}}`, or leave out on purpose the rest of it, `skip({name})`, or each \
             other field by its name, `skip({name}.other)`",
            source.written,
        ),
    }
}

fn part_of_a_field(name: &Ident, source: &Source) -> String {
    let Some(field) = source.fields.first().map(ToTokens::to_token_stream) else {
        return format!(
            "`{{{}}}` is no field of `{name}`, so what it leaves out cannot be checked: leave out the rest of `{name}` \
             on purpose, `skip({name})`",
            source.written
        );
    };
    format!(
        "only a part of `{name}.{field}` is in the key, `{{{}}}`: calls that differ in the rest of it would share one \
         entry\n\
         put all of it into the key, `{{{name}.{field}}}`, or leave out on purpose the rest of it, `skip({name}.{field})`",
        source.written
    )
}

fn no_struct(name: &Ident) -> String {
    format!(
        "fields can be left out one by one only of an argument whose type is a struct: leave out the rest of `{name}` on \
         purpose, `skip({name})`"
    )
}

/// The parts of the default key: all bindings that are not left out.
pub(crate) fn default_key(skipped: &[Skipped], arguments: &Arguments) -> Vec<Ident> {
    let bound = arguments.list.iter().flat_map(|argument| &argument.bindings).map(|binding| &binding.name);
    bound.filter(|name| !skipped.iter().any(|one| one.is_whole(name))).cloned().collect()
}

/// Type and const parameters that are neither in `key` nor in `skipped`.
///
/// One that only arguments mention goes with them, if they are left out, or if it is the type of values that are
/// written: `id: &T`. A marker, `Price<T>`, may be written without a trace of its `T`. What the function returns may
/// differ with a parameter for equal arguments, so one that it mentions goes with none.
pub(crate) fn forgotten_parameters(
    key: &Template,
    skipped: &[Skipped],
    arguments: &Arguments,
    errors: &mut Errors,
) {
    for parameter in &arguments.parameters {
        let name = &parameter.name;
        let named =
            key.sources().any(|source| name == &source.root) || skipped.iter().any(|one| one.is_whole(name));
        if named || goes_with_arguments(name, key, skipped, arguments) {
            continue;
        }
        let (kind, with) = if parameter.is_type { ("type", "type") } else { ("const", "value") };
        errors.push(
            name.span(),
            format!(
                "the {kind} parameter `{name}` is not in the key: calls with another {with} would share one entry\n\
                 put it into the key, `{{{name}}}`, or leave it out on purpose, `skip({name})`"
            ),
        );
    }
}

fn goes_with_arguments(name: &Ident, key: &Template, skipped: &[Skipped], arguments: &Arguments) -> bool {
    let with = || arguments.list.iter().filter(|argument| mentions(&argument.ty, name));
    let settled = |argument: &Argument| {
        let left_out = |binding: &Binding| skipped.iter().any(|one| one.is_whole(&binding.name));
        let written = |binding: &Binding| {
            argument.type_of(binding).is_some() && Cover::of(&binding.name, key, skipped).is_whole()
        };
        let bindings = &argument.bindings;
        !bindings.is_empty()
            && (bindings.iter().all(left_out)
                || bindings.iter().all(written) && is_made_of(&argument.ty, name))
    };
    !mentions(&arguments.returned, name) && with().next().is_some() && with().all(settled)
}

/// Whether `name` occurs in `ty` only as the type of values that a key writes.
fn is_made_of(ty: &Type, name: &Ident) -> bool {
    match ty {
        Type::Path(path) if path.path.is_ident(name) => true,
        Type::Reference(reference) => is_made_of(&reference.elem, name),
        Type::Paren(paren) => is_made_of(&paren.elem, name),
        Type::Group(group) => is_made_of(&group.elem, name),
        Type::Slice(slice) => is_made_of(&slice.elem, name),
        Type::Array(array) => is_made_of(&array.elem, name),
        Type::Tuple(tuple) => tuple.elems.iter().all(|element| is_made_of(element, name)),
        other => !mentions(other, name),
    }
}

fn mentions(ty: &Type, name: &Ident) -> bool {
    crate::tokens::mentions(ty.to_token_stream(), name)
}
