#[derive(serde::Serialize, serde::Deserialize)]
pub struct State(u64);

#[rpcnet::service]
pub trait Greeting {
    async fn merge(&self, other: State) -> Result<State, String>;
}
