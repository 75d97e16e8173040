//! A declarative macro may write services.
#![deny(warnings)]

macro_rules! store_of {
    ($name:ident, $item:ty, $wire:literal, $deadline:literal) => {
        #[rpcnet::service(name = $wire)]
        pub trait $name {
            #[rpc(deadline = $deadline)]
            async fn get(&self, key: u64) -> Result<$item, String>;
            async fn put(&self, key: u64, item: $item) -> Result<(), String>;
        }
    };
}

store_of!(Numbers, Vec<u64>, "store.Numbers", "250ms");
store_of!(Names, String, "store.Names", "1s");

fn main() {
    assert_eq!(NamesMethods::get.name(), "store.Names.get");
}
