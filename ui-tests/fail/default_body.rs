// A client would have no use for a body, since the server's is the one that runs.
// Remedy: end the method with `;` and write the body in the `impl`.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String> {
        Ok(format!("Hello, {name}!"))
    }
}

fn main() {}
