//! Bodies of requests.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::openapi::schemas;
use super::{decimal, whole};
use crate::domain::{Changes, Draft};

/// `POST /api/products`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewProduct {
    #[schema(value_type = schemas::Name)]
    name: String,
    #[serde(default)]
    #[schema(value_type = schemas::Description, required = false)]
    description: String,
    #[serde(with = "decimal")]
    #[schema(value_type = schemas::Price)]
    price: Decimal,
    #[serde(deserialize_with = "whole::deserialize")]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    stock: i64,
    #[schema(value_type = schemas::Category)]
    category: String,
    #[serde(default)]
    #[schema(value_type = Vec<schemas::Image>, required = false, max_items = 10)]
    images: Vec<String>,
    #[serde(default = "on_sale")]
    is_active: bool,
    #[serde(default)]
    is_wishlist_status: bool,
}

/// `PUT /api/products/{id}`: omitted fields stay unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProductChanges {
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = schemas::Name, required = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = schemas::Description, required = false)]
    description: Option<String>,
    #[serde(default, deserialize_with = "decimal::deserialize_some")]
    #[schema(value_type = schemas::Price, required = false)]
    price: Option<Decimal>,
    #[serde(default, deserialize_with = "whole::deserialize_some")]
    #[schema(nullable = false, minimum = 0, maximum = 1_000_000_000)]
    stock: Option<i64>,
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = schemas::Category, required = false)]
    category: Option<String>,
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = Vec<schemas::Image>, required = false, max_items = 10)]
    images: Option<Vec<String>>,
    #[serde(default, deserialize_with = "some")]
    #[schema(nullable = false)]
    is_active: Option<bool>,
    #[serde(default, deserialize_with = "some")]
    #[schema(nullable = false)]
    is_wishlist_status: Option<bool>,
    /// The `updatedAt` that the changes are based on. If the product was changed since, the response is a 409.
    #[serde(default, deserialize_with = "some")]
    #[schema(value_type = String, format = DateTime, required = false)]
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
    /// Splits the body into the changes and the `updatedAt` that they are based on.
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

/// Deserializes a field that may be omitted, but not be null: a client that sends null expects an effect.
fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
