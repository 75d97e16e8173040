//! A service may live in the body of a function.
#![deny(warnings)]

fn main() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Local;

    #[rpcnet::service]
    trait Greeting {
        async fn greet(&self, local: Local) -> Result<Local, String>;
    }

    struct Handler;

    impl GreetingHandler for Handler {
        async fn greet(&self, local: Local) -> Result<Local, String> {
            Ok(local)
        }
    }

    let _server = GreetingServer::new(Handler);
}
