//! The elements of sequences, maps, tuples and structs.

use serde::ser::{self, Serialize};

use super::digester::{Ordered, Unordered};
use super::event::Failed;

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
