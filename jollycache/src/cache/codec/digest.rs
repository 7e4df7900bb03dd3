//! A digest of what a value hands to a serializer, event by event and without loss, to compare two values that need not
//! be comparable.
//!
//! A format may write two different values alike; their events differ. The elements of sequences and of maps count in any
//! order, since a `HashSet` and a `HashMap` have another one in each instance, and a format that keeps their number and
//! their elements keeps their order.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::ser::{self, Serialize};

/// The digest of `value`, as a format that is readable for people, or is not, gets to see it. `None` if the value cannot
/// be serialized.
pub(super) fn digest<V: Serialize + ?Sized>(value: &V, human_readable: bool) -> Option<u64> {
    value.serialize(Digester { human_readable }).ok()
}

/// What kind of event a digest is of, so that no two kinds have the same.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Kind {
    Bool,
    Signed,
    Unsigned,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    None,
    Some,
    Unit,
    Variant,
    Newtype,
    Seq,
    Tuple,
    Map,
    Struct,
}

/// One event with nothing inside it.
fn leaf(kind: Kind, content: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind as u8).hash(&mut hasher);
    content.hash(&mut hasher);
    hasher.finish()
}

/// An event around another one. The constants are those of `SplitMix64`; it is called for each element of a list of bytes.
fn mix(outer: u64, inner: u64) -> u64 {
    let mut mixed = outer.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ inner;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn wide(kind: Kind, bits: u128) -> u64 {
    #[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    mix(mix(kind as u64, high), low)
}

fn narrow(kind: Kind, bits: u64) -> u64 {
    wide(kind, bits.into())
}

#[derive(Debug, Clone, Copy)]
struct Digester {
    human_readable: bool,
}

impl Digester {
    fn inner<T: Serialize + ?Sized>(self, outer: u64, value: &T) -> Result<u64, Failed> {
        Ok(mix(outer, value.serialize(self)?))
    }

    fn ordered(self, outer: u64) -> Ordered {
        Ordered { digester: self, digest: outer }
    }

    fn unordered(self, kind: Kind) -> Unordered {
        Unordered { digester: self, kind, sum: 0, count: 0, key: 0 }
    }
}

fn variant(index: u32, name: &str) -> u64 {
    leaf(Kind::Variant, (index, name))
}

/// The value's own `Serialize` failed.
#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be serialized")
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Failed
    }
}

/// Elements whose order counts: fields and what stands at a fixed place.
#[derive(Debug)]
struct Ordered {
    digester: Digester,
    digest: u64,
}

impl Ordered {
    fn add<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        let place = if name.is_empty() { self.digest } else { mix(self.digest, leaf(Kind::Str, name)) };
        self.digest = self.digester.inner(place, value)?;
        Ok(())
    }
}

/// Elements whose order does not count.
#[derive(Debug)]
struct Unordered {
    digester: Digester,
    kind: Kind,
    sum: u64,
    count: u64,
    /// The digest of the key whose value is to come.
    key: u64,
}

impl Unordered {
    fn add<T: Serialize + ?Sized>(&mut self, outer: u64, value: &T) -> Result<(), Failed> {
        self.sum = self.sum.wrapping_add(self.digester.inner(outer, value)?);
        self.count += 1;
        Ok(())
    }

    fn end(self) -> u64 {
        mix(narrow(self.kind, self.count), self.sum)
    }
}

/// Integers of each sign, by their value: a type serializes as the same one each time.
macro_rules! integers {
    ($($method:ident($integer:ty) $widest:ident;)*) => {
        $(fn $method(self, value: $integer) -> Result<u64, Failed> {
            self.$widest(value.into())
        })*
    };
}

impl ser::Serializer for Digester {
    type Ok = u64;
    type Error = Failed;
    type SerializeSeq = Unordered;
    type SerializeTuple = Ordered;
    type SerializeTupleStruct = Ordered;
    type SerializeTupleVariant = Ordered;
    type SerializeMap = Unordered;
    type SerializeStruct = Ordered;
    type SerializeStructVariant = Ordered;

