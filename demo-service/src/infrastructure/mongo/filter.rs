//! Filters in MongoDB's query language.

use mongodb::bson::{Document, doc};

use super::document::object_id;
use crate::domain::ProductId;
use crate::usecases::ProductFilter;

/// The one product with this id.
pub(super) fn by_id(id: &ProductId) -> Document {
    doc! { "_id": object_id(id) }
}

/// The products that pass a filter.
pub(super) fn matching(filter: &ProductFilter) -> Document {
    let mut document = Document::new();
    if let Some(category) = filter.wanted_category() {
        document.insert("category", category);
    }
    if let Some(is_active) = filter.wanted_active() {
        document.insert("isActive", is_active);
    }
    if let Some(wishlist) = filter.wanted_wishlist() {
        document.insert("wishlist", i32::from(wishlist));
    }
    if let Some(text) = filter.wanted_text() {
        let holds = doc! { "$regex": escape_regex(text), "$options": "i" };
        document.insert("$or", vec![doc! { "name": holds.clone() }, doc! { "description": holds }]);
    }
    document
}

/// Returns a regular expression that matches the text literally. A backslash before an ASCII character that is not
/// alphanumeric removes its special meaning, and is harmless where it has none.
fn escape_regex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for char in text.chars() {
        if char.is_ascii() && !char.is_ascii_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_matches_all() {
        assert_eq!(matching(&ProductFilter::default()), doc! {});
    }

    #[test]
    fn a_search_is_text_and_no_expression() {
        let filter = ProductFilter::default().search("a.*(b|c)\\d é").unwrap();
        let holds = doc! { "$regex": r"a\.\*\(b\|c\)\\d\ é", "$options": "i" };
        let expected = doc! { "$or": [{ "name": holds.clone() }, { "description": holds }] };
        assert_eq!(matching(&filter), expected);
    }
}
