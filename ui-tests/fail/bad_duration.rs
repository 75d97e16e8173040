// A deadline is an integer and its unit.
// Remedy: write it as in `"250ms"`, `"2s"`, `"5m"`.

#[rpcnet::service]
pub trait Clock {
    #[rpc(deadline = "5x")]
    async fn unit(&self) -> Result<(), String>;
    #[rpc(deadline = "5")]
    async fn no_unit(&self) -> Result<(), String>;
    #[rpc(deadline = "2.5s")]
    async fn fraction(&self) -> Result<(), String>;
    #[rpc(deadline = "soon")]
    async fn word(&self) -> Result<(), String>;
    #[rpc(deadline = "0s")]
    async fn nothing(&self) -> Result<(), String>;
    #[rpc(deadline = "99999999999999h")]
    async fn forever(&self) -> Result<(), String>;
}

fn main() {}
