use rpcnet::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Photo(Vec<u8>);
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Refusal;
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Receipt(u64);

type Stored<T> = Result<T, Refusal>;

#[rpcnet::service]
pub trait Album {
    async fn add(&self, title: String, photo: Photo, others: Vec<Photo>) -> Result<Receipt, Refusal>;
    async fn count(&self, title: String) -> Result<u64, Refusal>;
    async fn remove(&self, title: String) -> Stored<Receipt>;
    async fn titles(&self) -> Result<impl Stream<Item = Result<Receipt, String>>, String>;
    async fn photos(&self) -> Result<impl Stream<Item = Result<Photo, String>>, String>;
    async fn import(&self, title: String, photos: Streaming<Photo>) -> Result<Receipt, String>;
    async fn clear(&self) -> Result<(), String>;
}
