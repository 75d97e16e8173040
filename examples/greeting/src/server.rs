//! The server: an `impl` of the trait, and a port.

use std::time::Duration;

use rpcnet::prelude::*;

use crate::service::{GreetRequest, GreetResponse, Greeting, GreetingError, GreetingServer};

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, request: GreetRequest) -> Result<GreetResponse, GreetingError> {
        match request.name.trim() {
            "" => Err(GreetingError::EmptyName),
            name if name.contains(char::is_control) => Err(GreetingError::InvalidInput(request.name)),
            name => Ok(GreetResponse { message: format!("Hello, {name}!") }),
        }
    }

    async fn greet_later(&self, request: GreetRequest, after: Duration) -> Result<GreetResponse, GreetingError> {
        tokio::time::sleep(after).await;
        self.greet(request).await
    }
}

/// Starts a server on `addr`; port 0 is any free one.
pub async fn start(addr: &str) -> Result<Server, Box<dyn std::error::Error>> {
    let config = ServerConfig::development().with_bind_addr(addr).build()?;
    Ok(Server::builder(config).service(GreetingServer::new(MyGreeting)).start().await?)
}
