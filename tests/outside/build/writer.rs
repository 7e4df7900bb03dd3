//! Functions that write: `#[cache_put]`, `#[cache_evict]`, and both on one.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::draw::{Returns, one_in, pick, returns};
use crate::reader::Reader;

/// One attribute, and what the model must know of it.
struct Attribute {
    text: String,
    spec: String,
}

/// A writer: its function, and its entry in the group's list.
pub(crate) struct Writer {
    pub(crate) item: String,
    pub(crate) entry: String,
}

/// Draws the writer `name` of a group. The first evicts, the second puts, the third does several things.
pub(crate) fn draw(reader: &Reader, which: u32, rng: &mut StdRng) -> Writer {
    let number = rng.random_range(0..4);
    let returns = returns(rng, number);
    let attributes = match which {
        _ if reader.default_key => vec![evict(reader, rng)],
        0 => vec![evict(reader, rng)],
        1 => vec![put(reader, rng, false)],
        _ => stack(reader, rng),
    };
    write(reader, which, returns, &attributes, rng)
}

fn stack(reader: &Reader, rng: &mut StdRng) -> Vec<Attribute> {
    let mut attributes = match rng.random_range(0..3) {
        0 => vec![put(reader, rng, false), put(reader, rng, true)],
        1 => vec![put(reader, rng, false), evict(reader, rng), evict(reader, rng)],
        _ => vec![put(reader, rng, false), evict(reader, rng)],
    };
    if one_in(rng, 2) {
        attributes.reverse();
    }
    attributes
}

/// Where id and name of a key come from.
fn key(reader: &Reader, from_returned: bool) -> String {
    if from_returned { reader.key("ret.id", "ret.name") } else { reader.key("id", "name") }
}

fn evict(reader: &Reader, rng: &mut StdRng) -> Attribute {
    let n = reader.number;
    let when = *pick(rng, &[&"after", &"after", &"before", &"around"]);
    let returned = when != "before" && one_in(rng, 3);
    let mut options = Vec::new();
    let mut targets = Vec::new();
    let mut kinds = Vec::new();
    if !reader.default_key {
        kinds.extend(["key", "key", "pattern"]);
    }
    kinds.push("tags");
    if reader.region {
        kinds.push("all");
    }
    for _ in 0..if one_in(rng, 3) { 2 } else { 1 } {
        let kind = kinds[rng.random_range(0..kinds.len())];
        let source = if returned { "ret.id" } else { "id" };
        let (option, target) = match kind {
            "key" => (format!("key = \"{}\"", key(reader, returned)), "Target::Key"),
            "pattern" => (format!("pattern = \"{}\"", pattern(reader, source)), "Target::Id"),
            "all" => ("all".to_owned(), "Target::All"),
            _ if one_in(rng, 2) => (format!("tags = [\"t{n}\"]"), "Target::Tag"),
            _ => (format!("tags = [\"no-such:{n}\", \"t{n}:{{{source}}}\"]"), "Target::TagOfId"),
        };
        let name = option.split(' ').next().unwrap_or_default().to_owned();
        if !options.iter().any(|other: &String| other.split(' ').next() == Some(&name)) {
            options.push(option);
            targets.push(target);
        }
    }
    let condition = one_in(rng, 4);
    let unless = when != "before" && one_in(rng, 5);
    if when != "after" || one_in(rng, 2) {
        options.push(format!("when = \"{when}\""));
    }
    finish(reader, &mut options, condition, unless, rng);
    let spec = format!(
        "Step::Evict {{ targets: &[{}], when: When::{}, condition: {condition}, unless: {unless}, returned: {returned} }}",
        targets.join(", "),
        match when {
            "after" => "After",
            "before" => "Before",
            _ => "Around",
        }
    );
    Attribute { text: format!("#[cache_evict({})]", options.join(", ")), spec }
}

/// A pattern over all names of one id.
fn pattern(reader: &Reader, source: &str) -> String {
    let key = reader.key(source, "name");
    let name = key.rfind(":{").expect("two placeholders");
    format!("{}:*", &key[..name])
}

fn put(reader: &Reader, rng: &mut StdRng, other: bool) -> Attribute {
    let n = reader.number;
    let returned = one_in(rng, 2);
    let prefix = if other { "alt:" } else { "" };
    let mut options = vec![format!("key = \"{prefix}{}\"", key(reader, returned))];
    let tags = one_in(rng, 2);
    if tags {
        let source = if returned { "ret.id" } else { "id" };
        options.push(format!("tags = [\"t{n}\", \"t{n}:{{{source}}}\"]"));
    }
    options.push(
        pick(rng, &["ttl = \"1h\"", "ttl = |value| lifetime(value)", "jitter = \"5%\"", "stale = \"1m\""])
            .to_owned(),
    );
    if let Some(schema) = reader.schema {
        options.push(format!("schema = {schema}"));
    }
    if reader.version {
        options.push("version = ret.version".to_owned());
    }
    let condition = one_in(rng, 4);
    let unless = one_in(rng, 4);
    finish(reader, &mut options, condition, unless, rng);
    let spec = format!(
        "Step::Put {{ tags: {tags}, condition: {condition}, unless: {unless}, returned: {returned}, other: {other} }}"
    );
    Attribute { text: format!("#[cache_put({})]", options.join(", ")), spec }
}

/// Options that both have.
fn finish(reader: &Reader, options: &mut Vec<String>, condition: bool, unless: bool, rng: &mut StdRng) {
    if reader.region {
        options.push(format!("cache = \"r{}\"", reader.number));
    }
    if condition {
        options.push("condition = id != 0".to_owned());
    }
    if unless {
        options.push("unless = |value| value.bad".to_owned());
    }
    if one_in(rng, 3) {
        options.push("timeout = \"20s\"".to_owned());
    }
    if one_in(rng, 4) {
        options.push("on_error = \"bypass\"".to_owned());
    }
}

fn write(
    reader: &Reader,
    which: u32,
    returns: Returns,
    attributes: &[Attribute],
    rng: &mut StdRng,
) -> Writer {
    let texts: Vec<&str> = attributes.iter().map(|attribute| attribute.text.as_str()).collect();
    let steps: Vec<&str> = attributes.iter().map(|attribute| attribute.spec.as_str()).collect();
    let inner = if one_in(rng, 3) { reader.inner_call() } else { String::new() };
    let name = format!("write{which}");
    let arguments = "id: u64, name: String";
    let body = format!("-> {} {{ {inner} write({}, id, &name).await }}", returns.spelling, reader.number);
    let attributes = texts.join("\n");
    let (item, call) = match rng.random_range(0..3) {
        0 => (format!("{attributes} async fn {name}({arguments}) {body}"), format!("{name}(id, name)")),
        1 => (
            format!(
                "struct Writer{which}; impl Writer{which} {{ {attributes} async fn {name}(&self, {arguments}) {body} }}"
            ),
            format!("Writer{which}.{name}(id, name)"),
        ),
        _ => (
            format!(
                "struct Writer{which}; impl Writer{which} {{ {attributes} async fn {name}(&mut self, {arguments}) {body} }}"
            ),
            format!("(Writer{which}).{name}(id, name)"),
        ),
    };
    let entry = format!(
        "Writer {{ name: \"g{}::{name}\", text: {attributes:?}, none: {}, fails: {}, reads: {}, steps: &[{}],
          call: call(|id, name| async move {{ {call}.await.into_answer() }}) }}",
        reader.number,
        returns.none,
        returns.fails,
        !inner.is_empty(),
        steps.join(", ")
    );
    Writer { item, entry }
}
