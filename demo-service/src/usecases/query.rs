//! `ProductFilter` and `ListQuery`: the parameters of lists and counts.

use jollycache::KeyPart;

use crate::domain::{Invalid, MAX_CATEGORY_CHARS, is_clean_line};

/// The maximum length of a search text, in characters.
pub const MAX_SEARCH_CHARS: usize = 100;
/// The maximum number of products on a page.
pub const MAX_LIMIT: u32 = 100;
/// The number of products on a page, unless the query sets one.
pub const DEFAULT_LIMIT: u32 = 10;
/// The highest page number. Without a limit a client could fill the cache with empty pages.
pub const MAX_PAGE: u32 = 100_000;

/// A filter of products; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, KeyPart)]
pub struct ProductFilter {
    category: Option<String>,
    is_active: Option<bool>,
    is_wishlist_status: Option<bool>,
    search: Option<String>,
}

/// One page of the products that match a filter.
#[derive(Debug, Clone, PartialEq, Eq, KeyPart)]
pub struct ListQuery {
    filter: ProductFilter,
    limit: u32,
    page: u32,
}

impl ProductFilter {
    /// Matches products of exactly this category. Blank matches all.
    ///
    /// # Errors
    /// The text is longer than a category can be, or has control characters.
    pub fn category(mut self, category: &str) -> Result<Self, Invalid> {
        self.category = wanted("category", category, MAX_CATEGORY_CHARS)?;
        Ok(self)
    }

    /// Matches products with this text in name or description, ignoring case. Blank matches all.
    ///
    /// # Errors
    /// The text is longer than 100 characters, or has control characters.
    pub fn search(mut self, search: &str) -> Result<Self, Invalid> {
        self.search = wanted("search", search, MAX_SEARCH_CHARS)?;
        Ok(self)
    }

    /// Matches products that are, or are not, on sale.
    #[must_use]
    pub fn active(mut self, is_active: Option<bool>) -> Self {
        self.is_active = is_active;
        self
    }

    /// Matches products that are, or are not, on the wish list.
    #[must_use]
    pub fn wishlist(mut self, is_wishlist_status: Option<bool>) -> Self {
        self.is_wishlist_status = is_wishlist_status;
        self
    }
}

/// The parts, for repositories and tags.
impl ProductFilter {
    /// Returns the category to match.
    pub fn wanted_category(&self) -> Option<&str> {
        self.category.as_deref()
    }

    /// Returns whether products of any category match.
    pub fn spans_categories(&self) -> bool {
        self.category.is_none()
    }

    /// Returns the text to search for.
    pub fn wanted_text(&self) -> Option<&str> {
        self.search.as_deref()
    }

    /// Returns whether to match products on sale, or those that are not.
    pub fn wanted_active(&self) -> Option<bool> {
        self.is_active
    }

    /// Returns whether to match products on the wish list, or those that are not.
    pub fn wanted_wishlist(&self) -> Option<bool> {
        self.is_wishlist_status
    }
}

impl ListQuery {
    /// Creates the query for page `page`, from 1, of `limit` products each.
    ///
    /// # Errors
    /// `page` or `limit` is out of bounds.
    pub fn new(filter: ProductFilter, page: u32, limit: u32) -> Result<Self, Invalid> {
        within("page", page, MAX_PAGE)?;
        within("limit", limit, MAX_LIMIT)?;
        Ok(ListQuery { filter, limit, page })
    }

    /// Returns the filter.
    pub fn filter(&self) -> &ProductFilter {
        &self.filter
    }

    /// Returns the number of the page, from 1.
    pub fn page(&self) -> u32 {
        self.page
    }

    /// Returns the number of products on a page.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns the number of products before the page.
    pub fn offset(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }
}

fn wanted(field: &'static str, text: &str, max_chars: usize) -> Result<Option<String>, Invalid> {
    let text = text.trim();
    if text.chars().count() > max_chars {
        return Err(Invalid::one(field, format!("must have at most {max_chars} characters")));
    }
    if !is_clean_line(text) {
        return Err(Invalid::one(field, "must not hold control characters"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn within(field: &'static str, value: u32, max: u32) -> Result<(), Invalid> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(Invalid::one(field, format!("must be from 1 to {max}, and is {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_filters_match_all_and_others_are_trimmed() {
        let filter = ProductFilter::default().category(" ").unwrap().search("").unwrap();
        assert_eq!(filter, ProductFilter::default());
        let filter = ProductFilter::default().search(" beach ").unwrap();
        assert_eq!(filter.wanted_text(), Some("beach"));
    }

    #[test]
    fn filters_have_limits() {
        let filter = ProductFilter::default;
        assert!(filter().search(&"\u{e9}".repeat(100)).is_ok());
        assert!(filter().search(&"a".repeat(101)).is_err());
        assert!(filter().search("a\0b").is_err());
        assert!(filter().category(&"a".repeat(61)).is_err());
    }

    #[test]
    fn pages_have_limits_and_offsets_do_not_overflow() {
        let query = |page, limit| ListQuery::new(ProductFilter::default(), page, limit);
        assert_eq!(query(1, 1).unwrap().offset(), 0);
        assert_eq!(query(MAX_PAGE, MAX_LIMIT).unwrap().offset(), 9_999_900);
        for (page, limit) in [(0, 10), (MAX_PAGE + 1, 10), (u32::MAX, 10), (1, 0), (1, 101)] {
            assert!(query(page, limit).is_err(), "{page} {limit}");
        }
    }
}
