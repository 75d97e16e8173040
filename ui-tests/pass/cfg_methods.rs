//! `cfg` holds for all that a method expands to: a method that is configured out may name types that are not there.
#![deny(warnings)]

#[rpcnet::service]
pub trait Machine {
    async fn start(&self) -> Result<(), String>;

    #[cfg(any())]
    async fn weld(&self, seam: welding::Seam) -> Result<welding::Report, welding::Error>;

    #[cfg_attr(all(), cfg(any()))]
    async fn paint(&self, color: Color) -> Result<(), String>;

    #[cfg(all())]
    async fn stop(&self, reason: String) -> Result<(), String>;
    #[cfg(any())]
    async fn stop(&self, reason: Reason) -> Result<(), String>;
}

struct Handler;

impl Machine for Handler {
    async fn start(&self) -> Result<(), String> {
        Ok(())
    }

    async fn stop(&self, reason: String) -> Result<(), String> {
        Err(reason)
    }
}

#[rpcnet::service]
pub trait Idle {
    #[cfg(any())]
    async fn nothing(&self) -> Result<(), String>;
}

fn main() {
    let _server = MachineServer::new(Handler);
    assert_eq!(MachineMethods::SERVICE.methods().len(), 2);
    assert_eq!(IdleMethods::SERVICE.methods().len(), 0);
}
