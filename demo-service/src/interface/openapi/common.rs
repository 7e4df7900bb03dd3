//! What every answer has: added here, once, instead of at each handler.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{Content, Header, ObjectBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema};

/// Headers of every answer.
const ALL: [(&str, &str); 4] = [
    ("x-request-id", "The request's id: the client's own, or a new one"),
    ("x-response-time", "How long the answer took, such as `1.250ms`"),
    ("server-timing", "The same in parts: the cache's, and the load's"),
    ("cache-status", "What the cache did for this answer, by RFC 9211"),
];
/// Headers of the answers below `/api`, but for the cache's own.
const LIMITED: [(&str, &str); 5] = [
    ("ratelimit", "What is left of each limit, and for how many seconds"),
    ("ratelimit-policy", "The limits"),
    ("x-ratelimit-limit", "The limit that is nearest to its end"),
    ("x-ratelimit-remaining", "How many requests are left of it"),
    ("x-ratelimit-reset", "In how many seconds it is whole again"),
];

/// Adds the answer to requests over the limit, the headers, and what derives cannot say.
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

/// A change names at least one field; `updatedAt` only says what it is based on.
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
        .description("Too many requests: come again after `Retry-After` seconds")
        .content("application/json", Content::new(Some(Ref::from_schema_name("Failure"))))
        .header("retry-after", header("In how many seconds a request would pass"));
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
