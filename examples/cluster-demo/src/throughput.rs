//! Calls a second through the cluster, beside a direct client.

use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rpcnet::{Client, ClientConfig, RpcError};
use rpcnet_cluster::{ClusterChannel, ClusterClient, ClusterMembership, NodeId};
use tokio::task::JoinSet;

use crate::{
    report::{Figure, Report},
    worker::ECHO,
};

/// Measures rounds of each way in turn, so that what else the machine does hits all of them alike.
pub(crate) async fn measure(
    membership: &ClusterMembership,
    (worker, addr): (&NodeId, SocketAddr),
    (rounds, time): (usize, Duration),
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let config = ClientConfig::development().build()?;
    let direct = Client::connect(addr, config.clone()).await?;
    let cluster = ClusterClient::new(membership.clone(), config);
    let one = cluster.channel(&*format!("name={worker}"));
    one.ready().await?;
    let all = cluster.channel("role=worker");
    all.ready().await?;

    let (mut direct_rates, mut one_ratios, mut all_ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let direct_rate = rate(time, Way::Direct(direct.clone())).await?;
        let one_rate = rate(time, Way::Channel(one.clone())).await?;
        let all_rate = rate(time, Way::CallWorker(cluster.clone())).await?;
        // The first one warms up.
        if round > 0 {
            direct_rates.push(direct_rate);
            one_ratios.push(one_rate / direct_rate);
            all_ratios.push(all_rate / direct_rate);
        }
    }
    let scene = "throughput";
    let per_second = "calls a second of a direct client, 64 B, 64 in flight";
    report.add(Figure::new(scene, per_second, median(&mut direct_rates), ""));
    report.add(
        Figure::new(scene, "the cluster with one worker, over direct", median(&mut one_ratios), "x").at_least(0.9),
    );
    let over = "call_worker with all workers, over direct";
    report.add(Figure::new(scene, over, median(&mut all_ratios), "x"));
    Ok(())
}

/// How a call is made.
#[derive(Clone)]
enum Way {
    Direct(Client),
    Channel(ClusterChannel),
    CallWorker(ClusterClient),
}

impl Way {
    async fn call(&self) -> Result<Bytes, RpcError> {
        let message = Bytes::from_static(MESSAGE);
        match self {
            Self::Direct(client) => client.call(ECHO, message).await,
            Self::Channel(channel) => channel.call(ECHO, message).await,
            Self::CallWorker(cluster) => cluster.call_worker(ECHO, message, "role=worker").await,
        }
    }
}

/// Calls a second, 64 at a time.
async fn rate(time: Duration, way: Way) -> Result<f64, Box<dyn Error>> {
    let (start, mut callers) = (Instant::now(), JoinSet::new());
    for _ in 0..IN_FLIGHT {
        let way = way.clone();
        callers.spawn(async move {
            let mut calls = 0_u32;
            while start.elapsed() < time {
                way.call().await?;
                calls += 1;
            }
            Ok::<u32, RpcError>(calls)
        });
    }
    let mut calls = 0;
    while let Some(caller) = callers.join_next().await {
        calls += caller??;
    }
    Ok(f64::from(calls) / start.elapsed().as_secs_f64())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const IN_FLIGHT: usize = 64;
const MESSAGE: &[u8] = &[7; 64];
