//! A connection that is lost: nobody says goodbye, and both sides find out by themselves.

use std::time::Duration;

use rpcnet::{Client, ErrorKind, Executed};

use crate::{
    common::proxy::Proxy,
    table::{Ended, Shape, Table, over_proxy},
};

/// After so much silence, both sides give the connection up.
const IDLE: Duration = Duration::from_secs(1);

/// Begins a call and cuts the path under it.
async fn cut(shape: Shape, stubborn: bool) -> (Table<Client>, Proxy, Ended) {
    let (mut table, proxy) = over_proxy(IDLE).await;
    let caller = table.running(shape, stubborn).await;
    proxy.swallow(true);
    let ended = caller.await.expect("no panic");
    (table, proxy, ended)
}

async fn check_caller(shape: Shape) {
    let (_table, _proxy, ended) = cut(shape, false).await;
    let executed = if shape.has_answers() { Executed::Yes } else { Executed::Maybe };
    ended.of(shape, ErrorKind::Connection, executed);
}

async fn check_handler(shape: Shape) {
    let (mut table, _proxy, _) = cut(shape, false).await;
    table.expect_dropped_for(ErrorKind::Connection).await;
}

async fn check_stubborn_handler(shape: Shape) {
    let (mut table, _proxy, _) = cut(shape, true).await;
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
