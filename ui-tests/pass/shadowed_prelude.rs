//! What a module calls `Result`, `Send` or `C` is its own affair.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types)]

macro_rules! take_names {
    ($($name:ident)*) => { $(#[derive(serde::Serialize, serde::Deserialize)] pub struct $name;)* };
}

mod own_names {
    take_names! {
        Result Ok Err Option Some None Send Sync Sized Copy Clone Debug Future Into From Arc Duration Box Vec String
        Fn FnOnce Default Drop Iterator Self_ Method Service Client Server Caller Channel Reply Target
        C H A R
    }
    pub mod std {}
    pub mod core {}

    #[rpcnet::service]
    pub trait Shadow {
        async fn swap(&self, ok: Ok, c: C) -> ::std::result::Result<String, H>;
        async fn all(&self, result: Result, send: Send, client: Client) -> ::std::result::Result<C, Err>;
    }

    struct Handler;

    impl Shadow for Handler {
        async fn swap(&self, _: Ok, _: C) -> ::std::result::Result<String, H> {
            ::std::result::Result::Ok(String)
        }

        async fn all(&self, _: Result, _: Send, _: Client) -> ::std::result::Result<C, Err> {
            ::std::result::Result::Ok(C)
        }
    }

    pub fn serve() {
        let _server = ShadowServer::new(Handler);
    }
}

fn main() {
    own_names::serve();
}
