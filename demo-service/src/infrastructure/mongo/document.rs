//! `Document`: a product as MongoDB stores it.

use jiff::Timestamp;
use mongodb::bson::DateTime;
use mongodb::bson::oid::ObjectId;
use serde::{Deserialize, Serialize};

use crate::domain::{Price, Product, ProductId};
use crate::usecases::RepositoryError;

/// A product's document.
///
/// The price is in hundredths: integers are exact, sort by value, and are supported by every server of this protocol;
/// `Decimal128` is not. The wish list flag is 0 or 1, so that it can be inverted in place.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: String,
    description: String,
    price_hundredths: i64,
    stock: i64,
    category: String,
    images: Vec<String>,
    is_active: bool,
    wishlist: i32,
    created_at: DateTime,
    updated_at: DateTime,
    version: i64,
}

/// The object id of a product.
pub(super) fn object_id(id: &ProductId) -> ObjectId {
    // A product id is 24 hex digits, which is what an object id is parsed from.
    ObjectId::parse_str(id.as_str()).unwrap_or_default()
}

impl From<&Product> for ProductDocument {
    fn from(product: &Product) -> Self {
        ProductDocument {
            id: object_id(&product.id),
            name: product.name.clone(),
            description: product.description.clone(),
            price_hundredths: product.price.hundredths(),
            stock: product.stock.into(),
            category: product.category.clone(),
            images: product.images.clone(),
            is_active: product.is_active,
            wishlist: product.is_wishlist_status.into(),
            created_at: DateTime::from_millis(product.created_at.as_millisecond()),
            updated_at: DateTime::from_millis(product.updated_at.as_millisecond()),
            version: i64::try_from(product.version).unwrap_or(i64::MAX),
        }
    }
}

impl TryFrom<ProductDocument> for Product {
    type Error = RepositoryError;

    fn try_from(document: ProductDocument) -> Result<Self, RepositoryError> {
        let id = ProductId::from_bytes(document.id.bytes());
        let unreadable = |field: &str| RepositoryError::Unreadable(format!("{field} of {id}"));
        let time = |time: DateTime| Timestamp::from_millisecond(time.timestamp_millis());
        Ok(Product {
            price: Price::from_hundredths(document.price_hundredths)
                .map_err(|_| unreadable("priceHundredths"))?,
            stock: document.stock.try_into().map_err(|_| unreadable("stock"))?,
            created_at: time(document.created_at).map_err(|_| unreadable("createdAt"))?,
            updated_at: time(document.updated_at).map_err(|_| unreadable("updatedAt"))?,
            version: document.version.try_into().map_err(|_| unreadable("version"))?,
            name: document.name,
            description: document.description,
            category: document.category,
            images: document.images,
            is_active: document.is_active,
            is_wishlist_status: document.wishlist != 0,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::Draft;

    fn product() -> Product {
        let draft = Draft {
            name: "Lisbon".to_owned(),
            description: "Three nights".to_owned(),
            price: Decimal::new(29_999, 2),
            stock: i64::from(crate::domain::MAX_STOCK),
            category: "Holidays".to_owned(),
            images: vec!["https://img.example/1.jpg".to_owned()],
            is_active: false,
            is_wishlist_status: true,
        };
        let now = Timestamp::from_microsecond(1_750_000_000_123_456).unwrap();
        Product::create(ProductId::from_bytes([9; 12]), draft, now).unwrap()
    }

    #[test]
    fn a_product_comes_back_as_it_went() {
        let document = ProductDocument::from(&product());
        assert_eq!(document.price_hundredths, 29_999);
        assert_eq!(Product::try_from(document).unwrap(), product());
    }

    #[test]
    fn a_document_that_breaks_the_rules_is_no_product() {
        let document = ProductDocument { price_hundredths: -1, ..ProductDocument::from(&product()) };
        let error = Product::try_from(document).unwrap_err();
        assert!(error.to_string().ends_with("priceHundredths of 090909090909090909090909"), "{error}");
        let document = ProductDocument { stock: -1, ..ProductDocument::from(&product()) };
        assert!(Product::try_from(document).is_err());
    }
}
