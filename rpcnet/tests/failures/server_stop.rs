//! A server that stops at once: its callers are told that their connection is gone, and its handlers are dropped.
//!
//! For one that lets its calls end first, see `tests/shutdown.rs`.

use rpcnet::{Client, ErrorKind, Executed};

use crate::table::{Ended, Shape, Table, over_quic};

async fn stop_under(shape: Shape, stubborn: bool) -> (Table<Client>, Ended) {
    let mut table = over_quic().await;
    let caller = table.running(shape, stubborn).await;
    table.server().stop().await;
    let ended = caller.await.expect("no panic");
    (table, ended)
}

async fn check_caller(shape: Shape) {
    let (_table, ended) = stop_under(shape, false).await;
    let executed = if shape.has_answers() { Executed::Yes } else { Executed::Maybe };
    ended.of(shape, ErrorKind::Connection, executed);
}

async fn check_handler(shape: Shape) {
    let (mut table, _) = stop_under(shape, false).await;
    table.expect_dropped_for(ErrorKind::Connection).await;
}

async fn check_stubborn_handler(shape: Shape) {
    let (mut table, _) = stop_under(shape, true).await;
    table.expect_stubborn_end(shape, ErrorKind::Connection).await;
}

#[tokio::test]
async fn a_unary_caller_is_told() {
    check_caller(Shape::Unary).await;
}

#[tokio::test]
async fn a_unary_handler_is_dropped() {
    check_handler(Shape::Unary).await;
}

#[tokio::test]
async fn a_stubborn_unary_handler_runs_to_its_end() {
    check_stubborn_handler(Shape::Unary).await;
}

#[tokio::test]
async fn a_server_streaming_caller_is_told_after_every_item() {
    check_caller(Shape::ServerStreaming).await;
}

#[tokio::test]
async fn a_server_streaming_handler_is_dropped() {
    check_handler(Shape::ServerStreaming).await;
}

#[tokio::test]
async fn a_stubborn_server_streaming_handler_runs_to_its_end() {
    check_stubborn_handler(Shape::ServerStreaming).await;
}

#[tokio::test]
async fn a_client_streaming_caller_is_told() {
    check_caller(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_client_streaming_handler_is_dropped() {
    check_handler(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_stubborn_client_streaming_handler_reads_that_the_connection_was_lost() {
    check_stubborn_handler(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_bidirectional_caller_is_told_after_every_item() {
    check_caller(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_bidirectional_handler_is_dropped() {
    check_handler(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_stubborn_bidirectional_handler_reads_that_the_connection_was_lost() {
    check_stubborn_handler(Shape::Bidirectional).await;
}
