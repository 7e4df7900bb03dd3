//! Products and their rules. No web, no database, no cache.

mod id;
mod invalid;
mod price;
mod product;
mod text;

pub use self::id::{MalformedId, ProductId};
pub use self::invalid::{Invalid, Violation};
pub use self::price::{MAX_PRICE, Price};
pub use self::product::{
    Changes, Draft, MAX_CATEGORY_CHARS, MAX_DESCRIPTION_CHARS, MAX_IMAGE_CHARS, MAX_IMAGES, MAX_NAME_CHARS,
    MAX_STOCK, Product,
};
pub use self::text::is_clean_line;
