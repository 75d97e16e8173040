//! `#[deprecated]` reaches those who call the method, or name the service, and no generated code.
#![deny(warnings)]

#[rpcnet::service]
pub trait Payment {
    async fn pay(&self, cents: u64) -> Result<(), String>;

    /// Pays in units of the old currency.
    #[deprecated(note = "call `pay`")]
    async fn pay_old(&self, units: u64) -> Result<(), String>;
}

struct Handler;

impl Payment for Handler {
    async fn pay(&self, _: u64) -> Result<(), String> {
        Ok(())
    }

    async fn pay_old(&self, _: u64) -> Result<(), String> {
        Ok(())
    }
}

#[expect(deprecated)]
async fn pay_old(client: &PaymentClient) {
    let _ = client.pay_old(1).await;
}

mod old {
    #[rpcnet::service]
    #[deprecated]
    pub trait Barter {
        async fn swap(&self, goods: Vec<String>) -> Result<Vec<String>, String>;
    }
}

#[expect(deprecated)]
fn barter(_: old::BarterClient) {}

fn main() {
    let _server = PaymentServer::new(Handler);
    let _ = pay_old;
    let _ = barter;
}
