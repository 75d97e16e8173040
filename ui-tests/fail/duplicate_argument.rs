// Arguments travel under their names.
// Remedy: choose another name.

#[rpcnet::service]
pub trait Greeting {
    async fn add(&self, a: i64, a: i64) -> Result<i64, String>;
}

fn main() {}
