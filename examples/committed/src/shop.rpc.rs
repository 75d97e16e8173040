//! A corner shop, with a method of every shape.

use rpcnet::prelude::{Stream, Streaming};
use serde::{Deserialize, Serialize};

/// What is sold, and how many of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// As on the shelf.
    pub name: String,
    /// How many.
    pub amount: u32,
}

impl Item {
    /// So many of `name`.
    pub fn new(name: &str, amount: u32) -> Self {
        Self { name: name.to_owned(), amount }
    }
}

/// Why the shop says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ShopError {
    /// There are fewer than that.
    SoldOut,
    /// The delivery did not arrive whole.
    Interrupted,
}

/// What the shop answers.
pub type ShopResult<T> = Result<T, ShopError>;

/// Sells, and is delivered to.
#[rpcnet::service(name = "corner.Shop")]
pub trait Shop {
    /// How many there are.
    #[rpc(idempotent, deadline = "2s", rename = "howMany")]
    async fn count(&self, name: String) -> ShopResult<u32>;

    /// Takes from the shelf, also when the customer has gone meanwhile.
    #[rpc(no_cancel)]
    async fn buy(&self, item: Item) -> Result<Item, ShopError>;

    /// All there is.
    async fn shelves(&self) -> Result<impl Stream<Item = Result<Item, ShopError>>, ShopError>;

    /// Fills the shelves, and says how many items that were.
    async fn deliver(&self, from: String, items: Streaming<Item>) -> Result<u32, ShopError>;

    /// Answers each name with what there is of it.
    async fn ask(&self, names: Streaming<String>) -> ShopResult<impl Stream<Item = ShopResult<Item>>>;

    /// Whether the door is open.
    #[deprecated = "it always is"]
    async fn open(&self) -> ShopResult<bool>;
}
