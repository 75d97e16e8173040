#[derive(serde::Serialize, serde::Deserialize)]
pub enum Job {
    Double,
    Halve,
}

#[rpcnet::service]
pub trait Greeting {
    async fn run(&self, job: Job, memory: Vec<u8>) -> Result<(), String>;
}
