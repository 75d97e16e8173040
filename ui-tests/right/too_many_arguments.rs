#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order {
    pub amounts: [u8; 17],
}

#[rpcnet::service]
pub trait Greeting {
    async fn order(&self, order: Order) -> Result<(), String>;
}
