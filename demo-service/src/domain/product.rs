//! `Product`, and the rules that every product fulfils.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::invalid::{Checks, Invalid};
use super::text::{is_clean_line, is_clean_paragraph};
use super::{Price, ProductId};

/// The maximum length of a name, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// The maximum length of a description, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 5_000;
/// The maximum length of a category, in characters.
pub const MAX_CATEGORY_CHARS: usize = 60;
/// The maximum number of images.
pub const MAX_IMAGES: usize = 10;
/// The maximum length of an image's address, in characters.
pub const MAX_IMAGE_CHARS: usize = 500;
/// The maximum stock.
pub const MAX_STOCK: u32 = 1_000_000_000;

/// A product. Created and changed only by the functions here, which enforce the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name: 1 to 200 characters on one line, trimmed.
    pub name: String,
    /// Its description: up to 5,000 characters.
    pub description: String,
    /// Its price.
    pub price: Price,
    /// The number of pieces in stock.
    pub stock: u32,
    /// Its category: 1 to 60 characters on one line, trimmed.
    pub category: String,
    /// Addresses of pictures: at most 10.
    pub images: Vec<String>,
    /// Whether it is on sale.
    pub is_active: bool,
    /// Whether it is on the wish list.
    pub is_wishlist_status: bool,
    /// When it was created, in whole milliseconds.
    pub created_at: Timestamp,
    /// When it was last changed, in whole milliseconds; increases with every change of [`Changes`].
    pub updated_at: Timestamp,
    /// The number of changes so far. A writer compares it to detect a concurrent change.
    pub version: u64,
}

/// The fields of a new product, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// See [`Product::name`].
    pub name: String,
    /// See [`Product::description`].
    pub description: String,
    /// See [`Product::price`].
    pub price: Decimal,
    /// See [`Product::stock`].
    pub stock: i64,
    /// See [`Product::category`].
    pub category: String,
    /// See [`Product::images`].
    pub images: Vec<String>,
    /// See [`Product::is_active`].
    pub is_active: bool,
    /// See [`Product::is_wishlist_status`].
    pub is_wishlist_status: bool,
}

/// The changes of a product, not yet checked; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// See [`Product::name`].
    pub name: Option<String>,
    /// See [`Product::description`].
    pub description: Option<String>,
    /// See [`Product::price`].
    pub price: Option<Decimal>,
    /// See [`Product::stock`].
    pub stock: Option<i64>,
    /// See [`Product::category`].
    pub category: Option<String>,
    /// See [`Product::images`].
    pub images: Option<Vec<String>>,
    /// See [`Product::is_active`].
    pub is_active: Option<bool>,
    /// See [`Product::is_wishlist_status`].
    pub is_wishlist_status: Option<bool>,
}

impl Product {
    /// Creates a product from a draft.
    ///
    /// # Errors
    /// Every rule that the draft breaks.
    pub fn create(id: ProductId, draft: Draft, now: Timestamp) -> Result<Self, Invalid> {
        let now = whole_millis(now);
        draft.check(id, now)
    }

    /// Returns this product with the changes.
    ///
    /// # Errors
    /// Every rule that the changed product would break.
    pub fn changed(&self, changes: Changes, now: Timestamp) -> Result<Self, Invalid> {
        let product = changes.applied_to(self).check(self.id.clone(), self.created_at)?;
        Ok(Product { updated_at: self.next_update(now), version: self.version + 1, ..product })
    }

