//! The description of the API, `OpenAPI` 3.1, and the page that shows it.
//!
//! Each handler is described by an attribute at its code. This module has the parts that they have in common.

mod answers;
mod common;
pub(super) mod schemas;

use axum::Router;
use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, OpenApiBuilder};
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(super) use self::answers::{
    ChangeFailures, CreateFailures, LoginFailures, LogoutFailures, ProductFailures, ReadFailures,
    VisitorFailures,
};

/// The path of the document.
const DOCUMENT: &str = "/api-docs/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "JollyJet",
        description = "Flights, hotels and holidays. Every response comes through the cache, and none is older than \
                       the last acknowledged write; `Cache-Status` (RFC 9211) reports what the cache did.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(super::error::Failure)),
    tags(
        (name = "products", description = "The products on sale"),
        (name = "auth", description = "Login, logout and the session"),
        (name = "operations", description = "Health"),
    ),
)]
struct Head;

/// Returns the routes of `/docs` and of the document that it shows.
pub(super) fn pages<S: Clone + Send + Sync + 'static>(routes: Document) -> Router<S> {
    let mut document = Head::openapi().merge_from(routes).merge_from(admin());
    common::complete(&mut document);
    // "none", because the page would send the document's address to a public validator.
    let config = Config::from(DOCUMENT).validator_url("none").try_it_out_enabled(true);
    SwaggerUi::new("/docs").url(DOCUMENT, document).config(config).into()
}

/// Returns the description of the cache's admin API, at the path where the router nests it.
fn admin() -> Document {
    let mut document = OpenApiBuilder::new().build().nest("/api/cache", jollycache::admin::openapi());
    // The router nests "/" at the path itself.
    if let Some(all) = document.paths.paths.remove("/api/cache/") {
        document.paths.paths.insert("/api/cache".to_owned(), all);
    }
    document
}
