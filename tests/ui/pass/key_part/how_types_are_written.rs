//! Sorted fields, transparent newtypes, and nothing that two values could share.

use jollycache::{Key, KeyPart};

#[derive(KeyPart)]
struct Query<'a> {
    page: u32,
    category: Option<&'a str>,
    r#type: Kind,
}

#[derive(KeyPart)]
struct Id(u64);

#[derive(KeyPart)]
struct Pair<A, B: Clone>(A, B)
where
    A: Copy;

#[derive(KeyPart)]
struct Unit;

#[derive(KeyPart)]
struct Wrapper<T, const N: usize> {
    inner: [T; N],
}

#[derive(KeyPart)]
enum Kind {
    Plain,
    One(u8),
    Two(u8, String),
    Named { b: u8, a: Option<Box<Kind>> },
    Empty(),
}

#[derive(KeyPart)]
enum Never {}

fn key(part: &impl KeyPart) -> String {
    Key::builder().part(part).build().as_str().to_owned()
}

fn main() {
    let query = Query {
        page: 2,
        category: Some("a:b|c"),
        r#type: Kind::Plain,
    };
    assert_eq!(key(&query), "category:a%3Ab%7Cc|page:2|type:Plain");
    assert_eq!(key(&(&query, 1)), "((category:a%3Ab%7Cc|page:2|type:Plain),1,)");
    assert_eq!(key(&Id(7)), "7");
    assert_eq!(key(&Pair(1, "x")), "(1,x,)");
    assert_eq!(key(&Unit), "()");
    assert_eq!(key(&Wrapper { inner: [1, 2] }), "inner:(1,2,)");
    assert_eq!(key(&Kind::One(1)), "One(1,)");
    assert_eq!(key(&Kind::Two(1, "One(1,)".to_owned())), "Two(1,One%281%2C%29,)");
    let named = Kind::Named {
        b: 1,
        a: Some(Box::new(Kind::Empty())),
    };
    assert_eq!(key(&named), "Named(a:Empty()|b:1)");
    assert_eq!(key(&Kind::Named { b: 1, a: None }), "Named(a:!|b:1)");
    assert_ne!(key(&Kind::One(1)), key(&Kind::Two(1, String::new())));
    let _: Option<Never> = None;
}
