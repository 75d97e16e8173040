//! A message that is no value of its type: whoever reads it is told, and nothing after it is read.

use rpcnet::{Channel, ErrorKind::Serialization, Executed, prelude::*, stream};

use crate::{
    service::{Event::*, How, ITEMS, Item, UNLUCKY, item},
    table::{Ended, Table, endless_requests, failure, read, refusal, requests},
};

everywhere! {
    a_unary_caller_is_told_of_its_answer,
    a_server_streaming_caller_is_told_of_an_item_after_every_other,
    a_client_streaming_caller_is_told_of_its_answer,
    a_bidirectional_caller_is_told_of_an_item_after_every_other,
    a_unary_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told,
    a_server_streaming_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told,
    a_client_streaming_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told,
    a_bidirectional_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told,
    a_client_streaming_handler_reads_the_error_and_its_caller_what_it_makes_of_it,
    a_bidirectional_handler_reads_the_error_and_its_caller_what_it_makes_of_it,
}

const REFUSED: (rpcnet::ErrorKind, Executed) = (Serialization, Executed::No);

/// The first requests, and one that can't be decoded, and one that could.
fn unlucky_requests() -> impl Stream<Item = Item> + Send + use<> {
    requests().chain(stream::iter([item(UNLUCKY), item(ITEMS)]))
}

async fn a_unary_caller_is_told_of_its_answer<C: Channel>(mut table: Table<C>) {
    assert_eq!(failure(table.client.unary(How::Undecodable).await), (Serialization, Executed::Yes));
    table.expect([Started, Finished]).await;
}

async fn a_server_streaming_caller_is_told_of_an_item_after_every_other<C: Channel>(mut table: Table<C>) {
    let ended = read(table.client.server_streaming(How::Undecodable).await).await;
    ended.after_the_items(Serialization, Executed::Yes);
    // What comes after makes no more sense: the call is given up.
    table.expect([Started, Dropped]).await;
    table.expect_nothing_left().await;
}

async fn a_client_streaming_caller_is_told_of_its_answer<C: Channel>(mut table: Table<C>) {
    let answer = table.client.client_streaming(How::Undecodable, requests()).await;
    assert_eq!(failure(answer), (Serialization, Executed::Yes));
    table.expect_first_requests().await;
    table.expect([Finished]).await;
}

async fn a_bidirectional_caller_is_told_of_an_item_after_every_other<C: Channel>(mut table: Table<C>) {
    let (requests, let_go) = endless_requests();
    let ended = read(table.client.bidirectional(How::Undecodable, requests).await).await;
    ended.after_the_items(Serialization, Executed::Yes);
    let_go.expect().await;
    table.expect_first_requests().await;
    table.expect([Dropped]).await;
    table.expect_nothing_left().await;
}

async fn a_unary_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told<C: Channel>(
    mut table: Table<C>,
) {
    assert_eq!(failure(table.client.unary(How::Nonsense).await), REFUSED);
    table.expect_nothing_ran().await;
}

async fn a_server_streaming_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told<C: Channel>(
    mut table: Table<C>,
) {
    assert_eq!(failure(table.client.server_streaming(How::Nonsense).await), REFUSED);
    table.expect_nothing_ran().await;
}

async fn a_client_streaming_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told<C: Channel>(
    mut table: Table<C>,
) {
    let (requests, let_go) = endless_requests();
    assert_eq!(failure(table.client.client_streaming(How::Nonsense, requests).await), REFUSED);
    let_go.expect().await;
    table.expect_nothing_ran().await;
}

async fn a_bidirectional_handler_never_runs_for_arguments_that_make_no_sense_and_its_caller_is_told<C: Channel>(
    mut table: Table<C>,
) {
    let (requests, let_go) = endless_requests();
    assert_eq!(failure(table.client.bidirectional(How::Nonsense, requests).await), REFUSED);
    let_go.expect().await;
    table.expect_nothing_ran().await;
}

async fn a_client_streaming_handler_reads_the_error_and_its_caller_what_it_makes_of_it<C: Channel>(
    mut table: Table<C>,
) {
    let said = refusal(table.client.client_streaming(How::Well, unlucky_requests()).await);
    assert!(said.0.contains("an unlucky number"), "{said:?}");
    table.expect_first_requests().await;
    table.expect([RequestsFailed(Serialization), Finished]).await;
}

async fn a_bidirectional_handler_reads_the_error_and_its_caller_what_it_makes_of_it<C: Channel>(mut table: Table<C>) {
    let Ended { items, error, .. } = read(table.client.bidirectional(How::Well, unlucky_requests()).await).await;
    assert_eq!(items, crate::table::first_numbers());
    let said = error.expect("a failure").application().expect("the handler's own error");
    assert!(said.0.contains("an unlucky number"), "{said:?}");
    table.expect_first_requests().await;
    table.expect([RequestsFailed(Serialization), Finished]).await;
}
