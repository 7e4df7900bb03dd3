//! The parts of sample structs, lists, maps and enums.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::plan::Run;
use super::rejected::Rejected;

/// Elements, each traced.
#[derive(Debug)]
pub(super) struct ListSamples<'r> {
    run: &'r mut Run,
    left: usize,
}

impl<'r> ListSamples<'r> {
    pub(super) fn new(run: &'r mut Run, count: usize) -> Self {
        ListSamples { run, left: count }
    }
}

impl<'de> SeqAccess<'de> for ListSamples<'_> {
    type Error = Rejected;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Rejected> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.run).map(Some)
    }
}

/// A struct's fields in order.
#[derive(Debug)]
pub(super) struct FieldSamples<'r> {
    values: ListSamples<'r>,
    point: usize,
}

impl<'r> FieldSamples<'r> {
    pub(super) fn new(run: &'r mut Run, count: usize) -> Self {
        let point = run.filled_point();
        FieldSamples { values: ListSamples::new(run, count), point }
    }
}

impl<'de> SeqAccess<'de> for FieldSamples<'_> {
    type Error = Rejected;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Rejected> {
        self.values.run.keep_form(self.point);
        self.values.next_element_seed(seed)
    }
}

/// Entries of a map.
#[derive(Debug)]
pub(super) struct MapSamples<'r> {
    run: &'r mut Run,
    keys: std::vec::IntoIter<&'static str>,
    /// Whether one entry with a traced key is still to come.
    one: bool,
}

impl<'r> MapSamples<'r> {
    /// One entry, its key traced as its value is.
    pub(super) fn of_one(run: &'r mut Run) -> Self {
        MapSamples { run, keys: Vec::new().into_iter(), one: true }
    }

    /// An entry for each key.
    pub(super) fn of_keys(run: &'r mut Run, keys: Vec<&'static str>) -> Self {
        MapSamples { run, keys: keys.into_iter(), one: false }
    }
}

impl<'de> MapAccess<'de> for MapSamples<'_> {
    type Error = Rejected;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Rejected> {
        if std::mem::take(&mut self.one) {
            return seed.deserialize(&mut *self.run).map(Some);
        }
        let Some(key) = self.keys.next() else {
            return Ok(None);
        };
        self.run.record_names("key", key)?;
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Rejected> {
        seed.deserialize(&mut *self.run)
    }
}

/// One variant of an enum.
#[derive(Debug)]
pub(super) struct EnumSamples<'r> {
    run: &'r mut Run,
    variant: &'static str,
}

impl<'r> EnumSamples<'r> {
    pub(super) fn new(run: &'r mut Run, variant: &'static str) -> Self {
        EnumSamples { run, variant }
    }
}

impl<'de> EnumAccess<'de> for EnumSamples<'_> {
    type Error = Rejected;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Rejected> {
        let variant = seed.deserialize(StrDeserializer::<Rejected>::new(self.variant))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for EnumSamples<'_> {
    type Error = Rejected;

    fn unit_variant(self) -> Result<(), Rejected> {
        self.run.record("unit variant")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Rejected> {
        self.run.record("newtype variant")?;
        seed.deserialize(&mut *self.run)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Rejected> {
        self.run.record("tuple variant")?;
        self.run.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Rejected> {
        self.run.record_names("struct variant", fields)?;
        self.run.fields(fields, visitor)
    }
}
