#[rpcnet::service]
pub trait NameStore {
    async fn get(&self, key: String) -> Result<String, String>;
}

#[rpcnet::service]
pub trait Cache {
    async fn clear(&self) -> Result<(), String>;
}
