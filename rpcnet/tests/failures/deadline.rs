//! A deadline that passes: the caller is told, and the handler is dropped unless it must not be.

use std::time::Duration;

use rpcnet::{CallError, Channel, ErrorKind, Executed};

use crate::table::{Ended, Shape, Table, call};

everywhere! {
    a_unary_caller_is_told_in_time,
    a_server_streaming_caller_is_told_in_time_after_every_item,
    a_client_streaming_caller_is_told_in_time,
    a_bidirectional_caller_is_told_in_time_after_every_item,
    a_unary_handler_is_dropped,
    a_server_streaming_handler_is_dropped,
    a_client_streaming_handler_is_dropped,
    a_bidirectional_handler_is_dropped,
    a_stubborn_unary_handler_runs_to_its_end,
    a_stubborn_server_streaming_handler_runs_to_its_end,
    a_stubborn_client_streaming_handler_reads_that_its_caller_gave_up,
    a_stubborn_bidirectional_handler_reads_that_its_caller_gave_up,
}

/// Long enough for the call to begin on a busy machine.
const SOON: Duration = Duration::from_millis(700);

async fn overdue<C: Channel>(table: &Table<C>, shape: Shape, stubborn: bool) -> Ended {
    call(table.client.with_deadline(SOON), shape, stubborn).await
}

async fn check_caller<C: Channel>(table: Table<C>, shape: Shape) {
    let ended = overdue(&table, shape, false).await;
    if shape.has_answers() {
        ended.after_the_items(ErrorKind::DeadlineExceeded, Executed::Yes);
        return;
    }
    // Server and client look at clocks of their own; the one that tells first knows more or less.
    let error = ended.error.as_ref().and_then(CallError::rpc).expect("a failure");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_ne!(error.executed(), Executed::No);
}

async fn check_handler<C: Channel>(mut table: Table<C>, shape: Shape) {
    overdue(&table, shape, false).await;
    table.expect_running(shape).await;
    table.expect_dropped_for(ErrorKind::Cancelled).await;
}

async fn check_stubborn_handler<C: Channel>(mut table: Table<C>, shape: Shape) {
    overdue(&table, shape, true).await;
    table.expect_running(shape).await;
    table.expect_stubborn_end(shape, ErrorKind::Cancelled).await;
}

async fn a_unary_caller_is_told_in_time<C: Channel>(table: Table<C>) {
    check_caller(table, Shape::Unary).await;
}

async fn a_server_streaming_caller_is_told_in_time_after_every_item<C: Channel>(table: Table<C>) {
    check_caller(table, Shape::ServerStreaming).await;
}

async fn a_client_streaming_caller_is_told_in_time<C: Channel>(table: Table<C>) {
    check_caller(table, Shape::ClientStreaming).await;
}

async fn a_bidirectional_caller_is_told_in_time_after_every_item<C: Channel>(table: Table<C>) {
    check_caller(table, Shape::Bidirectional).await;
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

async fn a_stubborn_client_streaming_handler_reads_that_its_caller_gave_up<C: Channel>(table: Table<C>) {
    check_stubborn_handler(table, Shape::ClientStreaming).await;
}

async fn a_stubborn_bidirectional_handler_reads_that_its_caller_gave_up<C: Channel>(table: Table<C>) {
    check_stubborn_handler(table, Shape::Bidirectional).await;
}
