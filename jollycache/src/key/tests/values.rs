//! Values of any shape that a `KeyPart` can have, made of text that looks like the grammar.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

use super::super::{Key, KeyPart, KeyWriter, Pattern};

/// Characters that mean something in a key, a glob, a hash tag, an escape or a protocol, and a few that do not.
const HOSTILE: &str = "[ab1:/|,;=@&+!()~%#*?{}\\[\\]\\\\^$ \r\n\0\u{7f}é\u{1F37A}_.2-]{0,4}";

/// The type of a value.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Text,
    Number,
    Flag,
    Optional(Box<Shape>),
    List(Box<Shape>),
    Pair(Box<Shape>, Box<Shape>),
    Struct(Vec<(&'static str, Shape)>),
    /// The data of each variant.
    Enum(Vec<Vec<Shape>>),
}

const VARIANTS: [&str; 3] = ["A", "AB", "B"];

/// A value of some [`Shape`]. Options, lists and pairs are written by the library's own implementations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Optional(Option<Box<Value>>),
    List(Vec<Value>),
    Pair(Box<(Value, Value)>),
    Struct(Vec<(&'static str, Value)>),
    Enum(usize, Vec<Value>),
}

impl KeyPart for Value {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        match self {
            Value::Text(text) => text.write_key(out),
            Value::Number(number) => number.write_key(out),
            Value::Flag(flag) => flag.write_key(out),
            Value::Optional(value) => value.write_key(out),
            Value::List(values) => values.write_key(out),
            Value::Pair(pair) => pair.write_key(out),
            Value::Struct(fields) => {
                out.fields(fields.iter().map(|(name, value)| (*name, value as &dyn KeyPart)));
            }
            // As derived: a variant without data is its name.
            Value::Enum(variant, data) => {
                out.text(VARIANTS[*variant]);
                if !data.is_empty() {
                    out.nested().list(data.iter().map(|value| value as &dyn KeyPart));
                }
            }
        }
    }
}

pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => HOSTILE, 1 => ".{0,8}"]
}

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![4 => Just(Shape::Text), 1 => Just(Shape::Number), 1 => Just(Shape::Flag)];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            3 => inner.clone().prop_map(|shape| Shape::Optional(shape.into())),
            2 => inner.clone().prop_map(|shape| Shape::List(shape.into())),
            1 => (inner.clone(), inner.clone()).prop_map(|(one, two)| Shape::Pair(one.into(), two.into())),
            2 => vec(inner.clone(), 0..3)
                .prop_map(|shapes| Shape::Struct(["a", "b"].into_iter().zip(shapes).collect())),
            1 => vec(vec(inner, 0..2), 1..=VARIANTS.len()).prop_map(Shape::Enum),
        ]
    })
}

pub(super) fn value(shape: &Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Text => text().prop_map(Value::Text).boxed(),
        Shape::Number => (-2_i64..12).prop_map(Value::Number).boxed(),
        Shape::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Shape::Optional(of) => prop_oneof![
            Just(Value::Optional(None)),
            value(of).prop_map(|value| Value::Optional(Some(value.into())))
        ]
        .boxed(),
        Shape::List(of) => vec(value(of), 0..3).prop_map(Value::List).boxed(),
        Shape::Pair(one, two) => (value(one), value(two)).prop_map(|pair| Value::Pair(pair.into())).boxed(),
        Shape::Struct(fields) => {
            let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
            let values: Vec<_> = fields.iter().map(|(_, shape)| value(shape)).collect();
            values.prop_map(move |values| Value::Struct(names.iter().copied().zip(values).collect())).boxed()
        }
        Shape::Enum(variants) => {
            let data = |(index, shapes): (usize, &Vec<Shape>)| {
                let values: Vec<_> = shapes.iter().map(value).collect();
                values.prop_map(move |values| Value::Enum(index, values)).boxed()
            };
            Union::new(variants.iter().enumerate().map(data)).boxed()
        }
    }
}

/// A template's literal text around two values.
pub(super) type Literals = [String; 3];

pub(super) fn literals() -> impl Strategy<Value = Literals> {
    let literal =
        || prop_oneof![2 => "[ab1:|,!()~%#_-]{0,3}", 1 => Just(String::new()), 1 => Just(":".to_owned())];
    [literal(), literal(), literal()]
}

pub(super) fn key(literals: &Literals, one: &impl KeyPart, two: &impl KeyPart) -> Key {
    let [before, between, after] = literals;
    let builder = Key::builder().literal(before).part(one);
    builder.literal(between).part(two).literal(after).build()
}

pub(super) fn pattern(literals: &Literals, one: &impl KeyPart, two: &impl KeyPart) -> Pattern {
    let [before, between, after] = literals;
    let builder = Pattern::builder().literal(before).part(one);
    builder.literal(between).part(two).literal(after)
}

/// A template, and different pairs of values for it.
pub(super) fn cases() -> impl Strategy<Value = (Literals, BTreeSet<(Value, Value)>)> {
    (literals(), shape(), shape()).prop_flat_map(|(literals, one, two)| {
        let pairs = vec((value(&one), value(&two)), 2..40);
        (Just(literals), pairs.prop_map(|pairs| pairs.into_iter().collect()))
    })
}
