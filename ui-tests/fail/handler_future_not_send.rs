// A handler may move from thread to thread while it waits.
// Remedy: drop what cannot be sent before the `.await`, or use what can.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, name: String) -> Result<String, String> {
        let shared = std::rc::Rc::new(name);
        std::future::ready(()).await;
        Ok(shared.to_string())
    }
}

fn main() {}
