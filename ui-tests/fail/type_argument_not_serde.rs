// What an argument's type lacks is told by rustc.
// Remedy: derive `Serialize` and `Deserialize` for it.

pub struct Name(pub String);

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: Name, times: u32) -> Result<String, String>;
}

fn main() {}
