//! A method takes from no to sixteen arguments of any serde types.
#![deny(warnings)]

use std::collections::BTreeMap;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Generic<T> {
    value: T,
}

#[rpcnet::service]
pub trait Counts {
    async fn none(&self) -> Result<(), ()>;
    async fn one(&self, one: Generic<Generic<u8>>) -> Result<Generic<BTreeMap<String, u8>>, Generic<()>>;
    async fn twelve(
        &self,
        a: u8,
        b: Option<u16>,
        c: (u32, char),
        d: [u64; 4],
        e: Vec<i8>,
        f: std::collections::HashMap<String, f64>,
        g: std::borrow::Cow<'static, str>,
        h: Box<u8>,
        i: bool,
        j: (),
        k: std::time::Duration,
        l: Result<u8, String>,
    ) -> Result<[u8; 32], std::num::NonZeroU8>;
}

#[allow(unused)]
async fn call(client: CountsClient) -> Result<(), Box<dyn std::error::Error>> {
    client.none().await.map_err(|_| "none")?;
    client.one(Generic { value: Generic { value: 1 } }).await.map_err(|_| "one")?;
    Ok(())
}

fn main() {}
