//! Query strings.

use serde::Deserialize;

use crate::domain::Invalid;
use crate::usecases::{DEFAULT_LIMIT, ListQuery, ProductFilter};

/// `GET /api/products?…`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListParams {
    page: Option<u32>,
    limit: Option<u32>,
    category: Option<String>,
    search: Option<String>,
    is_active: Option<bool>,
    is_wishlist_status: Option<bool>,
}

/// `GET /api/products/count?…`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CountParams {
    category: Option<String>,
    search: Option<String>,
    is_active: Option<bool>,
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
