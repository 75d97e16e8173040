//! Streaming calls over a cluster: every shape, and what becomes of one whose worker dies.

use crate::common::within;
use crate::workers::{WorkClient, Worker, client_config, connected, listed, serve_plain};
use rpcnet::{CallError, ErrorKind, Executed, Server, prelude::*};
use rpcnet_cluster::{ClusterChannel, ClusterClient};

async fn pair() -> ([(Worker, Server); 2], ClusterClient, WorkClient<ClusterChannel>) {
    let [one, two] = ["one", "two"].map(Worker::new);
    let pair = [(one.clone(), serve_plain(&one).await), (two.clone(), serve_plain(&two).await)];
    let cluster = ClusterClient::new(listed(pair.iter().map(|(worker, server)| (worker, server))), client_config());
    let client = connected(&cluster, "", 2).await;
    (pair, cluster, client)
}

#[tokio::test]
async fn every_shape_of_stream_reaches_some_worker() {
    let (_pair, _cluster, client) = pair().await;
    let counted: Vec<_> = client.count(5).await.expect("it begins").take(3).collect().await;
    let numbers: Vec<_> = counted.into_iter().map(|item| item.expect("a number").1).collect();
    assert_eq!(numbers, [5, 6, 7]);
    assert_eq!(client.sum(rpcnet::stream::iter(0..10)).await.expect("a sum"), 45);
    let doubled: Vec<_> = client.double(rpcnet::stream::iter(0..3)).await.expect("it begins").collect().await;
    assert_eq!(doubled.into_iter().map(|item| item.expect("a number")).collect::<Vec<_>>(), [0, 2, 4]);
}

#[tokio::test]
async fn a_stream_whose_worker_dies_says_so_and_is_resumed_elsewhere_without_a_lost_or_doubled_item() {
    let (pair, _cluster, client) = pair().await;
    let (mut read, mut served) = (Vec::new(), Vec::<String>::new());
    while served.len() < 2 {
        let Ok(mut items) = client.count(read.len() as u64).await else {
            assert!(!read.is_empty(), "the dying worker may be asked once more, and nobody dies before");
            continue;
        };
        loop {
            match within("an item", items.next()).await.expect("it never ends well") {
                Ok((name, number)) => {
                    read.push(number);
                    if served.last() != Some(&name) {
                        served.push(name);
                    }
                    if served.len() == 2 {
                        break;
                    }
                    if read.len() == 100 {
                        let (_, server) =
                            pair.iter().find(|(worker, _)| served[0] == worker.id().as_str()).expect("one");
                        within("its end", server.stop()).await;
                    }
                }
                Err(CallError::Rpc(error)) => {
                    assert_eq!(error.executed(), Executed::Yes);
                    assert!(
                        matches!(error.kind(), ErrorKind::Connection | ErrorKind::Stream | ErrorKind::Truncated),
                        "{error:?}"
                    );
                    assert_eq!(error.peer(), served.last().map(String::as_str), "{error}");
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(read, (0..read.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_that_its_worker_refuses_begins_elsewhere() {
    let (pair, _cluster, client) = pair().await;
    // Refused as draining, whether or not its go-away has arrived.
    pair[0].1.stop_accepting();
    for _ in 0..20 {
        let mut items = client.count(0).await.expect("it begins at the other");
        assert_eq!(items.next().await.expect("an item").expect("a number"), ("two".to_owned(), 0));
    }
}

#[tokio::test]
async fn streams_count_as_calls_under_way() {
    let (_pair, cluster, client) = pair().await;
    let streams = [client.count(0).await.expect("it begins"), client.count(0).await.expect("it begins")];
    let under_way = || cluster.workers().iter().map(|worker| worker.active_connections()).sum::<usize>();
    assert_eq!(under_way(), 2);
    drop(streams);
    assert_eq!(under_way(), 0);
}
