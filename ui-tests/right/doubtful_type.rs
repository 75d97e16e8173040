#![deny(deprecated)]

#[derive(serde::Serialize, serde::Deserialize)]
pub enum Rename {
    Keep,
    Remove,
    To(String),
}

#[rpcnet::service]
pub trait Stock {
    async fn count(&self, shelf: u64) -> Result<Vec<i64>, String>;
    async fn rename(&self, name: Rename) -> Result<bool, String>;
    async fn total(&self) -> Result<u64, String>;
}
