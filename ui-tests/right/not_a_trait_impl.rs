#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

pub struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, name: String) -> Result<String, String> {
        Ok(name)
    }
}
