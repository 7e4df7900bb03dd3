//! One event for each kind of value.

use serde::ser::{self, Serialize};

use super::digester::{Digester, Ordered, Unordered};
use super::event::{Failed, Kind, leaf, narrow, variant, wide};

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
