/// Greets.
#[rpcnet::service]
pub trait Greeting {
    /// Greets one person.
    async fn greet(&self, request: GreetRequest) -> Result<GreetResponse, GreetingError>;
}
