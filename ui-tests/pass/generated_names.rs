//! Methods, arguments and types may have the names that generated code uses.
#![deny(warnings)]

pub mod deep {
    pub mod within {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct C(pub u8);
        pub type H = C;
        pub type S = C;

        #[rpcnet::service]
        pub trait Service {
            async fn call(&self, call: C, handle: H, caller: S) -> Result<C, S>;
            async fn unary(&self, method: self::C, handler: super::within::H) -> Result<crate::deep::within::C, ()>;
            async fn caller(&self, chunks: rpcnet::Streaming<S>, ) -> Result<u8, ()>;
            async fn serve(&self) -> Result<(), ()>;
            async fn handler(&self, config: u8, channel: u8, target: u8) -> Result<u8, ()>;
            async fn server_streaming(&self, client: u8) -> Result<(), ()>;
            async fn unknown_method(&self) -> Result<(), ()>;
            async fn clone(&self) -> Result<(), ()>;
        }
    }
}

use deep::within::{C, Service, ServiceClient, ServiceServer};

struct Served;

impl Service for Served {
    async fn call(&self, call: C, handle: C, caller: C) -> Result<C, C> {
        Ok(C(call.0 + handle.0 + caller.0))
    }
    async fn unary(&self, method: C, _handler: C) -> Result<C, ()> {
        Ok(method)
    }
    async fn caller(&self, _chunks: rpcnet::Streaming<C>) -> Result<u8, ()> {
        Ok(0)
    }
    async fn serve(&self) -> Result<(), ()> {
        Ok(())
    }
    async fn handler(&self, config: u8, channel: u8, target: u8) -> Result<u8, ()> {
        Ok(config + channel + target)
    }
    async fn server_streaming(&self, _client: u8) -> Result<(), ()> {
        Ok(())
    }
    async fn unknown_method(&self) -> Result<(), ()> {
        Ok(())
    }
    async fn clone(&self) -> Result<(), ()> {
        Ok(())
    }
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = ServiceClient::new(rpcnet::InProcess::new(ServiceServer::new(Served)));
    let called = runtime.block_on(client.call(C(1), C(2), C(3)));
    assert_eq!(called.expect("an answer"), C(6));
    let called = runtime.block_on(client.handler(1, 2, 3));
    assert_eq!(called.expect("an answer"), 6);
}
