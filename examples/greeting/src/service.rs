//! The contract: one trait, from which the client and the server are made.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Who is to be greeted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GreetRequest {
    /// Their name.
    pub name: String,
}

/// The greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GreetResponse {
    /// What to say.
    pub message: String,
}

/// Why there is no greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GreetingError {
    /// Nobody to greet.
    EmptyName,
    /// A name that can't be one.
    InvalidInput(String),
}

/// Says hello.
#[rpcnet::service]
pub trait Greeting {
    /// Greets one person.
    #[rpc(idempotent)]
    async fn greet(&self, request: GreetRequest) -> Result<GreetResponse, GreetingError>;

    /// Greets one person, after thinking about it.
    #[rpc(deadline = "5s")]
    async fn greet_later(&self, request: GreetRequest, after: Duration) -> Result<GreetResponse, GreetingError>;
}
