// Some types travel, but not as they look: `usize` is as wide as the machine, and `Some(None)` arrives as `None`.
// It is a warning, which this crate has made an error of; `#[allow(deprecated)]` on the method turns it off.
// Remedy: write `u64`, or an enum that has a case for each.
#![deny(deprecated)]

#[rpcnet::service]
pub trait Stock {
    async fn count(&self, shelf: usize) -> Result<Vec<isize>, String>;
    async fn rename(&self, name: Option<Option<String>>) -> Result<Option<()>, String>;
    #[allow(deprecated)]
    async fn total(&self) -> Result<usize, String>;
}

fn main() {}
