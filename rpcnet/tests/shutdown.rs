//! Graceful shutdown: what has begun ends well, what is new goes elsewhere, and nothing lasts beyond the deadline.

mod common;

use std::time::{Duration, Instant};

use common::{Event, ProbeClient, ProbeError, connect, development, proxy::Proxy, raw_client_over, rpc, serve};
use futures::TryStreamExt;
use rpcnet::{CallError, ClientConfig, ErrorKind, Executed, Shutdown};
use tokio::task::JoinSet;

const PATIENT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_thousand_calls_and_a_hundred_streams_in_flight_all_end_well() {
    let (server, mut observer, client) = serve(development()).await;
    let clients = [client, connect(&server).await, connect(&server).await, connect(&server).await];
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        calls.spawn(clients[call % 4].wait_stubbornly());
    }
    let mut streams = JoinSet::new();
    for stream in 0..STREAMS {
        streams.spawn(stream_numbers(stream, clients[stream % 4].clone()));
    }
    observer.count(Event::Started, CALLS + STREAMS).await;
    let (ended, ()) = tokio::join!(server.shutdown(PATIENT), async {
        observer.release(CALLS + STREAMS);
    });
    assert_eq!(ended, Shutdown::Complete);
    while let Some(call) = calls.join_next().await {
        call.expect("no panic").expect("its answer arrived");
    }
    while let Some(numbers) = streams.join_next().await {
        let complete = [vec![1, 2, 3], vec![6], vec![1, 3, 6, 6]];
        let numbers = numbers.expect("no panic").expect("its end arrived");
        assert!(complete.contains(&numbers), "{numbers:?}");
    }
}

#[tokio::test]
async fn calls_and_streams_that_do_not_end_are_cut_off_in_time_and_say_that_they_may_have_run() {
    const DEADLINE: Duration = Duration::from_secs(2);
    let (server, mut observer, client) = serve(development()).await;
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        calls.spawn(client.wait());
    }
    let mut streams = JoinSet::new();
    for stream in 0..STREAMS {
        streams.spawn(stream_numbers(stream, client.clone()));
    }
    observer.count(Event::Started, CALLS + STREAMS).await;
    let start = Instant::now();
    let ended = server.shutdown(DEADLINE).await;
    // Without it, it would last for ever. The rest is for a machine that is busy with something else: the simulation has no such
    // excuse.
    assert!(start.elapsed() <= DEADLINE * 5, "{:?}", start.elapsed());
    assert!(matches!(ended, Shutdown::CutOff { calls: 1100, connections: 1, .. }), "{ended:?}");
    while let Some(call) = calls.join_next().await {
        let error = rpc(call.expect("no panic"));
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe));
    }
    while let Some(stream) = streams.join_next().await {
        let error = rpc(stream.expect("no panic"));
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert_ne!(error.executed(), Executed::No);
    }
    observer.count(Event::Dropped, CALLS + STREAMS).await;
}

const CALLS: usize = 1000;
const STREAMS: usize = 100;

/// A streaming call of one shape or another, and all that it answers.
async fn stream_numbers(stream: usize, client: ProbeClient) -> Result<Vec<u32>, CallError<ProbeError>> {
    let numbers = rpcnet::stream::iter([1, 2, 3]);
    match stream % 3 {
        0 => client.count(3).await?.try_collect().await,
        1 => client.sum(numbers).await.map(|sum| vec![sum]),
        _ => client.sums(numbers).await?.try_collect().await,
    }
}

#[tokio::test]
async fn a_stream_of_responses_that_was_refused_begins_at_the_next_server() {
    let (old, mut observer, _) = serve(development()).await;
    let (new, new_observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, ClientConfig::development()).await);
    let first = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    proxy.reroute(new.local_addr());
    // The go-away is still on its way when the call leaves.
    old.stop_accepting();
    new_observer.release(1);
    let numbers: Vec<u32> = client.count(3).await.expect("from the new server").try_collect().await.expect("complete");
    assert_eq!(numbers, [1, 2, 3]);
    observer.release(1);
    first.await.expect("no panic").expect("from the old server");
    old.wait_for_in_flight().await;
}

#[tokio::test]
async fn large_answers_arrive_whole_or_their_calls_never_ran() {
    const LENGTH: u32 = 3 << 20;
    let (server, _observer, _) = serve(development()).await;
    let config = ClientConfig::development().with_connect_timeout(Duration::from_secs(6)).build().expect("valid");
    let client = ProbeClient::connect(server.local_addr(), config).await.expect("the server is there");
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        calls.spawn(client.produce(LENGTH));
    }
    let ended = server.shutdown(PATIENT).await;
    assert_eq!(ended, Shutdown::Complete);
    while let Some(call) = calls.join_next().await {
        match call.expect("no panic") {
            Ok(answer) => assert_eq!(answer.len(), LENGTH as usize),
            Err(error) => assert_eq!(rpc(Err::<(), _>(error)).executed(), Executed::No),
        }
    }
}

