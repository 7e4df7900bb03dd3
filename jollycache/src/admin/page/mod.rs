//! The page: files compiled into the program, which send requests to the API only.

use std::fmt::Write;

use axum::Router;
use axum::extract::NestedPath;
use axum::extract::rejection::NestedPathRejection;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use super::reply::{no_method, no_route};

/// Allows this origin's files only; no inline code, and no text as markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'self'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
const INDEX: &str = include_str!("index.html");
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files beside the page itself: name, type and text.
const FILES: [(&str, &str, &str); 11] = [
    ("app.css", "text/css; charset=utf-8", include_str!("app.css")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("app.js", SCRIPT, include_str!("app.js")),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("chart.js", SCRIPT, include_str!("chart.js")),
    ("dashboard.js", SCRIPT, include_str!("dashboard.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("events.js", SCRIPT, include_str!("events.js")),
    ("history.js", SCRIPT, include_str!("history.js")),
    ("jobs.js", SCRIPT, include_str!("jobs.js")),
    ("keys.js", SCRIPT, include_str!("keys.js")),
];

/// The router of the page. Unless `open`, every path responds 404, as if there were no page.
pub(super) fn router(api: &str, open: bool) -> Router {
    let mut router = Router::new();
    if open {
        let api = attribute(api);
        let page = async move |path: Result<NestedPath, NestedPathRejection>, headers: HeaderMap| {
            index(&api, path.as_ref().ok(), &headers)
        };
        router = router.route("/", get(page));
        for (name, kind, text) in FILES {
            let tag = etag(text);
            let answer = async move |headers: HeaderMap| file(kind, text, &tag, &headers);
            router = router.route(&format!("/{name}"), get(answer));
        }
    }
    router.fallback(no_route).method_not_allowed_fallback(no_method).layer(map_response(protected))
}

/// The page, with the paths at which it and the API are nested.
fn index(api: &str, path: Option<&NestedPath>, headers: &HeaderMap) -> Response {
    let base = path.map_or("", NestedPath::as_str).trim_end_matches('/');
    let text = INDEX.replace("{base}", &format!("{}/", attribute(base))).replace("{api}", api);
    file("text/html; charset=utf-8", &text, &etag(&text), headers)
}

/// A file, or 304 if the client has the same one.
fn file(kind: &'static str, text: &(impl AsRef<str> + ?Sized), tag: &str, headers: &HeaderMap) -> Response {
    let shown = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = shown.flat_map(|value| value.split(',')).map(str::trim);
    let validators = [(ETAG, tag.to_owned()), (CACHE_CONTROL, "no-cache".to_owned())];
    if known.any(|known| known == "*" || known.trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, validators).into_response();
    }
    (validators, [(CONTENT_TYPE, kind)], text.as_ref().to_owned()).into_response()
}

/// RFC 9110, section 8.8.3: strong, because it is a hash of the content.
fn etag(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut tag = String::from("\"");
    for byte in &digest[..16] {
        // Writing to a `String` cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// A text, escaped for an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

async fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped_in_attributes() {
        assert_eq!(attribute(r#"/a"><b>&"#), "/a&quot;&gt;&lt;b&gt;&amp;");
    }

    #[test]
    fn the_page_names_its_files_and_nothing_inline() {
        for (name, _, text) in FILES {
            assert!(
                name.starts_with("app.")
                    || name.starts_with("icon.")
                    || FILES.iter().any(|(_, _, user)| user.contains(&format!("./{name}"))),
                "{name}"
            );
            for markup in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "http://",
                "https://",
            ] {
                let text = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(markup), "{name}: {markup}");
            }
        }
        for inline in ["<style", "style=", "onclick", "onload", "javascript:", "http:", "https:"] {
            assert!(!INDEX.contains(inline), "{inline}");
        }
        assert_eq!(
            INDEX.matches("<script").count(),
            INDEX.matches("<script type=\"module\" src=\"app.js\">").count()
        );
    }
}
