//! A run as a deserializer without input. It records each request, and answers it with a sample.

use serde::de::{Deserializer, Visitor};

use super::access::{EnumSamples, FieldSamples, ListSamples, MapSamples};
use super::plan::Run;
use super::rejected::Rejected;
use super::samples::{ANY, Any, BYTE_LENGTHS, TEXTS};

impl Run {
    /// The fields of a struct or variant, as a list of values or, where the type takes no list, as a map.
    pub(super) fn fields<'de, V: Visitor<'de>>(
        &mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        let value = if self.enter("fields", 2)? == 0 {
            visitor.visit_seq(FieldSamples::new(self, fields.len()))?
        } else {
            visitor.visit_map(MapSamples::of_keys(self, fields.to_vec()))?
        };
        self.leave();
        Ok(value)
    }

    fn elements<'de, V: Visitor<'de>>(&mut self, count: usize, visitor: V) -> Result<V::Value, Rejected> {
        self.enter("elements", 1)?;
        let value = visitor.visit_seq(ListSamples::new(self, count))?;
        self.leave();
        Ok(value)
    }

    fn map<'de, V: Visitor<'de>>(&mut self, with_sample: bool, visitor: V) -> Result<V::Value, Rejected> {
        let keys = self.enter_map();
        let value = if keys.is_empty() && with_sample {
            visitor.visit_map(MapSamples::of_one(self))?
        } else {
            visitor.visit_map(MapSamples::of_keys(self, keys))?
        };
        self.leave_map();
        Ok(value)
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $name:literal $samples:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
            let samples = $samples;
            let chosen = self.choose($name, samples.len())?;
            visitor.$visit(samples[chosen])
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Run {
    type Error = Rejected;

    numbers! {
        deserialize_bool visit_bool "bool" [false, true];
        deserialize_i8 visit_i8 "i8" [0, 1];
        deserialize_i16 visit_i16 "i16" [0, 1];
        deserialize_i32 visit_i32 "i32" [0, 1];
        deserialize_i64 visit_i64 "i64" [0, 1];
        deserialize_i128 visit_i128 "i128" [0, 1];
        deserialize_u8 visit_u8 "u8" [0, 1];
        deserialize_u16 visit_u16 "u16" [0, 1];
        deserialize_u32 visit_u32 "u32" [0, 1];
        deserialize_u64 visit_u64 "u64" [0, 1];
        deserialize_u128 visit_u128 "u128" [0, 1];
        deserialize_f32 visit_f32 "f32" [0.0, 1.0];
        deserialize_f64 visit_f64 "f64" [0.0, 1.0];
        deserialize_char visit_char "char" ['a'];
        deserialize_str visit_str "text" TEXTS;
        deserialize_string visit_str "text" TEXTS;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        let value = match ANY[self.enter("any", ANY.len())?] {
            Any::Number => visitor.visit_u64(0),
            Any::Text => visitor.visit_str(""),
            Any::Flag => visitor.visit_bool(false),
            Any::List => visitor.visit_seq(ListSamples::new(self, 0)),
            Any::Map => self.map(false, visitor),
            Any::Fraction => visitor.visit_f64(0.5),
            Any::Nothing => visitor.visit_unit(),
        }?;
        self.leave();
        Ok(value)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        let chosen = self.choose("bytes", BYTE_LENGTHS.len())?;
        visitor.visit_bytes(&vec![0; BYTE_LENGTHS[chosen]])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        let can_fill = !self.recurs();
        let chosen = self.enter("option", if can_fill { 2 } else { 1 })?;
        let value =
            if can_fill && chosen == 0 { visitor.visit_some(&mut *self)? } else { visitor.visit_none()? };
        self.leave();
        Ok(value)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        self.record("unit")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        self.record_names("unit struct", name)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        self.record_names("newtype", name)?;
        self.enter("of", 1)?;
        self.open((name, &[]));
        let value = visitor.visit_newtype_struct(&mut *self)?;
        self.close();
        self.leave();
        Ok(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        let can_fill = !self.recurs();
        let chosen = self.enter("list", if can_fill { 2 } else { 1 })?;
        let count = usize::from(can_fill && chosen == 0);
        let value = visitor.visit_seq(ListSamples::new(self, count))?;
        self.leave();
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Rejected> {
        self.record_names("tuple", len)?;
        self.elements(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        self.record_names("tuple struct", (name, len))?;
        self.open((name, &[]));
        let value = self.elements(len, visitor)?;
        self.close();
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        let can_fill = !self.recurs();
        let chosen = self.enter("map", if can_fill { 2 } else { 1 })?;
        let value = self.map(can_fill && chosen == 0, visitor)?;
        self.leave();
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        self.record_names("struct", (name, fields))?;
        self.open((name, fields));
        let value = self.fields(fields, visitor)?;
        self.close();
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        self.record_names("enum", (name, variants))?;
        self.enter("variant", 1)?;
        let index = self.variant((name, variants));
        let Some(word) = variants.get(index) else {
            return Err(Rejected::Sample);
        };
        self.record_names("is", word)?;
        self.open((name, variants));
        let value = visitor.visit_enum(EnumSamples::new(self, word))?;
        self.close();
        self.leave();
        Ok(value)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        let word = self.word();
        self.record_names("word", word)?;
        visitor.visit_str(word)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Rejected> {
        visitor.visit_unit()
    }
}
