//! A handler that the server drops, as when the application's runtime is shut down under it.
//!
//! In process a handler lives on its caller's runtime: they go together.

use rpcnet::{ErrorKind::Internal, Executed};
use tokio::runtime::{Builder, Runtime};

use crate::{
    service::Event::*,
    table::{Shape, served_on},
};

fn handlers() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread")
}

/// The caller's cell and the handler's are one story.
async fn check(shape: Shape) {
    let runtime = handlers();
    let mut table = served_on(&runtime).await;
    let caller = table.running(shape, false).await;
    runtime.shutdown_background();
    table.expect([Dropped]).await;
    let ended = caller.await.expect("no panic");
    ended.of(shape, Internal, Executed::Yes);
    table.expect_nothing_left().await;
}

#[tokio::test]
async fn a_unary_caller_is_told_that_its_handler_was_dropped() {
    check(Shape::Unary).await;
}

#[tokio::test]
async fn a_server_streaming_caller_is_told_that_its_handler_was_dropped() {
    check(Shape::ServerStreaming).await;
}

#[tokio::test]
async fn a_client_streaming_caller_is_told_that_its_handler_was_dropped() {
    check(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_bidirectional_caller_is_told_that_its_handler_was_dropped() {
    check(Shape::Bidirectional).await;
}
