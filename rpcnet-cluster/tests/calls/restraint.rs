//! What keeps a client from doing harm to workers that refuse.

use std::time::Duration;

use rpcnet::{ClientConfig, ErrorKind, Executed};

use crate::common::{addr_of_ones_own, within};
use crate::scene::{Room, client_of, client_of_these, known, occupy, workers};
use crate::workers::{WorkClient, Worker, connected, rpc, serve_at};

#[tokio::test]
async fn a_call_that_a_worker_refuses_for_want_of_room_is_made_elsewhere() {
    let fleet = workers(&[("a", Room::One), ("b", Room::Enough)]).await;
    let _occupied = occupy(&fleet[0]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.start();
    let client = connected(&cluster, "", 2).await;
    for _ in 0..5 {
        assert_eq!(within("an answer", client.name_once()).await.expect("there is another"), "b");
    }
    assert_eq!((seen.now().attempts, seen.now().retries), (10, 5));
}

#[tokio::test]
async fn a_call_that_all_refuse_is_sent_to_as_many_as_is_allowed_and_says_that_it_never_ran() {
    let fleet = workers(&[("a", Room::One), ("b", Room::One), ("c", Room::One)]).await;
    let mut occupied = Vec::new();
    for worker in &fleet {
        occupied.push(occupy(worker).await);
    }
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.with_attempts_max(2).start();
    let client = connected(&cluster, "", 3).await;
    let error = rpc(within("a failure", client.name()).await);
    assert_eq!((error.kind(), error.executed(), error.peer()), (ErrorKind::Overloaded, Executed::No, Some("b")));
    assert_eq!(seen.now().attempts, 2);
}

#[tokio::test]
async fn a_call_is_not_made_again_when_the_budget_of_retries_is_spent() {
    let fleet = workers(&[("a", Room::One), ("b", Room::Enough)]).await;
    let _occupied = occupy(&fleet[0]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.with_retry_budget(0.0, 0).start();
    let client = connected(&cluster, "", 2).await;
    let error = rpc(within("a failure", client.name()).await);
    assert_eq!((error.kind(), error.peer()), (ErrorKind::Overloaded, Some("a")));
    assert_eq!(seen.now().attempts, 1);
}

#[tokio::test]
async fn calls_are_given_up_while_their_workers_refuse_and_those_to_other_workers_are_not() {
    const CALLS: u32 = 200;
    let fleet = workers(&[("busy", Room::One), ("idle", Room::Enough)]).await;
    let _occupied = occupy(&fleet[0]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.with_attempts_max(1).start();
    let busy = connected(&cluster, "role=busy", 1).await;
    let idle = connected(&cluster, "role=idle", 1).await;
    for _ in 0..CALLS {
        assert_eq!(rpc(within("a failure", busy.name()).await).kind(), ErrorKind::Overloaded);
    }
    let sent = seen.now().attempts;
    // About a tenth, and some until there was something to learn from.
    assert!((1..CALLS / 2).contains(&sent), "{sent}");
    for _ in 0..CALLS {
        within("an answer", idle.name()).await.expect("nobody refuses here");
    }
}

#[tokio::test]
async fn retries_of_calls_to_some_workers_leave_those_to_others_their_budget() {
    let fleet = workers(&[("busy", Room::One), ("idle", Room::One), ("spare", Room::Enough)]).await;
    let _occupied = [occupy(&fleet[0]).await, occupy(&fleet[1]).await];
    let (builder, seen) = client_of(&fleet);
    // Ten in ten seconds.
    let cluster = builder.with_retry_budget(0.0, 1).with_shedding(false).start();
    let busy = connected(&cluster, "role!=idle", 2).await;
    let all = connected(&cluster, "role!=busy", 2).await;
    for _ in 0..10 {
        within("a result", busy.name()).await.expect("there is a budget");
    }
    assert_eq!(rpc(busy.name().await).kind(), ErrorKind::Overloaded, "it is spent");
    let spent = seen.now().retries;
    assert_eq!(within("an answer", all.name()).await.expect("it has a budget"), "spare");
    assert_eq!(seen.now().retries, spent + 1);
}

#[tokio::test]
async fn streams_that_are_refused_count_and_one_that_is_given_up_is_not_begun_again() {
    const STREAMS: u32 = 200;
    let fleet = workers(&[("busy", Room::One)]).await;
    let _occupied = occupy(&fleet[0]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.with_retry_budget(1.0, 1_000).start();
    let client = connected(&cluster, "", 1).await;
    let mut given_up = 0;
    for _ in 0..STREAMS {
        let error = rpc(within("a failure", client.count(0)).await);
        assert_eq!((error.kind(), error.executed()), (ErrorKind::Overloaded, Executed::No), "{error}");
        given_up += u32::from(error.peer().is_none());
    }
    assert_eq!(seen.now().attempts + given_up, STREAMS);
    assert!(given_up > STREAMS / 2, "{given_up}");
}

#[tokio::test]
async fn a_client_that_waits_for_workers_waits_for_one_that_cannot_be_reached() {
    let worker = Worker::new("late");
    let addr = addr_of_ones_own();
    let config = ClientConfig::development().with_wait_for_ready(true).build().expect("valid");
    let (builder, seen) = client_of_these(vec![known(&worker, addr)], config);
    let cluster = builder.with_connect_timeout(Duration::from_millis(50)).start();
    let client = WorkClient::new(cluster.channel(""));
    let call = tokio::spawn(client.name());
    seen.until("it cannot be reached", |seen| seen.unreachable > 0).await;
    let _server = serve_at(&worker, addr).await;
    assert_eq!(within("an answer", call).await.expect("no panic").expect("it has waited"), "late");
}
