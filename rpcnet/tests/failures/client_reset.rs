//! A client that resets its stream, or ends it in the middle: it gets no good end, and its handler no false one.
//!
//! In process there is no stream to reset.

use rpcnet::ErrorKind;

use crate::{
    common::wire::{self, CALL_STREAM, End, LANE, RawClient, StreamOfCall, frame, message},
    service::Event::*,
    table::{Shape, Table, over_quic},
};

/// A call by a client of the test's own, whose handler runs.
struct RawCall {
    table: Table<rpcnet::Client>,
    stream: StreamOfCall,
    _client: RawClient,
}

const END: u8 = 0xa2;

/// A map of one argument, `how`, that says "Wait"; and no arguments at all.
const HOW_WAIT: &[u8] = b"\x81\xa3how\xa4Wait";
const NO_ARGUMENTS: &[u8] = b"\x80";

/// An item as a map: its number, and no ballast.
fn request(number: u8) -> Vec<u8> {
    [&b"\x82\xa6number"[..], &[number], b"\xa7ballast\xc4\x00"].concat()
}

async fn begin(shape: Shape, stubborn: bool) -> RawCall {
    let mut table = over_quic().await;
    let mut client = RawClient::connect(table.server().local_addr(), &table.identity).await;
    let (method, arguments) = match (shape, stubborn) {
        (Shape::Unary, false) => ("Ends.unary", HOW_WAIT),
        (Shape::Unary, true) => ("Ends.stubborn_unary", NO_ARGUMENTS),
        (Shape::ServerStreaming, false) => ("Ends.server_streaming", HOW_WAIT),
        (Shape::ServerStreaming, true) => ("Ends.stubborn_server_streaming", NO_ARGUMENTS),
        (Shape::ClientStreaming, false) => ("Ends.client_streaming", HOW_WAIT),
        (Shape::ClientStreaming, true) => ("Ends.stubborn_client_streaming", NO_ARGUMENTS),
        (Shape::Bidirectional, false) => ("Ends.bidirectional", HOW_WAIT),
        (Shape::Bidirectional, true) => ("Ends.stubborn_bidirectional", NO_ARGUMENTS),
    };
    let stream = if shape == Shape::Unary {
        client.open(LANE, &wire::request(method, 0, arguments)).await
    } else {
        let mut bytes = [wire::request(method, 0, &[]), message(arguments)].concat();
        for number in 0..3 {
            bytes.extend(if shape.has_requests() { message(&request(number)) } else { Vec::new() });
        }
        client.open(CALL_STREAM, &bytes).await
    };
    table.expect_running(shape).await;
    RawCall { table, stream, _client: client }
}

async fn check_caller(shape: Shape) {
    let mut call = begin(shape, false).await;
    call.stream.reset();
    let (_, end) = call.stream.read_to_end().await;
    assert_eq!(end, End::Reset, "a call that was given up never seems to end well");
}

async fn check_handler(shape: Shape) {
    let mut call = begin(shape, false).await;
    call.stream.reset();
    call.table.expect_dropped_for(ErrorKind::Cancelled).await;
}

async fn check_stubborn_handler(shape: Shape) {
    let mut call = begin(shape, true).await;
    call.stream.reset();
    call.table.expect_stubborn_end(shape, ErrorKind::Cancelled).await;
}

/// A stream that is finished without its end frame is no whole one.
async fn check_truncated(shape: Shape) {
    let mut call = begin(shape, true).await;
    call.stream.finish();
    call.table.expect_stubborn_end(shape, ErrorKind::Truncated).await;
    let (_, end) = call.stream.read_to_end().await;
    assert_eq!(end, End::Reset);
}

/// Stops reading the answers, and goes on sending.
async fn check_deaf(shape: Shape) {
    let mut call = begin(shape, true).await;
    call.stream.stop_reading();
    call.stream.send(&message(&request(3))).await;
    let mut event = call.table.next().await;
    if event == Request(3) {
        // Its answer is the first that nobody reads, if that of the request before was read.
        event = call.table.next().await;
    }
    assert_eq!(event, RequestsFailed(ErrorKind::Cancelled));
    call.table.expect([Finished]).await;
    call.table.expect_nothing_left().await;
}

