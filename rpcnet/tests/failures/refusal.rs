//! A call that the server refuses: the caller is told why, and the handler never runs.
//!
//! In process there is one way to be refused: nobody has the method.

use rpcnet::{CallError, Channel, Client, ErrorKind, Executed, InProcess, Server};

use crate::{
    common::{self, probe},
    service::{EndsClient, Event::*, How, Refusal},
    table::{Shape, Table, endless_requests, failure, served},
};

/// Why a call of this shape is refused.
async fn refused<C: Channel>(client: &EndsClient<C>, shape: Shape) -> (ErrorKind, Executed) {
    let (requests, let_go) = endless_requests();
    let why = match shape {
        Shape::Unary => failure(client.unary(How::Well).await),
        Shape::ServerStreaming => failure(client.server_streaming(How::Well).await),
        Shape::ClientStreaming => failure(client.client_streaming(How::Well, requests).await),
        Shape::Bidirectional => failure(client.bidirectional(How::Well, requests).await),
    };
    let_go.expect_if(shape.has_requests()).await;
    why
}

async fn check_unknown(shape: Shape) {
    let unknown = (ErrorKind::UnknownMethod, Executed::No);
    let client = EndsClient::new(InProcess::new(probe().0));
    assert_eq!(refused(&client, shape).await, unknown, "in process");
    let config = common::development().build().expect("a valid configuration");
    let server = Server::builder(config).service(probe().0).start().await.expect("a free port");
    let client = EndsClient::new(common::raw_client(&server).await);
    assert_eq!(refused(&client, shape).await, unknown, "over QUIC");
}

async fn one_call_at_a_time()
-> (Table<Client>, tokio::task::JoinHandle<Result<crate::service::Item, CallError<Refusal>>>) {
    let mut table = served(|config| config.with_calls_max(1), |config| config).await;
    let first = tokio::spawn(table.client.stubborn_unary());
    table.expect([Started]).await;
    (table, first)
}

async fn check_overloaded(shape: Shape) {
    let (mut table, first) = one_call_at_a_time().await;
    assert_eq!(refused(&table.client, shape).await, (ErrorKind::Overloaded, Executed::No));
    // The first call is all that ever ran.
    table.release();
    first.await.expect("no panic").expect("its answer");
    table.expect([Finished]).await;
    table.expect_nothing_ran().await;
}

#[tokio::test]
async fn a_unary_caller_is_told_that_nobody_has_the_method() {
    check_unknown(Shape::Unary).await;
}

#[tokio::test]
async fn a_unary_handler_never_runs_for_a_call_too_many_and_its_caller_is_told() {
    check_overloaded(Shape::Unary).await;
}

#[tokio::test]
async fn a_server_streaming_caller_is_told_that_nobody_has_the_method() {
    check_unknown(Shape::ServerStreaming).await;
}

#[tokio::test]
async fn a_server_streaming_handler_never_runs_for_a_call_too_many_and_its_caller_is_told() {
    check_overloaded(Shape::ServerStreaming).await;
}

#[tokio::test]
async fn a_client_streaming_caller_is_told_that_nobody_has_the_method() {
    check_unknown(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_client_streaming_handler_never_runs_for_a_call_too_many_and_its_caller_is_told() {
    check_overloaded(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_bidirectional_caller_is_told_that_nobody_has_the_method() {
    check_unknown(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_bidirectional_handler_never_runs_for_a_call_too_many_and_its_caller_is_told() {
    check_overloaded(Shape::Bidirectional).await;
}
