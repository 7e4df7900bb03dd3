//! Bodies of requests.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

use super::decimal;
use crate::domain::{Changes, Draft};

/// `POST /api/products`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewProduct {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(with = "decimal")]
    price: Decimal,
    stock: i64,
    category: String,
    #[serde(default)]
    images: Vec<String>,
    #[serde(default = "on_sale")]
    is_active: bool,
    #[serde(default)]
    is_wishlist_status: bool,
}

/// `PUT /api/products/{id}`: what is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProductChanges {
    #[serde(default, deserialize_with = "some")]
    name: Option<String>,
    #[serde(default, deserialize_with = "some")]
    description: Option<String>,
    #[serde(default, deserialize_with = "decimal::deserialize_some")]
    price: Option<Decimal>,
    #[serde(default, deserialize_with = "some")]
    stock: Option<i64>,
    #[serde(default, deserialize_with = "some")]
    category: Option<String>,
    #[serde(default, deserialize_with = "some")]
    images: Option<Vec<String>>,
    #[serde(default, deserialize_with = "some")]
    is_active: Option<bool>,
    #[serde(default, deserialize_with = "some")]
    is_wishlist_status: Option<bool>,
    /// The `updatedAt` the changes are based on: if the product was changed since, the answer is 409.
    #[serde(default, deserialize_with = "some")]
    updated_at: Option<Timestamp>,
}

impl From<NewProduct> for Draft {
    fn from(body: NewProduct) -> Self {
        Draft {
            name: body.name,
            description: body.description,
            price: body.price,
            stock: body.stock,
            category: body.category,
            images: body.images,
            is_active: body.is_active,
            is_wishlist_status: body.is_wishlist_status,
        }
    }
}

impl ProductChanges {
    /// The changes, and what they are based on.
    pub(super) fn into_parts(self) -> (Changes, Option<Timestamp>) {
        let changes = Changes {
            name: self.name,
            description: self.description,
            price: self.price,
            stock: self.stock,
            category: self.category,
            images: self.images,
            is_active: self.is_active,
            is_wishlist_status: self.is_wishlist_status,
        };
        (changes, self.updated_at)
    }
}

fn on_sale() -> bool {
    true
}

/// A field that may be left out, but not be null: a client that sends null expects something to happen.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
