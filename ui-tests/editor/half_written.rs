// In an editor, a method that is not written yet takes no other along: the items are there, as the last error shows.

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    fn leave(&self);
}

const _: u32 = GreetingMethods::greet;

fn main() {}
