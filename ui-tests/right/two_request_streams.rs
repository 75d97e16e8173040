use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub enum Side {
    Left(Vec<u8>),
    Right(Vec<u8>),
}

#[rpcnet::service]
pub trait Files {
    async fn merge(&self, sides: Streaming<Side>) -> Result<u64, String>;
}
