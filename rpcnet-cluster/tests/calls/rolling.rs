//! All workers of a cluster restarted one after the other, with calls of every shape under way.

use std::{sync::Arc, time::Duration};

use crate::common::{config, start, within};
use crate::workers::{Seen, WorkClient, Worker, client_config, connected, join};
use rpcnet::{CallError, Shutdown, prelude::*};
use rpcnet_cluster::{ClusterChannel, ClusterClient};
use tokio::{sync::Semaphore, task::JoinSet};

#[derive(Clone, Copy, Debug)]
enum Shape {
    Unary,
    ServerStreaming,
    ClientStreaming,
    Bidirectional,
}

const SHAPES: [Shape; 4] = [Shape::Unary, Shape::ServerStreaming, Shape::ClientStreaming, Shape::Bidirectional];

/// One call, none of which may be repeated.
async fn call(client: &WorkClient<ClusterChannel>, shape: Shape) -> Result<(), CallError<String>> {
    let numbers = || rpcnet::stream::iter(0..100);
    match shape {
        Shape::Unary => drop(client.name_once().await?),
        Shape::ServerStreaming => {
            let mut items = client.count(0).await?.take(100);
            while let Some(item) = items.next().await {
                item?;
            }
        }
        Shape::ClientStreaming => assert_eq!(client.sum(numbers()).await?, 4_950),
        Shape::Bidirectional => {
            let mut doubled = client.double(numbers()).await?;
            while let Some(number) = doubled.next().await {
                number?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn workers_of_a_cluster_that_are_restarted_one_after_the_other_fail_no_call_of_any_shape() {
    let director = start(config("director")).await;
    let workers = ["one", "two", "three"].map(Worker::new);
    let mut servers = Vec::new();
    for worker in &workers {
        servers.push(join(worker, &director, &[]).await);
    }
    let seen = Seen::new();
    let cluster = ClusterClient::builder(director.clone(), client_config()).with_observer(seen.clone()).start();
    let client = connected(&cluster, "role=worker", 3).await;
    let stop = Arc::new(Semaphore::new(0));
    let mut load = JoinSet::new();
    for shape in SHAPES.into_iter().cycle().take(8) {
        let (client, stop) = (client.clone(), Arc::clone(&stop));
        load.spawn(async move {
            let mut calls = 0_u32;
            while !stop.is_closed() {
                call(&client, shape).await.unwrap_or_else(|error| panic!("{shape:?}, call {calls}: {error}"));
                calls += 1;
            }
            calls
        });
    }
    for (worker, server) in workers.iter().zip(&mut servers) {
        let name = worker.id().to_string();
        let before = seen.now().connected.get(&name).copied().unwrap_or_default();
        assert_eq!(within("a shutdown", server.shutdown(Duration::from_secs(15))).await, Shutdown::Complete);
        *server = join(worker, &director, &[]).await;
        seen.until("it is back", |seen| seen.connected.get(&name).is_some_and(|times| *times > before)).await;
    }
    stop.close();
    while let Some(calls) = load.join_next().await {
        assert!(calls.expect("no call has failed") > 0);
    }
}
