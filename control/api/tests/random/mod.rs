//! Any value of any type that can be deserialized: a deserializer that makes up what it is asked for.

use serde::de::value::{Error, U32Deserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, SeqAccess,
    VariantAccess, Visitor,
};
use std::collections::BTreeSet;

/// Makes up values; the same seed makes the same ones.
pub struct Random {
    state: u64,
    /// The variants of enumerations that were chosen: `Request::stop`.
    pub chosen: BTreeSet<String>,
    /// Those that there are.
    pub known: BTreeSet<String>,
}

/// Texts that some types ask for, and some that are hard to carry.
const TEXTS: [&str; 8] = ["", "80-443", "7", "lan", "two words", "ü\n\"\\\0", "-", "𝄞"];

impl Random {
    pub fn new(seed: u64) -> Random {
        Random { state: seed | 1, chosen: BTreeSet::new(), known: BTreeSet::new() }
    }

    /// A value of this type. What it refuses (a prefix of 99 bits) is made up again.
    pub fn value<T: for<'de> Deserialize<'de>>(&mut self) -> T {
        (0..10_000).find_map(|_| T::deserialize(&mut *self).ok()).expect("one in thousands is accepted")
    }

    /// Less than `end`. The generator is splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Small, large or anything.
    fn number(&mut self, most: u64) -> u64 {
        match self.below(4) {
            0 => 0,
            1 => self.below(33).min(most),
            2 => most,
            _ => self.bits() & most,
        }
    }
}

/// So many elements.
struct Elements<'a>(&'a mut Random, u64);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.1.checked_sub(1) else { return Ok(None) };
        self.1 = left;
        seed.deserialize(&mut *self.0).map(Some)
    }
}

impl<'de> serde::de::MapAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        SeqAccess::next_element_seed(self, seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.0)
    }
}

/// This variant.
struct Variant<'a>(&'a mut Random, u32);

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let index: U32Deserializer<Error> = self.1.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Elements(self.0, len as u64))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Elements(self.0, fields.len() as u64))
    }
}

/// A number of a type.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.number(u64::MAX) as $type)
        }
    )*};
}

macro_rules! small_numbers {
    ($($method:ident $visit:ident $type:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let number = self.number(<$type>::MAX.into());
            visitor.$visit(number as $type)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Random {
    type Error = Error;

    numbers! { deserialize_i64 visit_i64 i64 deserialize_u64 visit_u64 u64 }
    small_numbers! { deserialize_u8 visit_u8 u8 deserialize_u16 visit_u16 u16 deserialize_u32 visit_u32 u32 }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("what kind of value is not said"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.below(2) == 1)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let index = self.below(TEXTS.len() as u64);
        visitor.visit_str(TEXTS[index as usize])
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.below(3) == 0 { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let length = self.below(4);
        visitor.visit_seq(Elements(self, length))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let length = self.below(4);
        visitor.visit_map(Elements(self, length))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Elements(self, length as u64))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_seq(Elements(self, fields.len() as u64))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.known.extend(variants.iter().map(|variant| format!("{name}::{variant}")));
        let index = self.below(variants.len() as u64) as usize;
        let chosen = format!("{name}::{}", variants[index]);
        let value = visitor.visit_enum(Variant(self, index as u32))?;
        self.chosen.insert(chosen);
        Ok(value)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit_struct tuple_struct identifier ignored_any
    }
}
