#[rpcnet::service]
pub trait Greeting {
    #[cfg(any())]
    async fn greet(&self, loudly: bool) -> Result<(), String>;
    #[cfg(not(any()))]
    async fn greet(&self) -> Result<(), String>;
}
