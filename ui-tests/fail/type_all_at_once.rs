// All types of a trait that do not fit are told at once, each at its own token, and nothing that follows from them:
// neither the implementation nor the calls are complained about, nor the method that was right.
// Remedy: derive `Serialize` and `Deserialize` for what travels, and return `Result`s.

use rpcnet::prelude::*;

pub struct Photo(Vec<u8>);
pub struct Refusal;
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Receipt(u64);

type Stored<T> = Result<T, Refusal>;

#[rpcnet::service]
pub trait Album {
    async fn add(&self, title: String, photo: Photo, others: Vec<Photo>) -> Receipt;
    async fn count(&self, title: String) -> Result<u64, Refusal>;
    async fn remove(&self, title: String) -> Stored<Receipt>;
    async fn titles(&self) -> Result<impl Stream<Item = Receipt>, String>;
    async fn photos(&self) -> Result<impl Stream<Item = Result<Photo, String>>, String>;
    async fn import(&self, title: String, photos: Streaming<Photo>) -> Result<Receipt, String>;
    async fn clear(&self) -> Result<(), String>;
}

struct Empty;

impl Album for Empty {
    async fn add(&self, _title: String, _photo: Photo, _others: Vec<Photo>) -> Receipt {
        Receipt(0)
    }

    async fn count(&self, _title: String) -> Result<u64, Refusal> {
        Err(Refusal)
    }

    async fn remove(&self, _title: String) -> Stored<Receipt> {
        Err(Refusal)
    }

    async fn titles(&self) -> Result<impl Stream<Item = Receipt>, String> {
        Ok(rpcnet::stream::empty())
    }

    async fn photos(&self) -> Result<impl Stream<Item = Result<Photo, String>>, String> {
        Ok(rpcnet::stream::empty())
    }

    async fn import(&self, _title: String, mut photos: Streaming<Photo>) -> Result<Receipt, String> {
        while let Some(photo) = photos.next().await {
            let _photo: Photo = photo.map_err(|error| error.to_string())?;
        }
        Ok(Receipt(0))
    }

    async fn clear(&self) -> Result<(), String> {
        Ok(())
    }
}

pub async fn use_it(client: AlbumClient) {
    let _server = AlbumServer::new(Empty);
    if let Ok(receipt) = client.add(String::new(), Photo(Vec::new()), Vec::new()).await {
        let _number: u64 = receipt.0;
    }
    let _count: Result<u64, rpcnet::CallError<Refusal>> = client.count(String::new()).await;
    let _removed = client.remove(String::new()).await;
    if let Ok(mut titles) = client.titles().await {
        let _title = titles.next().await;
    }
    if let Ok(mut photos) = client.photos().await {
        let _photo = photos.next().await;
    }
    let _imported = client.import(String::new(), rpcnet::stream::iter([Photo(Vec::new())])).await;
    let _cleared: Result<(), rpcnet::CallError<String>> = client.clear().await;
}

fn main() {}
