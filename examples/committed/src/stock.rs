//! The server's side: what is on the shelves.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rpcnet::{prelude::*, stream};

use crate::shop::{Item, Shop, ShopError, ShopResult};

/// What there is, by name.
#[derive(Default)]
pub(crate) struct Stock {
    amounts: Mutex<BTreeMap<String, u32>>,
}

impl Stock {
    fn amounts(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.amounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn amount(&self, name: &str) -> u32 {
        self.amounts().get(name).copied().unwrap_or_default()
    }
}

impl Shop for Stock {
    async fn count(&self, name: String) -> ShopResult<u32> {
        Ok(self.amount(&name))
    }

    async fn buy(&self, item: Item) -> ShopResult<Item> {
        let mut amounts = self.amounts();
        let amount = amounts.entry(item.name.clone()).or_default();
        *amount = amount.checked_sub(item.amount).ok_or(ShopError::SoldOut)?;
        Ok(item)
    }

    async fn shelves(&self) -> ShopResult<impl Stream<Item = ShopResult<Item>>> {
        let items: Vec<_> = self.amounts().iter().map(|(name, amount)| Ok(Item::new(name, *amount))).collect();
        Ok(stream::iter(items))
    }

    async fn deliver(&self, _from: String, mut items: Streaming<Item>) -> ShopResult<u32> {
        let mut delivered = 0;
        while let Some(item) = items.next().await {
            let item = item.map_err(|_| ShopError::Interrupted)?;
            *self.amounts().entry(item.name).or_default() += item.amount;
            delivered += 1;
        }
        Ok(delivered)
    }

    async fn ask(&self, names: Streaming<String>) -> ShopResult<impl Stream<Item = ShopResult<Item>>> {
        Ok(names.map(|name| {
            let name = name.map_err(|_| ShopError::Interrupted)?;
            Ok(Item::new(&name, self.amount(&name)))
        }))
    }

    async fn open(&self) -> ShopResult<bool> {
        Ok(true)
    }
}
