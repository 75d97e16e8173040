//! A caller that drops its call: the handler is dropped, too, or reads that it was cancelled, and never that it has all.
//!
//! What the caller sees can't be told: nobody is left to see it. But its stream of requests is let go, and its next call
//! is as good as any.

use rpcnet::{Channel, ErrorKind};

use crate::{
    service::{How, ITEMS, item},
    table::{Shape, Table, call, drop_when, endless_requests},
};

everywhere! {
    a_unary_callers_next_call_is_served,
    a_server_streaming_callers_next_call_is_served,
    a_client_streaming_callers_requests_are_let_go_and_its_next_call_is_served,
    a_bidirectional_callers_requests_are_let_go_and_its_next_call_is_served,
    a_unary_handler_is_dropped,
    a_server_streaming_handler_is_dropped,
    a_client_streaming_handler_is_dropped,
    a_bidirectional_handler_is_dropped,
    a_stubborn_unary_handler_runs_to_its_end,
    a_stubborn_server_streaming_handler_runs_to_its_end,
    a_stubborn_client_streaming_handler_reads_that_it_was_cancelled,
    a_stubborn_bidirectional_handler_reads_that_it_was_cancelled,
}

async fn drop_a_call<C: Channel>(table: &mut Table<C>, shape: Shape, stubborn: bool) {
    let call = call(table.client.clone(), shape, stubborn);
    drop_when(call, table.expect_running(shape)).await;
}

async fn check_next_call<C: Channel>(mut table: Table<C>, shape: Shape) {
    drop_a_call(&mut table, shape, false).await;
    assert_eq!(table.client.unary(How::Well).await.expect("an answer"), item(ITEMS));
}

async fn check_handler<C: Channel>(mut table: Table<C>, shape: Shape) {
    drop_a_call(&mut table, shape, false).await;
    table.expect_dropped_for(ErrorKind::Cancelled).await;
}

async fn check_stubborn_handler<C: Channel>(mut table: Table<C>, shape: Shape) {
    drop_a_call(&mut table, shape, true).await;
    table.expect_stubborn_end(shape, ErrorKind::Cancelled).await;
}

async fn a_unary_callers_next_call_is_served<C: Channel>(table: Table<C>) {
    check_next_call(table, Shape::Unary).await;
}

async fn a_server_streaming_callers_next_call_is_served<C: Channel>(table: Table<C>) {
    check_next_call(table, Shape::ServerStreaming).await;
}

async fn a_client_streaming_callers_requests_are_let_go_and_its_next_call_is_served<C: Channel>(mut table: Table<C>) {
    let (requests, let_go) = endless_requests();
    let call = table.client.client_streaming(How::Wait, requests);
    drop_when(call, table.expect_first_requests()).await;
    let_go.expect().await;
    table.expect_dropped_for(ErrorKind::Cancelled).await;
    check_next_call(table, Shape::ClientStreaming).await;
}

async fn a_bidirectional_callers_requests_are_let_go_and_its_next_call_is_served<C: Channel>(mut table: Table<C>) {
    let (requests, let_go) = endless_requests();
    let answer = table.client.bidirectional(How::Wait, requests).await.expect("it begins");
    table.expect_first_requests().await;
    drop(answer);
    let_go.expect().await;
    table.expect_dropped_for(ErrorKind::Cancelled).await;
    check_next_call(table, Shape::Bidirectional).await;
}

async fn a_unary_handler_is_dropped<C: Channel>(table: Table<C>) {
    check_handler(table, Shape::Unary).await;
}

async fn a_server_streaming_handler_is_dropped<C: Channel>(table: Table<C>) {
    check_handler(table, Shape::ServerStreaming).await;
}

async fn a_client_streaming_handler_is_dropped<C: Channel>(table: Table<C>) {
    check_handler(table, Shape::ClientStreaming).await;
}

async fn a_bidirectional_handler_is_dropped<C: Channel>(table: Table<C>) {
    check_handler(table, Shape::Bidirectional).await;
}

async fn a_stubborn_unary_handler_runs_to_its_end<C: Channel>(table: Table<C>) {
    check_stubborn_handler(table, Shape::Unary).await;
}

async fn a_stubborn_server_streaming_handler_runs_to_its_end<C: Channel>(table: Table<C>) {
    check_stubborn_handler(table, Shape::ServerStreaming).await;
}

async fn a_stubborn_client_streaming_handler_reads_that_it_was_cancelled<C: Channel>(table: Table<C>) {
    check_stubborn_handler(table, Shape::ClientStreaming).await;
}

async fn a_stubborn_bidirectional_handler_reads_that_it_was_cancelled<C: Channel>(table: Table<C>) {
    check_stubborn_handler(table, Shape::Bidirectional).await;
}
