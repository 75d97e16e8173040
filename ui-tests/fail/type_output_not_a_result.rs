// Whether a type is a `Result` under another name is told by rustc.
// Remedy: return a `Result`, or an alias of one.

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Reply(String);

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Reply;
}

fn main() {}
