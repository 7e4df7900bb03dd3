//! The `OpenAPI` description of the API.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::events::InvalidationView;
use super::overview::Overview;
use super::reply::FailureBody;
use super::{events, evict, jobs, keys, statistics};

#[derive(OpenApi)]
#[openapi(
    info(title = "JollyCache admin API", description = "Statistics, keys, evictions, jobs and events of a cache."),
    paths(
        statistics::stats,
        statistics::regions,
        keys::list,
        keys::view,
        evict::key,
        evict::tag,
        evict::pattern,
        evict::all,
        jobs::warm_up_progress,
        jobs::start_warm_up,
        jobs::audit,
        events::events
    ),
    components(schemas(Overview, FailureBody, InvalidationView)),
    modifiers(&Bearer),
    tags((name = "cache", description = "The cache, for operators. All calls but the statistics need the token")),
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let scheme = scheme.description(Some("The admin token of the configuration"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
    }
}

/// The `OpenAPI` description of the admin API. Paths are relative to its router: nest the document at the same path.
///
/// ```
/// let document = jollycache::admin::openapi();
/// assert!(document.paths.paths.contains_key("/keys/{key}"));
/// ```
pub fn openapi() -> Document {
    Description::openapi()
}
