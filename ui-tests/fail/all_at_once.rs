// All mistakes of a trait are told at once, each at its own token, and nothing that follows from them:
// neither the missing items nor the implementation that was right is complained about.

pub mod api {
    #[rpcnet::service(nam = "api.Greeting")]
    pub trait Greeting {
        fn greet(&self, name: &str) -> String;
        #[rpc(deadline = "5x")]
        async fn wave(&mut self, (x, y): (i64, i64)) -> Result<(), String>;
        async fn leave(&self) -> Result<(), String>;
    }
}

use api::{Greeting, GreetingClient, GreetingServer};

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}

pub async fn use_it(client: GreetingClient) {
    let _server = GreetingServer::new(MyGreeting);
    let _again = crate::api::GreetingServer::new(MyGreeting);
    let _left: Result<(), _> = client.leave().await;
}

fn main() {}
