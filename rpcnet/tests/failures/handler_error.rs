//! A handler that says no: its caller gets its own error, after all that it said before.

use rpcnet::{CallError, Channel};

use crate::{
    service::{Event::*, How, Refusal},
    table::{Ended, Table, endless_requests, first_numbers, read, refusal, requests},
};

everywhere! {
    a_unary_caller_gets_the_handlers_error,
    a_server_streaming_caller_gets_every_item_before_the_handlers_error,
    a_client_streaming_caller_gets_the_handlers_error,
    a_bidirectional_caller_gets_every_item_before_the_handlers_error,
    a_unary_handler_comes_to_its_end,
    a_server_streaming_handler_comes_to_its_end,
    a_client_streaming_handler_that_reads_no_more_has_its_callers_requests_let_go,
    a_bidirectional_handler_that_reads_no_more_has_its_callers_requests_let_go,
}

fn told_to() -> Refusal {
    Refusal("told to".into())
}

#[track_caller]
fn assert_told_after_the_items(ended: Ended) {
    assert_eq!(ended.items, first_numbers());
    assert_eq!(ended.error.and_then(CallError::application), Some(told_to()));
}

async fn a_unary_caller_gets_the_handlers_error<C: Channel>(table: Table<C>) {
    assert_eq!(refusal(table.client.unary(How::Error).await), told_to());
}

async fn a_server_streaming_caller_gets_every_item_before_the_handlers_error<C: Channel>(table: Table<C>) {
    assert_told_after_the_items(read(table.client.server_streaming(How::Error).await).await);
}

async fn a_client_streaming_caller_gets_the_handlers_error<C: Channel>(table: Table<C>) {
    assert_eq!(refusal(table.client.client_streaming(How::Error, requests()).await), told_to());
    let (requests, _let_go) = endless_requests();
    assert_eq!(refusal(table.client.client_streaming(How::Error, requests).await), told_to());
}

async fn a_bidirectional_caller_gets_every_item_before_the_handlers_error<C: Channel>(table: Table<C>) {
    assert_told_after_the_items(read(table.client.bidirectional(How::Error, requests()).await).await);
    let (requests, _let_go) = endless_requests();
    assert_told_after_the_items(read(table.client.bidirectional(How::Error, requests).await).await);
}

async fn a_unary_handler_comes_to_its_end<C: Channel>(mut table: Table<C>) {
    refusal(table.client.unary(How::Error).await);
    table.expect([Started, Finished]).await;
    table.expect_nothing_left().await;
}

async fn a_server_streaming_handler_comes_to_its_end<C: Channel>(mut table: Table<C>) {
    read(table.client.server_streaming(How::Error).await).await;
    table.expect([Started, Finished]).await;
    table.expect_nothing_left().await;
}

async fn a_client_streaming_handler_that_reads_no_more_has_its_callers_requests_let_go<C: Channel>(
    mut table: Table<C>,
) {
    let (requests, let_go) = endless_requests();
    refusal(table.client.client_streaming(How::Error, requests).await);
    let_go.expect().await;
    table.expect_first_requests().await;
    table.expect([Finished]).await;
    table.expect_nothing_left().await;
}

async fn a_bidirectional_handler_that_reads_no_more_has_its_callers_requests_let_go<C: Channel>(mut table: Table<C>) {
    let (requests, let_go) = endless_requests();
    read(table.client.bidirectional(How::Error, requests).await).await;
    let_go.expect().await;
    table.expect_first_requests().await;
    table.expect([Finished]).await;
    table.expect_nothing_left().await;
}
