//! The parts of every response, added here once instead of at each handler.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{Content, Header, ObjectBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema};

/// The headers of every response.
const ALL: [(&str, &str); 4] = [
    ("x-request-id", "The request's id: the client's, or a new one"),
    ("x-response-time", "The time from the request to the response, such as `1.250ms`"),
    ("server-timing", "The same time, split into cache and load"),
    ("cache-status", "What the cache did for this response, by RFC 9211"),
];
/// The headers of responses below `/api`, except those of the cache's admin API.
const LIMITED: [(&str, &str); 5] = [
    ("ratelimit", "The remaining requests of each limit, and for how many seconds"),
    ("ratelimit-policy", "The limits"),
    ("x-ratelimit-limit", "The limit with the fewest remaining requests"),
    ("x-ratelimit-remaining", "The remaining requests of that limit"),
    ("x-ratelimit-reset", "After how many seconds that limit is reset"),
];

/// Adds the response to rate limited requests, the headers, and constraints that the derives cannot express.
pub(super) fn complete(document: &mut OpenApi) {
    require_a_change(document);
    for (path, item) in &mut document.paths.paths {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        for operation in operations.into_iter().flatten() {
            let limited = path.starts_with("/api/") && !path.starts_with("/api/cache");
            if limited {
                add_too_many(operation);
            }
            add_headers(operation, limited);
        }
    }
}

/// Requires at least one field to change. `updatedAt` does not count: it is a precondition.
fn require_a_change(document: &mut OpenApi) {
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    let Some(RefOr::T(Schema::Object(changes))) =
        schemas.and_then(|schemas| schemas.get_mut("ProductChanges"))
    else {
        return;
    };
    let fields = changes.properties.keys().filter(|field| *field != "updatedAt");
    let named = fields.fold(AnyOfBuilder::new(), |any, field| any.item(ObjectBuilder::new().required(field)));
    let all = AllOfBuilder::new().item(changes.clone()).item(named).build();
    if let Some(components) = &mut document.components {
        components.schemas.insert("ProductChanges".to_owned(), Schema::AllOf(all).into());
    }
}

fn add_too_many(operation: &mut Operation) {
    let answer = ResponseBuilder::new()
        .description("Too many requests: retry after `Retry-After` seconds")
        .content("application/json", Content::new(Some(Ref::from_schema_name("Failure"))))
        .header("retry-after", header("After how many seconds a request would be allowed"));
    operation.responses.responses.insert("429".to_owned(), RefOr::T(answer.build()));
}

fn add_headers(operation: &mut Operation, limited: bool) {
    let limits = LIMITED.iter().filter(|_| limited);
    for answer in operation.responses.responses.values_mut() {
        let RefOr::T(answer) = answer else { continue };
        for (name, meaning) in ALL.iter().chain(limits.clone()) {
            answer.headers.insert((*name).to_owned(), header(meaning).into());
        }
    }
}

fn header(meaning: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    HeaderBuilder::new().schema(Some(text)).description(Some(meaning)).build()
}
