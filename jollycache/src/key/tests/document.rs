//! The examples in docs/keys.md are what the code gives.

use super::super::{Key, KeyPart, KeyWriter};

struct Query {
    category: Option<&'static str>,
    page: u32,
}

impl KeyPart for Query {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.fields([("category", &self.category as &dyn KeyPart), ("page", &self.page)]);
    }
}

/// Rows as the document writes them, each from an expression and its value.
macro_rules! rows {
    ($($value:expr),* $(,)?) => {
        vec![$(row(stringify!($value), &$value)),*]
    };
}

fn row(written: &str, value: &dyn KeyPart) -> String {
    let key = Key::builder().literal("x:").part(value).build();
    format!("| `{written}` | `{}` |", key.as_str().replace('|', "\\|"))
}

#[test]
fn the_table_of_values_is_what_the_code_gives() {
    let expected = rows![
        42,
        -7,
        true,
        "green tea",
        "1:details",
        "*",
        "{x}",
        "50%",
        "é",
        "a\nb",
        "",
        None::<&str>,
        Some("tea"),
        Some("!"),
        Some(None::<&str>),
        ("tea", 2),
        ["a", "b,c"],
        [""],
        [(); 0],
        Query { category: Some("tea"), page: 2 },
        Some(Query { category: None, page: 1 }),
        [Query { category: None, page: 1 }],
    ];
    let document = include_str!("../../../guides/keys.md");
    let table = document.split("with `v` | the key |\n|---|---|\n").nth(1).unwrap();
    let written: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(written, expected);
}

#[test]
fn the_joint_is_what_the_document_says() {
    let key = |org: &str, id: &str| Key::builder().part(org).literal("-").part(id).build();
    assert_eq!(key("a-b", "c").as_str(), "a-b-~c");
    assert_eq!(key("a", "b-c").as_str(), "a-~b-c");
}
