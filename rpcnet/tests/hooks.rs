//! What others do when a server goes away, and what it says about itself.

mod common;

use std::time::{Duration, Instant};

use common::{Event, development, rpc, serve};
use rpcnet::{ErrorKind, Shutdown};
use tokio::{sync::mpsc, time::timeout};

const PATIENT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn hooks_run_before_calls_are_refused_and_after_the_last_one_has_ended() {
    let (server, mut observer, client) = serve(development()).await;
    let (told, mut heard) = mpsc::unbounded_channel();
    let (on_drain, on_stop) = (told.clone(), told);
    let late = client.clone();
    server.on_drain(move || async move {
        late.echo("still served".into()).await.expect("nobody is refused yet");
        on_drain.send("drains").expect("the test listens");
    });
    server.on_stop(move || async move { on_stop.send("has stopped").expect("the test listens") });
    let call = tokio::spawn(client.wait_stubbornly());
    observer.expect(Event::Started).await;
    let shutdown = async {
        assert_eq!(server.shutdown(PATIENT).await, Shutdown::Complete);
        assert_eq!(heard.try_recv(), Ok("drains"));
        assert_eq!(heard.try_recv(), Ok("has stopped"), "a shutdown waits for it");
    };
    let middle = async {
        timeout(PATIENT, server.monitor().draining()).await.expect("it drains");
        observer.release(1);
    };
    tokio::join!(shutdown, middle);
    call.await.expect("no panic").expect("it has its answer");
}

#[tokio::test]
async fn what_is_told_before_comes_before_what_is_told_after_and_once() {
    let (server, _observer, _client) = serve(development()).await;
    let (told, mut heard) = mpsc::unbounded_channel();
    let (on_drain, on_stop) = (told.clone(), told);
    server.on_drain(move || async move { on_drain.send("drains").expect("the test listens") });
    server.on_stop(move || async move { on_stop.send("has stopped").expect("the test listens") });
    server.stop_accepting();
    assert_eq!(timeout(PATIENT, heard.recv()).await, Ok(Some("drains")));
    server.shutdown(PATIENT).await;
    server.stop().await;
    drop(server);
    assert_eq!(heard.recv().await, Some("has stopped"));
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn a_hook_that_hangs_or_panics_holds_nobody_up() {
    common::silence_panics();
    let (server, _observer, client) = serve(development()).await;
    drop(client);
    server.on_drain(std::future::pending);
    server.on_drain(|| async { panic!("the handler was told to panic") });
    server.on_stop(std::future::pending);
    let start = Instant::now();
    server.shutdown(Duration::from_secs(1)).await;
    assert!(start.elapsed() < PATIENT, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_server_that_is_dropped_runs_what_is_to_be_run_when_it_has_stopped() {
    let (server, _observer, _client) = serve(development()).await;
    let (told, mut heard) = mpsc::unbounded_channel();
    server.on_stop(move || async move { told.send(()).expect("the test listens") });
    drop(server);
    assert_eq!(timeout(PATIENT, heard.recv()).await, Ok(Some(())));
}

#[tokio::test]
async fn a_server_is_ready_when_all_of_its_parts_are_and_says_which_are_not() {
    let (server, _observer, client) = serve(development()).await;
    assert_eq!(server.readiness(), Ok(()));
    server.ready_when("cache", || Ok(()));
    server.ready_when("database", || Err("no connection".to_owned()));
    let not_ready = server.readiness().expect_err("the database is not");
    assert_eq!(not_ready.reasons, [("database".to_owned(), "no connection".to_owned())]);
    assert_eq!(not_ready.to_string(), "the server is not ready; database: no connection");
    client.echo("a call".into()).await.expect("readiness is only told");
    server.stop_accepting();
    assert_eq!(server.readiness().expect_err("it goes away").reasons.len(), 2);
    assert!(matches!(rpc(client.echo("a call".into()).await).kind(), ErrorKind::Connection | ErrorKind::Draining));
}

#[tokio::test]
async fn a_monitor_tells_the_load_of_a_server() {
    let (server, mut observer, client) = serve(development()).await;
    let monitor = server.monitor();
    assert_eq!((monitor.load().calls_in_flight, monitor.load().draining), (0, false));
    let calls = [tokio::spawn(client.wait()), tokio::spawn(client.wait())];
    observer.count(Event::Started, 2).await;
    assert_eq!(monitor.load().calls_in_flight, 2);
    assert!(monitor.load().calls_max >= 2);
    assert!(monitor.queue_delay().await < PATIENT);
    for call in calls {
        call.abort();
    }
    server.stop_accepting();
    assert!(monitor.load().draining);
}
