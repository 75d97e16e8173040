//! A call that ends well, which is the only way in which it seems so.

use rpcnet::Channel;

use crate::{
    service::{Event::*, How, ITEMS, item},
    table::{Table, first_numbers, read, requests},
};

everywhere! {
    a_unary_caller_gets_the_value,
    a_server_streaming_caller_gets_every_item_and_then_the_end,
    a_client_streaming_caller_gets_the_value,
    a_bidirectional_caller_gets_every_item_and_then_the_end,
    a_unary_handler_comes_to_its_end,
    a_server_streaming_handler_comes_to_its_end,
    a_client_streaming_handler_reads_every_request_and_then_the_end,
    a_bidirectional_handler_reads_every_request_and_then_the_end,
}

async fn a_unary_caller_gets_the_value<C: Channel>(table: Table<C>) {
    assert_eq!(table.client.unary(How::Well).await.expect("a value"), item(ITEMS));
}

async fn a_server_streaming_caller_gets_every_item_and_then_the_end<C: Channel>(table: Table<C>) {
    let ended = read(table.client.server_streaming(How::Well).await).await;
    assert_eq!(ended.items, first_numbers());
    assert!(ended.error.is_none());
}

async fn a_client_streaming_caller_gets_the_value<C: Channel>(table: Table<C>) {
    let value = table.client.client_streaming(How::Well, requests()).await;
    assert_eq!(value.expect("a value"), item(ITEMS));
}

async fn a_bidirectional_caller_gets_every_item_and_then_the_end<C: Channel>(table: Table<C>) {
    let ended = read(table.client.bidirectional(How::Well, requests()).await).await;
    assert_eq!(ended.items, first_numbers());
    assert!(ended.error.is_none());
}

async fn a_unary_handler_comes_to_its_end<C: Channel>(mut table: Table<C>) {
    table.client.unary(How::Well).await.expect("a value");
    table.expect([Started, Finished]).await;
    table.expect_nothing_left().await;
}

async fn a_server_streaming_handler_comes_to_its_end<C: Channel>(mut table: Table<C>) {
    read(table.client.server_streaming(How::Well).await).await;
    table.expect([Started, Finished]).await;
    table.expect_nothing_left().await;
}

async fn a_client_streaming_handler_reads_every_request_and_then_the_end<C: Channel>(mut table: Table<C>) {
    table.client.client_streaming(How::Well, requests()).await.expect("a value");
    table.expect_first_requests().await;
    table.expect([RequestsEnded, Finished]).await;
    table.expect_nothing_left().await;
}

async fn a_bidirectional_handler_reads_every_request_and_then_the_end<C: Channel>(mut table: Table<C>) {
    read(table.client.bidirectional(How::Well, requests()).await).await;
    table.expect_first_requests().await;
    table.expect([RequestsEnded, Finished]).await;
    table.expect_nothing_left().await;
}
