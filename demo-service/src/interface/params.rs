//! Query strings.

use serde::Deserialize;
use utoipa::IntoParams;

use super::openapi::schemas;
use crate::domain::Invalid;
use crate::usecases::{DEFAULT_LIMIT, ListQuery, ProductFilter};

/// `GET /api/products?…`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// The number of the page, from 1.
    #[param(nullable = false, minimum = 1, maximum = 100_000, default = 1)]
    page: Option<u32>,
    /// The maximum number of products on the page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 10)]
    limit: Option<u32>,
    /// Only products of this category, exactly. Blank is no filter.
    #[param(inline, value_type = schemas::CategoryFilter, required = false)]
    category: Option<String>,
    /// Only products with this text in name or description, in either case. Blank is no filter.
    #[param(inline, value_type = schemas::Search, required = false)]
    search: Option<String>,
    /// Only products that are, or are not, on sale.
    #[param(nullable = false)]
    is_active: Option<bool>,
    /// Only products that are, or are not, on the wish list.
    #[param(nullable = false)]
    is_wishlist_status: Option<bool>,
}

/// `GET /api/products/count?…`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CountParams {
    /// Only products of this category, exactly. Blank is no filter.
    #[param(inline, value_type = schemas::CategoryFilter, required = false)]
    category: Option<String>,
    /// Only products with this text in name or description, in either case. Blank is no filter.
    #[param(inline, value_type = schemas::Search, required = false)]
    search: Option<String>,
    /// Only products that are, or are not, on sale.
    #[param(nullable = false)]
    is_active: Option<bool>,
    /// Only products that are, or are not, on the wish list.
    #[param(nullable = false)]
    is_wishlist_status: Option<bool>,
}

impl TryFrom<ListParams> for ListQuery {
    type Error = Invalid;

    fn try_from(params: ListParams) -> Result<Self, Invalid> {
        let (page, limit) = (params.page.unwrap_or(1), params.limit.unwrap_or(DEFAULT_LIMIT));
        let filter = CountParams {
            category: params.category,
            search: params.search,
            is_active: params.is_active,
            is_wishlist_status: params.is_wishlist_status,
        };
        ListQuery::new(filter.try_into()?, page, limit)
    }
}

impl TryFrom<CountParams> for ProductFilter {
    type Error = Invalid;

    fn try_from(params: CountParams) -> Result<Self, Invalid> {
        Ok(ProductFilter::default()
            .category(&params.category.unwrap_or_default())?
            .search(&params.search.unwrap_or_default())?
            .active(params.is_active)
            .wishlist(params.is_wishlist_status))
    }
}
