// The macro runs before `cfg` is decided, so it cannot tell whether the option holds.
// Remedy: write the method twice, each under its own `#[cfg(..)]`.

#[rpcnet::service]
pub trait Orders {
    #[cfg_attr(debug_assertions, rpc(deadline = "1h"))]
    async fn count(&self) -> Result<u64, String>;
}

fn main() {}
