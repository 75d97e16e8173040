// Calls come from other machines: nothing that they do may be unsafe.
// Remedy: remove the qualifier.

#[rpcnet::service]
pub unsafe trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

fn main() {}
