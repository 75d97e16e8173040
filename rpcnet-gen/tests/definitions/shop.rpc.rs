//! A shop: every shape of a method, and every option.
#![allow(clippy::upper_case_acronyms)]

// Comments stay where the types are.
use std::collections::BTreeMap;

use rpcnet::{Streaming, prelude::Stream};
use serde::{Deserialize, Serialize};

/// The version of the definition.
pub const VERSION: u32 = 3;

/// What is sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its name.
    pub name: String, // as on the shelf
    #[serde(default = "one")]
    pub amount: u32,
    pub tags: Tags,
}

fn one() -> u32 {
    1
}

/// What is said of an item.
pub type Tags = BTreeMap<String, String>;

impl Item {
    /// So many of `name`.
    pub fn new(name: &str, amount: u32) -> Self {
        Self { name: name.to_owned(), amount, tags: Tags::new() }
    }
}

/// Why the shop says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ShopError {
    SoldOut,
    Unknown(inner::Name),
}

/// What the shop answers.
pub type ShopResult<T> = Result<T, ShopError>;

pub mod inner {
    pub type Name = super::Alias;
}

/// Named from the module within.
pub type Alias = String;

/// Sells.
#[rpcnet::service(name = "corner.Shop")]
pub trait Shop {
    /// How many there are.
    #[rpc(idempotent, deadline = "2s", rename = "howMany")]
    async fn count(&self, name: String) -> ShopResult<u32>;

    #[rpc(no_cancel, deadline = "1500us")]
    async fn buy(&self, item: Item, r#type: Option<inner::Name>) -> Result<Item, ShopError>;

    /// All there is.
    async fn shelves(&self) -> Result<impl Stream<Item = ShopResult<Item>>, ShopError>;

    /// Fills the shelves.
    async fn deliver(&self, from: String, items: Streaming<Item>) -> Result<u32, self::ShopError>;

    /// Answers each name with what there is of it.
    async fn haggle(&self, names: rpcnet::Streaming<String>) -> ShopResult<impl Stream<Item = ShopResult<Item>>>;

    #[deprecated = "nobody asks"]
    async fn open(&self) -> ShopResult<bool>;

    #[cfg(any())]
    async fn never(&self, missing: Missing) -> ShopResult<()>;
}

/// Watches.
#[rpcnet::service]
pub trait ShopAudit {
    async fn sold(&self, since: u64) -> ShopResult<Vec<Item>>;
}
