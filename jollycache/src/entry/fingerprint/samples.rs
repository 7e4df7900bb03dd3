//! The values that a type is offered, in order, until it takes one. The order is part of every fingerprint.

/// Texts that common types are written as: themselves, numbers, times, ids, addresses.
pub(super) const TEXTS: &[&str] = &[
    "",
    "0",
    "1970-01-01T00:00:00Z",
    "1970-01-01",
    "00:00:00",
    "1970-01-01T00:00:00",
    "00000000-0000-0000-0000-000000000000",
    "000000000000000000000000",
    "127.0.0.1",
    "::1",
    "127.0.0.1:1",
    "http://localhost/",
    "a",
    "a@b.example",
    "0.0.0",
];

/// Lengths of byte strings: any, an id of MongoDB, a UUID, a key.
pub(super) const BYTE_LENGTHS: &[usize] = &[0, 12, 16, 32];

/// What a type that takes anything is offered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Any {
    Number,
    Text,
    Flag,
    List,
    Map,
    Fraction,
    Nothing,
}

pub(super) const ANY: &[Any] =
    &[Any::Number, Any::Text, Any::Flag, Any::List, Any::Map, Any::Fraction, Any::Nothing];