#[tokio::test]
async fn idle_clients_leave_at_once() {
    let (server, _observer, client) = serve(development()).await;
    let another = connect(&server).await;
    let start = Instant::now();
    assert_eq!(server.shutdown(PATIENT).await, Shutdown::Complete);
    assert!(start.elapsed() < PATIENT / 2, "{:?}", start.elapsed());
    drop((client, another));
}

#[tokio::test]
async fn new_connections_are_refused_at_once() {
    let (server, mut observer, client) = serve(development()).await;
    let call = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    server.stop_accepting();
    let config = ClientConfig::development().build().expect("valid");
    let error = rpcnet::Client::connect(server.local_addr(), config).await.expect_err("it is going away");
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::No));
    assert!(error.to_string().contains("going away"), "{error}");
    observer.release(1);
    call.await.expect("no panic").expect("its answer");
    server.wait_for_in_flight().await;
}

#[tokio::test]
async fn new_calls_go_to_the_next_server_while_the_old_one_finishes() {
    let (old, mut old_observer, _) = serve(development()).await;
    let (new, mut new_observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, ClientConfig::development()).await);
    let first = tokio::spawn(client.wait_stubbornly());
    old_observer.expect(Event::Started).await;
    proxy.reroute(new.local_addr());
    let (ended, ()) = tokio::join!(old.shutdown(PATIENT), async {
        // However the go-away and these race: they are served, here or there.
        for _ in 0..50 {
            client.echo("anyone".into()).await.expect("an answer");
        }
        let second = tokio::spawn(client.wait_stubbornly());
        new_observer.expect(Event::Started).await;
        new_observer.release(1);
        second.await.expect("no panic").expect("from the new server");
        old_observer.release(1);
        first.await.expect("no panic").expect("from the old server");
    });
    assert_eq!(ended, Shutdown::Complete);
}

#[tokio::test]
async fn calls_that_wait_for_their_turn_move_on_when_the_server_goes_away() {
    let (old, mut observer, _) = serve(development().with_calls_per_connection_max(1)).await;
    let (new, _new_observer, _) = serve(development()).await;
    let proxy = Proxy::to(old.local_addr());
    let client = ProbeClient::new(raw_client_over(&proxy, ClientConfig::development()).await);
    let first = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    let waiting = client.echo("next".into());
    tokio::pin!(waiting);
    assert!(futures::poll!(&mut waiting).is_pending(), "the server takes one call at a time");
    proxy.reroute(new.local_addr());
    old.stop_accepting();
    assert_eq!(waiting.await.expect("from the new server"), "next");
    observer.release(1);
    first.await.expect("no panic").expect("from the old server");
    old.wait_for_in_flight().await;
}

#[tokio::test]
async fn shutting_down_twice_is_as_good_as_once_and_the_first_deadline_counts() {
    let (server, mut observer, client) = serve(development()).await;
    let _call = tokio::spawn(client.wait());
    observer.expect(Event::Started).await;
    let start = Instant::now();
    let (patient, hasty) = tokio::join!(server.shutdown(PATIENT), server.shutdown(Duration::from_millis(100)));
    assert!(matches!(patient, Shutdown::CutOff { .. }), "{patient:?}");
    assert!(matches!(hasty, Shutdown::CutOff { calls: 1, .. }), "{hasty:?}");
    assert!(start.elapsed() < PATIENT / 2, "{:?}", start.elapsed());
    assert_eq!(server.shutdown(PATIENT).await, Shutdown::Complete);
    assert_eq!(server.shutdown(Duration::ZERO).await, Shutdown::Complete);
}

#[tokio::test]
async fn a_shutdown_that_is_given_up_goes_on_draining() {
    let (server, mut observer, client) = serve(development()).await;
    let call = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    assert!(futures::poll!(Box::pin(server.shutdown(PATIENT))).is_pending());
    observer.release(1);
    call.await.expect("no panic").expect("its answer");
    server.wait_for_in_flight().await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_without_a_client_is_done_at_once() {
    let (server, _observer, client) = serve(development()).await;
    drop(client);
    server.wait_for_in_flight().await;
    assert_eq!(server.shutdown(PATIENT).await, Shutdown::Complete);
    server.stopped().await;
}