    /// Returns this product with the inverted wish list status.
    #[must_use]
    pub fn toggled(&self, now: Timestamp) -> Self {
        Product {
            is_wishlist_status: !self.is_wishlist_status,
            updated_at: self.next_update(now),
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// Returns a time later than the last update, even if the clock was set back.
    fn next_update(&self, now: Timestamp) -> Timestamp {
        let after = self.updated_at.checked_add(Duration::from_millis(1)).unwrap_or(Timestamp::MAX);
        whole_millis(now).max(after)
    }
}

impl Draft {
    fn check(self, id: ProductId, created_at: Timestamp) -> Result<Product, Invalid> {
        let mut checks = Checks::default();
        let name = line(&mut checks, "name", &self.name, MAX_NAME_CHARS);
        check_description(&mut checks, &self.description);
        let price = Price::new(self.price);
        if let Err(problem) = &price {
            checks.require(false, "price", problem);
        }
        let stock = u32::try_from(self.stock).unwrap_or(u32::MAX);
        checks.require(self.stock >= 0, "stock", "must not be negative");
        let enough = self.stock <= i64::from(MAX_STOCK);
        checks.require(enough, "stock", format!("must be at most {MAX_STOCK}"));
        let category = line(&mut checks, "category", &self.category, MAX_CATEGORY_CHARS);
        check_images(&mut checks, &self.images);
        checks.finish(price.ok().map(|price| Product {
            id,
            name,
            description: self.description,
            price,
            stock,
            category,
            images: self.images,
            is_active: self.is_active,
            is_wishlist_status: self.is_wishlist_status,
            created_at,
            updated_at: created_at,
            version: 0,
        }))
    }
}

impl Changes {
    /// Returns whether no field is to be changed.
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    fn applied_to(self, product: &Product) -> Draft {
        Draft {
            name: self.name.unwrap_or_else(|| product.name.clone()),
            description: self.description.unwrap_or_else(|| product.description.clone()),
            price: self.price.unwrap_or(product.price.amount()),
            stock: self.stock.unwrap_or(product.stock.into()),
            category: self.category.unwrap_or_else(|| product.category.clone()),
            images: self.images.unwrap_or_else(|| product.images.clone()),
            is_active: self.is_active.unwrap_or(product.is_active),
            is_wishlist_status: self.is_wishlist_status.unwrap_or(product.is_wishlist_status),
        }
    }
}

/// Checks a text of one line, and trims it.
fn line(checks: &mut Checks, field: &'static str, text: &str, max_chars: usize) -> String {
    let text = text.trim();
    let length = text.chars().count();
    let fits = (1..=max_chars).contains(&length);
    let found = format!("must have 1 to {max_chars} characters, and has {length}");
    checks.require(fits, field, found);
    checks.require(is_clean_line(text), field, "must not hold control characters");
    text.to_owned()
}

fn check_description(checks: &mut Checks, text: &str) {
    let length = text.chars().count();
    let found = format!("must have at most {MAX_DESCRIPTION_CHARS} characters, and has {length}");
    checks.require(length <= MAX_DESCRIPTION_CHARS, "description", found);
    let clean = is_clean_paragraph(text);
    let problem = "must not hold control characters other than line breaks and tabs";
    checks.require(clean, "description", problem);
}

fn check_images(checks: &mut Checks, images: &[String]) {
    let count = images.len();
    let found = format!("must be at most {MAX_IMAGES}, and are {count}");
    checks.require(count <= MAX_IMAGES, "images", found);
    let fits =
        |image: &String| (1..=MAX_IMAGE_CHARS).contains(&image.chars().count()) && is_clean_line(image);
    let problem = format!("must each have 1 to {MAX_IMAGE_CHARS} characters on one line");
    checks.require(images.iter().all(fits), "images", problem);
}

/// Truncates to milliseconds, the precision of both stores, so that a product equals itself when read back.
fn whole_millis(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ProductId {
        ProductId::from_bytes([7; 12])
    }

    fn now() -> Timestamp {
        Timestamp::from_microsecond(1_750_000_000_123_456).unwrap()
    }

    fn draft() -> Draft {
        Draft {
            name: " Weekend in Lisbon ".to_owned(),
            description: "Three nights\nin Alfama".to_owned(),
            price: Decimal::new(29_900, 2),
            stock: 12,
            category: "Holidays".to_owned(),
            images: vec!["https://img.example/lisbon.jpg".to_owned()],
            is_active: true,
            is_wishlist_status: false,
        }
    }

    fn problems(draft: Draft) -> String {
        Product::create(id(), draft, now()).unwrap_err().to_string()
    }

    #[test]
    fn a_good_draft_becomes_a_product() {
        let product = Product::create(id(), draft(), now()).unwrap();
        assert_eq!(product.name, "Weekend in Lisbon");
        assert_eq!(product.created_at.to_string(), "2025-06-15T15:06:40.123Z");
        assert_eq!(product.updated_at, product.created_at);
        assert_eq!(product.version, 0);
    }

    #[test]
    fn every_broken_rule_is_named_at_once() {
        let broken = Draft {
            name: "  ".to_owned(),
            description: "\u{0}".to_owned(),
            price: Decimal::new(-1, 2),
            stock: -1,
            category: "x".repeat(61),
            images: vec![String::new(); 11],
            ..draft()
        };
        assert_eq!(
            problems(broken),
            "name: must have 1 to 200 characters, and has 0; description: must not hold control characters other \
             than line breaks and tabs; price: must not be negative; stock: must not be negative; category: must \
             have 1 to 60 characters, and has 61; images: must be at most 10, and are 11; images: must each have \
             1 to 500 characters on one line"
        );
    }

    #[test]
    fn limits_are_inclusive_and_count_characters() {
        let longest = Draft {
            name: "\u{e9}".repeat(200),
            description: "\u{e9}".repeat(5_000),
            category: "\u{e9}".repeat(60),
            stock: MAX_STOCK.into(),
            images: vec!["\u{e9}".repeat(500); 10],
            price: crate::domain::MAX_PRICE,
            ..draft()
        };
        assert!(Product::create(id(), longest.clone(), now()).is_ok());
        for (too_much, field) in [
            (Draft { name: "a".repeat(201), ..draft() }, "name"),
            (Draft { name: "a\nb".to_owned(), ..draft() }, "name"),
            (Draft { description: "a".repeat(5_001), ..draft() }, "description"),
            (Draft { category: "\u{7}".to_owned(), ..draft() }, "category"),
            (Draft { stock: i64::from(MAX_STOCK) + 1, ..draft() }, "stock"),
            (Draft { stock: i64::MIN, ..draft() }, "stock"),
            (Draft { images: vec!["a".repeat(501)], ..draft() }, "images"),
        ] {
            let problems = problems(too_much);
            assert!(problems.starts_with(&format!("{field}: ")) && !problems.contains(';'), "{problems}");
        }
    }

    #[test]
    fn a_change_keeps_the_rest_and_moves_time_and_version_on() {
        let product = Product::create(id(), draft(), now()).unwrap();
        let changes = Changes { stock: Some(0), ..Changes::default() };
        let later = product.changed(changes, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(later.stock, 0);
        assert_eq!(later.name, product.name);
        assert_eq!(later.created_at, product.created_at);
        assert!(later.updated_at > product.updated_at, "even when the clock went back");
        assert_eq!(later.version, 1);
    }

    #[test]
    fn a_change_keeps_the_rules() {
        let product = Product::create(id(), draft(), now()).unwrap();
        let changes = Changes { stock: Some(-1), ..Changes::default() };
        let invalid = product.changed(changes, now()).unwrap_err();
        assert_eq!(invalid.to_string(), "stock: must not be negative");
    }

    #[test]
    fn toggling_twice_is_as_before_but_later() {
        let product = Product::create(id(), draft(), now()).unwrap();
        let once = product.toggled(now());
        let twice = once.toggled(now());
        assert!(once.is_wishlist_status && !twice.is_wishlist_status);
        assert!(twice.updated_at > once.updated_at);
    }
}
