//! A server whose handlers have lost their runtime: what never ran is refused as that, so that it may be sent elsewhere.

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use common::wire::{CALL_STREAM, LANE, RawClient, message, request};
use rpcnet::{Identity, prelude::*, stream};
use tokio::runtime::Builder;

const CALL: u8 = 0x03;

const DRAINING: u8 = 0x12;

#[tokio::test]
async fn a_handler_that_never_ran_is_told_as_one() {
    let handlers = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread");
    let identity = Identity::self_signed(["localhost"]).expect("a name");
    let config = ServerConfig::builder().with_bind_addr("127.0.0.1:0").with_identity(identity.clone());
    let ran = Arc::new(AtomicUsize::new(0));
    let (began, too) = (Arc::clone(&ran), Arc::clone(&ran));
    let server = Server::builder(config.build().expect("valid"))
        .register("unary", move |_| {
            began.fetch_add(1, Ordering::SeqCst);
            async { Ok("an answer") }
        })
        .register_streaming("streams", move |_| {
            too.fetch_add(1, Ordering::SeqCst);
            async { Ok(stream::empty::<Result<Bytes, RpcError>>()) }
        });
    let server = handlers.spawn(server.start()).await.expect("no panic").expect("a free port");
    handlers.shutdown_background();

    let mut client = RawClient::connect(server.local_addr(), &identity).await;
    let large = [request("unary", 0, &[]), message(&[5; 1000])].concat();
    for (name, kind, bytes) in [
        ("on a lane", LANE, request("unary", 0, &[])),
        ("large", CALL, large),
        ("streaming", CALL_STREAM, request("streams", 0, &[])),
    ] {
        let mut stream = client.open(kind, &bytes).await;
        let answer = stream.read().await;
        assert_eq!((answer[0], answer[8]), (0x91, DRAINING), "{name}: {answer:02x?}");
    }
    assert_eq!(ran.load(Ordering::SeqCst), 0, "nor has any of its code");
}
