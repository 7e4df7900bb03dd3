//! `KeyPart`: what can stand in a key, and how it is written there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::sync::Arc;

use super::escape::{escape, is_plain};

/// A value that can take part in a key.
///
/// The encoding of a type must be injective: two values that differ must be written differently, or one would be
/// served for the other. Floating-point numbers, `HashMap` and `HashSet` have no such encoding and are left out.
///
/// Derive it for structs and enums: fields are sorted by name, `a:1|b:2`; a newtype is written as its field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take part in a cache key",
    label = "not a `KeyPart`",
    note = "derive it: `#[derive(jollycache::KeyPart)]`; or use a field that is one: `{{arg.id}}`; or leave the argument out: `skip(arg)`"
)]
pub trait KeyPart {
    /// Writes the value.
    fn write_key(&self, out: &mut KeyWriter<'_>);
}

/// Where a [`KeyPart`] writes itself.
#[derive(Debug)]
pub struct KeyWriter<'a> {
    out: &'a mut String,
    nested: bool,
}

impl<'a> KeyWriter<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        KeyWriter { out, nested: false }
    }

    /// Writes text, escaped.
    pub fn text(&mut self, text: &str) {
        escape(text, is_plain, self.out);
    }

    /// Writes a list: `(a,b,)`. The comma after each element distinguishes no element from an empty one.
    pub fn list<'p>(&mut self, elements: impl IntoIterator<Item = &'p dyn KeyPart>) {
        self.out.push('(');
        for element in elements {
            element.write_key(&mut self.nested());
            self.out.push(',');
        }
        self.out.push(')');
    }

    /// Writes named fields, `a:1|b:2`, in the order given; inside another value they get parentheses.
    pub fn fields<'p>(&mut self, fields: impl IntoIterator<Item = (&'p str, &'p dyn KeyPart)>) {
        if self.nested {
            self.out.push('(');
        }
        for (index, (name, value)) in fields.into_iter().enumerate() {
            if index > 0 {
                self.out.push('|');
            }
            self.text(name);
            self.out.push(':');
            value.write_key(&mut self.nested());
        }
        if self.nested {
            self.out.push(')');
        }
    }

    /// Writes text that is escaped already.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A writer for a value inside this one: its [`KeyWriter::fields`] are in parentheses.
    pub fn nested(&mut self) -> KeyWriter<'_> {
        KeyWriter { out: self.out, nested: true }
    }
}

macro_rules! written_by_display {
    ($($type:ty),* $(,)?) => {$(
        impl KeyPart for $type {
            fn write_key(&self, out: &mut KeyWriter<'_>) {
                out.text(&self.to_string());
            }
        }
    )*};
}

written_by_display!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool, char, IpAddr, Ipv4Addr, Ipv6Addr
);

macro_rules! written_as_text {
    ($($type:ty),* $(,)?) => {$(
        impl KeyPart for $type {
            fn write_key(&self, out: &mut KeyWriter<'_>) {
                out.text(self);
            }
        }
    )*};
}

written_as_text!(str, String, Cow<'_, str>);

macro_rules! written_as_target {
    ($($type:ty),* $(,)?) => {$(
        impl<T: KeyPart + ?Sized> KeyPart for $type {
            fn write_key(&self, out: &mut KeyWriter<'_>) {
                (**self).write_key(out);
            }
        }
    )*};
}

written_as_target!(&T, &mut T, Box<T>, Arc<T>, Rc<T>);

#[cfg(feature = "uuid")]
written_by_display!(uuid::Uuid);

impl KeyPart for () {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.list([]);
    }
}

/// `None` is `!`; `Some(v)` is `v`, with one more `!` in front where `v` itself begins with one, so that
/// `None`, `Some(None)` and `Some("!")` stay apart.
impl<T: KeyPart> KeyPart for Option<T> {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        let Some(value) = self else {
            out.raw("!");
            return;
        };
        let start = out.out.len();
        value.write_key(out);
        if out.out[start..].starts_with('!') {
            out.out.insert(start, '!');
        }
    }
}

macro_rules! written_as_list {
    ($($type:ty),* $(,)?) => {$(
        impl<T: KeyPart> KeyPart for $type {
            fn write_key(&self, out: &mut KeyWriter<'_>) {
                out.list(self.iter().map(|element| element as &dyn KeyPart));
            }
        }
    )*};
}

written_as_list!([T], Vec<T>, BTreeSet<T>);

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        self.as_slice().write_key(out);
    }
}

impl<K: KeyPart, V: KeyPart> KeyPart for BTreeMap<K, V> {
    fn write_key(&self, out: &mut KeyWriter<'_>) {
        let flat = self.iter().flat_map(|(key, value)| [key as &dyn KeyPart, value as &dyn KeyPart]);
        out.list(flat);
    }
}

macro_rules! written_as_tuple {
    ($($name:ident)+) => {
        impl<$($name: KeyPart),+> KeyPart for ($($name,)+) {
            fn write_key(&self, out: &mut KeyWriter<'_>) {
                #[allow(non_snake_case, reason = "the type parameters' names serve for the fields")]
                let ($($name,)+) = self;
                out.list([$($name as &dyn KeyPart),+]);
            }
        }
    };
}

written_as_tuple!(A);
written_as_tuple!(A B);
written_as_tuple!(A B C);
written_as_tuple!(A B C D);
written_as_tuple!(A B C D E);
written_as_tuple!(A B C D E F);
