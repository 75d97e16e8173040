//! A method's arguments as one message: a map from argument name to value.
//!
//! The macro hands arguments over as a tuple and names beside it, so that it needs to generate no struct (and
//! no derive, which would cost far more compile time than these impls).

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Serializer as _,
    de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
    forward_to_deserialize_any,
    ser::SerializeMap,
};

use super::{
    Body,
    decode::{DecodeError, Decoder},
};
use crate::{ErrorKind, Executed, RpcError, outcome::Payload};

/// The arguments of one call, as a tuple. Implemented for up to 16.
#[diagnostic::on_unimplemented(
    message = "these arguments can't cross the wire",
    note = "every argument's type must derive `serde::Serialize` and `serde::Deserialize`; at most 16 arguments are supported"
)]
pub trait Arguments: Send + Sized {
    /// Appends the map of `names` and these values to `out`.
    #[doc(hidden)]
    fn encode(&self, names: &[&'static str], out: &mut Vec<u8>) -> Result<(), RpcError>;

    /// Reads the map of `names` to values.
    #[doc(hidden)]
    fn decode(names: &'static [&'static str], message: &Body) -> Result<Self, RpcError>;
}

macro_rules! tuples {
    ($(($($T:ident $value:ident $index:tt),*))*) => {$(
        impl<$($T: Payload),*> Arguments for ($($T,)*) {
            #[allow(unused_variables, unused_mut)]
            fn encode(&self, names: &[&'static str], out: &mut Vec<u8>) -> Result<(), RpcError> {
                let mut serializer = super::serializer(out);
                let mut map = serializer.serialize_map(Some(names.len())).map_err(not_encoded)?;
                $(
                    map.serialize_entry(names[$index], &self.$index)
                        .map_err(|error| argument_not_encoded(names[$index], error))?;
                )*
                map.end().map_err(not_encoded)
            }

            fn decode(names: &'static [&'static str], message: &Body) -> Result<Self, RpcError> {
                struct Map<$($T),*>(&'static [&'static str], PhantomData<($($T,)*)>);

                impl<'de, $($T: Deserialize<'de>),*> Visitor<'de> for Map<$($T),*> {
                    type Value = ($($T,)*);

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "a map with the arguments {:?}", self.0)
                    }

                    #[allow(unused_mut)]
                    fn visit_map<Access: MapAccess<'de>>(self, mut map: Access) -> Result<Self::Value, Access::Error> {
                        $(let mut $value: Option<$T> = None;)*
                        while let Some(index) = map.next_key_seed(NameIn(self.0))? {
                            match index {
                                $(Some($index) if $value.is_none() => $value = Some(map.next_value()?),)*
                                Some(index) => return Err(de::Error::duplicate_field(self.0[index])),
                                None => { map.next_value::<IgnoredAny>()?; }
                            }
                        }
                        Ok(($(match $value { Some(value) => value, None => missing(self.0[$index])? },)*))
                    }
                }

                let mut decoder = Decoder::new(message.into());
                decoder.deserialize_map(Map(names, PhantomData)).map_err(not_decoded)
            }
        }
    )*};
}

tuples! {
    ()
    (A a 0)
    (A a 0, B b 1)
    (A a 0, B b 1, C c 2)
    (A a 0, B b 1, C c 2, D d 3)
    (A a 0, B b 1, C c 2, D d 3, E e 4)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14)
    (A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14,
        P p 15)
}

/// Reads a key of the map as its place among the argument names; `None` for a name that is not among them.
struct NameIn(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for NameIn {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameIn {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an argument")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }

    fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| known.as_bytes() == name))
    }
}

/// What an argument is that the caller did not send: `None` if it is an `Option`, else an error. It is how
/// serde's derive treats a missing field.
fn missing<'de, T: Deserialize<'de>, E: de::Error>(name: &'static str) -> Result<T, E> {
    struct Missing<E>(&'static str, PhantomData<E>);

    impl<'de, E: de::Error> Deserializer<'de> for Missing<E> {
        type Error = E;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
            Err(de::Error::custom(format_args!("missing argument `{}`", self.0)))
        }

        fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            visitor.visit_none()
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
            newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    T::deserialize(Missing(name, PhantomData))
}

fn not_encoded(error: rmp_serde::encode::Error) -> RpcError {
    RpcError::new(ErrorKind::Serialization, Executed::No, "the arguments can't be encoded").with_source(error)
}

fn argument_not_encoded(name: &str, error: rmp_serde::encode::Error) -> RpcError {
    let message = format!("the argument `{name}` can't be encoded");
    RpcError::new(ErrorKind::Serialization, Executed::No, message).with_source(error)
}

fn not_decoded(error: DecodeError) -> RpcError {
    RpcError::new(ErrorKind::Serialization, Executed::No, "the arguments can't be decoded").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded<A: Arguments>(names: &'static [&'static str], arguments: &A) -> Vec<u8> {
        let mut out = Vec::new();
        arguments.encode(names, &mut out).expect("arguments that can be encoded");
        out
    }

    fn body<A: Arguments>(names: &'static [&'static str], arguments: &A) -> Body {
        encoded(names, arguments).into()
    }

    #[test]
    fn arguments_travel_as_a_map_of_their_names() {
        assert_eq!(encoded(&["a", "b"], &(1_u8, "x".to_owned())), [0x82, 0xa1, b'a', 1, 0xa1, b'b', 0xa1, b'x']);
        assert_eq!(encoded(&[], &()), [0x80]);
    }

    #[test]
    fn arguments_are_found_by_name_in_any_order() {
        let body = body(&["b", "later", "a"], &(2_u8, "skipped".to_owned(), 1_u8));
        assert_eq!(<(u8, u8)>::decode(&["a", "b"], &body).expect("both are there"), (1, 2));
    }

    #[test]
    fn a_missing_option_is_none_and_another_missing_argument_is_an_error_that_names_it() {
        let body = body(&["a"], &(1_u8,));
        assert_eq!(<(u8, Option<u8>)>::decode(&["a", "b"], &body).expect("b is optional"), (1, None));
        let error = <(u8, u8)>::decode(&["a", "b"], &body).expect_err("b is missing");
        assert!(error.to_string().contains("missing argument `b`"), "{error}");
    }

    #[test]
    fn garbage_and_a_twice_given_argument_are_errors() {
        assert!(<(u8,)>::decode(&["a"], &Body::from(vec![0xc1])).is_err());
        assert!(<(u8,)>::decode(&["a"], &Body::default()).is_err());
        let twice = [0x82, 0xa1, b'a', 1, 0xa1, b'a', 2];
        assert!(<(u8,)>::decode(&["a"], &twice.to_vec().into()).expect_err("twice").to_string().contains("duplicate"));
    }
}
