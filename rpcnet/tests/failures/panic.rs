//! A handler that panics: an error of its own call alone, after all that it said before, and nothing of it is left.

use rpcnet::{Channel, ErrorKind::Internal, Executed};

use crate::{
    common::silence_panics,
    service::{Event::*, How},
    table::{Table, endless_requests, failure, read, requests},
};

everywhere! {
    a_unary_caller_is_told,
    a_server_streaming_caller_is_told_after_every_item,
    a_client_streaming_caller_is_told,
    a_bidirectional_caller_is_told_after_every_item,
    a_unary_handler_is_dropped,
    a_server_streaming_handler_is_dropped,
    a_client_streaming_handler_is_dropped_and_its_callers_requests_let_go,
    a_bidirectional_handler_is_dropped_and_its_callers_requests_let_go,
}

async fn a_unary_caller_is_told<C: Channel>(table: Table<C>) {
    silence_panics();
    assert_eq!(failure(table.client.unary(How::Panic).await), (Internal, Executed::Yes));
}

async fn a_server_streaming_caller_is_told_after_every_item<C: Channel>(table: Table<C>) {
    silence_panics();
    read(table.client.server_streaming(How::Panic).await).await.after_the_items(Internal, Executed::Yes);
}

async fn a_client_streaming_caller_is_told<C: Channel>(table: Table<C>) {
    silence_panics();
    let answer = table.client.client_streaming(How::Panic, requests()).await;
    assert_eq!(failure(answer), (Internal, Executed::Yes));
}

async fn a_bidirectional_caller_is_told_after_every_item<C: Channel>(table: Table<C>) {
    silence_panics();
    read(table.client.bidirectional(How::Panic, requests()).await).await.after_the_items(Internal, Executed::Yes);
}

async fn a_unary_handler_is_dropped<C: Channel>(mut table: Table<C>) {
    silence_panics();
    failure(table.client.unary(How::Panic).await);
    table.expect([Started, Dropped]).await;
    table.expect_nothing_left().await;
}

async fn a_server_streaming_handler_is_dropped<C: Channel>(mut table: Table<C>) {
    silence_panics();
    read(table.client.server_streaming(How::Panic).await).await;
    table.expect([Started, Dropped]).await;
    table.expect_nothing_left().await;
}

async fn a_client_streaming_handler_is_dropped_and_its_callers_requests_let_go<C: Channel>(mut table: Table<C>) {
    silence_panics();
    let (requests, let_go) = endless_requests();
    failure(table.client.client_streaming(How::Panic, requests).await);
    let_go.expect().await;
    table.expect_first_requests().await;
    table.expect([Dropped]).await;
    table.expect_nothing_left().await;
}

async fn a_bidirectional_handler_is_dropped_and_its_callers_requests_let_go<C: Channel>(mut table: Table<C>) {
    silence_panics();
    let (requests, let_go) = endless_requests();
    read(table.client.bidirectional(How::Panic, requests).await).await;
    let_go.expect().await;
    table.expect_first_requests().await;
    table.expect([Dropped]).await;
    table.expect_nothing_left().await;
}
