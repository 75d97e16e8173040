//! Calls to workers that have no room for another one.

use std::{pin::pin, time::Duration};

use futures::{future::join_all, poll};
use rpcnet::{Executed, prelude::*};

use crate::common::{until, within};
use crate::scene::{Room, client_of, client_of_these, known, occupy, occupy_by, workers};
use crate::workers::{client_config, connected, rpc};

#[tokio::test]
async fn a_call_goes_back_to_a_worker_that_had_no_room_when_the_other_refuses_it() {
    let fleet = workers(&[("a", Room::OneEach), ("b", Room::One)]).await;
    let _occupied = occupy(&fleet[1]).await;
    let (builder, seen) = client_of(&fleet);
    let cluster = builder.start();
    let client = connected(&cluster, "", 2).await;
    let _waits = occupy_by(&cluster, &fleet[0].0).await;
    let call = tokio::spawn(client.name_once());
    seen.until("the other refuses", |seen| seen.attempts == 1).await;
    fleet[0].0.release(1);
    assert_eq!(within("an answer", call).await.expect("no panic").expect("there is room again"), "a");
}

#[tokio::test]
async fn what_a_worker_has_no_room_for_waits_there_rather_than_go_to_one_that_drains() {
    let fleet = workers(&[("a", Room::OneEach), ("b", Room::Enough)]).await;
    let mut infos: Vec<_> = fleet.iter().map(|(worker, server)| known(worker, server.local_addr())).collect();
    infos[1].draining = true;
    let (builder, _) = client_of_these(infos, client_config());
    let cluster = builder.start();
    let client = connected(&cluster, "", 2).await;
    let _waits = occupy_by(&cluster, &fleet[0].0).await;
    let mut call = pin!(client.name());
    assert!(poll!(&mut call).is_pending());
    fleet[0].0.release(1);
    assert_eq!(within("an answer", call).await.expect("there is room again"), "a");
    assert_eq!(fleet[1].0.begun(), 0);
}

#[tokio::test]
async fn however_many_workers_have_no_room_a_call_waits_until_one_has() {
    let names: Vec<_> = (0..12).map(|index| format!("w{index:02}")).collect();
    let rooms: Vec<_> = names.iter().map(|name| (name.as_str(), Room::OneEach)).collect();
    let fleet = workers(&rooms).await;
    let (builder, _) = client_of(&fleet);
    let cluster = builder.start();
    let client = connected(&cluster, "", fleet.len()).await;
    let _waiting = join_all(fleet.iter().map(|(worker, _)| occupy_by(&cluster, worker))).await;
    let mut call = pin!(client.name_once());
    assert!(poll!(&mut call).is_pending());
    fleet.iter().for_each(|(worker, _)| worker.release(1));
    within("an answer", call).await.expect("there is room again");
}

#[tokio::test]
async fn a_stream_does_not_wait_at_a_worker_that_has_no_room_while_another_has() {
    let fleet = workers(&[("a", Room::OneEach), ("b", Room::Enough)]).await;
    let (builder, _) = client_of(&fleet);
    let cluster = builder.start();
    let client = connected(&cluster, "", 2).await;
    let _waits = occupy_by(&cluster, &fleet[0].0).await;
    let mut items = within("a beginning", client.count(0)).await.expect("there is another");
    assert_eq!(items.next().await.expect("an item").expect("a number"), ("b".to_owned(), 0));
}

#[tokio::test]
async fn a_call_that_was_lost_does_not_wait_for_the_worker_that_it_was_lost_with() {
    let fleet = workers(&[("a", Room::Enough)]).await;
    // Would wait, if there were anybody to wait for.
    let config = rpcnet::ClientConfig::development().with_wait_for_ready(true).build().expect("valid");
    let infos = fleet.iter().map(|(worker, server)| known(worker, server.local_addr())).collect();
    let (builder, seen) = client_of_these(infos, config);
    // Refused for so long, it may just be starting.
    let cluster = builder.with_connect_timeout(Duration::from_secs(10)).start();
    let client = connected(&cluster, "", 1).await;
    let call = tokio::spawn(client.wait());
    until("it has arrived", || fleet[0].0.begun() == 1).await;
    fleet[0].1.stop().await;
    let error = rpc(within("a failure", call).await.expect("no panic"));
    assert_eq!((error.executed(), error.peer()), (Executed::Maybe, Some("a")), "{error}");
    // Before it was known that there is no other connection to be had.
    assert_eq!(seen.now().unreachable, 0);
}
