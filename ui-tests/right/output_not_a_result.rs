#[rpcnet::service]
pub trait Greeting {
    async fn count(&self) -> Result<u64, String>;
    async fn name(&self) -> Result<String, String>;
    async fn find(&self, name: String) -> Result<Option<Vec<u8>>, String>;
    async fn clear(&self) -> Result<(), String>;
    async fn text(&self) -> Result<String, String>;
    async fn stop(&self) -> Result<(), String>;
}
