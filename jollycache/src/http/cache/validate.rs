//! Validation of a layer's settings.

use std::time::Duration;

use http::HeaderName;

use super::route::Route;
use super::template::{TagTemplate, parameters};
use crate::error::{Error, ErrorKind, Result};

/// Maximum tags of a route; each entry has one more, that of its URI.
const MAX_ROUTE_TAGS: usize = crate::policy::MAX_TAGS - 1;

/// The route, with its templates and field names parsed.
pub(super) fn validated(mut route: Route, path: &str) -> Result<Route> {
    let owner = if path.is_empty() { "the default route".to_owned() } else { format!("route {path:?}") };
    let in_route = |what: String| config(&format!("{owner}: {what}"));
    if route.tags.len() > MAX_ROUTE_TAGS {
        return Err(in_route(format!("{} tags, expected at most {MAX_ROUTE_TAGS}", route.tags.len())));
    }
    if route.defaults.ttl.is_some_and(|ttl| ttl < Duration::from_secs(1)) {
        return Err(in_route(format!(
            "ttl is {:?}: expected at least 1 s",
            route.defaults.ttl.unwrap_or_default()
        )));
    }
    let known = parameters(path);
    let templates = route.tags.iter().map(|tag| TagTemplate::parse(tag, &known));
    route.templates = templates.collect::<Result<_, _>>().map_err(in_route)?;
    route.header_names =
        header_names(&format!("{owner}: key_header"), std::mem::take(&mut route.key_headers))?;
    Ok(route)
}

pub(super) fn header_names(owner: &str, names: Vec<String>) -> Result<Vec<HeaderName>> {
    let parse = |name: String| {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        parsed.map_err(|_| config(&format!("{owner}: {name:?} is not the name of a field")))
    };
    names.into_iter().map(parse).collect()
}

/// Checks a token of RFC 9651 of at most 64 bytes.
pub(super) fn check_name(what: &str, name: &str) -> Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if starts_well && is_token && name.len() <= 64 {
        return Ok(());
    }
    Err(config(&format!(
        "{what} is {name:?}: expected a letter and at most 63 letters, digits, '-', '_', '.'"
    )))
}

pub(super) fn config(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("response cache: {what}"))
}
