#[rpcnet::service]
pub trait Greeting {
    async fn move_to(&self, point: (i64, i64)) -> Result<(), String>;
    async fn skip(&self, skipped: u32) -> Result<(), String>;
    async fn grow(&self, size: u32) -> Result<(), String>;
}
