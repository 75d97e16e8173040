// Arguments travel under their names, so each has a name and nothing else.
// Remedy: write a plain name, and take the value apart in the `impl`.

#[rpcnet::service]
pub trait Greeting {
    async fn move_to(&self, (x, y): (i64, i64)) -> Result<(), String>;
    async fn skip(&self, _: u32) -> Result<(), String>;
    async fn grow(&self, mut size: u32) -> Result<(), String>;
}

fn main() {}
