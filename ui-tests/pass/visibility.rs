//! All items are as visible as the trait, and a private service that nobody calls yet is no warning.
#![deny(warnings, unreachable_pub, private_interfaces)]

mod services {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Secret;

    #[rpcnet::service]
    trait Private {
        async fn ask(&self, secret: Secret) -> Result<Secret, String>;
    }

    #[rpcnet::service]
    pub(crate) trait Internal {
        async fn ask(&self) -> Result<(), String>;
    }

    #[rpcnet::service]
    pub(super) trait Above {
        async fn ask(&self) -> Result<(), String>;
    }

    #[rpcnet::service]
    pub(in crate::services) trait Within {
        async fn ask(&self) -> Result<(), String>;
    }

    pub(crate) mod inner {
        struct Handler;

        impl super::Private for Handler {
            async fn ask(&self, secret: super::Secret) -> Result<super::Secret, String> {
                Ok(secret)
            }
        }

        pub(crate) fn serve() {
            let _server = super::PrivateServer::new(Handler);
        }
    }
}

use services::{AboveClient, InternalClient, InternalHandler};

struct Handler;

impl InternalHandler for Handler {
    async fn ask(&self) -> Result<(), String> {
        Ok(())
    }
}

#[allow(dead_code)]
fn use_them(_: InternalClient, _: AboveClient) {}

fn main() {
    services::inner::serve();
    let _server = services::InternalServer::new(Handler);
}
