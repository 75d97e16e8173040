//! MessagePack from a caller, through the dispatch of a typed service.
#![no_main]

use std::{cell::LazyCell, collections::BTreeMap};

use bytes::Bytes;
use rpcnet::{ErrorKind, Executed, InProcess};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

/// Every shape that serde has, one of which nests without an end.
#[derive(Debug, Serialize, Deserialize)]
pub enum Anything {
    Nothing,
    Number(i64),
    Real(f64),
    Text(String),
    Flag { on: bool, name: Option<char> },
    Binary(Bytes),
    Numbers(Vec<u8>),
    Map(BTreeMap<String, u16>),
    Tuple(u8, i8, (u32, String)),
    Nested(Vec<Anything>),
}

#[rpcnet::service]
pub trait Fuzz {
    async fn nothing(&self) -> Result<(), String>;
    async fn anything(&self, value: Anything) -> Result<Anything, String>;
    async fn several(&self, a: u8, text: String, rest: Vec<Option<Bytes>>) -> Result<u64, String>;
}

#[derive(Clone)]
struct Echo;

impl Fuzz for Echo {
    async fn nothing(&self) -> Result<(), String> {
        Ok(())
    }

    async fn anything(&self, value: Anything) -> Result<Anything, String> {
        Ok(value)
    }

    async fn several(&self, a: u8, text: String, rest: Vec<Option<Bytes>>) -> Result<u64, String> {
        Ok(u64::from(a) + (text.len() + rest.len()) as u64)
    }
}

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    });
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((method, message)) = data.split_first() else {
        return;
    };
    let method = ["Fuzz.nothing", "Fuzz.anything", "Fuzz.several"][usize::from(*method) % 3];
    RUNTIME.with(|runtime| {
        let services = InProcess::new(FuzzServer::new(Echo));
        let answer = runtime.block_on(services.call(method, message.to_vec()));
        if let Err(error) = answer {
            assert_eq!((error.kind(), error.executed()), (ErrorKind::Serialization, Executed::No), "{error}");
        }
    });
});
