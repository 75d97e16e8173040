//! Keywords may name a service, its methods and their arguments; on the wire they have no `r#`.
#![deny(warnings)]

#[rpcnet::service]
pub trait r#Match {
    async fn r#type(&self, r#in: u32, r#fn: String) -> Result<u32, String>;
    async fn call(&self, call: u32, handle: u32, handler: u32, caller: u32) -> Result<u32, String>;
}

struct Handler;

impl r#Match for Handler {
    async fn r#type(&self, r#in: u32, _: String) -> Result<u32, String> {
        Ok(r#in)
    }

    async fn call(&self, call: u32, handle: u32, handler: u32, caller: u32) -> Result<u32, String> {
        Ok(call + handle + handler + caller)
    }
}

fn main() {
    let _server = MatchServer::new(Handler);
    assert_eq!(MatchMethods::r#type.name(), "Match.type");
    assert_eq!(MatchMethods::r#type.arguments(), ["in", "fn"]);
}