#[tokio::test]
async fn a_unary_caller_is_answered_by_a_reset() {
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
async fn a_server_streaming_caller_is_answered_by_a_reset() {
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
async fn a_client_streaming_caller_is_answered_by_a_reset() {
    check_caller(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_client_streaming_handler_is_dropped() {
    check_handler(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_stubborn_client_streaming_handler_reads_that_it_was_cancelled() {
    check_stubborn_handler(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_stubborn_client_streaming_handler_reads_that_a_finished_stream_without_its_end_is_cut_short() {
    check_truncated(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_bidirectional_caller_is_answered_by_a_reset() {
    check_caller(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_bidirectional_handler_is_dropped() {
    check_handler(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_stubborn_bidirectional_handler_reads_that_it_was_cancelled() {
    check_stubborn_handler(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_stubborn_bidirectional_handler_reads_that_a_finished_stream_without_its_end_is_cut_short() {
    check_truncated(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_stubborn_bidirectional_handler_whose_answers_nobody_reads_reads_that_it_was_cancelled() {
    check_deaf(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_unary_caller_that_cancels_is_answered_and_its_handler_dropped() {
    let mut call = begin(Shape::Unary, false).await;
    call.stream.send(&frame(0x12, &[0; 4])).await;
    assert_eq!(call.stream.read().await[..], [0x91, 6, 0, 0, 0, 0, 0, 0, 0x21, 0], "cancelled, and it ran");
    call.table.expect_dropped_for(ErrorKind::Cancelled).await;
}

/// One request more than the server takes, in parts that are each small enough.
fn too_large() -> Vec<u8> {
    let part = [0; 60_000];
    [frame(0xa0, &part), frame(0xa1, &part)].concat()
}

async fn check_oversize(shape: Shape) {
    let mut call = begin(shape, true).await;
    call.stream.send(&too_large()).await;
    call.table.expect([RequestsFailed(ErrorKind::MessageTooLarge), Finished]).await;
    // The handler said what it makes of it, and that is how the call ends.
    let (bytes, end) = call.stream.read_to_end().await;
    assert_eq!(end, End::Finished);
    assert!(bytes.windows(16).any(|text| text == b"message_bytes_ma"), "{bytes:02x?}");
}

#[tokio::test]
async fn a_client_streaming_handler_reads_that_a_request_is_too_large_and_its_caller_what_it_makes_of_it() {
    check_oversize(Shape::ClientStreaming).await;
}

#[tokio::test]
async fn a_bidirectional_handler_reads_that_a_request_is_too_large_and_its_caller_what_it_makes_of_it() {
    check_oversize(Shape::Bidirectional).await;
}

#[tokio::test]
async fn a_client_that_leaves_after_a_request_too_large_has_its_handler_dropped() {
    let mut call = begin(Shape::Bidirectional, false).await;
    call.stream.send(&too_large()).await;
    call.table.expect([RequestsFailed(ErrorKind::MessageTooLarge)]).await;
    // `Wait` goes on after that, so only its caller's leave can end it.
    call.stream.reset();
    call.table.expect_dropped_for(ErrorKind::Cancelled).await;
}

#[tokio::test]
async fn a_client_that_is_done_and_then_resets_has_its_handler_dropped() {
    let mut call = begin(Shape::Bidirectional, false).await;
    call.stream.send(&frame(END, &[])).await;
    call.table.expect([RequestsEnded]).await;
    call.stream.reset();
    call.table.expect_dropped_for(ErrorKind::Cancelled).await;
}

#[tokio::test]
async fn a_client_that_is_done_and_finishes_its_stream_still_gets_its_answer() {
    let mut call = begin(Shape::Bidirectional, true).await;
    call.stream.send(&frame(END, &[])).await;
    call.stream.finish();
    call.table.expect([RequestsEnded, Finished]).await;
    let (bytes, end) = call.stream.read_to_end().await;
    assert_eq!(end, End::Finished);
    assert!(bytes.ends_with(&[0x91, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0xa1, 0, 0, 0]), "status ok: {bytes:02x?}");
}
