//! `TagTemplate`: a tag with placeholders for parameters of the path.

use matchit::Params;
use percent_encoding::percent_decode_str;

use crate::key::{Key, Tag};

/// A parsed template, such as `product:{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TagTemplate(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Parameter(String),
}

impl TagTemplate {
    /// Parses a template whose placeholders are among `known`.
    ///
    /// # Errors
    /// A text for the user.
    pub(super) fn parse(text: &str, known: &[String]) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return Err(format!("tag {text:?}: `{{` without `}}`"));
            };
            if !known.iter().any(|parameter| parameter == name) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(format!("tag {text:?}: no parameter {name:?} in the path; there are: {known}"));
            }
            pieces.extend([Piece::Literal(literal.to_owned()), Piece::Parameter(name.to_owned())]);
            rest = after;
        }
        if rest.contains('}') || text.is_empty() {
            return Err(format!("tag {text:?}: expected text, with parameters as `{{name}}`"));
        }
        pieces.push(Piece::Literal(rest.to_owned()));
        Ok(TagTemplate(pieces))
    }

    /// The tag for the parameters of a path, if it has any.
    pub(super) fn fill(&self, parameters: Option<&Params<'_, '_>>) -> Tag {
        let filled = self.0.iter().fold(Key::builder(), |tag, piece| match piece {
            Piece::Literal(text) => tag.literal(text),
            Piece::Parameter(name) => {
                let raw = parameters.and_then(|known| known.get(name)).unwrap_or_default();
                // Decoded as handlers see it; invalid UTF-8 stays escaped.
                tag.part(&*percent_decode_str(raw).decode_utf8().unwrap_or(raw.into()))
            }
        });
        Tag::from(filled.build())
    }
}

/// The names of the parameters in a path such as `/products/{id}/{*rest}`.
pub(super) fn parameters(path: &str) -> Vec<String> {
    let plain = path.replace("{{", "").replace("}}", "");
    let braces = plain.split('{').skip(1).filter_map(|after| after.split_once('}'));
    braces.map(|(name, _)| name.trim_start_matches('*').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(template: &str, path: &str) -> String {
        let pattern = "/products/{id}/{*rest}";
        let template = TagTemplate::parse(template, &parameters(pattern)).unwrap();
        let mut router = matchit::Router::new();
        router.insert(pattern, ()).unwrap();
        template.fill(Some(&router.at(path).unwrap().params)).as_str().to_owned()
    }

    #[test]
    fn parameters_are_escaped_and_forge_no_tag() {
        assert_eq!(tag("product:{id}", "/products/42/x"), "product:42");
        assert_eq!(tag("product:{id}:part:{rest}", "/products/a%3Ab/c/d"), "product:a%3Ab:part:c%2Fd");
        assert_eq!(tag("product:{id}", "/products/%ff/x"), "product:%25ff");
        assert_eq!(tag("products", "/products/42/x"), "products");
    }

    #[test]
    fn mistakes_are_reported() {
        let known = ["id".to_owned()];
        for text in ["product:{it}", "product:{id", "product:id}", ""] {
            assert!(TagTemplate::parse(text, &known).is_err(), "{text:?}");
        }
        let error = TagTemplate::parse("product:{it}", &known).unwrap_err();
        assert_eq!(error, "tag \"product:{it}\": no parameter \"it\" in the path; there are: id");
    }
}
