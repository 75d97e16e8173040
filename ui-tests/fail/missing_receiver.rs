// A method is called on the value that serves.
// Remedy: take `&self`.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(name: String) -> Result<String, String>;
    async fn wave() -> Result<(), String>;
}

fn main() {}
