//! Schemas of fields with rules. The domain enforces the rules.

use std::borrow::Cow;

use utoipa::openapi::schema::{OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{MAX_CATEGORY_CHARS, MAX_DESCRIPTION_CHARS, MAX_IMAGE_CHARS, MAX_NAME_CHARS};
use crate::usecases::MAX_SEARCH_CHARS;

/// One line, not blank.
const LINE: &str =
    r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$";
/// One line, which may be blank.
const LINE_OR_BLANK: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";
/// Any number of lines.
const PARAGRAPH: &str = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$";

/// Defines a type whose schema is a text with a length and a pattern.
macro_rules! text {
    ($name:ident, $lengths:expr, $pattern:expr, $meaning:literal) => {
        #[doc = $meaning]
        pub(in crate::interface) struct $name;

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .description(Some($meaning))
                    .min_length(Some(*$lengths.start()))
                    .max_length(Some(*$lengths.end()))
                    .pattern(Some($pattern))
                    .into()
            }
        }
    };
}

text!(Name, 1..=MAX_NAME_CHARS, LINE, "One line, trimmed");
text!(Description, 0..=MAX_DESCRIPTION_CHARS, PARAGRAPH, "Any number of lines");
text!(Category, 1..=MAX_CATEGORY_CHARS, LINE, "One line, trimmed");
text!(Image, 1..=MAX_IMAGE_CHARS, LINE_OR_BLANK, "The address of a picture");
text!(CategoryFilter, 0..=MAX_CATEGORY_CHARS, LINE_OR_BLANK, "A category, exactly. Blank is no filter");
text!(Search, 0..=MAX_SEARCH_CHARS, LINE_OR_BLANK, "A text in name or description, in either case");

/// A price.
pub(in crate::interface) struct Price;

impl ToSchema for Price {
    fn name() -> Cow<'static, str> {
        "Price".into()
    }
}

impl PartialSchema for Price {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Number))
            .minimum(Some(0))
            .maximum(Some(9_999_999_999.99))
            .multiple_of(Some(0.01));
        let digits = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .pattern(Some(r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?$"));
        OneOfBuilder::new()
            .item(number)
            .item(digits)
            .description(Some("A number with at most two fraction digits, or a string that holds one"))
            .examples([serde_json::json!(149.99)])
            .into()
    }
}
