//! `If-None-Match` and `If-Modified-Since`.

use super::super::case::{Case, Kind, Step, becomes_stale, fresh, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    [etags(), dates()].concat()
}

/// A 304 from the cache, to a client that knows this.
fn known(line: &str) -> Step {
    step().sends(line).cached().want_status(304)
}

fn etags() -> Vec<Case> {
    let mut group = Group::new("conditional-inm");
    let tagged = |etag: &str| fresh().gives(&format!("ETag: {etag}"));
    let asks = |etag: &str| known(&format!("If-None-Match: {etag}"));
    let abc = "\"abcdef\"";
    for (kind, name, etag, asked) in [
        (Kind::Optimal, "strong-respond", abc, abc),
        (Kind::Check, "strong-respond-obs-text", "\"abcdef\u{fc}\"", "\"abcdef\u{fc}\""),
        (Kind::Check, "quoted-respond-unquoted", abc, "abcdef"),
        (Kind::Check, "unquoted-respond-unquoted", "abcdef", "abcdef"),
        (Kind::Check, "unquoted-respond-quoted", "abcdef", abc),
        (Kind::Optimal, "weak-respond", "W/\"abcdef\"", "W/\"abcdef\""),
        (Kind::Check, "weak-respond-lowercase", "w/\"abcdef\"", "w/\"abcdef\""),
        (Kind::Check, "weak-respond-backslash", "W\\\"abcdef\"", "W\\\"abcdef\""),
        (Kind::Check, "weak-respond-omit-slash", "W\"abcdef\"", "W\"abcdef\""),
        (Kind::Optimal, "strong-respond-multiple-first", abc, "\"abcdef\", \"1234\", \"5678\""),
        (Kind::Optimal, "strong-respond-multiple-second", abc, "\"1234\", \"abcdef\", \"5678\""),
        (Kind::Optimal, "strong-respond-multiple-last", abc, "\"1234\", \"5678\", \"abcdef\""),
    ] {
        group.add(kind, &format!("conditional-etag-{name}"), [tagged(etag), asks(asked)]);
    }
    group.required("conditional-304-etag", [tagged(abc), asks(abc).want("ETag", abc)]);
    let first = fresh().gives("Last-Modified: @-5000").gives("ETag: \"abcdef\"");
    let steps = [first, asks(abc).sends("If-Modified-Since: @-10000")];
    group.required("conditional-etag-precedence", steps);
    let vary = |expires: &str| {
        step()
            .sends("Abc: 123")
            .gives(expires)
            .gives("ETag: \"abcdef\"")
            .gives("Date: @0")
            .gives("Vary: Abc")
            .waits()
    };
    let second = step().sends("Abc: 123").etag_validated().want_status(200).seen("Abc: 123");
    group.required("conditional-etag-vary-headers", [vary("Expires: @1"), second]);
    let second = step().sends("Abc: 456").seen("If-None-Match: \"abcdef\"");
    group.check("conditional-etag-vary-headers-mismatch", [vary("Expires: @10000"), second]);
    for (kind, name, etag, sent) in [
        (Kind::Optimal, "strong-generate", abc, "If-None-Match: \"abcdef\""),
        (Kind::Optimal, "weak-generate-weak", "W/\"abcdef\"", "If-None-Match: W/\"abcdef\""),
        (Kind::Check, "strong-generate-unquoted", "abcdef", "If-None-Match: \"abcdef\""),
    ] {
        let first = becomes_stale().gives(&format!("ETag: {etag}"));
        let steps = [first, step().seen(sent).etag_validated().want_status(200)];
        group.add(kind, &format!("conditional-etag-{name}"), steps);
    }
    let forwarded = "If-None-Match: \"abcdef\"";
    group.check("conditional-etag-forward", [step().sends(forwarded).seen(forwarded)]);
    let unquoted = step().sends("If-None-Match: abcdef").seen(forwarded);
    group.check("conditional-etag-forward-unquoted", [unquoted]);
    group.cases
}

fn dates() -> Vec<Case> {
    let mut group = Group::new("conditional-lm");
    let dated = || fresh().gives("Last-Modified: @-3000");
    group.optimal("conditional-lm-fresh", [dated(), known("If-Modified-Since: @-3000")]);
    group.optimal("conditional-lm-fresh-earlier", [dated(), known("If-Modified-Since: @-2000")]);
    let first = becomes_stale().gives("Last-Modified: @-3000");
    let second = step().sends("If-Modified-Since: @-2990").date_validated().want_status(304);
    group.optimal("conditional-lm-stale", [first, second]);
    group.optimal("conditional-lm-fresh-no-lm", [fresh(), known("If-Modified-Since: @-3000")]);
    let first = fresh().gives("Last-Modified: Wed, 17 Aug 2022 02:01:18 GMT");
    let second = known("If-Modified-Since: Thursday, 18-Aug-22 02:01:18 GMT");
    group.optimal("conditional-lm-fresh-rfc850", [first, second]);
    group.cases
}
