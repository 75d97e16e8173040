//! Cancellation: a call's future dropped here is a handler dropped there.

mod common;

use std::time::Duration;

use common::{Event, ProbeClient, development, probe, serve, until};
use rpcnet::InProcess;
use tokio::task::JoinSet;

#[tokio::test]
async fn dropping_a_calls_future_drops_its_handler() {
    let (server, mut observer, client) = serve(development()).await;
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    assert_eq!(server.calls_in_flight(), 1);
    call.abort();
    observer.expect(Event::Dropped).await;
    until("the call is over", || server.calls_in_flight() == 0).await;
}

#[tokio::test]
async fn a_handler_that_must_not_be_cancelled_runs_to_its_end() {
    let (_server, mut observer, client) = serve(development()).await;
    let call = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    call.abort();
    // The cancel is on its way before this echo, on the same lane.
    client.echo("ping".into()).await.expect("an answer");
    observer.release(1);
    observer.expect(Event::Finished).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_computes_can_ask_whether_anybody_waits() {
    let (_server, mut observer, client) = serve(development()).await;
    let call = tokio::spawn(client.compute());
    observer.expect(Event::Started).await;
    call.abort();
    observer.expect(Event::Finished).await;
}

#[tokio::test]
async fn a_future_that_was_never_polled_calls_nobody() {
    let (_server, mut observer, client) = serve(development()).await;
    drop(client.wait());
    client.echo("ping".into()).await.expect("an answer");
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    call.abort();
    observer.expect(Event::Dropped).await;
}

#[tokio::test]
async fn ten_thousand_calls_cancelled_midway_leave_nothing_behind() {
    const IN_FLIGHT: usize = 250;
    // With so few ids, one that leaked in 40 rounds would show: the last round could not start.
    let config = development().with_calls_per_connection_max(IN_FLIGHT as u32);
    let (server, mut observer, client) = serve(config).await;
    let patient = client.with_deadline(Duration::from_secs(300));
    for _ in 0..40 {
        let mut calls = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            calls.spawn(patient.wait());
        }
        observer.count(Event::Started, IN_FLIGHT).await;
        calls.shutdown().await;
        observer.count(Event::Dropped, IN_FLIGHT).await;
    }
    until("no call is in flight", || server.calls_in_flight() == 0).await;
    until("no handler is left", || observer.alive() == 0).await;
    client.echo("unharmed".into()).await.expect("an answer");
}

#[tokio::test]
async fn a_lost_client_cancels_its_calls() {
    let (server, mut observer, _client) = serve(development()).await;
    let other = common::connect(&server).await;
    let call = tokio::spawn(other.wait());
    observer.expect(Event::Started).await;
    drop(other);
    call.abort();
    observer.expect(Event::Dropped).await;
}

#[tokio::test]
async fn in_process_a_dropped_call_drops_its_handler() {
    let (service, mut observer) = probe();
    let client = ProbeClient::new(InProcess::new(service));
    let call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    call.abort();
    observer.expect(Event::Dropped).await;
}
