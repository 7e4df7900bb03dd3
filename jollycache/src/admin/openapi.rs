//! The API's description.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use super::events::InvalidationView;
use super::overview::Overview;
use super::reply::FailureBody;
use super::{events, evict, jobs, keys, overview};

/// One event of a stream.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct ServerSentEvent {
    /// `overview`, `invalidated` or `missed`.
    event: String,
    /// JSON.
    data: String,
}

/// What a call that takes the token answers to those who have none.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) enum Refused {
    /// No token was shown, or a wrong one.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "RFC 6750")))]
    Unauthorized(FailureBody),
    /// The admin API is off, or what the call is about is not there.
    #[response(status = 404)]
    NotFound(FailureBody),
}

/// The request cannot be understood.
#[derive(IntoResponses)]
#[response(status = 400)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct BadRequest(FailureBody);

/// The body is larger than 64 KiB.
#[derive(IntoResponses)]
#[response(status = 413)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct TooLarge(FailureBody);

/// One is under way already.
#[derive(IntoResponses)]
#[response(status = 409)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Running(FailureBody);

/// The cache's backend cannot be reached.
#[derive(IntoResponses)]
#[response(status = 503)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Unavailable(FailureBody);

/// The cache's backend cannot be reached: the eviction is queued, and runs as soon as it is back.
#[derive(IntoResponses)]
#[response(status = 503)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Queued(FailureBody);

/// As many clients as can listen at once do so already.
#[derive(IntoResponses)]
#[response(status = 503)]
#[allow(dead_code, reason = "read by the derive")]
pub(super) struct Crowded(FailureBody);

#[derive(OpenApi)]
#[openapi(
    info(title = "JollyCache admin API", description = "What a cache does, what is in it, and how to evict it."),
    paths(
        overview::stats,
        overview::regions,
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
    tags((name = "cache", description = "The cache, for operators. A token is asked for, but by the statistics")),
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

/// The description of the admin API's calls, with paths as they are inside its router: nest it where the router is.
///
/// ```
/// let document = jollycache::admin::openapi();
/// assert!(document.paths.paths.contains_key("/keys/{key}"));
/// ```
pub fn openapi() -> Document {
    Description::openapi()
}
