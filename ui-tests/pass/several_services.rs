//! One module has several services, and one value may serve them all.
#![deny(warnings)]

#[rpcnet::service]
pub trait Reader {
    async fn get(&self, key: String) -> Result<Option<u64>, String>;
}

#[rpcnet::service(name = "store.Writer")]
pub trait Writer: std::fmt::Debug {
    async fn get(&self, key: String) -> Result<u64, String>;
    async fn put(&self, key: String, value: u64) -> Result<(), String>;
}

#[derive(Clone, Debug)]
struct Store;

impl Reader for Store {
    async fn get(&self, _: String) -> Result<Option<u64>, String> {
        Ok(None)
    }
}

impl Writer for Store {
    async fn get(&self, key: String) -> Result<u64, String> {
        Err(key)
    }

    async fn put(&self, _: String, _: u64) -> Result<(), String> {
        Ok(())
    }
}

fn main() {
    let store = std::sync::Arc::new(Store);
    let _reader = ReaderServer::from_arc(store.clone());
    let _writer = WriterServer::from_arc(store).clone();
    assert_eq!(WriterMethods::put.name(), "store.Writer.put");
}
