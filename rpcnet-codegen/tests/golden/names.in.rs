/// A user's types may be called `C` and `H`, and methods and arguments like keywords.
#[rpcnet::service]
pub trait r#Match {
    async fn r#type(&self, r#in: C, call: Vec<C_>) -> Result<H, String>;
}
