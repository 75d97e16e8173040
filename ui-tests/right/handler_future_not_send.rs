#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, name: String) -> Result<String, String> {
        let shared = std::sync::Arc::new(name);
        std::future::ready(()).await;
        Ok(shared.to_string())
    }
}
