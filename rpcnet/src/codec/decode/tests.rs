//! The reader against rmp-serde, which writes what it reads.

use std::{collections::BTreeMap, fmt::Debug};

use bytes::Bytes;
use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    whole: (u8, u16, u32, u64, i8, i16, i32, i64),
    wide: (u128, i128),
    real: (f32, f64),
    flag: bool,
    letter: char,
    text: String,
    bytes: Bytes,
    numbers: Vec<u8>,
    optional: Option<Box<Everything>>,
    list: Vec<Variants>,
    map: BTreeMap<String, i32>,
    unit: (),
    marker: Marker,
    wrapped: Wrapped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Marker;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Variants {
    Plain,
    One(String),
    Two(u8, Option<u8>),
    Named { a: u64, b: Bytes },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Nested {
    Deeper(Box<Nested>),
    End,
}

fn variants() -> impl Strategy<Value = Variants> {
    prop_oneof![
        Just(Variants::Plain),
        any::<String>().prop_map(Variants::One),
        any::<(u8, Option<u8>)>().prop_map(|(a, b)| Variants::Two(a, b)),
        (any::<u64>(), any::<Vec<u8>>()).prop_map(|(a, b)| Variants::Named { a, b: b.into() }),
    ]
}

fn flat() -> impl Strategy<Value = Everything> {
    let numbers = (any::<(u8, u16, u32, u64, i8, i16, i32, i64)>(), any::<(u128, i128)>(), any::<(i32, i32)>());
    let texts = (any::<char>(), ".{0,40}", any::<Vec<u8>>(), any::<Vec<u8>>());
    let containers = (
        prop::collection::vec(variants(), 0..20),
        prop::collection::btree_map(".{0,40}", any::<i32>(), 0..20),
        any::<(bool, u32)>(),
    );
    (numbers, texts, containers).prop_map(|(numbers, texts, (list, map, (flag, wrapped)))| {
        let (letter, text, bytes, numbers_of_bytes) = texts;
        Everything {
            whole: numbers.0,
            wide: numbers.1,
            real: (numbers.2.0 as f32, f64::from(numbers.2.1)),
            flag,
            letter,
            text,
            bytes: bytes.into(),
            numbers: numbers_of_bytes,
            optional: None,
            list,
            map,
            unit: (),
            marker: Marker,
            wrapped: Wrapped(wrapped),
        }
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    (flat(), prop::option::of(flat())).prop_map(|(outer, inner)| Everything { optional: inner.map(Box::new), ..outer })
}

fn decoded<T: DeserializeOwned>(message: &[u8]) -> Result<T, DecodeError> {
    read(Cursor::new(message, &[]))
}

/// The same from pieces that end at the cuts.
fn decoded_in_pieces<T: DeserializeOwned>(message: &[u8], cuts: &[usize]) -> Result<T, DecodeError> {
    let mut rest = Bytes::copy_from_slice(message);
    let mut pieces: Vec<Bytes> = cuts.iter().map(|cut| rest.split_to((*cut).min(rest.len()))).collect();
    pieces.push(rest);
    read(Cursor::new(&[], &pieces))
}

fn is_read_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
    cuts: &[usize],
) -> Result<(), TestCaseError> {
    let mut named = Vec::new();
    crate::codec::encode(value, &mut named).expect("a value that can be encoded");
    let positional = rmp_serde::to_vec(value).expect("a value that can be encoded");
    for message in [named, positional] {
        prop_assert_eq!(&decoded::<T>(&message).expect("what was written"), value);
        prop_assert_eq!(&decoded_in_pieces::<T>(&message, cuts).expect("what was written"), value);
        for end in 0..message.len().min(300) {
            prop_assert!(decoded::<T>(&message[..end]).is_err(), "a value cut short is none");
            prop_assert!(decoded_in_pieces::<T>(&message[..end], cuts).is_err(), "nor is it in pieces");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_rmp_serde_writes_is_read_back(
        value in everything(),
        cuts in prop::collection::vec(0_usize..60, 0..20),
    ) {
        is_read_back(&value, &cuts)?;
    }

    #[test]
    fn arbitrary_bytes_are_read_as_rmp_serde_reads_them(
        message in prop::collection::vec(any::<u8>(), 0..60),
        cuts in prop::collection::vec(0_usize..10, 0..10),
    ) {
        fn compare<T: DeserializeOwned + PartialEq + Debug>(
            message: &[u8],
            cuts: &[usize],
        ) -> Result<(), TestCaseError> {
            let own = decoded::<T>(message).ok();
            prop_assert_eq!(&own, &rmp_serde::from_slice::<T>(message).ok());
            prop_assert_eq!(&own, &decoded_in_pieces::<T>(message, cuts).ok());
            Ok(())
        }
        compare::<Vec<Option<u64>>>(&message, &cuts)?;
        compare::<BTreeMap<u8, Bytes>>(&message, &cuts)?;
        compare::<(i64, String)>(&message, &cuts)?;
        compare::<Vec<u8>>(&message, &cuts)?;
        compare::<(u64, i32, bool, f64)>(&message, &cuts)?;
        let _ = decoded::<Everything>(&message);
        let _ = decoded::<de::IgnoredAny>(&message);
    }

    #[test]
    fn fields_are_found_in_any_order_among_others_and_never_twice(
        fields in prop::collection::vec((prop::sample::select(vec!["a", "bb", "c", "x", ""]), any::<u8>()), 0..6),
        cuts in prop::collection::vec(0_usize..4, 0..10),
    ) {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Fields {
            a: u8,
            bb: u8,
            c: Option<u8>,
        }
        let mut message = vec![0x80 | fields.len() as u8];
        for (name, value) in fields {
            crate::codec::encode(&name, &mut message).expect("a string");
            crate::codec::encode(&value, &mut message).expect("a number");
        }
        let own = decoded::<Fields>(&message).ok();
        prop_assert_eq!(&own, &rmp_serde::from_slice::<Fields>(&message).ok());
        prop_assert_eq!(&own, &decoded_in_pieces::<Fields>(&message, &cuts).ok());
    }

    #[test]
    fn what_a_type_does_not_know_is_passed_over(
        value in everything(),
        cuts in prop::collection::vec(0_usize..60, 0..20),
    ) {
        let mut message = Vec::new();
        crate::codec::encode(&(value, 7_u8), &mut message).expect("a value that can be encoded");
        let pair = decoded::<(de::IgnoredAny, u8)>(&message).expect("the second is known");
        prop_assert_eq!(pair.1, 7);
        let pair = decoded_in_pieces::<(de::IgnoredAny, u8)>(&message, &cuts).expect("the second is known");
        prop_assert_eq!(pair.1, 7);
    }
}

#[test]
fn extensions_are_read_as_rmp_serde_reads_them() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "_ExtStruct")]
    struct Timestamp((i8, Bytes));
    for length in [1, 2, 3, 4, 8, 16, 17, 300, 70_000] {
        let value = Timestamp((-1, vec![5; length].into()));
        let message = rmp_serde::to_vec(&value).expect("an extension");
        assert_eq!(decoded::<Timestamp>(&message).expect("what was written"), value);
        assert_eq!(decoded_in_pieces::<Timestamp>(&message, &[1, 1, 1, 1]).expect("what was written"), value);
        assert!(decoded::<de::IgnoredAny>(&message).is_ok());
        assert!(decoded::<Timestamp>(&message[..message.len() - 1]).is_err());
    }
}

#[test]
fn a_large_payload_in_pieces_is_put_together_once() {
    let payload = Bytes::from(vec![7; 200_000]);
    let mut message = Vec::new();
    crate::codec::encode(&(3_u64, &payload), &mut message).expect("a value that can be encoded");
    let (number, read) = decoded_in_pieces::<(u64, Bytes)>(&message, &[1_000; 150]).expect("what was written");
    assert_eq!((number, read), (3, payload));
}

#[test]
fn values_nested_without_end_are_refused_and_do_not_overflow_the_stack() {
    const DEEP: usize = 1_000_000;
    let enums = [0x81, 0xa6, b'D', b'e', b'e', b'p', b'e', b'r'].repeat(DEEP);
    assert!(matches!(decoded::<Nested>(&enums), Err(DecodeError::TooDeep)));
    #[derive(Debug, Deserialize)]
    struct List(#[allow(dead_code, reason = "only ever refused")] Vec<List>);
    assert!(matches!(decoded::<List>(&[0x91].repeat(DEEP)), Err(DecodeError::TooDeep)));
    // Passing over them takes no stack at all.
    let ignored = [[0x91].repeat(DEEP), vec![0xc0]].concat();
    assert!(decoded::<de::IgnoredAny>(&ignored).is_ok());
}

#[test]
fn types_that_wrap_themselves_without_end_are_refused_and_do_not_overflow_the_stack() {
    #[derive(Debug, Deserialize)]
    struct Endless(#[allow(dead_code, reason = "only ever refused")] Option<Box<Endless>>);
    assert!(matches!(decoded::<Endless>(&[7]), Err(DecodeError::TooDeep)));
    assert!(decoded::<Endless>(&[0xc0]).is_ok(), "nothing is a value of it");
}

#[test]
fn values_whose_parts_are_optional_are_read_as_deep_as_others() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Link(Option<Box<List>>);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct List {
        rest: Link,
    }
    let mut value = List { rest: Link(None) };
    for _ in 1..DEPTH_MAX {
        value = List { rest: Link(Some(Box::new(value))) };
    }
    let mut message = Vec::new();
    crate::codec::encode(&value, &mut message).expect("a value that can be encoded");
    assert_eq!(decoded::<List>(&message).expect("just deep enough"), value);
}

#[test]
fn values_nested_as_deep_as_allowed_are_read() {
    let mut value = Nested::End;
    for _ in 0..DEPTH_MAX {
        value = Nested::Deeper(Box::new(value));
    }
    let mut message = Vec::new();
    crate::codec::encode(&value, &mut message).expect("a value that can be encoded");
    assert_eq!(decoded::<Nested>(&message).expect("just deep enough"), value);
}

#[test]
fn a_length_that_the_message_does_not_have_allocates_nothing() {
    for marker in [0xc6, 0xdb, 0xdd, 0xdf] {
        let message = [marker, 0xff, 0xff, 0xff, 0xff];
        assert!(decoded::<Vec<u64>>(&message).is_err());
        assert!(decoded::<Bytes>(&message).is_err());
        assert!(decoded_in_pieces::<Bytes>(&message, &[2, 1]).is_err());
    }
}

#[test]
fn an_error_says_what_is_wrong() {
    let missing = decoded::<Wrapped>(&[0xc1]).expect_err("0xc1 is never used in MessagePack");
    assert!(missing.to_string().contains("0xc1"), "{missing}");
    let wrong = decoded::<u8>(&[0xa1, b'x']).expect_err("a string is no number");
    assert!(wrong.to_string().contains("0xa1"), "{wrong}");
}

#[test]
fn fields_and_variants_are_found_where_serde_asks_for_them_in_its_own_ways() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Point { x: u8 },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        inner: String,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        tagged: Tagged,
        #[serde(flatten)]
        known: Inner,
        #[serde(flatten)]
        others: BTreeMap<String, u8>,
    }
    let others = BTreeMap::from([("other".to_owned(), 2)]);
    let flat = Flat { tagged: Tagged::Point { x: 1 }, known: Inner { inner: "in".to_owned() }, others };
    let mut message = Vec::new();
    crate::codec::encode(&flat, &mut message).expect("a value that can be encoded");
    assert_eq!(decoded::<Flat>(&message).expect("what was written"), flat);
    assert_eq!(decoded_in_pieces::<Flat>(&message, &[1; 40]).expect("what was written"), flat);
}
