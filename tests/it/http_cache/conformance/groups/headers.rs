//! Which fields are stored (RFC 9111, section 3.1).

use super::super::case::{Case, Want, fresh, step};
use super::Group;

/// A field of a response, and how the suite treats it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub(super) name: &'static str,
    pub(super) values: [&'static str; 2],
    pub(super) is_stored: bool,
    /// Whether a 304 must change it; `None` where it is free to.
    pub(super) is_updated: Option<bool>,
}

const fn listed(name: &'static str, is_stored: bool, is_updated: Option<bool>) -> Listed {
    Listed { name, values: ["first-value", "second-value"], is_stored, is_updated }
}

const fn with(values: [&'static str; 2], listed: Listed) -> Listed {
    Listed { values, ..listed }
}

pub(super) const FIELDS: &[Listed] = &[
    listed("Test-Header", true, Some(true)),
    listed("X-Test-Header", true, Some(true)),
    listed("Content-Foo", true, Some(true)),
    listed("X-Content-Foo", true, Some(true)),
    with(["max-age=1", "max-age=3600"], listed("Cache-Control", true, Some(true))),
    listed("Connection", false, None),
    listed("Content-Encoding", true, None),
    with(["36", "10"], listed("Content-Length", true, Some(false))),
    with(["/foo", "/bar"], listed("Content-Location", true, None)),
    with(["rL0Y20zC+Fzt72VPzMSk2A==", "N7UdGUp1E+RbVvZSTy1R8g=="], listed("Content-MD5", true, None)),
    listed("Content-Range", true, None),
    with(
        ["default-src 'self'", "default-src 'self' cdn.example.com"],
        listed("Content-Security-Policy", true, None),
    ),
    with(["text/plain", "text/plain;charset=utf-8"], listed("Content-Type", true, None)),
    with(["cache", "cookies"], listed("Clear-Site-Data", true, None)),
    with(["\"abcdef\"", "\"ghijkl\""], listed("ETag", true, None)),
    with(["Fri, 01 Jan 2038 01:01:01 GMT", "Mon, 11 Jan 2038 11:11:11 GMT"], listed("Expires", true, None)),
    listed("Keep-Alive", false, None),
    listed("Proxy-Authenticate", false, None),
    listed("Proxy-Authentication-Info", false, None),
    listed("Proxy-Authorization", false, None),
    listed("Proxy-Connection", false, None),
    listed("Public-Key-Pins", true, None),
    with(["a=b", "a=c"], listed("Set-Cookie", true, None)),
    with(["a=b", "a=c"], listed("Set-Cookie2", true, None)),
    listed("TE", false, None),
    listed("Transfer-Encoding", false, None),
    listed("Upgrade", false, None),
    with(["deny", "sameorigin"], listed("X-Frame-Options", true, None)),
    with(["1", "1; mode=block"], listed("X-XSS-Protection", true, None)),
];

pub(super) fn cases() -> Vec<Case> {
    let mut group = Group::new("headers");
    let first = fresh().gives("Connection: a, b").gives("a: 1").gives("b: 2").gives("c: 3");
    let second = step().cached().want("c", "3").lacks("a").lacks("b");
    group.required("headers-omit-headers-listed-in-Connection", [first, second]);
    for field in FIELDS {
        let (name, value) = (field.name, field.values[1]);
        let mut first = step().gives("Date: @0").gives(&format!("{name}: {value}")).waits();
        if name != "Cache-Control" {
            first = first.gives("Cache-Control: max-age=3600");
        }
        if name == "Content-Length" {
            first = first.body("0123456789");
        }
        let body = first.body.clone();
        let mut second = step().cached();
        second.body = body;
        let want = if field.is_stored { Want::Is } else { Want::IsNot };
        second = second.wants(want(name.to_owned(), value.to_owned()));
        group.required(&format!("headers-store-{name}"), [first, second]);
    }
    group.cases
}
