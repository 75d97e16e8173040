// A pointer means nothing in another process.
// Remedy: name what it points to.

#[rpcnet::service]
pub trait Greeting {
    async fn run(&self, job: fn(u32) -> u32, memory: *const u8) -> Result<(), String>;
}

fn main() {}