    integers! {
        serialize_i8(i8) serialize_i128;
        serialize_i16(i16) serialize_i128;
        serialize_i32(i32) serialize_i128;
        serialize_i64(i64) serialize_i128;
        serialize_u8(u8) serialize_u128;
        serialize_u16(u16) serialize_u128;
        serialize_u32(u32) serialize_u128;
        serialize_u64(u64) serialize_u128;
    }

    fn serialize_i128(self, value: i128) -> Result<u64, Failed> {
        Ok(wide(Kind::Signed, u128::from_ne_bytes(value.to_ne_bytes())))
    }

    fn serialize_u128(self, value: u128) -> Result<u64, Failed> {
        Ok(wide(Kind::Unsigned, value))
    }

    fn serialize_bool(self, value: bool) -> Result<u64, Failed> {
        Ok(narrow(Kind::Bool, value.into()))
    }

    /// By its bits: -0.0 is not 0.0, and NaN is itself.
    fn serialize_f32(self, value: f32) -> Result<u64, Failed> {
        Ok(narrow(Kind::F32, value.to_bits().into()))
    }

    fn serialize_f64(self, value: f64) -> Result<u64, Failed> {
        Ok(narrow(Kind::F64, value.to_bits()))
    }

    fn serialize_char(self, value: char) -> Result<u64, Failed> {
        Ok(narrow(Kind::Char, u32::from(value).into()))
    }

    fn serialize_str(self, value: &str) -> Result<u64, Failed> {
        Ok(leaf(Kind::Str, value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<u64, Failed> {
        Ok(leaf(Kind::Bytes, value))
    }

    fn serialize_none(self) -> Result<u64, Failed> {
        Ok(narrow(Kind::None, 0))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Failed> {
        self.inner(narrow(Kind::Some, 0), value)
    }

    fn serialize_unit(self) -> Result<u64, Failed> {
        Ok(narrow(Kind::Unit, 0))
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<u64, Failed> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _type: &'static str,
        index: u32,
        name: &'static str,
    ) -> Result<u64, Failed> {
        Ok(variant(index, name))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<u64, Failed> {
        self.inner(narrow(Kind::Newtype, 0), value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _type: &'static str,
        index: u32,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Failed> {
        self.inner(variant(index, name), value)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Unordered, Failed> {
        Ok(self.unordered(Kind::Seq))
    }

    fn serialize_tuple(self, len: usize) -> Result<Ordered, Failed> {
        Ok(self.ordered(narrow(Kind::Tuple, len as u64)))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Ordered, Failed> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _type: &'static str,
        index: u32,
        name: &'static str,
        _len: usize,
    ) -> Result<Ordered, Failed> {
        Ok(self.ordered(variant(index, name)))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Unordered, Failed> {
        Ok(self.unordered(Kind::Map))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Ordered, Failed> {
        Ok(self.ordered(narrow(Kind::Struct, 0)))
    }

    fn serialize_struct_variant(
        self,
        _type: &'static str,
        index: u32,
        name: &'static str,
        _len: usize,
    ) -> Result<Ordered, Failed> {
        Ok(self.ordered(variant(index, name)))
    }

    fn is_human_readable(&self) -> bool {
        self.human_readable
    }
}

impl ser::SerializeSeq for Unordered {
    type Ok = u64;
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.add(0, value)
    }

    fn end(self) -> Result<u64, Failed> {
        Ok(self.end())
    }
}

impl ser::SerializeMap for Unordered {
    type Ok = u64;
    type Error = Failed;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failed> {
        self.key = key.serialize(self.digester)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.add(self.key, value)
    }

    fn end(self) -> Result<u64, Failed> {
        Ok(self.end())
    }
}

macro_rules! in_order {
    ($($name:ident $method:ident;)*) => {
        $(impl ser::$name for Ordered {
            type Ok = u64;
            type Error = Failed;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
                self.add("", value)
            }

            fn end(self) -> Result<u64, Failed> {
                Ok(self.digest)
            }
        })*
    };
}

in_order! {
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! by_name {
    ($($name:ident;)*) => {
        $(impl ser::$name for Ordered {
            type Ok = u64;
            type Error = Failed;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Failed> {
                self.add(name, value)
            }

            fn end(self) -> Result<u64, Failed> {
                Ok(self.digest)
            }
        })*
    };
}

by_name! {
    SerializeStruct;
    SerializeStructVariant;
}
