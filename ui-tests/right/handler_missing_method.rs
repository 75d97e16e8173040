#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    async fn leave(&self) -> Result<(), String>;
}

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, name: String) -> Result<String, String> {
        Ok(name)
    }

    async fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}
