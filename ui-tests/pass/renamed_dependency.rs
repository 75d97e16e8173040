//! A crate that has rpcnet under another name says which.
#![deny(warnings)]

pub extern crate rpcnet as renamed;

mod vendored {
    pub use renamed as network;
}

#[renamed::service(crate = "renamed")]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

#[vendored::network::service(crate = "crate::vendored::network", name = "Other")]
pub trait OtherGreeting {
    async fn greet(&self, name: String) -> Result<String, String>;
}

fn main() {}
