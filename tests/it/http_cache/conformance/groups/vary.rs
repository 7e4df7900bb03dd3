//! `Vary` (RFC 9111, section 4.1).

use super::super::case::{Case, Step, step};
use super::Group;

pub(super) fn cases() -> Vec<Case> {
    [keys(), parsing()].concat()
}

fn sends(lines: &[&str]) -> Step {
    lines.iter().fold(step(), |step, line| step.sends(line))
}

fn varies(sent: &[&str], by: &str) -> Step {
    let first = sends(sent).gives("Cache-Control: max-age=5000").gives("Last-Modified: @-3000");
    first.gives("Date: @0").gives(&format!("Vary: {by}"))
}

fn keys() -> Vec<Case> {
    let mut group = Group::new("vary");
    let one = ["Foo: 1"];
    group.optimal("vary-match", [varies(&one, "Foo"), sends(&one).cached()]);
    group.required("vary-no-match", [varies(&one, "Foo"), sends(&["Foo: 2"]).not_cached()]);
    group.required("vary-omit-stored", [varies(&[], "Foo"), sends(&one).not_cached()]);
    group.required("vary-omit", [varies(&one, "Foo"), step().not_cached()]);
    let steps = [
        varies(&one, "Foo").body("foo_1"),
        varies(&["Foo: 2"], "Foo").not_cached().body("foo_2"),
        sends(&one).cached().body("foo_1"),
    ];
    group.optimal("vary-invalidate", steps);
    let steps = [varies(&["Foo: 1", "Other: 2"], "Foo"), sends(&["Foo: 1", "Other: 3"]).cached()];
    group.optimal("vary-cache-key", steps);
    let two = ["Foo: 1", "Bar: abc"];
    group.optimal("vary-2-match", [varies(&two, "Foo, Bar"), sends(&two).cached()]);
    let steps = [varies(&two, "Foo, Bar"), sends(&["Foo: 2", "Bar: abc"]).not_cached()];
    group.required("vary-2-no-match", steps);
    group.required("vary-2-match-omit", [varies(&two, "Foo, Bar"), step().not_cached()]);
    let (three, all) = (["Foo: 1", "Bar: abc", "Baz: 789"], "Foo, Bar, Baz");
    group.optimal("vary-3-match", [varies(&three, all), sends(&three).cached()]);
    let steps = [varies(&three, all), sends(&["Foo: 2", "Bar: abc", "Baz: 789"]).not_cached()];
    group.required("vary-3-no-match", steps);
    let steps = [varies(&three, all), sends(&["Foo: 1", "Baz: 789", "Bar: abcde"]).not_cached()];
    group.required("vary-3-order", steps);
    let some = ["Foo: 1", "Baz: 789"];
    group.optimal("vary-3-omit", [varies(&some, all), sends(&some).cached()]);
    group.required("vary-star", [varies(&some, "*"), sends(&some).not_cached()]);
    let steps = [varies(&["Foo: 1, 2"], "Foo"), sends(&["Foo: 1", "Foo: 2"]).cached()];
    group.optimal("vary-normalise-combine", steps);
    for (name, asked) in [("order", "de, en"), ("case", "eN, De"), ("space", " en ,   de")] {
        let first = varies(&["Accept-Language: en, de"], "Accept-Language");
        let second = sends(&[&format!("Accept-Language: {asked}")]).cached();
        group.optimal(&format!("vary-normalise-lang-{name}"), [first, second]);
    }
    let first = varies(&["Accept-Language: en, de"], "Accept-Language").gives("Content-Language: de");
    let steps = [first, sends(&["Accept-Language: fr;q=0.5, de;q=1.0"]).cached()];
    group.optimal("vary-normalise-lang-select", steps);
    group.optimal("vary-normalise-space", [varies(&["Foo: 1,2"], "Foo"), sends(&["Foo:  1, 2 "]).cached()]);
    group.cases
}

fn parsing() -> Vec<Case> {
    let mut group = Group::new("vary-parse");
    let sent = ["Foo: 1", "Baz: 789"];
    for (name, lines) in [
        ("star", &["*"][..]),
        ("star-star", &["*, *"]),
        ("star-star-lines", &["*", "*"]),
        ("empty-star", &[", *"]),
        ("empty-star-lines", &["", "*"]),
        ("star-foo", &["*, Foo"]),
        ("foo-star", &["Foo, *"]),
    ] {
        let first = lines[1..]
            .iter()
            .fold(varies(&sent, lines[0]), |step, line| step.gives(&format!("Vary: {line}")));
        group.required(&format!("vary-syntax-{name}"), [first, sends(&sent).not_cached()]);
    }
    group.cases
}
