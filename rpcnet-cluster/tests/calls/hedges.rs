//! Second attempts while the first is slow, and what becomes of them when workers fail.

use std::{pin::pin, time::Duration};

use futures::poll;
use rpcnet::{ErrorKind, Executed};
use rpcnet_cluster::ClusterClient;

use crate::common::{until, within};
use crate::proxy::Proxy;
use crate::scene::{Room, client_of, client_of_these, known, occupy_by, workers};
use crate::workers::{client_config, connected, rpc, serve_at};

/// Long enough that what follows the second attempt, at half of it, happens before its end.
const DEADLINE: Duration = Duration::from_secs(6);

fn under_way(cluster: &ClusterClient, name: &str) -> bool {
    cluster.workers().iter().any(|worker| worker.id().as_str() == name && worker.active_connections() > 0)
}

#[tokio::test]
async fn a_second_attempt_goes_on_to_whoever_has_room() {
    let fleet = workers(&[("a", Room::Enough), ("b", Room::OneEach), ("c", Room::Enough)]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.with_hedge_share(0.0).start();
    let client = connected(&cluster, "", 3).await.with_deadline(DEADLINE);
    let _waits = occupy_by(&cluster, &fleet[1].0).await;
    fleet[2].0.release(1);
    assert_eq!(within("an answer", client.wait()).await.expect("it is not given up"), "c");
    assert_eq!(seen.now().hedges, 1);
}

#[tokio::test]
async fn a_call_that_one_of_two_workers_was_lost_with_never_says_that_it_did_not_run() {
    let fleet = workers(&[("a", Room::Enough), ("b", Room::Enough)]).await;
    let proxy = Proxy::to(fleet[1].1.local_addr());
    let infos = vec![known(&fleet[0].0, fleet[0].1.local_addr()), known(&fleet[1].0, proxy.addr())];
    let (builder, seen) = client_of_these(infos, client_config());
    let cluster = builder.with_hedging(true).start();
    let client = connected(&cluster, "", 2).await.with_deadline(DEADLINE);
    let call = tokio::spawn(client.wait());
    until("it has arrived", || fleet[0].0.begun() == 1).await;
    // What is sent there now arrives after the first attempt was lost, at a worker that goes away.
    proxy.swallow(true);
    until("there is a second attempt", || under_way(&cluster, "b")).await;
    within("the first one's end", fleet[0].1.stop()).await;
    seen.until("the first one's loss", |seen| seen.attempts == 1).await;
    fleet[1].1.stop_accepting();
    proxy.swallow(false);
    let error = rpc(within("a failure", call).await.expect("no panic"));
    let expected = (ErrorKind::Draining, Executed::Maybe, Some("b"));
    assert_eq!((error.kind(), error.executed(), error.peer()), expected, "{error}");
    assert_eq!(fleet[1].0.begun(), 0);
}

#[tokio::test]
async fn a_call_that_both_workers_were_lost_with_is_made_at_neither_again() {
    let fleet = workers(&[("a", Room::Enough), ("b", Room::Enough)]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.with_hedging(true).start();
    let client = connected(&cluster, "", 2).await.with_deadline(DEADLINE);
    let mut call = pin!(client.wait());
    assert!(poll!(&mut call).is_pending());
    let both = async { until("both are at it", || fleet.iter().all(|(worker, _)| worker.begun() == 1)).await };
    tokio::select! {
        _ = &mut call => panic!("nobody answers"),
        () = both => {}
    }
    // The call is not polled again before both are lost, and one of them is back.
    within("its end", fleet[1].1.stop()).await;
    within("its end", fleet[0].1.stop()).await;
    seen.until("the loss of both", |seen| seen.disconnected.len() == 2).await;
    let _again = serve_at(&fleet[1].0, fleet[1].1.local_addr()).await;
    seen.until("it is back", |seen| seen.connected.get("b") == Some(&2)).await;
    let error = rpc(within("a failure", call).await);
    assert_eq!((error.kind(), error.executed()), (ErrorKind::Connection, Executed::Maybe), "{error}");
    assert_eq!(fleet[1].0.begun(), 1);
}
