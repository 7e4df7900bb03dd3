//! Bodies of responses.

use axum::Json;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::decimal;
use crate::domain::{Product, ProductId};
use crate::usecases::{ListQuery, Page};

/// `{"success":true,"data":…}`
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Success<T> {
    #[schema(example = true)]
    success: bool,
    data: T,
}

/// A product, in the form of the API.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductView {
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$")]
    id: ProductId,
    name: String,
    description: String,
    #[serde(serialize_with = "decimal::serialize")]
    #[schema(value_type = f64, minimum = 0, example = 149.99)]
    price: Decimal,
    stock: u32,
    category: String,
    images: Vec<String>,
    is_active: bool,
    is_wishlist_status: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageView {
    products: Vec<ProductView>,
    total: u64,
    page: u32,
    limit: u32,
}

/// All products on sale.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CatalogueView {
    pub(super) products: Vec<ProductView>,
}

/// The number of products that match.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountView {
    pub(super) count: u64,
}

/// The id of the removed product.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeletedView {
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$")]
    pub(super) id: ProductId,
}

/// Wraps the data of a response.
pub(super) fn success<T>(data: T) -> Json<Success<T>> {
    Json(Success { success: true, data })
}

impl PageView {
    /// Creates the response to a query.
    pub(super) fn new(page: Page, query: &ListQuery) -> Self {
        PageView {
            products: page.products.into_iter().map(ProductView::from).collect(),
            total: page.total,
            page: query.page(),
            limit: query.limit(),
        }
    }
}

impl From<Product> for ProductView {
    fn from(product: Product) -> Self {
        ProductView {
            id: product.id,
            name: product.name,
            description: product.description,
            price: product.price.amount(),
            stock: product.stock,
            category: product.category,
            images: product.images,
            is_active: product.is_active,
            is_wishlist_status: product.is_wishlist_status,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}
