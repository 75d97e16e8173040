pub const LANGUAGE: &str = "en";

pub trait Fails {
    type Error;
}

#[rpcnet::service]
pub trait Greeting: Fails {
    async fn greet(&self, name: String) -> Result<String, String>;
}
