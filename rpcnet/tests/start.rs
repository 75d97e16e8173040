//! A server that does not come to start leaves nothing behind.

mod common;

use std::{pin::pin, sync::Arc};

use common::{development, until};
use futures::poll;
use rpcnet::Server;

#[tokio::test]
async fn a_start_that_nobody_waits_for_serves_nothing() {
    let held = Arc::new(());
    for threads in [1, 2] {
        let config = development().with_io_threads(threads).build().expect("valid");
        let kept = Arc::clone(&held);
        let builder = Server::builder(config).register("keep", move |_| {
            let kept = Arc::clone(&kept);
            async move { Ok(format!("{kept:?}")) }
        });
        {
            // By then a thread has started, and most likely nobody has heard from it.
            let _ = poll!(pin!(builder.start()));
        }
        until("the handler is let go", || Arc::strong_count(&held) == 1).await;
    }
}
