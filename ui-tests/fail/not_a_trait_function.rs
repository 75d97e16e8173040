// A service is a set of methods, also when there is but one.
// Remedy: write a trait with the function as its method.

#[rpcnet::service]
pub async fn greet(name: String) -> Result<String, String> {
    Ok(name)
}

fn main() {}
