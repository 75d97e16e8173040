//! A message that is larger than a side allows: the caller is told, and whether the handler ran by then.
//!
//! In process nothing is limited. Requests that are too large are not even sent by this crate's client; what a server
//! makes of those of another one is told by `client_reset`'s raw client.

use bytes::Bytes;
use rpcnet::{Client, ErrorKind::MessageTooLarge, Executed, prelude::*, stream};
use tokio::sync::oneshot;

use crate::{
    service::{Event::*, How, ITEMS, Item, TOO_LARGE, item},
    table::{Table, endless_requests, failure, over_quic, read, requests},
};

fn large() -> Bytes {
    vec![0; TOO_LARGE].into()
}

fn large_arguments() -> How {
    How::WellWith(large())
}

/// The first requests and, when it is told to go on, one that is too large.
fn requests_and_a_large_one() -> (impl Stream<Item = Item> + Send + use<>, oneshot::Sender<()>) {
    let (go_on, told) = oneshot::channel();
    let last = stream::once(async move {
        told.await.expect("the test goes on");
        Item { ballast: large(), ..item(ITEMS) }
    });
    (requests().chain(last).chain(stream::pending()), go_on)
}

#[tokio::test]
async fn a_unary_caller_with_large_arguments_is_told_and_its_handler_never_runs() {
    let mut table = over_quic().await;
    assert_eq!(failure(table.client.unary(large_arguments()).await), (MessageTooLarge, Executed::No));
    table.expect_nothing_ran().await;
}

#[tokio::test]
async fn a_server_streaming_caller_with_large_arguments_is_told_and_its_handler_never_runs() {
    let mut table = over_quic().await;
    let answer = table.client.server_streaming(large_arguments()).await;
    assert_eq!(failure(answer), (MessageTooLarge, Executed::No));
    table.expect_nothing_ran().await;
}

#[tokio::test]
async fn a_client_streaming_caller_with_large_arguments_is_told_and_its_handler_never_runs() {
    let mut table = over_quic().await;
    let answer = table.client.client_streaming(large_arguments(), requests()).await;
    assert_eq!(failure(answer), (MessageTooLarge, Executed::No));
    table.expect_nothing_ran().await;
}

#[tokio::test]
async fn a_bidirectional_caller_with_large_arguments_is_told_and_its_handler_never_runs() {
    let mut table = over_quic().await;
    let answer = table.client.bidirectional(large_arguments(), requests()).await;
    assert_eq!(failure(answer), (MessageTooLarge, Executed::No));
    table.expect_nothing_ran().await;
}

#[tokio::test]
async fn a_client_streaming_caller_is_told_of_its_large_request_and_its_handler_is_dropped() {
    let mut table = over_quic().await;
    let (requests, go_on) = requests_and_a_large_one();
    let caller = tokio::spawn(table.client.client_streaming(How::Wait, requests));
    table.expect_first_requests().await;
    go_on.send(()).expect("the caller waits");
    let error = failure(caller.await.expect("no panic"));
    assert_eq!(error, (MessageTooLarge, Executed::Maybe), "a handler that has read requests may have acted on them");
    table.expect_dropped_for(ErrorKind::Cancelled).await;
}

#[tokio::test]
async fn a_bidirectional_caller_is_told_of_its_large_request_after_every_item_and_its_handler_is_dropped() {
    let mut table = over_quic().await;
    let (requests, go_on) = requests_and_a_large_one();
    let mut answer = table.client.bidirectional(How::Wait, requests).await.expect("it begins");
    for number in 0..ITEMS {
        assert_eq!(answer.next().await.expect("an item").expect("a good one"), item(number));
    }
    go_on.send(()).expect("the caller waits");
    read(Ok(answer)).await.with(MessageTooLarge, Executed::Yes);
    table.expect_first_requests().await;
    table.expect_dropped_for(ErrorKind::Cancelled).await;
}

#[tokio::test]
async fn a_stubborn_client_streaming_handler_of_a_large_request_reads_that_its_caller_gave_up() {
    let mut table = over_quic().await;
    let (requests, go_on) = requests_and_a_large_one();
    let caller = tokio::spawn(table.client.stubborn_client_streaming(requests));
    table.expect_first_requests().await;
    go_on.send(()).expect("the caller waits");
    failure(caller.await.expect("no panic"));
    table.expect([RequestsFailed(ErrorKind::Cancelled), Finished]).await;
}

#[tokio::test]
async fn a_stubborn_bidirectional_handler_of_a_large_request_reads_that_its_caller_gave_up() {
    let mut table = over_quic().await;
    let (requests, go_on) = requests_and_a_large_one();
    let answer = table.client.stubborn_bidirectional(requests).await.expect("it begins");
    table.expect_first_requests().await;
    go_on.send(()).expect("the caller waits");
    read(Ok(answer)).await.with(MessageTooLarge, Executed::Yes);
    table.expect([RequestsFailed(ErrorKind::Cancelled), Finished]).await;
}

#[tokio::test]
async fn a_unary_caller_is_told_of_its_large_answer_and_that_its_handler_ran() {
    let mut table = over_quic().await;
    assert_eq!(failure(table.client.unary(How::TooLarge).await), (MessageTooLarge, Executed::Yes));
    table.expect([Started, Finished]).await;
}

#[tokio::test]
async fn a_server_streaming_caller_is_told_of_a_large_item_after_every_other_and_its_handler_is_dropped() {
    let mut table = over_quic().await;
    let ended = read(table.client.server_streaming(How::TooLarge).await).await;
    ended.after_the_items(MessageTooLarge, Executed::Yes);
    expect_dropped(&mut table, false).await;
}

#[tokio::test]
async fn a_client_streaming_caller_is_told_of_its_large_answer_and_that_its_handler_ran() {
    let mut table = over_quic().await;
    let (requests, let_go) = endless_requests();
    let answer = table.client.client_streaming(How::TooLarge, requests).await;
    assert_eq!(failure(answer), (MessageTooLarge, Executed::Yes));
    let_go.expect().await;
    table.expect_first_requests().await;
    table.expect([Finished]).await;
}

#[tokio::test]
async fn a_bidirectional_caller_is_told_of_a_large_item_after_every_other_and_its_handler_is_dropped() {
    let mut table = over_quic().await;
    let (requests, let_go) = endless_requests();
    let ended = read(table.client.bidirectional(How::TooLarge, requests).await).await;
    ended.after_the_items(MessageTooLarge, Executed::Yes);
    let_go.expect().await;
    expect_dropped(&mut table, true).await;
}

async fn expect_dropped(table: &mut Table<Client>, after_requests: bool) {
    match after_requests {
        true => table.expect_first_requests().await,
        false => table.expect([Started]).await,
    }
    table.expect_dropped_for(ErrorKind::Cancelled).await;
}
